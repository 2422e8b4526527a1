"""A reader test as two small files: the test, which a reader may have, and its key, which holds the answers."""

import hashlib
import re
from collections import Counter
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from malaria.errors import ReaderTestError

MAX_CARDS = 5000
"""The most cards of a test; nobody reads more in one piece."""
_MAX_BYTES = 8 * 2**20

ImageId = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Class = Literal["Parasitized", "Uninfected"]
Difficulty = Literal["easy", "mixed", "hard"]
Text = Annotated[str, Field(max_length=1000)]
Share = Annotated[float, Field(ge=0, le=1)]


class File(BaseModel):
    """What tests and keys are: checked when read, and never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Settings(File):
    """What a test is asked to be: the same settings and the same set give the same test, in whatever order of files.

    `cells` are distinct cells, of which the share `parasitized` (0 to 1) is parasitized; `repeats` of them come twice.
    `difficulty` is by the held-out network: *easy* takes of the half of each class whose labels it doubts least,
    *hard* of the quarter it doubts most, *mixed* of all. `show_calls`: the network's call stands on half of the cards.
    """

    cells: int = Field(default=60, ge=2, le=MAX_CARDS)
    parasitized: Share = 0.5
    difficulty: Difficulty = "mixed"
    repeats: int = Field(default=0, ge=0, le=MAX_CARDS // 2)
    seed: int = Field(default=0, ge=0, lt=2**53)
    show_calls: bool = False
    name: str = Field(default="", max_length=100)


class Card(File):
    """One card of a test: which cell, and what the network calls it where that is shown."""

    image_id: ImageId
    call: Class | None = None


class ReaderTest(File):
    """A test as a reader gets it: cells in their order, nothing about the answers, nor how many cells come twice."""

    format: Literal["malaria-reader-test"] = "malaria-reader-test"
    version: Literal[1] = 1
    name: str = Field(default="", max_length=100)
    cards: tuple[Card, ...] = Field(min_length=1, max_length=MAX_CARDS)

    @cached_property
    def id(self) -> str:
        """What answers call the test: 16 hexadecimal digits that follow from its cards, so a copy has the same."""
        said = "\n".join(f"{card.image_id} {card.call or ''}" for card in self.cards)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _cells_come_at_most_twice(self) -> Self:
        if max(Counter(card.image_id for card in self.cards).values()) > 2:
            raise ValueError("a cell comes more than twice")
        return self

    @cached_property
    def firsts(self) -> tuple[int, ...]:
        """The places, from 0, at which a cell comes for the first time."""
        return tuple(self._first_places().values())

    @cached_property
    def repeats(self) -> dict[int, int]:
        """place -> the place, from 0, at which the same cell comes again."""
        first = self._first_places()
        return {first[card.image_id]: place for place, card in enumerate(self.cards) if place != first[card.image_id]}

    def _first_places(self) -> dict[str, int]:
        first: dict[str, int] = {}
        for place, card in enumerate(self.cards):
            first.setdefault(card.image_id, place)
        return first


class KeyCell(File):
    """What is known of a cell of a test: the reference, and facts by which mistakes can be sorted.

    `p_parasitized` and `call` are the network's, out of sample as far as `Key.notes` say; None without an answer.
    """

    reference: Class
    file: Text = ""
    patient: Text | None = None
    p_parasitized: Share | None = None
    call: Class | None = None
    facts: dict[str, Text] = Field(default_factory=dict, max_length=20)


class Key(File):
    """The answers to a test, with the test itself, how it was made, and what is to be said of it (`notes`)."""

    format: Literal["malaria-reader-key"] = "malaria-reader-key"
    version: Literal[1] = 1
    test: ReaderTest
    settings: Settings = Settings()
    cells: dict[ImageId, KeyCell]
    notes: tuple[Text, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _cells_are_those_of_the_test(self) -> Self:
        if set(self.cells) != {card.image_id for card in self.test.cards}:
            raise ValueError("its cells are not those of its test")
        return self

    def reference(self, place: int) -> str:
        """The reference of the card at a place, from 0."""
        return self.cells[self.test.cards[place].image_id].reference


_Read = TypeVar("_Read", bound=File)


def read_test(data: bytes | Path | str) -> ReaderTest:
    """Read a test from its bytes or its path. Raises ReaderTestError for anything that is none, saying what to do."""
    return read_file(data, ReaderTest, "reader test", "Use the file that `reader-test make --output` wrote.")


def read_key(data: bytes | Path | str) -> Key:
    """Read a key from its bytes or its path. Raises ReaderTestError for anything that is none, saying what to do."""
    return read_file(data, Key, "key of a reader test", "Use the file that `reader-test make --key` wrote.")


def write(file: File) -> str:
    """Return a test or a key, of cells or of fields, as the JSON that is read again."""
    return file.model_dump_json(indent=1, exclude_none=True) + "\n"


def read_file(data: bytes | Path | str, kind: type[_Read], what: str, mend: str) -> _Read:
    """Read `what`, a file of a `kind`, from its bytes or its path; `mend` says what to do where it is none."""
    if isinstance(data, bytes):
        name, raw = "The file", data
    else:
        name = Path(data).name
        try:
            with Path(data).open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise ReaderTestError(f"{data} cannot be read ({error.strerror}). Check the path.") from None
    if len(raw) > _MAX_BYTES:
        raise ReaderTestError(f"{name} is larger than {_MAX_BYTES // 2**20} MB, so it is not a {what}. {mend}")
    try:
        return kind.model_validate_json(raw)
    except ValidationError as problem:
        first = problem.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        said = re.sub(r"\s+", " ", first["msg"])
        raise ReaderTestError(f"{name} is not a {what} ({place[:80]}: {said[:200]}). {mend}") from None
