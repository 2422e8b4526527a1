"""What a reader answered: one row a card, in a CSV that is appended to and never rewritten."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

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

COLUMNS: Final = ("test", "reader", "position", "image_id", "answer", "seconds", "moment", "call_shown")
"""The columns of a file of answers, in their order."""

HEADER: Final = ",".join(COLUMNS)
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
        reader = tidy_name(self.reader)
        object.__setattr__(self, "reader", reader)
        problems = {
            "names no test: a test's id is 16 hexadecimal digits": not _TEST.fullmatch(self.test),
            "names no reader": not reader,
            f"is by {NETWORK}, which is not a reader": reader.casefold() == NETWORK,
            "has a reader's name of more than 100 letters": len(reader) > 100,
            "has a position below 1": self.position < 1,
            "names no image: its image_id must be 64 hexadecimal digits": not _IMAGE_ID.fullmatch(self.image_id),
            f"is none of {', '.join(ANSWERS)}": self.answer not in ANSWERS,
            "took less than no time, or more than a week": not (
                math.isnan(self.seconds) or 0 <= self.seconds <= _LONGEST
            ),
        }
        for problem, found in problems.items():
            if found:
                raise ReaderTestError(f"An answer {problem}.")


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
    try:
        header, rows = read_table(data)
    except LabelsError as error:
        raise ReaderTestError(str(error)) from None
    if missing := [name for name in COLUMNS[:5] if name not in header]:
        raise ReaderTestError(f"The file has no column {list_some(missing)}, so it holds no answers to a reader test.")
    found = []
    for number, row in enumerate(rows, start=2):
        try:
            found.append(from_fields(dict(zip(header, row, strict=True))))
        except (ReaderTestError, ValueError, OverflowError) as problem:
            said = str(problem) if isinstance(problem, ReaderTestError) else "A number in it cannot be read."
            raise ReaderTestError(f"Row {number} of the answers: {said} Correct or delete it.") from None
    return found


def from_fields(fields: dict[str, str]) -> Answer:
    """Make an answer of the text in a row's columns. Raises ReaderTestError, or ValueError for what is no number."""
    text = {name: value.strip() for name, value in fields.items()}
    position, seconds = read_number(text["position"]), text.get("seconds", "")
    if position != int(position):
        raise ReaderTestError("Its position is not a whole number.")
    return Answer(
        test=text["test"],
        reader=text["reader"],
        position=int(position),
        image_id=text["image_id"],
        answer=text["answer"],
        seconds=read_number(seconds) if seconds else math.nan,
        moment=moment if is_moment(moment := text.get("moment", "")) else "",
        call_shown=text.get("call_shown", "").casefold() in TRUE,
    )
