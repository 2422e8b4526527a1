"""Stores of every kind, and decisions to put into them."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import CsvJournal, Decision, Store
from malaria.review.sql import SqlJournal

OpenStore = Callable[[], Store]


def image(number: int) -> str:
    """An image_id."""
    return f"{number:064x}"


def decision(number: int = 1, answer: str = PARASITIZED, annotator: str = "ann", **fields: Any) -> Decision:
    """What an annotator says of a cell with the given label Uninfected."""
    values = {"first_answer": answer, "given_label": UNINFECTED, "patient": "C1P1", "p_parasitized": 0.75} | fields
    return Decision(annotator, image(number), f"cell_images/{number}.png", final_answer=answer, **values)


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: thousands of flushes to a disk would take most of a minute."""
    shared = Path("/dev/shm")
    if os.access(shared, os.W_OK):
        with tempfile.TemporaryDirectory(dir=shared) as folder:
            yield Path(folder)
    else:
        yield tmp_path


@pytest.fixture(params=["csv", "sqlite", "postgresql"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the same place again and again, as several processes would; empty at first."""
    if request.param == "csv":
        yield lambda: CsvJournal(tmp_path / "corrections.csv")
        return
    address = f"sqlite:///{tmp_path}/corrections.db"
    if request.param == "postgresql":
        address = request.getfixturevalue("postgresql")
    engines: list[sqlalchemy.Engine] = []

    def open_sql() -> Store:
        engines.append(sqlalchemy.create_engine(address))
        return SqlJournal(engines[-1])

    yield open_sql
    for engine in engines:
        engine.dispose()
