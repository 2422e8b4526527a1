"""Where a server keeps what readers answer: a row for each answer, added and never changed."""

import csv
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from malaria.cells import restore
from malaria.errors import MalariaError, ReaderTestError
from malaria.readers._answers import COLUMNS, HEADER, Answer, from_fields, read_answers, to_csv, to_line
from malaria.review.line_file import LineFile
from malaria.review.moments import next_moment

KEPT: Final = "Your answers are kept in this session, and you can download them."
"""What is said of answers that cannot be written."""


class Kept(NamedTuple):
    """The answers to one test in the order in which they came, and what could not be read, in sentences."""

    answers: tuple[Answer, ...]
    problems: tuple[str, ...] = ()


class AnswerStore(Protocol):
    """A place for answers, shared by any number of readers and processes."""

    def append(self, answers: Sequence[Answer]) -> list[Answer]:
        """Add answers, all or none, and return them, with their moment, once they are safe. Raises JournalError."""

    def read(self, test: str = "") -> Kept:
        """Return all answers to the test of this id, or to all tests. Raises JournalError when they cannot be read."""


class AnswersFile:
    """An `AnswerStore` in a CSV file, with the promises of `malaria.review.CsvJournal`."""

    def __init__(self, path: Path | str) -> None:
        """Nothing is read or written yet: the file is made by the first answer."""
        self._file = LineFile(
            path,
            HEADER,
            is_row=_is_row,
            convert=lambda data: to_csv(read_answers(data)),
            refusal="does not hold answers to a reader test that can be read here.",
            kept=KEPT,
            again=".",
        )

    def append(self, answers: Sequence[Answer]) -> list[Answer]:
        """Write the rows, all or none, and return them when they are on the disk."""
        kept = [replace(answer, moment=answer.moment or next_moment()) for answer in answers]
        self._file.append(lambda _lines: "".join(map(to_line, kept)))
        return kept

    def read(self, test: str = "") -> Kept:
        """Return the answers to one test, or to all; a line of it that cannot be read is passed over and reported."""
        found = self._file.read()
        answers, problems = [], [*found.repairs]
        for number, line in enumerate(found.lines, start=2):
            if line.startswith(test.encode()):  # a test's id needs no quotes; the lines of others are not even parsed
                try:
                    answers.append(_from_line(line.decode()))
                except (ReaderTestError, ValueError, csv.Error) as problem:
                    said = str(problem) if isinstance(problem, MalariaError) else "It cannot be read."
                    problems.append(f"Line {number} of {self._file.path.name} was skipped: {said}")
        return Kept(tuple(answers), tuple(problems))


def _is_row(line: str) -> bool:
    """Whether a line is all that was written of it: "tru" would be read as an answer, too."""
    with suppress(ReaderTestError, ValueError, csv.Error):
        return to_line(_from_line(line)) == f"{line}\n"
    return False


def _from_line(line: str) -> Answer:
    (values,) = csv.reader([line], strict=True)
    return from_fields(dict(zip(COLUMNS, map(restore, values), strict=True)))
