"""Fixtures that every test may use."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from tests import postgresql as postgresql_server
from tests.browser import chromium

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a busy machine is slow, and no promise is broken by that

HOST = "malaria.example.org"
"""What the browser finds on this machine."""
REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real cells kept beside the project; the test is skipped where it is absent."""
    if not (REAL_DATA / "nih_cells_dev.zip").is_file():
        pytest.skip(f"the real cells are not beside the project ({REAL_DATA.name}/ is absent)")
    return REAL_DATA


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The one browser of a process, which can drive no second; skips, or fails where it is required, without any."""
    path = chromium.find()
    if path is None:
        why = "no Chromium is installed: python -m tests.browser.chromium installs one"
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail(why)
        pytest.skip(why)
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-sync"]
    quiet += [f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=quiet) as browser:
        yield browser


@pytest.fixture(scope="session")
def postgresql_port() -> Iterator[int]:
    """The port of a PostgreSQL server for the whole run; skips where none is installed."""
    with tempfile.TemporaryDirectory(prefix="pg") as folder, postgresql_server.running(Path(folder)) as port:
        yield port


@pytest.fixture
def postgresql(postgresql_port: int) -> Iterator[str]:
    """The address of a PostgreSQL database, empty at first."""
    address = f"postgresql+psycopg://tester@127.0.0.1:{postgresql_port}/postgres"
    yield address
    engine = sqlalchemy.create_engine(address)
    tables = sqlalchemy.MetaData()
    tables.reflect(engine)
    tables.drop_all(engine)
    engine.dispose()
