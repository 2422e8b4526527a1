"""The app as a visitor meets it, timed and weighed: a real server, and Streamlit's own messages instead of a browser.

`python -m malaria benchmark` runs this as `python -m studies.app_timing` in a process of its own and reads
the JSON that it prints. Times end when the server has sent the last part of a page; drawing it in the browser is not
in them.
"""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Final
from urllib.parse import urlencode

from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from malaria.model import verdict
from malaria.ui.parts.examples import get_examples
from malaria.ui.parts.frame import ROOT
from studies._command import Model, run

STARTS: Final = 3
"""Servers that are started, one after the other, for the time to the first page."""
PREDICTIONS: Final = 10
PATIENCE: Final = 120.0
"""Seconds to wait for a page before giving up."""

_DONE: Final = ForwardMsg.FINISHED_SUCCESSFULLY
_STREAMLIT: Final = Subprotocol("streamlit")
_ANSWERS: Final = [words.encode() for words in (verdict.LOOKS_PARASITIZED, verdict.LOOKS_UNINFECTED, verdict.TOO_CLOSE)]


@dataclass(frozen=True)
class AppTiming:
    """What one run found. Figures that this system cannot give are None."""

    first_page_s: float
    """Median seconds from starting the server to the end of the first page's script, over `STARTS` starts."""
    prediction_s: float
    """Median seconds from asking for the single-cell page with an example to its last part."""
    predictions: int
    resident_mb: float | None
    """Of the server after the predictions, in MB of 2**20 bytes, as the system counts it (RSS)."""
    tensorflow_loaded: bool | None


def main(model: Model = None) -> None:
    """Time and weigh the app, and print it as JSON."""
    print(json.dumps(asdict(measure(model))))


def measure(model: str | None = None) -> AppTiming:
    """Start the app, open its first page, have it judge example cells, and weigh it.

    Raises RuntimeError with the reason when the app does not start or a page shows an error.
    """
    shown = list(get_examples())
    query = {"model": model} if model else {}
    firsts, predictions = [], []
    for start in range(STARTS):
        started = time.perf_counter()
        with _server() as (server, port):
            visit(port, server)
            firsts.append(time.perf_counter() - started)
            if start < STARTS - 1:
                continue
            for number in range(PREDICTIONS):
                asked = time.perf_counter()
                sent = visit(port, server, "Single_cell", query | {"example": shown[number % len(shown)]})
                predictions.append(time.perf_counter() - asked)
                if not any(answer in message for message in sent for answer in _ANSWERS):
                    raise RuntimeError("The single-cell page gave no answer.")
            resident, loaded = resident_mb(server.pid), tensorflow_loaded(server.pid)
    return AppTiming(median(firsts), median(predictions), len(predictions), resident, loaded)


def visit(
    port: int, server: subprocess.Popen[bytes], page: str = "", query: dict[str, str] | None = None
) -> list[bytes]:
    """Open a page as a new visitor and return all messages that make it, once its script has ended.

    Raises RuntimeError when the page shows an error, or its server ends, or neither within `PATIENCE` seconds.
    """
    request = BackMsg()
    request.rerun_script.page_name = page
    request.rerun_script.query_string = urlencode(query or {})
    messages = []
    with _connected(port, server) as channel:
        channel.send(request.SerializeToString())
        while True:
            try:
                messages.append(bytes(channel.recv(timeout=PATIENCE, decode=False)))
            except (TimeoutError, WebSocketException) as error:
                raise RuntimeError(f"The page {page or 'Home'} did not come to an end ({error}).") from error
            message = ForwardMsg.FromString(messages[-1])
            if shown := _error(message):
                raise RuntimeError(f"The page {page or 'Home'} shows an error: {shown}")
            if message.WhichOneof("type") == "script_finished" and message.script_finished == _DONE:
                return messages


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MB, or None where neither Linux' /proc nor `ps` can tell."""
    status = Path(f"/proc/{pid}/status")
    try:
        if status.exists():
            said = re.findall(r"^VmRSS:\s*(\d+) kB$", status.read_text(), re.MULTILINE)
        else:
            said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True).stdout.split()
    except OSError:
        return None
    return int(said[0]) / 1024 if said else None


def tensorflow_loaded(pid: int) -> bool | None:
    """Whether a process has a library of the tensorflow package in its memory, or None where /proc cannot tell."""
    maps = Path(f"/proc/{pid}/maps")
    return "/tensorflow/" in maps.read_text() if maps.exists() else None


@contextmanager
def _server() -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The app on a free port, as `make run` starts it but without opening a browser."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            yield server, port
        except RuntimeError as error:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
            raise RuntimeError(f"{log.read().decode(errors='replace')}\n{error}") from error
        finally:
            server.terminate()
            server.wait(timeout=30)


@contextmanager
def _connected(port: int, server: subprocess.Popen[bytes]) -> Iterator[ClientConnection]:
    """A new session, as soon as the server takes one."""
    deadline = time.monotonic() + PATIENCE
    address = f"ws://127.0.0.1:{port}/_stcore/stream"
    while True:
        try:
            channel = connect(address, subprotocols=[_STREAMLIT], max_size=None, compression=None, proxy=None)
            break
        except (OSError, WebSocketException):
            if server.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("The app did not start.") from None
            time.sleep(0.02)
    with channel:
        yield channel


def _error(message: ForwardMsg) -> str | None:
    """The text of an error that a message would show, if any."""
    element = message.delta.new_element
    if element.WhichOneof("type") == "exception":
        return str(element.exception.message)
    if element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
        return str(element.alert.body)
    return None


if __name__ == "__main__":
    run(main)
