"""The journal in a SQL database, whichever SQLAlchemy can talk to: the same rows, the same promises as the CSV file.

Writers take turns by one row of a small table, whose lock each holds until its transaction ends. So rows are numbered
without gaps in the order in which they become visible, and a reader who asks for what came after a number misses none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Double,
    Engine,
    MetaData,
    Table,
    Text,
    create_engine,
    delete,
    insert,
    make_url,
    select,
    update,
)
from sqlalchemy.exc import DatabaseError, IntegrityError, SQLAlchemyError

from malaria.errors import JournalError
from malaria.review.decisions import COLUMNS, Decision, date_all
from malaria.review.durability import survives_restart
from malaria.review.moments import latest_believed
from malaria.review.store import KEPT, LEASE_SECONDS, News

_log = logging.getLogger(__name__)

_TYPES: Final[dict[str, Any]] = {"p_parasitized": Double, "threshold": Double, "blind": Boolean}

_NEVER_NULL: Final = ("first_answer", "final_answer", "model", "note", "supersedes")  # to Oracle, empty text is NULL

_WAIT_SECONDS: Final = 30  # for others who write to the same SQLite file, as for those of a CSV file

_TABLES: Final = MetaData()
_ROWS: Final = Table(
    "corrections",
    _TABLES,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    *(Column(name, _TYPES.get(name, Text)) for name in COLUMNS),
)
_TURN: Final = Table(
    "corrections_turn",
    _TABLES,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)
_LEASES: Final = Table(
    "corrections_leases",
    _TABLES,
    Column("annotator", Text, primary_key=True),
    Column("image_id", Text, nullable=False),
    Column("until", Double, nullable=False),
)


def connect(address: str) -> Engine:
    """Return the engine for a database's address; nothing is opened yet.

    Raises JournalError, whose message never repeats the address: it may hold a password.
    """
    with _address_sentences():
        url = make_url(address)
        if "@" in (url.host or ""):
            raise ValueError  # the end of a password, which the driver would then tell as the name of a host
        waits = {"timeout": _WAIT_SECONDS} if url.get_backend_name() == "sqlite" else {}
        return create_engine(url, pool_pre_ping=True, connect_args=waits)


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    """The engine for a database's address, let go of afterwards. Raises as `connect` does."""
    engine = connect(address)
    try:
        yield engine
    finally:
        engine.dispose()


def make_tables(tables: MetaData, engine: Engine) -> None:
    """Make the tables that are missing."""
    with suppress(DatabaseError):  # another process may be making them at this moment
        tables.create_all(engine)
    tables.create_all(engine)


class SqlJournal:
    """A `Store` in the tables corrections, corrections_turn and corrections_leases of a database."""

    def __init__(self, engine: Engine) -> None:
        """Make the tables where they are missing. Raises JournalError."""
        self._engine = engine
        with sentences(KEPT):
            make_tables(_TABLES, engine)
            with suppress(IntegrityError), engine.begin() as connection:
                connection.execute(insert(_TURN).values(id=1, number=0))

    @property
    def place(self) -> str:
        """The table; which database it is in is for who runs the app."""
        return f"the table {_ROWS.name} of the database"

    @property
    def survives(self) -> bool:
        """False for SQLite in memory or on a disk that forgets; a database server keeps what it has."""
        if self._engine.dialect.name != "sqlite":
            return True
        file = self._engine.url.database
        return bool(file) and file != ":memory:" and survives_restart(Path(str(file)))

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Insert the rows in one transaction and return them when it is committed. Raises JournalError."""
        with sentences(KEPT), self._turn(len(decisions)) as (connection, end):
            start = end - len(decisions)
            believed = (_ROWS.c.number <= start, _ROWS.c.decided_at <= latest_believed())
            last = select(_ROWS.c.decided_at).where(*believed).order_by(_ROWS.c.number.desc()).limit(1)
            kept = date_all(decisions, connection.scalar(last) or "")
            rows = [_to_row(decision, number) for number, decision in enumerate(kept, start=start + 1)]
            if rows:
                connection.execute(insert(_ROWS), rows)
        return kept

    def read(self, cursor: int = 0) -> News:
        """Return the rows numbered above `cursor`. A row that is no decision is passed over and reported."""
        with sentences(KEPT), self._engine.connect() as connection:
            end = connection.scalar(select(_TURN.c.number).where(_TURN.c.id == 1)) or 0
            wanted = select(_ROWS).where(_ROWS.c.number > cursor, _ROWS.c.number <= end).order_by(_ROWS.c.number)
            found = [row._asdict() for row in connection.execute(wanted)] if end > cursor else []
        rows, problems = [], []
        for row in found:
            try:
                rows.append(_from_row(row))
            except JournalError as problem:
                problems.append(f"Row {row['number']} of the table corrections was skipped: {problem}")
        return News(tuple(rows), end, tuple(problems))

    def claim(self, image_ids: Sequence[str], annotator: str) -> str | None:
        """Give the first card that nobody else is on, as the table corrections_leases has it."""
        with sentences(KEPT), self._turn(0) as (connection, _):
            now = time.time()
            held = select(_LEASES.c.image_id).where(_LEASES.c.annotator != annotator, _LEASES.c.until > now)
            others = set(connection.scalars(held))
            chosen = next((image_id for image_id in image_ids if image_id not in others), None)
            connection.execute(delete(_LEASES).where(_LEASES.c.annotator == annotator))
            if chosen is not None:
                lease = {"annotator": annotator, "image_id": chosen, "until": now + LEASE_SECONDS}
                connection.execute(insert(_LEASES).values(lease))
        return chosen

    @contextmanager
    def _turn(self, n: int) -> Iterator[tuple[Connection, int]]:
        """A transaction of which there is only one at a time, and the number of the last of its `n` rows.

        It begins by writing: SQLite then locks at once, as the others do by the row.
        """
        with self._engine.begin() as connection:
            connection.execute(update(_TURN).where(_TURN.c.id == 1).values(number=_TURN.c.number + n))
            yield connection, int(connection.scalar(select(_TURN.c.number).where(_TURN.c.id == 1)) or 0)


@contextmanager
def _address_sentences() -> Iterator[None]:
    """Tell in a sentence why an address leads nowhere; `from None`, so that no log has it either."""
    try:
        yield
    except ImportError as problem:
        raise JournalError(
            f"The driver of the database is not installed ({problem.name}). Install it with the app, for PostgreSQL "
            "with: pip install 'psycopg[binary]'"
        ) from None
    except (SQLAlchemyError, ValueError):
        raise JournalError(
            "The address of the database cannot be read. Write it as sqlite:///FILE or as "
            "postgresql+psycopg://USER:PASSWORD@HOST/DATABASE, with %40 for an @ in the password."
        ) from None


@contextmanager
def sentences(kept: str) -> Iterator[None]:
    """Tell in a sentence that the database refuses, and where the rows are `kept`; why is for the log alone.

    The driver's reason names the host and the user, which are no visitor's business.
    """
    try:
        yield
    except SQLAlchemyError as problem:
        _log.warning("The database refused: %s", getattr(problem, "orig", None) or type(problem).__name__)
        raise JournalError(
            f"The database does not answer correctly. Whoever runs it finds the reason in the log. Try again. {kept}"
        ) from problem


def _to_row(decision: Decision, number: int) -> dict[str, Any]:
    return asdict(decision) | {"corrected_label": decision.corrected_label, "number": number}


def _from_row(row: dict[str, Any]) -> Decision:
    values: dict[str, Any] = {field.name: row[field.name] for field in fields(Decision)}
    return Decision(**values | {name: values[name] or "" for name in _NEVER_NULL})
