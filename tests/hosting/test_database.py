"""The app on a real PostgreSQL server, in a real browser: killed and started anew, and as two processes at once."""

import re
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from malaria.review import Decision, open_store
from tests.browser import server
from tests.browser.conftest import SECONDS

HIDDEN = "appear once you have answered"
CELL = "The cell to be judged, enlarged"
Open = Callable[[str, str], Page]


@pytest.fixture
def visit(browser: Browser) -> Iterator[Open]:
    """Open the review of the example's cells, at an app's address, as an annotator with a browser of their own."""
    contexts: list[BrowserContext] = []

    def new(app: str, annotator: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 1200}, base_url=app)
        context.set_default_timeout(60 * SECONDS)
        contexts.append(context)
        page = context.new_page()
        page.goto(f"/Label_review?example=synthetic&queue=all&annotator={annotator}")
        # The cells are scored first, which takes its time on a busy machine.
        expect(page.get_by_text(HIDDEN)).to_be_visible(timeout=240 * SECONDS)
        wait_for_card(page)
        return page

    yield new
    for context in contexts:
        context.close()


@contextmanager
def stopping(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for_card(page: Page) -> None:
    """Wait until a card that is not answered yet hears keys, and the server has nothing left to do."""
    expect(page.get_by_text(HIDDEN)).to_be_visible()
    expect(page.locator(".keys[data-card]:not(.waits) img")).to_be_visible()
    expect(page.locator(".stApp[data-pending]")).to_have_count(0)
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


def answer(page: Page, key: str, n: int) -> None:
    """Answer the card, see that it is confirmed as the n-th, and go on to the next."""
    page.keyboard.press(key)
    expect(page.get_by_text("Given label:").first).to_be_visible()
    decided(page, n)
    page.keyboard.press("Enter")
    wait_for_card(page)


def picture(page: Page) -> str:
    return page.get_by_alt_text(CELL).get_attribute("src") or ""


def share(page: Page) -> None:
    """Share the queue with whoever else does."""
    page.get_by_role("button", name="How you work").click()
    toggle = page.get_by_role("switch", name=re.compile("Share the queue"))
    page.get_by_text("Share the queue").click()
    expect(toggle).to_be_checked()
    page.keyboard.press("Escape")
    wait_for_card(page)


def decided(page: Page, n: int) -> None:
    expect(page.get_by_text(re.compile(rf"^{n} of 200 decided"))).to_be_visible()


def rows(address: str) -> list[Decision]:
    with open_store(address) as store:
        found = store.read()
    assert found.problems == ()
    return list(found.rows)


def test_a_killed_app_loses_nothing_and_keeps_nothing_twice(visit: Open, postgresql: str, tmp_path: Path) -> None:
    log, port = tmp_path / "log", server.free_port()
    process = server.start(log, port=port, MALARIA_JOURNAL=postgresql)
    with stopping(process):
        page = visit(f"http://127.0.0.1:{port}", "ann")
        for n in range(1, 5):
            answer(page, "pu"[n % 2], n)
        confirmed = rows(postgresql)
        assert len(confirmed) == 4
        page.keyboard.press("n")  # on its way while the app dies: kept or not, never half
        process.kill()
        process.wait()
    kept = rows(postgresql)
    assert kept[:4] == confirmed
    assert len(kept) in (4, 5)

    with stopping(server.start(log, port=port, MALARIA_JOURNAL=postgresql)):
        page = visit(f"http://127.0.0.1:{port}", "ann")
        decided(page, len(kept))
        for n in range(len(kept) + 1, 8):
            answer(page, "x", n)
    after = rows(postgresql)
    assert after[: len(kept)] == kept
    assert Counter(row.image_id for row in after).most_common(1)[0][1] == 1, "no cell twice"
    assert len(after) == 7
    assert "Traceback" not in log.read_text(errors="replace")


def test_two_apps_on_one_database_never_give_one_card_to_two(visit: Open, postgresql: str, tmp_path: Path) -> None:
    with (
        server.running(tmp_path / "log 1", MALARIA_JOURNAL=postgresql) as first,
        server.running(tmp_path / "log 2", MALARIA_JOURNAL=postgresql) as second,
    ):
        pages = [visit(first, "ann"), visit(second, "bob")]
        assert picture(pages[0]) == picture(pages[1]), "both are after the same card"
        for page in pages:
            share(page)
        while picture(pages[0]) == picture(pages[1]):  # until the second to share is given another card
            pages[0].wait_for_timeout(SECONDS / 10)
            pages[1].wait_for_timeout(SECONDS / 10)
        for _ in range(5):
            for page in pages:
                wait_for_card(page)
            assert picture(pages[0]) != picture(pages[1])
            for page in pages:  # both are on their cards before either has answered
                page.keyboard.press("p")
            for page in pages:
                expect(page.get_by_text("Given label:").first).to_be_visible()
            for page in pages:
                page.keyboard.press("Enter")
                wait_for_card(page)
    kept = rows(postgresql)
    assert Counter(row.annotator for row in kept) == {"ann": 5, "bob": 5}
    assert len({row.image_id for row in kept}) == 10, "each cell went to one of them"
    for log in ("log 1", "log 2"):
        assert "Traceback" not in (tmp_path / log).read_text(errors="replace")
