"""What fails in a fragment, in a callback or on the way of an upload is a sentence in a real browser, too."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import server

FAILING = """
import malaria.ui.home.page
from tests.ui.parts.test_failures import draw

malaria.ui.home.page.show = draw
exec((malaria.ui.parts.frame.ROOT / "streamlit_app.py").read_text())
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the app with a home page that fails, and whose log has tracebacks."""
    folder = tmp_path_factory.mktemp("failing")
    (folder / "streamlit_app.py").write_text(FAILING)
    (folder / "pages").symlink_to(server.ROOT / "pages")
    with server.running(folder / "log", str(folder / "streamlit_app.py"), PYTHONPATH=str(server.ROOT)) as address:
        yield address


def rested(page: Page) -> None:
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)


@pytest.mark.parametrize("label", ["fault", "fragment callback", "fragment fault", "fragment file", "file"])
def test_what_fails_is_one_sentence(browser: Browser, failing: str, label: str) -> None:
    page = browser.new_page()
    page.goto(failing)
    page.get_by_role("button", name=label, exact=True).click()
    told = "It is (\\*)?broken" if "file" in label else r"This page stopped because of an error in the app.*reference"
    alert = page.get_by_test_id("stAlertContentError")
    expect(alert).to_have_text(re.compile(told))
    rested(page)
    expect(alert).to_have_count(1)
    expect(page.get_by_test_id("stException")).to_have_count(0)
    expect(page.get_by_text("in part")).to_be_visible()
    if label != "fragment fault" and label != "fragment file":
        expect(page.get_by_text("after", exact=True)).to_be_visible()
    page.close()


@pytest.mark.parametrize("arrives", [False, True], ids=["refused without a token", "lost by the server"])
def test_an_upload_that_fails_is_told_as_such(browser: Browser, failing: str, arrives: bool) -> None:
    page = browser.new_page()
    page.route("**/_stcore/upload_file/**", lambda route: route.fulfill(status=204 if arrives else 403))
    page.goto(f"{failing}/Single_cell")
    rested(page)
    page.locator("input[type=file]").first.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"x"})
    expect(page.get_by_text(re.compile("did not arrive"))).to_be_visible()
    expect(page.get_by_text(re.compile("AxiosError|error in the app"))).to_have_count(0)
    page.close()
