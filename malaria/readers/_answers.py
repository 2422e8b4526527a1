"""What a reader answered: one row a card, in a CSV that is appended to and never rewritten."""

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from malaria.cells import format_row, read_number, read_table
from malaria.errors import LabelsError, ReaderTestError
from malaria.labels import CLASSES
from malaria.review import UNSURE
from malaria.review.decisions import TRUE
from malaria.review.moments import is_moment
from malaria.wording.words import list_some

ANSWERS: Final = (*CLASSES, UNSURE)
"""What a reader may say of a cell; the last is "can't tell"."""

NETWORK: Final = "the network"
"""What the network is called among readers; nobody else is."""

LONGEST_NAME: Final = 100
"""Letters of a reader's name."""

COLUMNS: Final = ("test", "reader", "position", "image_id", "answer", "seconds", "moment", "call_shown")
"""The columns of a file of answers, in their order."""

HEADER: Final = ",".join(COLUMNS)
Row = TypeVar("Row")

_LONGEST: Final = 7 * 24 * 3600
_IMAGE_ID: Final = re.compile(r"[0-9a-f]{64}")
_TEST: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Answer:
    """One reader's answer to one card. Checked when made: raises ReaderTestError.

    `test` is the test's id, `position` the card's place from 1 on, `answer` one of `ANSWERS`, `seconds` how long the
    reader looked (NaN where not timed). `moment` (UTC, ISO 8601) is empty until it is written. `call_shown`: the
    network's call stood on the card.
    """

    test: str
    reader: str
    position: int
    image_id: str
    answer: str
    seconds: float = math.nan
    moment: str = ""
    call_shown: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "reader", tidy_name(self.reader))
        check_row("An answer", self.test, self.reader, self.position, self.image_id, self.seconds)
        if self.answer not in ANSWERS:
            raise ReaderTestError(f"An answer is none of {', '.join(ANSWERS)}.")


def check_row(what: str, test: str, reader: str, position: int, image_id: str, seconds: float) -> None:
    """Raise ReaderTestError where `what` one reader said of one picture of a test cannot be."""
    problems = {
        "names no test: a test's id is 16 hexadecimal digits": not _TEST.fullmatch(test),
        "names no reader": not reader,
        f"is by {NETWORK}, which is not a reader": reader.casefold() == NETWORK,
        f"has a reader's name of more than {LONGEST_NAME} letters": len(reader) > LONGEST_NAME,
        "has a position below 1": position < 1,
        "names no image: its image_id must be 64 hexadecimal digits": not _IMAGE_ID.fullmatch(image_id),
        "took less than no time, or more than a week": not (math.isnan(seconds) or 0 <= seconds <= _LONGEST),
    }
    for problem, found in problems.items():
        if found:
            raise ReaderTestError(f"{what} {problem}.")


def tidy_name(reader: str) -> str:
    """A reader's name as answers bear it: what cannot be printed is a space, and none stands at its ends."""
    return "".join(letter if letter.isprintable() else " " for letter in reader).strip()


def to_line(answer: Answer) -> str:
    """Return an answer's line, line feed included."""
    seconds = None if math.isnan(answer.seconds) else round(answer.seconds, 3)
    shown = "true" if answer.call_shown else "false"
    return format_row(
        (answer.test, answer.reader, answer.position, answer.image_id, answer.answer, seconds, answer.moment, shown)
    )


def to_csv(answers: Iterable[Answer]) -> str:
    """Return a whole file of answers: header and a line for each."""
    return f"{HEADER}\n" + "".join(map(to_line, answers))


def read_answers(data: bytes | Path | str) -> list[Answer]:
    """Read a file of answers (its bytes or its path), as written here or saved again by a spreadsheet.

    Raises ReaderTestError for a file that is none, naming the row that cannot be read.
    """
    return read_rows(data, COLUMNS[:5], "answers to a reader test", from_fields)


def read_rows(
    data: bytes | Path | str, needed: Sequence[str], what: str, read: Callable[[dict[str, str]], Row]
) -> list[Row]:
    """Read each row of a CSV of `what` by `read`; the columns `needed` must be there. Raises as `read_answers`."""
    try:
        header, rows = read_table(data)
    except LabelsError as error:
        raise ReaderTestError(str(error)) from None
    if missing := [name for name in needed if name not in header]:
        raise ReaderTestError(f"The file has no column {list_some(missing)}, so it holds no {what}.")
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(read(dict(zip(header, row, strict=True))))
        except (ReaderTestError, ValueError, OverflowError) as problem:
            said = str(problem) if isinstance(problem, ReaderTestError) else "A number in it cannot be read."
            raise ReaderTestError(f"Row {number} of the {what.split()[0]}: {said} Correct or delete it.") from None
    return found


def from_fields(fields: dict[str, str]) -> Answer:
    """Make an answer of the text in a row's columns. Raises ReaderTestError, or ValueError for what is no number."""
    return Answer(
        **read_common(fields),
        answer=fields["answer"].strip(),
        call_shown=fields.get("call_shown", "").strip().casefold() in TRUE,
    )


def read_common(fields: dict[str, str]) -> dict[str, Any]:
    """Read the columns that answers and marks share; a moment that is none is not believed. Raises as `from_fields`."""
    text = {name: value.strip() for name, value in fields.items()}
    position, seconds, moment = read_number(text["position"]), text.get("seconds", ""), text.get("moment", "")
    if position != int(position):
        raise ReaderTestError("Its position is not a whole number.")
    return {
        "test": text["test"],
        "reader": text["reader"],
        "position": int(position),
        "image_id": text["image_id"],
        "seconds": read_number(seconds) if seconds else math.nan,
        "moment": moment if is_moment(moment) else "",
    }
