"""What a host sets up around the app: a database server, nginx. Skips what this machine lacks, which is said."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import launched

HOST = "malaria.example.org"
"""What the browser finds on this machine."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep everything in this folder in one worker: one browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("hosting"))
            if "browser" in getattr(item, "fixturenames", ()):
                item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with launched(f"--host-resolver-rules=MAP {HOST} 127.0.0.1") as browser:
        yield browser
