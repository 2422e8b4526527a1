"""Asks `malaria.explain.network`, which needs TensorFlow, in a process of its own, so that the app stays small.

The process starts with the first question, serves all sessions in turn, and ends by itself when nobody asks.
"""

import logging
import os
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import streamlit as st

from malaria.errors import ModelError
from malaria.explain.pipe import Message, receive, send
from malaria.ui.parts.frame import ROOT

NEEDED_MB: Final = 900
PATIENCE: Final = 180.0
"""Seconds after which a question counts as lost; loading TensorFlow takes 5 to 30 of them."""
NOTICE: Final = (
    "This part needs TensorFlow, which starts next to the app when you ask for it. It takes some seconds to load and "
    "about 700 MB of memory, and stops after two minutes without use. The rest of the page works without it."
)

COMMAND: Final = ("-m", "malaria.explain.network")
_QUIET: Final = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
_log = logging.getLogger(__name__)


class KerasProcess:
    """One process for all sessions; questions wait for one another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def ask(self, **question: Any) -> Message:
        """Return the answer to a question of `malaria.explain.network.ANSWERS`. Raises ModelError in a user's words."""
        with self._lock:
            for _ in range(2):  # a process that had just gone to rest is started again, once
                fresh = self._process is None or self._process.poll() is not None
                answer = self._asked(question)
                if answer is not None or fresh:
                    break
            if answer is None:
                raise ModelError(
                    "TensorFlow stopped without an answer, most likely because it ran out of memory. Close other "
                    "programs on the host or use a larger host. Everything else on this page works without TensorFlow."
                )
        if "error" in answer:
            raise ModelError(str(answer["error"]))
        return answer

    def stop(self) -> None:
        """End the process, if there is one."""
        with self._lock:
            self._end()

    def _asked(self, question: Message) -> Message | None:
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        lost = threading.Timer(PATIENCE, process.kill)
        lost.start()
        try:
            send(process.stdin, question)
            answer = receive(process.stdout)
        except OSError:
            answer = None
        finally:
            lost.cancel()
        if answer is None:
            _log.error("The process with TensorFlow gave no answer to %r", question.get("ask"))
            self._end()
        return answer

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._end()
        if (there := find_available_mb()) is not None and there < NEEDED_MB:
            raise ModelError(
                f"This host has {there:,.0f} MB of memory left, and TensorFlow needs about {NEEDED_MB}. Use a larger "
                "host for this part; everything else on this page works without it."
            )
        command = [sys.executable, *COMMAND]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=os.environ | _QUIET, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with suppress(OSError):  # what was still to be written has nowhere to go
                    if pipe is not None:
                        pipe.close()


@st.cache_resource(show_spinner=False, on_release=KerasProcess.stop)
def get_keras_process() -> KerasProcess:
    """Return the process that all sessions share."""
    return KerasProcess()


_MB: Final = 2**20
_SYSTEM: Final = Path("/proc/meminfo")
_GROUPS: Final = (  # limit, in use, and what of that can be let go of: version 2 and version 1 of control groups
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory.stat", "inactive_file"),
    (
        "/sys/fs/cgroup/memory/memory.limit_in_bytes",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes",
        "/sys/fs/cgroup/memory/memory.stat",
        "total_inactive_file",
    ),
)


def find_available_mb() -> float | None:
    """Return the memory that can still be had, in MB of 2**20 bytes: the system's or the container's, if that is less.

    None where neither can be told, as on macOS and Windows.
    """
    known = [amount for amount in (_of_system(), *(_of_group(*group) for group in _GROUPS)) if amount is not None]
    return max(0.0, min(known) / _MB) if known else None


def _of_system() -> int | None:
    kilobytes = _entry(_SYSTEM, "MemAvailable:")
    return None if kilobytes is None else kilobytes * 1024


def _of_group(limit: str, used: str, stat: str, reclaimable: str) -> int | None:
    most, now = _number(Path(limit)), _number(Path(used))
    if most is None or now is None:
        return None
    return most - now + (_entry(Path(stat), reclaimable) or 0)


def _number(path: Path) -> int | None:
    """The number in a file; None without one ("max" says that there is no limit)."""
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _entry(path: Path, name: str) -> int | None:
    """The number after `name` in a file of lines."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.split()[:1] == [name]), None)
