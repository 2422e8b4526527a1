"""A host with sign-in: a real OpenID Connect provider, a real browser, and decisions that stay with their account."""

import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from malaria.review import CsvJournal, Log
from tests.browser import server
from tests.browser.conftest import SECONDS

ACCOUNTS = {
    "sub-ann": {"name": "Ann Lee", "email": "ann@lab.example"},
    "sub-bob": {"name": "Bob Roy", "email": "bob@lab.example"},
    "sub-chief": {"name": "Cyd Moe", "email": "chief@lab.example"},
    "sub-guest": {"name": "Dan Fox", "email": "dan@elsewhere.example"},
}
SECRETS = """
[auth]
redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
cookie_secret = "a secret of this test alone, long enough to sign with"
client_id = "malaria"
client_secret = "of the test"
server_metadata_url = "{provider}/.well-known/openid-configuration"

[roles]
leads = ["chief@lab.example"]
annotators = ["*@lab.example"]
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an OpenID Connect provider that knows `ACCOUNTS`."""
    port = server.free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    for subject, claims in ACCOUNTS.items():
        command += ["--user-claims", json.dumps({"sub": subject, **claims})]
    with (tmp_path_factory.mktemp("provider") / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        while not _answers(f"{address}/.well-known/openid-configuration"):
            assert process.poll() is None, "the provider did not start"
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.fixture(scope="module")
def app(provider: str, journal: CsvJournal) -> Iterator[str]:
    """The app on a host whose secrets set up sign-in."""
    home = journal.path.parent
    port = server.free_port()
    (home / ".streamlit").mkdir()
    (home / ".streamlit" / "secrets.toml").write_text(SECRETS.format(port=port, provider=provider))
    log = home / "log"
    with server.running(log, port=port, MALARIA_JOURNAL=str(journal.path), HOME=str(home)) as address:
        yield address
    assert "Traceback" not in log.read_text(errors="replace"), log.read_text(errors="replace")


@pytest.fixture
def visit(browser: Browser, app: str) -> Iterator[Callable[[], Page]]:
    """Open the app in a browser profile of its own, as another person would."""
    contexts: list[BrowserContext] = []

    def new() -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 1200}, base_url=app)
        context.set_default_timeout(60 * SECONDS)
        contexts.append(context)
        return context.new_page()

    yield new
    for context in contexts:
        context.close()


def sign_in(page: Page, subject: str) -> None:
    page.goto("/Label_review")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name=subject, exact=True).first.click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def decide(page: Page, key: str, address: str = "/Label_review?example=synthetic") -> None:
    """Answer the first card of the example and wait until it is kept."""
    page.goto(address)
    expect(page.locator(".keys[data-card]")).to_be_visible()
    expect(page.locator(".swipe-hint")).not_to_be_empty()
    page.keyboard.press(key)
    expect(page.get_by_text("Given label:").first).to_be_visible()
    expect(page.locator(".stApp[data-pending]")).to_have_count(0)


def annotators(journal: CsvJournal) -> list[str]:
    return [row.annotator for row in Log(journal).state.rows]


def see_journal(page: Page) -> None:
    page.get_by_text("Journal", exact=True).last.click()


def test_each_account_decides_as_itself_and_sees_what_its_role_may(
    visit: Callable[[], Page], journal: CsvJournal
) -> None:
    ann = visit()
    sign_in(ann, "sub-ann")
    expect(ann.get_by_text("Ann Lee, annotator")).to_be_visible()
    decide(ann, "p", "/Label_review?example=synthetic&annotator=sub-bob")  # the address makes nobody somebody else
    assert annotators(journal) == ["sub-ann"]
    expect(ann.get_by_placeholder("Your name")).to_have_count(0)

    bob = visit()
    sign_in(bob, "sub-bob")
    decide(bob, "u")
    assert annotators(journal) == ["sub-ann", "sub-bob"]
    see_journal(bob)
    expect(bob.get_by_text("rows 1, annotators 1")).to_be_visible()
    expect(bob.get_by_text("You see your own decisions only.")).to_be_visible()
    bob.get_by_role("combobox", name="Queue").click()
    expect(bob.get_by_role("option", name="Third reader")).to_have_count(0)

    chief = visit()
    sign_in(chief, "sub-chief")
    expect(chief.get_by_text("Cyd Moe, lead")).to_be_visible()
    chief.goto("/Label_review?example=synthetic&queue=third")
    expect(chief.get_by_text("Third reader: others disagree")).to_be_visible()
    see_journal(chief)
    expect(chief.get_by_text("rows 2, annotators 2")).to_be_visible()
    chief.get_by_text("Agreement", exact=True).last.click()
    expect(chief.get_by_text("Ann Lee, Bob Roy").first).to_be_visible()

    dan = visit()
    sign_in(dan, "sub-guest")
    expect(dan.get_by_text("Dan Fox, visitor")).to_be_visible()
    decide(dan, "p")
    expect(dan.get_by_text("Your account may try everything, but not decide").first).to_be_visible()
    assert annotators(journal) == ["sub-ann", "sub-bob"]


def test_who_signs_out_or_whose_cookie_is_spoilt_is_a_visitor(visit: Callable[[], Page], journal: CsvJournal) -> None:
    page = visit()
    before = len(annotators(journal))
    page.goto("/Label_review")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    decide(page, "p")
    sign_in(page, "sub-ann")
    (cookie,) = [one for one in page.context.cookies() if one["name"] == "_streamlit_user"]
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="End session").click()  # the provider asks
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.context.add_cookies([{**cookie, "value": cookie["value"][:-4] + "AAAA"}])  # as one that has run out
    decide(page, "u")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    expect(page.get_by_text("You are not signed in").first).to_be_visible()
    assert len(annotators(journal)) == before
