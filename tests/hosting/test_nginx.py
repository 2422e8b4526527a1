"""The documented configuration in a real nginx: TLS, a base path, websocket, uploads, and headers that allow the app.

The certificate is made here and signed by nobody, so the browser is told not to mind.
"""

import re
import shutil
import socket
import ssl
import subprocess
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

from malaria import phantom
from malaria.ui.parts.frame import PAGES
from tests.browser import server
from tests.browser.conftest import SECONDS
from tests.browser.server import ROOT
from tests.conftest import HOST

CONFIGURATION = ROOT / "docs" / "nginx.conf"
UNIT = ROOT / "docs" / "malaria.service"


@dataclass(frozen=True)
class Site:
    """The app behind nginx."""

    plain: int
    """The port for http."""
    secure: int
    """The port for https."""

    @property
    def address(self) -> str:
        return f"https://{HOST}:{self.secure}"

    def ask(self, request: str) -> bytes:
        """Send the head of a request over TLS, and return the first of what comes back."""
        minded = ssl.create_default_context()
        minded.check_hostname, minded.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection(("127.0.0.1", self.secure), timeout=60) as plain,
            minded.wrap_socket(plain, server_hostname=HOST) as secure,
        ):
            secure.sendall(request.replace("\n", "\r\n").encode())
            return secure.recv(65536)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The app behind an nginx of our own, configured as documented but for ports and places."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if not (program and shutil.which("openssl")):
        pytest.skip("nginx or openssl is not installed")
    folder = tmp_path_factory.mktemp("nginx")
    app, site = server.free_port(), Site(server.free_port(), server.free_port())
    make = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout privkey.pem -out fullchain.pem -subj"
    subprocess.run([*make.split(), f"/CN={HOST}"], cwd=folder, check=True, capture_output=True)
    (folder / "site.conf").write_text(adapt(CONFIGURATION.read_text(), folder, app, site))
    places = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; pid {folder}/pid; error_log {folder}/error.log warn; events {{}}\n"
        f"http {{ access_log off; {places} include {folder}/site.conf; }}\n"
    )
    log = folder / "app.log"
    with server.running(log, port=app, STREAMLIT_SERVER_BASE_URL_PATH="malaria", MALARIA_JOURNAL=str(folder / "j.csv")):
        nginx = subprocess.Popen([program, "-p", str(folder), "-c", str(folder / "nginx.conf")])
        try:
            wait_for(site.secure, nginx)
            yield site
        finally:
            nginx.terminate()
            nginx.wait(timeout=30)
    assert "Traceback" not in log.read_text(errors="replace")
    complaints = [line for line in (folder / "error.log").read_text().splitlines() if "too large body" not in line]
    assert complaints == []


def adapt(text: str, folder: Path, app: int, site: Site) -> str:
    """The configuration with other ports, and its certificate in `folder`."""
    changes = {
        "listen 80;": f"listen 127.0.0.1:{site.plain};",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{site.secure} ssl http2;",
        "http://127.0.0.1:8501;": f"http://127.0.0.1:{app};",
        "/etc/letsencrypt/live/malaria.example.org/": f"{folder}/",
    }
    for documented, here in changes.items():
        assert documented in text
        text = text.replace(documented, here)
    return text


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("nginx did not start")


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    with browser.new_context(
        viewport={"width": 1280, "height": 1200}, base_url=site.address, ignore_https_errors=True
    ) as context:
        context.set_default_timeout(60 * SECONDS)
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page on which nothing is refused: neither by the headers nor by nginx."""
    page = context.new_page()
    refused: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # On a deep link Streamlit's front end first asks below the page's own address, and is refused.
        if message.type == "error" and not re.search(r"/_stcore/(health|host-config)$", message.location["url"]):
            refused.append(f"{message.text} ({message.location['url']})")

    page.on("console", hear)
    page.on("pageerror", lambda error: refused.append(str(error)))
    yield page
    assert refused == []


def open_page(page: Page, address: str) -> Response:
    response = page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')).to_have_count(1)
    assert response is not None
    return response


ADDRESSES = ["/malaria/", *(re.sub(r"pages/\d+_(.*)\.py", r"/malaria/\1", entry.file) for entry in PAGES[1:])]
STATES = {
    "/malaria/Single_cell?example=ring": '[data-testid="stImage"] img',
    "/malaria/Batch_evaluation?example=synthetic": ".figures",
    "/malaria/Label_review?example=synthetic&annotator=ann": ".keys[data-card] img",
    "/malaria/Smear_triage?example=synthetic_field&annotator=ann": ".keys[data-card] img",
    "/malaria/Dataset?example=synthetic": ".figures",
    "/malaria/Sample_threshold": ".js-plotly-plot",
    "/malaria/Models": '[data-testid="stDataFrame"]',
}
"""Pages at work, and what is drawn on them: by scripts of their own, or by a library for charts."""


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_works_under_the_headers(page: Page, address: str) -> None:
    headers = open_page(page, address).all_headers()
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["strict-transport-security"]


@pytest.mark.parametrize(("address", "part"), STATES.items(), ids=STATES)
def test_pages_at_work_are_refused_nothing(page: Page, address: str, part: str) -> None:
    open_page(page, address)
    expect(page.locator(part).first).to_be_visible(timeout=240 * SECONDS)  # cells and fields are read first
    page.wait_for_function("[...document.images].every(image => image.complete && image.naturalWidth)")


def test_no_script_within_the_page_runs(context: BrowserContext) -> None:
    page = context.new_page()
    open_page(page, "/malaria/")
    ran = """() => {
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        return Boolean(window.ran);
    }"""
    assert page.evaluate(ran) is False


def test_a_link_leads_on_within_the_base_path(page: Page) -> None:
    open_page(page, "/")
    expect(page).to_have_url(re.compile("/malaria/"))
    page.get_by_test_id("stSidebar").get_by_role("link", name="Single cell").click()
    expect(page).to_have_url(re.compile("/malaria/Single_cell"))
    expect(page.get_by_role("heading", level=1, name="Single cell")).to_be_visible()


def test_an_upload_is_read(page: Page) -> None:
    open_page(page, "/malaria/Batch_evaluation")
    cells = {"name": "cells.zip", "mimeType": "application/zip", "buffer": phantom.batch_zip()}
    page.locator('input[type="file"]').first.set_input_files([cells])
    expect(page.locator(".figures").first).to_be_visible(timeout=240 * SECONDS)


def test_an_upload_may_be_as_large_as_the_app_takes_and_no_larger(site: Site) -> None:
    largest = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]["maxUploadSize"] * 2**20
    head = f"PUT /malaria/_stcore/upload_file/x/y HTTP/1.1\nHost: {HOST}\nExpect: 100-continue\nContent-Length: "
    assert site.ask(f"{head}{largest + 1000}\n\n").startswith(b"HTTP/1.1 100 ")
    assert site.ask(f"{head}{largest + 2**20 + 1}\n\n").startswith(b"HTTP/1.1 413 ")


def test_health_is_told_and_http_leads_to_https(site: Site) -> None:
    told = site.ask(f"GET /malaria/_stcore/health HTTP/1.1\nHost: {HOST}\nConnection: close\n\n")
    assert told.startswith(b"HTTP/1.1 200 ")
    with socket.create_connection(("127.0.0.1", site.plain), timeout=60) as plain:
        plain.sendall(f"GET /malaria/Models HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        assert f"Location: https://{HOST}/malaria/Models".encode() in plain.recv(65536)


def test_the_service_starts_the_app_where_nginx_looks_for_it() -> None:
    command = UNIT.read_text().replace("\\\n", " ")
    assert "--server.address 127.0.0.1 --server.port 8501 --server.baseUrlPath malaria" in " ".join(command.split())
    assert "proxy_pass http://127.0.0.1:8501;" in CONFIGURATION.read_text()
    assert "location /malaria/ {" in CONFIGURATION.read_text()
