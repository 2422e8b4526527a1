"""A few real cells by range requests, and a clear sentence when that cannot be."""

import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from malaria.dataset.public_cells import TIMEOUT, URL_VARIABLE, RemoteCells
from malaria.errors import SourceError
from malaria.images import ImageFile, decode
from tests.hostile import encode, speckle

PARASITIZED_PATIENTS = ("C33P1", "C39P4", "C47P8", "C59P20", "C84P45")
UNINFECTED_PATIENTS = ("C1", "C2")


def fetch_cells(
    n_per_class: int = 4, seed: int | None = None, url: str | None = None, timeout: float = TIMEOUT
) -> list[ImageFile]:
    with RemoteCells(url, timeout) as cells:
        return cells.fetch(n_per_class, seed)


def nih_like_zip() -> bytes:
    """The layout of the NIH zip: three cells a patient, with what lies between them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for label, patients in (("Parasitized", PARASITIZED_PATIENTS), ("Uninfected", UNINFECTED_PATIENTS)):
            archive.writestr(f"cell_images/{label}/Thumbs.db", b"thumbs")
            for patient in patients:
                for number in range(3):
                    cell = encode("PNG", speckle(40, 40)) + f"{patient}{number}".encode()
                    archive.writestr(f"cell_images/{label}/{patient}thinF_IMG_2015_cell_{number}.png", cell)
    return stream.getvalue()


class Server(ThreadingHTTPServer):
    """Serves one file as told, and counts what was asked of it."""

    daemon_threads = True

    def __init__(self, body: bytes, how: str = "ranges") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.body, self.how = body, how
        self.requests: list[str | None] = []
        self.bytes_sent = 0
        self.stop_hanging = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/cell_images.zip"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is no error of the server."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append(asked)
        if self.server.how == "hangs":
            self.server.stop_hanging.wait()
        elif self.server.how == "missing":
            self.send_error(404)
        elif self.server.how == "no ranges" or asked is None:
            self.answer(200, self.server.body)
        else:
            first, last = asked.removeprefix("bytes=").split("-")
            size = len(self.server.body)
            start, end = (int(first), min(size, int(last) + 1)) if first else (max(0, size - int(last)), size)
            self.answer(206, self.server.body[start:end], f"bytes {start}-{end - 1}/{size}")

    def answer(self, status: int, body: bytes, content_range: str | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if content_range:
            self.send_header("Content-Range", content_range)
        self.end_headers()
        self.wfile.write(body)
        self.server.bytes_sent += len(body)

    def log_message(self, *args: object) -> None:
        """Quiet."""


@contextmanager
def serving(body: bytes, how: str = "ranges") -> Iterator[Server]:
    with Server(body, how) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.stop_hanging.set()
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def nih() -> Iterator[Server]:
    with serving(nih_like_zip()) as server:
        yield server


def test_fetches_cells_of_both_classes(nih: Server) -> None:
    cells = fetch_cells(url=nih.url, seed=1)
    assert [cell.folder for cell in cells] == ["Parasitized"] * 4 + ["Uninfected"] * 4
    assert all(decode(cell.data or b"", cell.file).shape == (40, 40, 3) for cell in cells)
    assert all((cell.data or b"")[:-1].endswith(str(cell.patient).encode()) for cell in cells)
    assert len({cell.file for cell in cells}) == 8


def test_takes_another_patient_as_long_as_there_are_any(nih: Server) -> None:
    for seed in range(10):
        cells = fetch_cells(5, seed, nih.url)
        assert {cell.patient for cell in cells[:5]} == set(PARASITIZED_PATIENTS)
        assert {cell.patient for cell in cells[5:]} == set(UNINFECTED_PATIENTS)


def test_seed_repeats_the_choice(nih: Server) -> None:
    choices = [[cell.file for cell in fetch_cells(2, seed, nih.url)] for seed in (7, 7, 8)]
    assert choices[0] == choices[1] != choices[2]


def test_gives_what_there_is_when_asked_for_more(nih: Server) -> None:
    assert len(fetch_cells(100, 1, nih.url)) == 3 * (len(PARASITIZED_PATIENTS) + len(UNINFECTED_PATIENTS))


def test_list_of_files_is_read_once_and_only_the_cells_are_transferred() -> None:
    padding = zipfile.ZipInfo("cell_images/Parasitized/padding.txt")
    stream = io.BytesIO()
    stream.write(nih_like_zip())
    with zipfile.ZipFile(stream, "a") as archive:
        archive.writestr(padding, bytes(20_000_000))
    with serving(stream.getvalue()) as server, RemoteCells(server.url) as cells:
        before = len(server.requests)
        first, second = cells.fetch(2, seed=1), cells.fetch(2, seed=2)
        assert len(first) == len(second) == 4
        assert len(server.requests) - before == 8
        assert all(asked is not None for asked in server.requests)
        assert server.bytes_sent < 5_000_000


def test_address_comes_from_the_environment(nih: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, nih.url)
    assert len(fetch_cells(1)) == 2


def test_sessions_may_share_one(nih: Server) -> None:
    results: list[int] = []
    with RemoteCells(nih.url) as cells:
        threads = [threading.Thread(target=lambda: results.append(len(cells.fetch(2)))) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert results == [4] * 6


def zip_with(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, encode("PNG"))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("body", "how", "what"),
    [
        (nih_like_zip(), "no ranges", "does not serve parts of a file"),
        (nih_like_zip(), "missing", "answered 404 (Not Found)"),
        (nih_like_zip(), "hangs", "did not answer within 0.2 seconds"),
        (b"<html>This address has moved.</html>" * 99, "ranges", "sent something that is not a whole zip"),
        (nih_like_zip()[:-500], "ranges", "sent something that is not a whole zip"),
        (zip_with("cats/1.png"), "ranges", "holds no cells in folders named Parasitized and Uninfected"),
    ],
)
def test_says_why_there_are_no_cells(body: bytes, how: str, what: str) -> None:
    with serving(body, how) as server, pytest.raises(SourceError) as refusal:
        fetch_cells(url=server.url, timeout=0.2)
    assert str(refusal.value) == (
        f"No NIH cells could be fetched: 127.0.0.1 {what}. Check the internet connection, or set MALARIA_NIH_ZIP_URL to"
        " another copy of the zip; everything else works without it."
    )


def test_says_so_when_the_server_hangs_later() -> None:
    padded = io.BytesIO()
    padded.write(nih_like_zip())
    with zipfile.ZipFile(padded, "a") as archive:
        archive.writestr("padding.txt", bytes(5_000_000))
    with serving(padded.getvalue()) as server, RemoteCells(server.url, timeout=0.2) as cells:
        server.how = "hangs"
        with pytest.raises(SourceError, match="did not answer within 0"):
            cells.fetch(1)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/cell_images.zip", "http://no-such-host.invalid/x.zip", "no address at all"]
)
def test_says_so_when_offline(url: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = url.format(port=unused.getsockname()[1])
        with pytest.raises(SourceError, match="cannot be reached"):
            fetch_cells(url=address, timeout=2)
