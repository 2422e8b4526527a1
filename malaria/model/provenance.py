"""Where a model's figures come from: the cells, whose labels, the split, the training; and the figures themselves."""

from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

Interval: TypeAlias = tuple[float, float]


class _Part(BaseModel):
    """A part of a card. What is not known is left out of the file; what only another version knows is kept."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    @model_serializer(mode="wrap")
    def _without_what_was_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class Split(_Part):
    """What was held out: the cells of whole patients, or any images, so that a patient is on both sides."""

    by: Literal["patient", "image"]
    folds: int = Field(ge=0)
    """0 stands for one hold-out."""
    held_out: int | None = None
    of: int | None = None
    """With one hold-out: so many patients, or images, of so many."""

    @property
    def in_words(self) -> str:
        """The split as a phrase: "5 folds by patient"."""
        by = "image (flattering: cells of one patient are on both sides)" if self.by == "image" else "patient"
        if self.folds:
            return f"{self.folds} folds by {by}"
        return f"one hold-out of {self.held_out} of {self.of} {self.by}s, by {by}"


class Provenance(_Part):
    """From which cells a network learned what, and how; None where the card does not say."""

    data: str = ""
    cells: int | None = None
    patients: int | None = None
    fingerprint: str = ""
    """SHA-256 of the sorted image_ids: two runs on the same cells have the same."""
    labels: str = ""
    """Whose labels were learned: a column of the labels' file, or "folder names"."""
    labels_file: str | None = None
    corrections: bool = False
    """Whether annotators corrected them."""
    disputed: int = 0
    disputed_left_out: bool = False
    split: Split | None = None
    seed: int | None = None
    """Of the folds and the training."""
    epochs: int | None = None
    """At most."""
    batch_size: int | None = None
    learning_rate: float | None = None
    schedule: str | None = None
    teachers: tuple[str, ...] = ()
    pretrained: str | None = None
    oversampled: bool = False
    early_stopping: bool | None = None
    eight_bit: bool = False
    augmentation: dict[str, bool | float] = {}
    threshold_of_metrics: float | None = None
    command: str = ""
    """What repeats the run, file names without their folders."""

    @property
    def by_image(self) -> bool:
        """Whether cells of one patient were on both sides of the split, which flatters."""
        return self.split is not None and self.split.by == "image"

    @property
    def shipped_network(self) -> str:
        """Which of the networks of the run is the one in the folder, in words."""
        if self.split is None:
            return "not said"
        return f"trained once more on all {self.split.by}s" if self.split.folds else "that of the hold-out"


class ConfusionCounts(BaseModel):
    """How often each answer met each label; parasitized is positive."""

    model_config = ConfigDict(frozen=True)

    tp: int = Field(ge=0)
    fn: int = Field(ge=0)
    fp: int = Field(ge=0)
    tn: int = Field(ge=0)


class Rates(_Part):
    """Rates (0 to 1, None where not computable) of `n` cells or patients, with 95 % intervals."""

    n: int = Field(ge=0)
    accuracy: float | None = None
    sensitivity: float | None = None
    specificity: float | None = None
    auc: float | None = None
    intervals: dict[str, Interval | None]

    def rate(self, name: str) -> float | None:
        """Return the rate called `name`."""
        value: float | None = getattr(self, name, None)
        return value

    def interval(self, name: str) -> Interval | None:
        """Return the ends of its interval."""
        return self.intervals.get(name)


class Figures(Rates):
    """Held-out figures against one reading of the labels, by cell; and by patient where patients are known."""

    accuracy: float | None
    threshold: float | None = None
    confusion: ConfusionCounts | None = None
    precision: float | None = None
    negative_predictive_value: float | None = None
    f1: float | None = None
    mcc: float | None = None
    kappa: float | None = None
    brier: float | None = None
    ece: float | None = None
    sensitivity_at_9995_specificity: float | None = None
    unreadable: int = 0
    patients: Rates | None = None
    classes: tuple[str, ...] | None = None
    confusion_matrix: tuple[tuple[int, ...], ...] | None = None
    """With more than two classes: rows are the labels, columns the answers, in the order of `classes`."""
    answered: float | None = None
    accuracy_answered: float | None = None
