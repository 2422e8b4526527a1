"""Where the answers to reader tests are kept: with the journal, in a file beside it or in a table of its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from malaria.errors import JournalError
from malaria.readers._answers import to_csv
from malaria.readers._store import AnswersFile, AnswerStore
from malaria.review import is_address

FILE: Final = "reader_answers.csv"
"""What readers answer, beside the journal."""


@contextmanager
def open_answers(journal: str) -> Iterator[AnswerStore]:
    """Open the answers beside the journal at a path or an address, and let go of them afterwards.

    Raises JournalError.
    """
    if not is_address(journal):
        yield AnswersFile(Path(journal).with_name(FILE))
        return
    from malaria.readers.sql import SqlAnswers  # only here: most places are files
    from malaria.review.sql import opened

    with opened(journal) as engine:
        yield SqlAnswers(engine)


def copy_answers(start: str, end: str) -> int:
    """Copy all answers beside the journal at `start` to those beside the one at `end`, and return how many.

    Raises JournalError where one cannot be read, where there are answers at `end` already, and where it does not give
    back the same.
    """
    with open_answers(start) as source:
        answers, problems = source.read()
    if problems:
        raise JournalError(f"No reader’s answer was copied. {problems[0]} Correct or delete it.")
    if not answers:
        return 0
    with open_answers(end) as target:
        if any(target.read()):
            raise JournalError("No reader’s answer was copied: there are some already. Name an empty or a new place.")
        target.append(answers)
        if to_csv(target.read().answers) != to_csv(answers):
            raise JournalError("The answers of readers do not read back as they were copied. Do not use them.")
    return len(answers)
