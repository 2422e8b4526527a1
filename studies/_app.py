"""The running app for the studies that time it: a real server, and visitors who speak Streamlit's own messages."""

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import requests
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from malaria.ui.parts.frame import ROOT

PATIENCE: Final = 120.0
"""Seconds to wait for a page before giving up."""

_DONE: Final = ForwardMsg.FINISHED_SUCCESSFULLY
_TOKEN: Final = "_streamlit_xsrf"
_STREAMLIT: Final = Subprotocol("streamlit")


@contextmanager
def start_server(**environment: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start the app on a free port, as `make run` does it but without opening a browser; yield its process and port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py", "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            yield server, port
        except RuntimeError as error:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 2000))
            raise RuntimeError(f"{log.read().decode(errors='replace')}\n{error}") from error
        finally:
            server.terminate()
            server.wait(timeout=30)


class Visitor:
    """One session: opens pages, clicks and uploads as a browser does, and reads what the server sends."""

    def __init__(self, channel: ClientConnection, port: int) -> None:
        self._channel, self._address = channel, f"http://127.0.0.1:{port}"
        self._page, self._shown, self._session, self._token = "", "", "", ""
        self._cached: dict[str, ForwardMsg] = {}
        self._states: dict[str, WidgetState] = {}  # of widgets that keep a value

    def open(self, page: str = "", query: dict[str, str] | None = None) -> Iterator[ForwardMsg]:
        """Ask for a page and yield the messages that make it, until its script has ended.

        Raises RuntimeError when the page shows an error, or its server ends, or neither within `PATIENCE` seconds.
        """
        self._page, self._shown = page, urlencode(query or {})
        self._states.clear()
        yield from self._run()

    def click(self, button: str) -> Iterator[ForwardMsg]:
        """Press the button of that id, and yield the messages that follow, as `open` does."""
        yield from self._run(WidgetState(id=button, trigger_value=True))

    def upload(self, uploader: str, name: str, data: bytes) -> Iterator[ForwardMsg]:
        """Give a file to the uploader of that id, and yield the messages that follow, as `open` does."""
        request = BackMsg()
        request.file_urls_request.request_id = name
        request.file_urls_request.session_id = self._session
        request.file_urls_request.file_names.append(name)
        self._channel.send(request.SerializeToString())
        while (message := self._receive()).WhichOneof("type") != "file_urls_response":
            pass
        urls = message.file_urls_response.file_urls[0]
        if not self._token:
            health = requests.get(f"{self._address}/_stcore/health", timeout=PATIENCE)
            self._token = str(health.cookies[_TOKEN])
        requests.put(
            f"{self._address}{urls.upload_url}",
            files={"file": (name, data)},
            headers={"X-Xsrftoken": self._token},
            cookies={_TOKEN: self._token},
            timeout=PATIENCE,
        ).raise_for_status()
        state = WidgetState(id=uploader)
        file = state.file_uploader_state_value.uploaded_file_info.add(file_id=urls.file_id, name=name, size=len(data))
        file.file_urls.CopyFrom(urls)
        self._states[uploader] = state
        yield from self._run()

    def _run(self, *widgets: WidgetState) -> Iterator[ForwardMsg]:
        request = BackMsg()
        request.rerun_script.page_name = self._page
        request.rerun_script.query_string = self._shown
        request.rerun_script.widget_states.widgets.extend([*self._states.values(), *widgets])
        request.rerun_script.cached_message_hashes.extend(self._cached)
        self._channel.send(request.SerializeToString())
        while True:
            message = self._receive()
            if shown := _error(message):
                raise RuntimeError(f"The page {self._page or 'Home'} shows an error: {shown}")
            yield message
            if message.WhichOneof("type") == "script_finished" and message.script_finished == _DONE:
                return

    def _receive(self) -> ForwardMsg:
        """The next message, from what is kept where the server only refers to that."""
        try:
            message: ForwardMsg = ForwardMsg.FromString(self._channel.recv(timeout=PATIENCE, decode=False))
        except (TimeoutError, WebSocketException) as error:
            raise RuntimeError(f"The page {self._page or 'Home'} did not come to an end ({error}).") from error
        if message.WhichOneof("type") == "ref_hash":
            return self._cached[message.ref_hash]
        if message.metadata.cacheable:
            self._cached[message.hash] = message
        if message.WhichOneof("type") == "new_session":
            self._session = message.new_session.initialize.session_id
        if message.WhichOneof("type") == "page_info_changed":
            self._shown = message.page_info_changed.query_string
        return message


@contextmanager
def visit(server: subprocess.Popen[bytes], port: int) -> Iterator[Visitor]:
    """Come as a new visitor, as soon as the server takes one."""
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
        yield Visitor(channel, port)


def read_answer(message: ForwardMsg) -> str:
    """Return the answer to a cell on the single-cell page, its number and scale, as HTML; empty for other messages."""
    body = str(message.delta.new_element.html.body)
    return body if "Probability that it is parasitized" in body else ""


def resident_mb(pid: int) -> float | None:
    """Resident memory of a process in MB, or None where neither Linux' /proc nor `ps` can tell."""
    if Path("/proc/self/status").exists():
        return _read_status(pid, "VmRSS")
    try:
        said = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True).stdout.split()
    except OSError:
        return None
    return int(said[0]) / 1024 if said else None


def peak_mb(pid: int) -> float | None:
    """The most resident memory that a process has had, in MB, or None where Linux' /proc cannot tell."""
    return _read_status(pid, "VmHWM")


def _read_status(pid: int, field: str) -> float | None:
    try:
        said = re.findall(rf"^{field}:\s*(\d+) kB$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(said[0]) / 1024 if said else None


def processor_seconds(pid: int) -> float | None:
    """Processor time that a process has used so far, of all its threads; None where /proc cannot tell."""
    status = Path(f"/proc/{pid}/stat")
    if not status.exists():
        return None
    user, system = status.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _error(message: ForwardMsg) -> str | None:
    """The text of an error that a message would show, if any."""
    element = message.delta.new_element
    if element.WhichOneof("type") == "exception":
        return str(element.exception.message)
    if element.WhichOneof("type") == "alert" and element.alert.format == Alert.ERROR:
        return str(element.alert.body)
    return None
