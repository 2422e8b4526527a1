"""A triage adapted to one laboratory: a small head over the classifier, fitted on fields that its people labelled.

The head is a logistic regression on the classifier's log-odds and on how spotted each cell is. It is judged by
cross-validation that keeps fields whole, the figure that a user may believe; the head that is kept is fitted on all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError
from scipy.special import expit, logit

from malaria.cells import read_number, read_table
from malaria.errors import LabelsError, ModelError, TrainingError
from malaria.labels import CLASSES, PARASITIZED
from malaria.metrics import Rate
from malaria.model.card import Card
from malaria.model.classifier import Classifier
from malaria.review import ANSWERS
from malaria.smear.field.calibration import Calibration, calibrate
from malaria.smear.field.objects import RGB, Box, SmearObject, pairs
from malaria.smear.field.spots import SPOT_FEATURES, spots
from malaria.smear.field.windows import scan_with_windows
from malaria.wording.words import count

DISCARD: Final = 0.85
"""The share of red cells that triage is to take off a human's hands."""
_FOLDS: Final = 10
_FEWEST_FIELDS: Final = 4
_FEWEST_PARASITIZED: Final = 5
_SHARPEST: Final = 1e-9
_MEND: Final = "Name a file that triage-adapt wrote."


class Head(BaseModel):
    """What was learned, and from what. Stored as JSON; it holds numbers about cells, never a picture of one."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    model: str
    model_version: str
    weights: tuple[float, ...]
    intercept: float
    threshold: float
    """p_parasitized from which on a cell is kept: in cross-validation it discarded the share `discard`."""
    discard: float
    fields: int
    cells: int
    parasitized: int
    kept: int
    """Parasitized cells at or above the threshold, in cross-validation."""
    kept_as_shipped: int
    """The same for the classifier alone, at the threshold that discards as many."""

    @classmethod
    def from_file(cls, file: Path) -> Self:
        """Read a head. Raises ModelError."""
        try:
            return cls.read(file.read_bytes(), str(file))
        except OSError as problem:
            raise ModelError(f"{file} cannot be read ({problem.strerror}). {_MEND}") from None

    @classmethod
    def read(cls, data: bytes, name: str) -> Self:
        """Read a head from the bytes of a file that is called `name`. Raises ModelError."""
        try:
            head = cls.model_validate_json(data)
        except ValidationError as problem:
            raise ModelError(f"{name} {_why_no_head(problem) if data.strip() else 'is empty'}. {_MEND}") from None
        if len(head.weights) != 1 + SPOT_FEATURES:
            raise ModelError(f"{name} was made by another version. Make it again with triage-adapt.")
        return head

    def apply(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return p_parasitized, float64 (n,), for `cell_features` (n, 1 + SPOT_FEATURES)."""
        return np.asarray(expit(features @ np.array(self.weights) + self.intercept), np.float64)


@dataclass(frozen=True, eq=False)
class LabelledCells:
    """Red cells of labelled fields: `features` (n, 1 + SPOT_FEATURES), whether each `is_parasitized`, its `field`."""

    features: NDArray[np.float64]
    is_parasitized: NDArray[np.bool_]
    field: NDArray[np.str_]


def cell_features(
    cells: Sequence[SmearObject], p_parasitized: NDArray[np.float64], about: Calibration
) -> NDArray[np.float64]:
    """Return what the head looks at, float64 (n, 1 + SPOT_FEATURES): the classifier's log-odds, then `spots`."""
    odds = logit(np.clip(p_parasitized, _SHARPEST, 1 - _SHARPEST))
    told = [spots(cell, about) for cell in cells]
    return np.column_stack([odds, np.array(told).reshape(-1, SPOT_FEATURES)])


def fit_head(cells: LabelledCells, model: str, model_version: str, discard: float = DISCARD) -> Head:
    """Fit a head and cross-validate it by field. Raises TrainingError when there is too little to learn from."""
    fields = len(np.unique(cells.field))
    parasitized = int(cells.is_parasitized.sum())
    with_parasites = len(np.unique(cells.field[cells.is_parasitized]))
    if fields < _FEWEST_FIELDS or with_parasites < 2 or parasitized < _FEWEST_PARASITIZED:
        raise TrainingError(
            f"Too few cells are labelled: {count(parasitized, 'parasitized cell')} in {with_parasites} of "
            f"{count(fields, 'field')}. Label at least {_FEWEST_FIELDS} fields, and {_FEWEST_PARASITIZED} parasitized "
            "cells in two of them."
        )
    scores = cross_validate(cells, min(_FOLDS, fields))
    threshold, shipped = find_threshold(scores, discard), cells.features[:, 0]
    weights, intercept = _fit(cells.features, cells.is_parasitized)
    return Head(
        model=model,
        model_version=model_version,
        weights=tuple(weights.tolist()),
        intercept=intercept,
        threshold=float(expit(threshold)),
        discard=discard,
        fields=fields,
        cells=len(scores),
        parasitized=parasitized,
        kept=int(np.count_nonzero(scores[cells.is_parasitized] >= threshold)),
        kept_as_shipped=int(np.count_nonzero(shipped[cells.is_parasitized] >= find_threshold(shipped, discard))),
    )


def find_threshold(scores: NDArray[np.float64], share: float) -> float:
    """Return the lowest threshold below which at least this share of the scores lies, ties included."""
    last = np.sort(scores)[int(np.ceil(share * len(scores))) - 1]
    return float(np.nextafter(last, np.inf))


def check_head(head: Head, card: Card) -> None:
    """Raise ModelError where a head was made for another classifier than that of `card`."""
    if (head.model, head.model_version) != (card.name, card.version):
        raise ModelError(
            f"The adapted head was made for {head.model} {head.model_version}, not for {card.name} {card.version}. "
            "Choose that model, or make the head again with triage-adapt."
        )


def kept_share(head: Head) -> Rate:
    """The share of parasitized cells kept in cross-validation, with its Wilson interval."""
    return Rate.share(head.kept, head.parasitized, "There are no parasitized cells.")


def cross_validate(cells: LabelledCells, folds: int) -> NDArray[np.float64]:
    """Log-odds of each cell from a head that saw no cell of its field."""
    from sklearn.model_selection import GroupKFold  # only who adapts needs it, and it is large

    scores = np.zeros(len(cells.is_parasitized))
    for learn, judge in GroupKFold(folds, shuffle=True, random_state=0).split(scores, groups=cells.field):
        if not cells.is_parasitized[learn].any():
            raise TrainingError("All parasitized cells lie in one fold. Label parasitized cells in more fields.")
        if cells.is_parasitized[learn].all():
            raise TrainingError("All red cells are labelled parasitized. Add fields with uninfected cells.")
        weights, intercept = _fit(cells.features[learn], cells.is_parasitized[learn])
        scores[judge] = cells.features[judge] @ weights + intercept
    return scores


def _why_no_head(problem: ValidationError) -> str:
    """What is wrong with a file, by its first fault; not as pydantic prints it, which shows what is in the file."""
    first = problem.errors()[0]
    if first["type"] == "json_invalid":
        return "is not JSON"
    place = ".".join(map(str, first["loc"])) or "the file"
    return f"is JSON, but no adapted head ({place}: {first['msg']})"


def _fit(features: NDArray[np.float64], is_parasitized: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights and intercept for features as they are; fitted on standardized ones, which the penalty asks for."""
    from sklearn.linear_model import LogisticRegression

    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-9
    fit = LogisticRegression(max_iter=1000).fit((features - middle) / spread, is_parasitized)
    weights = np.asarray(fit.coef_[0] / spread, np.float64)
    return weights, float(fit.intercept_[0] - weights @ middle)


_PLACE: Final = ("x", "y", "width", "height")
_WORDS: Final = {"label": ("", *CLASSES), "answer": ("", *ANSWERS)}
"""What each column that can say which cells are parasitized may hold; the first that is there counts."""


def read_boxes(data: bytes | Path | str) -> dict[str, list[Box]]:
    """Read a CSV (its bytes or path) with the columns field, x, y, width, height and label: boxes of cells by field.

    `label` is Parasitized or Uninfected, or empty for a cell that nobody judged. Only the boxes of parasitized cells
    are returned, and every field that has a row. A cells.csv of the triage has `answer` instead, where unsure and
    unusable are as good as empty; of its fields, which are all in it, only those count that hold a decided cell.
    Raises LabelsError.
    """
    header, rows = read_table(data)
    said = next((name for name in _WORDS if name in header), "label")
    missing = [name for name in ("field", *_PLACE, said) if name not in header]
    if missing:
        raise LabelsError(
            f"The CSV of boxes has no column {', '.join(missing)}. It needs field, {', '.join(_PLACE)} and label, or "
            "is a cells.csv of the triage with its column answer."
        )
    boxes: dict[str, list[Box]] = {}
    for number, row in enumerate(rows, start=2):
        values = dict(zip(header, row, strict=True))
        if values[said] not in _WORDS[said]:
            words = _WORDS[said][1:]
            raise LabelsError(f"Row {number}: the {said} {values[said]!r} is not {' or '.join(words)}.")
        if said == "label" or values[said] in CLASSES:
            boxes.setdefault(values["field"], [])
        if values[said] == PARASITIZED:
            boxes[values["field"]].append(_box(values, number))
    return boxes


def label_field(
    rgb: RGB, field: str, parasitized: Iterable[Box], classifier: Classifier
) -> tuple[LabelledCells, list[Box]]:
    """Return (the red cells of a field, each parasitized if its box is; the boxes in which no red cell was found)."""
    about = calibrate(rgb)
    objects = [item for part in scan_with_windows(rgb, classifier, about) for item in part]
    cells = [item for item in objects if item.is_judged]
    wanted = list(parasitized)
    matched = pairs(wanted, [cell.box for cell in cells]) if wanted and cells else []
    is_parasitized = np.zeros(len(cells), dtype=bool)
    is_parasitized[[column for _, column in matched]] = True
    features = cell_features(cells, classifier.predict([cell.crop for cell in cells]), about)
    lost = set(range(len(wanted))) - {row for row, _ in matched}
    return LabelledCells(features, is_parasitized, np.array([field] * len(cells))), [wanted[at] for at in sorted(lost)]


def join_cells(parts: Iterable[LabelledCells]) -> LabelledCells:
    """The cells of several fields as one."""
    listed = list(parts)
    return LabelledCells(
        np.concatenate([part.features for part in listed]),
        np.concatenate([part.is_parasitized for part in listed]),
        np.concatenate([part.field for part in listed]),
    )


def _box(values: dict[str, str], row: int) -> Box:
    try:
        return Box(*(round(read_number(values[name])) for name in _PLACE))
    except (ValueError, OverflowError):
        raise LabelsError(f"Row {row}: x, y, width and height must be numbers of pixels.") from None
