"""A model's card: what it is, what it expects, how good it is and on which cells. Checked when it is read."""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from malaria.errors import ModelError
from malaria.labels import CLASSES
from malaria.model.old_cards import convert_old_card
from malaria.model.preprocessing import Preprocessing
from malaria.model.provenance import Figures, Provenance

FILE = "card.json"
NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
"""What a run may be called: on any system it can be the name of the folder it writes."""
_MAX_BYTES = 2**20
_REFUSED = (".h5", ".hdf5", ".pkl", ".pickle", ".joblib", ".npy", ".pt", ".pth")
"""Files that can run code when they are loaded, or that nothing here reads: a model folder has none."""


class Card(BaseModel):
    """What `models/NAME/card.json` says. Written by the trainer, never by hand."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str = Field(pattern=NAME)
    """What the model is called: in the file as the run that made it, once read as the folder it was read from."""
    trained_as: str = Field(default="", exclude=True)
    """What the run was called, where the card was read from a folder."""
    version: str
    architecture: str
    about: str = ""
    """One sentence: what kind of network this is."""
    preprocessing: Preprocessing
    classes: tuple[str, ...] = Field(min_length=2)
    """In the order of the outputs. A single output is the probability, or log-odds, of the second class."""
    output: Literal["sigmoid", "softmax", "logit"]
    temperature: float = Field(default=1.0, gt=0)
    """What the log-odds are divided by, fitted on held-out patients."""
    threshold: float = Field(default=0.5, gt=0, lt=1)
    """A cell is called parasitized when p_parasitized is at least this."""
    threshold_chosen: str
    parameters: int = Field(gt=0)
    macs: int = Field(gt=0)
    """Multiply-accumulates for one cell."""
    trained_on: Provenance
    metrics: dict[str, Figures]
    """Held-out figures by reading: `as_given`, and where other labels were learned theirs and `undisputed`."""
    largest_difference: float | None = None
    """Between the LiteRT and the Keras file over the cells they were checked on, in p_parasitized or another share."""
    sha256: dict[str, Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]] = {}
    """The SHA-256 of the network's files, by name; an older card has none, and nothing is checked."""
    date: date
    commit: str | None = None
    licence: str = "Apache-2.0"
    intended_use: str
    limits: str

    _convert = model_validator(mode="before")(convert_old_card)

    @model_validator(mode="after")
    def _outputs_fit_classes(self) -> Self:
        if self.output != "softmax" and len(self.classes) != 2:
            raise ValueError(f"output {self.output!r} tells two classes apart, and there are {len(self.classes)}")
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("two classes have one name")
        return self

    @field_validator("metrics")
    @classmethod
    def _figures_are_there(cls, metrics: dict[str, Figures]) -> dict[str, Figures]:
        if "as_given" not in metrics:
            raise ValueError("there are no figures as_given, on the labels as they came")
        return metrics

    @property
    def judges_cells(self) -> bool:
        """Whether the classes are those of malaria cells; networks for other tasks are trained by the same door."""
        return set(self.classes) == set(CLASSES)

    def reading(self, name: str = "undisputed") -> tuple[str, Figures]:
        """Return held-out figures with the reading they are about: `name` if the card has it, else as given."""
        chosen = name if name in self.metrics else "as_given"
        return chosen, self.metrics[chosen]

    @property
    def second_reading(self) -> str:
        """The reading by the labels that were learned where they are not those given."""
        return next((name for name in self.metrics if name not in ("as_given", "undisputed")), "learned")


def read_card(folder: Path) -> Card:
    """Read and check `folder`/card.json; the model is called as the folder is, whatever the run was called.

    Raises `ModelError` naming the folder, what is wrong and what to do.
    """
    for file in folder.glob("*"):
        if file.suffix.lower() in _REFUSED:
            raise ModelError(f"{folder.name}: holds {file.name}, a kind of file that can run code. Remove it.")
    try:
        card = Card.model_validate_json(read_file(folder, FILE, _MAX_BYTES))
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        said = re.sub(r"\s+", " ", first["msg"])
        raise ModelError(
            f"{folder.name}: {FILE} is not a valid card ({place}: {said}). Train again or correct that entry."
        ) from None
    return card.model_copy(update={"name": folder.absolute().name, "trained_as": card.name})


def read_file(folder: Path, name: str, most: int) -> bytes:
    """Return the bytes of a model folder's file. Raises `ModelError` if it is absent, unreadable or above `most`."""
    path = folder / name
    try:
        if not path.is_file():  # nor a pipe, which would be waited for without end
            raise ModelError(
                f"{folder.name}: has no {name}. Copy the whole folder that `python -m malaria train` wrote."
            )
        if path.stat().st_size > most:
            raise ModelError(f"{folder.name}: {name} is larger than {most // 2**20} MB. Copy or train it again.")
        return path.read_bytes()
    except OSError as problem:
        raise ModelError(f"{folder.name}: {name} cannot be read ({problem.strerror}). Check its permissions.") from None


def read_network(folder: Path, card: Card | None, name: str, most: int) -> bytes:
    """Return the bytes of a network's file as `read_file` does, if they are those that its card is about.

    Raises `ModelError` where they differ. Nothing is checked without a card, or where it does not tell the SHA-256.
    """
    data = read_file(folder, name, most)
    told = card.sha256.get(name) if card else None
    if told and hashlib.sha256(data).hexdigest() != told:
        raise ModelError(
            f"{folder.name}: {name} is not the file that its card is about: their SHA-256 differ. Copy the whole "
            "folder again."
        )
    return data
