"""A real browser and a real server. Anything the browser's console calls an error fails the test that caused it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from malaria.review import CsvJournal
from tests.browser import server

SECONDS = 1000
expect.set_options(timeout=60 * SECONDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything in this folder, and keep it in one worker: one server, one browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the running app. It must not have logged a traceback by the end."""
    log = tmp_path_factory.mktemp("server") / "log"
    with server.running(log) as address:
        yield address
    assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> CsvJournal:
    """A journal of the module's own, for an app whose decisions the tests read."""
    return CsvJournal(tmp_path_factory.mktemp("journal") / "corrections.csv")


@pytest.fixture(scope="module")
def app_with_journal(journal: CsvJournal) -> Iterator[str]:
    """The address of an app that writes to `journal`: what a module's own `app` returns."""
    log = journal.path.with_name("log")
    with server.running(log, MALARIA_JOURNAL=str(journal.path)) as address:
        yield address
    assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")


@pytest.fixture
def context(browser: Browser, app: str, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A fresh browser profile; a test passes its own settings by parametrizing this fixture."""
    settings = {"viewport": {"width": 1280, "height": 1600}, "base_url": app} | getattr(request, "param", {})
    with browser.new_context(**settings) as context:
        context.set_default_timeout(60 * SECONDS)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    page = context.new_page()
    complaints = watch(page)
    yield page
    if not page.is_closed():
        page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")
    assert not complaints


def watch(page: Page) -> list[str]:
    """Return a list that fills with what goes wrong in `page`: console errors, script errors, requests to elsewhere."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # On a deep link Streamlit's front end first asks below the page's own address, and is refused.
        # A picture replaced before the browser asked for it is gone; those there at the end of a test must be whole.
        complaint = f"{message.text} ({message.location['url']})"
        if message.type == "error" and not re.search(r"/_stcore/(health|host-config)\)$|/media/", complaint):
            complaints.append(complaint)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "request",
        lambda request: complaints.append(f"left the machine: {request.url}") if _abroad(request.url) else None,
    )
    return complaints


def _abroad(url: str) -> bool:
    return url.startswith("http") and not url.startswith("http://127.0.0.1:")
