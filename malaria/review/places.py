"""Where a journal is kept: in a CSV file, named by its path, or in a database, named by its SQLAlchemy address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from malaria.errors import JournalError
from malaria.review.decisions import Decision
from malaria.review.imports import read_journal
from malaria.review.journal import CsvJournal
from malaria.review.store import Store


def is_address(place: str) -> bool:
    """Whether a text is the address of a database, as sqlite:///decisions.db, and not the path of a file."""
    return "://" in place


@contextmanager
def open_store(place: str) -> Iterator[Store]:
    """Open the journal at a path or an address, and let go of it afterwards. Raises JournalError."""
    if not is_address(place):
        yield CsvJournal(place)
        return
    from malaria.review.sql import SqlJournal, opened  # only here: most journals are files

    with opened(place) as engine:
        yield SqlJournal(engine)


def copy_journal(start: str, end: str) -> int:
    """Copy all rows of the journal at `start` to the place `end`, and return how many; all or none.

    Both are paths or addresses. Each row stays as it is, its `decided_at` included. Raises JournalError where a row of
    `start` cannot be read, where `end` has rows already, and where it does not give back the same.
    """
    rows = _read_all(start)
    with open_store(end) as target:
        there = target.read()
        if there.rows or there.problems:
            raise JournalError(f"Nothing was copied: {target.place} has rows already. Name an empty or a new place.")
        target.append(rows)
        if list(target.read().rows) != rows:
            raise JournalError(f"{target.place} does not give back what was copied to it. Do not use it.")
    return len(rows)


def _read_all(place: str) -> list[Decision]:
    if not is_address(place):
        if not Path(place).is_file():
            raise JournalError(f"There is no file {place} to copy from.")
        return read_journal(Path(place))
    with open_store(place) as source:
        found = source.read()
    if found.problems:
        raise JournalError(f"Nothing was copied. {found.problems[0]} Correct or delete it.")
    return list(found.rows)
