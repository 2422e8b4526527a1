"""A test on whole synthetic fields: its settings, the test, its key, and the points that readers marked."""

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import Field, model_validator

from malaria import phantom
from malaria.cells import format_row, read_number
from malaria.errors import ReaderTestError
from malaria.readers._answers import check_row, read_common, read_rows, tidy_name
from malaria.readers._fields import FieldReading, FieldsGrade, grade_fields, match_marks, parasites_of
from malaria.readers._files import File, ImageId, Text, read_file

MAX_FIELDS: Final = 50
MAX_MARKS: Final = 500
"""On one field."""
MARK_COLUMNS: Final = ("test", "reader", "position", "image_id", "x", "y", "seconds", "moment")
"""The columns of a file of marks, in their order."""
_DIAMETER: Final = 72.0  # pixels of a red cell
_NEAR: Final = 0.6  # of a red cell: a mark this far from a parasite's middle still means it
_NOTE: Final = "All fields are synthetic: the test shows how it works, not how good a reader is under the microscope."


class FieldSettings(File):
    """What a test of fields is asked to be: the same settings draw the same fields."""

    fields: int = Field(default=3, ge=1, le=MAX_FIELDS)
    seed: int = Field(default=0, ge=0, lt=2**31)
    name: str = Field(default="", max_length=100)


class FieldTest(File):
    """A test of fields as a reader gets it: the pictures in their order, and nothing about what is in them."""

    format: Literal["malaria-field-test"] = "malaria-field-test"
    version: Literal[1] = 1
    name: str = Field(default="", max_length=100)
    fields: tuple[ImageId, ...] = Field(min_length=1, max_length=MAX_FIELDS)

    @cached_property
    def id(self) -> str:
        """What marks call the test: 16 hexadecimal digits that follow from its pictures."""
        return hashlib.sha256("\n".join(("fields", *self.fields)).encode()).hexdigest()[:16]


class KeyField(File):
    """The middles (x, y) of a field's parasitized cells, in pixels, and how far from one a mark still means it."""

    parasites: tuple[tuple[float, float], ...] = Field(max_length=MAX_MARKS)
    radius: float = Field(gt=0)
    file: Text = ""


class FieldKey(File):
    """The answers to a test of fields, with the test itself and what is to be said of it (`notes`)."""

    format: Literal["malaria-field-key"] = "malaria-field-key"
    version: Literal[1] = 1
    test: FieldTest
    settings: FieldSettings = FieldSettings()
    fields: dict[ImageId, KeyField]
    notes: tuple[Text, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _fields_are_those_of_the_test(self) -> Self:
        if set(self.fields) != set(self.test.fields):
            raise ValueError("its fields are not those of its test")
        return self


@dataclass(frozen=True)
class MarkedField:
    """One field as one reader marked it: `points` (x, y) in pixels. Checked when made: raises ReaderTestError.

    `position` counts from 1; `seconds` and `moment` as in an `Answer`.
    """

    test: str
    reader: str
    position: int
    image_id: str
    points: tuple[tuple[float, float], ...]
    seconds: float = math.nan
    moment: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", tidy_name(self.reader))
        check_row("A mark", self.test, self.reader, self.position, self.image_id, self.seconds)
        if len(self.points) > MAX_MARKS:
            raise ReaderTestError(f"A field has more than {MAX_MARKS} marks.")
        if not all(math.isfinite(at) and abs(at) < 1e6 for point in self.points for at in point):
            raise ReaderTestError("A mark has a place that is no number of pixels.")


def make_field_test(settings: FieldSettings) -> tuple[FieldKey, dict[str, bytes]]:
    """Draw the fields of a test, and return its key and the pictures' PNG files by image_id.

    Each field has five to eight parasitized cells among ninety.
    """
    fields: dict[str, KeyField] = {}
    pictures: dict[str, bytes] = {}
    for place in range(settings.fields):
        seed = settings.seed * MAX_FIELDS + place  # so that two tests share no field
        drawn = phantom.field(seed=seed, cells=90, parasitaemia=(5 + seed % 4) / 90, diameter=_DIAMETER)
        png = drawn.png
        image_id = hashlib.sha256(png).hexdigest()
        fields[image_id] = KeyField(parasites=tuple(parasites_of(drawn)), radius=_NEAR * _DIAMETER, file=drawn.file)
        pictures[image_id] = png
    test = FieldTest(name=settings.name, fields=tuple(fields))
    return FieldKey(test=test, settings=settings, fields=fields, notes=(_NOTE,)), pictures


def read_field_key(data: bytes | Path | str) -> FieldKey:
    """Read a key from its bytes or its path. Raises ReaderTestError for anything that is none, saying what to do."""
    return read_file(data, FieldKey, "key of a test of fields", "Use the file that `reader-test make --key` wrote.")


def is_field_key(path: Path | str) -> bool:
    """Whether a file says of itself that it is the key of a test of fields; whether it is a good one is not asked."""
    try:
        with Path(path).open("rb") as file:
            return b'"malaria-field-key"' in file.read(200)
    except OSError:
        return False


def read_marked(key: FieldKey, marked: Iterable[MarkedField]) -> list[FieldReading]:
    """Match one reader's marks with the parasites of the test, in the order of its fields; the first marks count.

    Raises ReaderTestError for marks on a field that the test does not have at that position.
    """
    given: dict[int, FieldReading] = {}
    for one in marked:
        fields = key.test.fields
        if one.test != key.test.id or one.position > len(fields) or fields[one.position - 1] != one.image_id:
            raise ReaderTestError(
                f"The marks of {one.reader} on field {one.position} are on a different field from the one in the test. "
                "Use the file of marks unchanged."
            )
        field = key.fields[one.image_id]
        given.setdefault(one.position, match_marks(f"Field {one.position}", one.points, field.parasites, field.radius))
    return [given[position] for position in sorted(given)]


def grade_marks(key: FieldKey, marked: Iterable[MarkedField]) -> dict[str, FieldsGrade]:
    """Grade every reader of a test of fields, in the order of their names.

    Raises ReaderTestError where there are no marks, or some that fit no field.
    """
    by_reader: dict[str, list[MarkedField]] = {}
    for one in marked:
        if one.test == key.test.id:
            by_reader.setdefault(one.reader, []).append(one)
    if not by_reader:
        raise ReaderTestError(f"There are no marks for the test {key.test.id}. Use the key of the test that was read.")
    return {
        name: grade_fields(read_marked(key, own), {one.position: one.seconds for one in reversed(own)}.values())
        for name, own in sorted(by_reader.items())
    }


def marks_to_csv(marked: Iterable[MarkedField]) -> str:
    """Return a file of marks: a row for each, and for a field without any a row without a place."""
    rows = [",".join(MARK_COLUMNS) + "\n"]
    for one in marked:
        seconds = None if math.isnan(one.seconds) else round(one.seconds, 3)
        rows += [
            format_row((one.test, one.reader, one.position, one.image_id, x, y, seconds, one.moment))
            for x, y in [(f"{x:.1f}", f"{y:.1f}") for x, y in one.points] or [("", "")]
        ]
    return "".join(rows)


def read_marks(data: bytes | Path | str) -> list[MarkedField]:
    """Read a file of marks (its bytes or its path), as written here or saved again by a spreadsheet.

    Raises ReaderTestError for a file that is none, naming the row that cannot be read.
    """
    found: dict[tuple[str, str, int, str], MarkedField] = {}
    for row in read_rows(data, MARK_COLUMNS[:6], "marks on fields", _from_fields):
        key = (row.test, row.reader, row.position, row.image_id)
        before = found.get(key)
        found[key] = replace(before, points=before.points + row.points) if before else row
    return list(found.values())


def _from_fields(fields: dict[str, str]) -> MarkedField:
    place = [fields[axis].strip() for axis in "xy"]
    points = ((read_number(place[0]), read_number(place[1])),) if any(place) else ()
    return MarkedField(**read_common(fields), points=points)
