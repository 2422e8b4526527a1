"""Start the real app on a free port, and stop it again."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def running(
    log: Path, script: str = "streamlit_app.py", *, port: int | None = None, **environment: str
) -> Iterator[str]:
    """Run the app (or another script) as a user does, and yield its address; what it says goes to the file `log`."""
    port = port or free_port()
    server = start(log, script, port=port, **environment)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=30)


def start(log: Path, script: str = "streamlit_app.py", *, port: int, **environment: str) -> subprocess.Popen[bytes]:
    """Start the app, and return its process once it answers; what it says is added to the file `log`."""
    command = [sys.executable, "-m", "streamlit", "run", script, "--server.headless", "true"]
    command += ["--server.address", "127.0.0.1", "--server.port", str(port), "--server.fileWatcherType", "none"]
    with log.open("ab") as stream:
        server = subprocess.Popen(command, cwd=ROOT, env=os.environ | environment, stdout=stream, stderr=stream)
    try:
        base = environment.get("STREAMLIT_SERVER_BASE_URL_PATH", "")
        _wait(f"http://127.0.0.1:{port}/{base}".rstrip("/"), server, log)
    except BaseException:
        server.kill()
        raise
    return server


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the app did not start:\n{log.read_text(errors='replace')}")
