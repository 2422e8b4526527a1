"""Fetching a whole set: progress, going on after a break, hashes, and a sentence for whatever goes wrong."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from malaria import phantom
from malaria.dataset import fetch
from malaria.dataset.public_cells import URL_VARIABLE
from malaria.errors import SourceError

BODY = phantom.batch_zip(40)
SHA256 = hashlib.sha256(BODY).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves one zip by ranges, and breaks off after `break_after` bytes of an answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.tag, self.status = BODY, '"one"', 200
        self.break_after: int | None = None
        self.asked: list[str | None] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/public/cell_images.zip"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.asked.append(wanted)
        if self.server.status != 200:
            self.send_error(self.server.status)
            return
        start = 0
        if wanted and self.headers.get("If-Range") == self.server.tag:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(self.server.body):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(self.server.body) - start))
        if self.server.tag:
            self.send_header("ETag", self.server.tag)
        self.end_headers()
        self.wfile.write(self.server.body[start:][: self.server.break_after])
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with _serving() as server:
        yield server


@contextmanager
def _serving() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_fetches_the_zip_and_says_what_it_is(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    fetched = fetch(tmp_path / "new", server.url, progress=lambda done, total: seen.append((done, total)))
    assert fetched.path == tmp_path / "new" / "cell_images.zip"
    assert fetched.path.read_bytes() == BODY
    assert (fetched.sha256, fetched.images) == (SHA256, 40)
    assert fetched.checked_against is None
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (len(BODY), len(BODY))
    assert {path.name for path in fetched.path.parent.iterdir()} == {"cell_images.zip", "cell_images.zip.sha256"}
    assert (tmp_path / "new" / "cell_images.zip.sha256").read_text() == f"{SHA256}  cell_images.zip\n"


def test_what_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path, server.url)
    again = fetch(tmp_path, server.url)
    assert len(server.asked) == 1
    assert again.checked_against == "recorded"


def test_goes_on_where_it_broke_off(server: Server, tmp_path: Path) -> None:
    server.break_after = 200_000
    with pytest.raises(SourceError, match=r"broke off after 0\.2 MB, which are kept\. Run the same again"):
        fetch(tmp_path, server.url)
    assert not (tmp_path / "cell_images.zip").exists()
    server.break_after = None
    assert fetch(tmp_path, server.url, SHA256).checked_against == "given"
    assert server.asked == [None, f"bytes={3 * 2**16}-"]


def test_begins_again_when_the_file_has_changed_meanwhile(server: Server, tmp_path: Path) -> None:
    server.break_after = 200_000
    with pytest.raises(SourceError):
        fetch(tmp_path, server.url)
    server.break_after, server.body, server.tag = None, phantom.batch_zip(8), '"two"'
    assert fetch(tmp_path, server.url).images == 8


@pytest.mark.parametrize("tag", ["", 'W/"weak"'])
def test_begins_again_where_the_server_cannot_promise_the_same_bytes(server: Server, tmp_path: Path, tag: str) -> None:
    server.break_after, server.tag = 100_000, tag
    with pytest.raises(SourceError):
        fetch(tmp_path, server.url)
    server.break_after = None
    assert fetch(tmp_path, server.url).sha256 == SHA256
    assert server.asked == [None, None]


def test_a_part_that_is_too_long_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "cell_images.zip.part").write_bytes(BODY + b"more")
    (tmp_path / "cell_images.zip.part.version").write_text(server.tag)
    assert fetch(tmp_path, server.url).sha256 == SHA256


def test_another_hash_is_refused_and_nothing_is_kept(server: Server, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="does not match the SHA-256 that was given"):
        fetch(tmp_path, server.url, "0" * 64)
    assert list(tmp_path.iterdir()) == []


def test_a_later_download_is_held_against_the_first(server: Server, tmp_path: Path) -> None:
    fetch(tmp_path, server.url).path.unlink()
    server.body = phantom.batch_zip(8)
    with pytest.raises(SourceError, match=r"earlier download wrote to cell_images\.zip\.sha256"):
        fetch(tmp_path, server.url)
    (tmp_path / "cell_images.zip.sha256").unlink()
    assert fetch(tmp_path, server.url).images == 8


def test_what_is_no_zip_is_said(server: Server, tmp_path: Path) -> None:
    server.body = b"<html>not here</html>"
    with pytest.raises(SourceError, match="not a zip"):
        fetch(tmp_path, server.url)


def test_an_answer_that_is_an_error_is_told(server: Server, tmp_path: Path) -> None:
    server.status = 404
    with pytest.raises(SourceError, match=r"127\.0\.0\.1 answered 404"):
        fetch(tmp_path, server.url)


def test_without_the_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with _serving() as server:
        monkeypatch.setenv(URL_VARIABLE, server.url)
    with pytest.raises(SourceError, match=r"from 127\.0\.0\.1 broke off\. Check the internet connection"):
        fetch(tmp_path)


def test_a_folder_that_cannot_be_made(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SourceError, match="cannot be written to"):
        fetch(tmp_path / "file" / "below", server.url)
