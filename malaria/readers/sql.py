"""Answers to reader tests in a SQL database, for an app whose journal is in one (`malaria.review.sql`)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    insert,
    select,
    true,
)

from malaria.errors import ReaderTestError
from malaria.readers._answers import COLUMNS, Answer
from malaria.readers._store import KEPT, Kept
from malaria.review.moments import next_moment
from malaria.review.sql import make_tables, sentences

_TYPES: Final[dict[str, Any]] = {
    "position": Integer,
    "seconds": Double,
    "call_shown": Boolean,
    "reader": String(100),
    "image_id": String(64),
    "moment": String(32),
}
_TABLES: Final = MetaData()
_ROWS: Final = Table(
    "reader_answers",
    _TABLES,
    Column("number", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    *(Column(name, _TYPES.get(name, String(16)), index=name == "test") for name in COLUMNS),
)


class SqlAnswers:
    """An `AnswerStore` in the table reader_answers of a database."""

    def __init__(self, engine: Engine) -> None:
        """Make the table where it is missing. Raises JournalError."""
        self._engine = engine
        with sentences(KEPT):
            make_tables(_TABLES, engine)

    def append(self, answers: Sequence[Answer]) -> list[Answer]:
        """Insert the rows in one transaction and return them when it is committed."""
        kept = [replace(answer, moment=answer.moment or next_moment()) for answer in answers]
        rows = [asdict(one) | {"seconds": None if math.isnan(one.seconds) else one.seconds} for one in kept]
        with sentences(KEPT), self._engine.begin() as connection:
            if rows:
                connection.execute(insert(_ROWS), rows)
        return kept

    def read(self, test: str = "") -> Kept:
        """Return the answers to one test, or to all; a row that is none is passed over and reported."""
        wanted = select(_ROWS).where(_ROWS.c.test == test if test else true()).order_by(_ROWS.c.number)
        with sentences(KEPT), self._engine.connect() as connection:
            found = [row._asdict() for row in connection.execute(wanted)]
        answers, problems = [], []
        for row in found:
            number, seconds = row.pop("number"), row.pop("seconds")
            try:
                answers.append(Answer(**row, seconds=math.nan if seconds is None else seconds))
            except ReaderTestError as problem:
                problems.append(f"Row {number} of the table reader_answers was skipped: {problem}")
        return Kept(tuple(answers), tuple(problems))
