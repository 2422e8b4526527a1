"""Stores of every kind, and decisions to put into them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of our own, from the system's package; skips where there is none."""
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    if not folders:
        pytest.skip("PostgreSQL is not installed (/usr/lib/postgresql is absent)")
    with tempfile.TemporaryDirectory(prefix="pg") as name, _server(folders[-1], Path(name)) as port:
        yield f"postgresql+psycopg://tester@127.0.0.1:{port}/postgres"


@contextmanager
def _server(programs: Path, folder: Path) -> Iterator[int]:
    # PostgreSQL refuses to run as root; its package made the user postgres.
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if become:
        shutil.chown(folder, "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def do(program: str, *arguments: str) -> None:
        command = [*become, str(programs / program), "-D", str(folder / "data"), *arguments]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr + done.stdout

    do("initdb", "--username=tester", "--auth=trust", "--encoding=UTF8", "--no-sync")
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder}"
    do("pg_ctl", "--wait", "--silent", "-l", str(folder / "log"), "-o", options, "start")
    try:
        yield port
    finally:
        do("pg_ctl", "--wait", "--silent", "-m", "immediate", "stop")


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
    engine = sqlalchemy.create_engine(address)
    tables = sqlalchemy.MetaData()
    tables.reflect(engine)
    tables.drop_all(engine)
    engine.dispose()
