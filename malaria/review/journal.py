"""The journal as a CSV file: appended to, never rewritten, by any number of processes, each row safe before the next.

Every access that must not meet another holds a lock file beside it, which the system frees when its holder dies. A row
is one line, written in one piece and flushed to the disk (fsync) before it is acknowledged, so a crash can only leave a
last line without its end, which was acknowledged to nobody: the next to append cuts it off, keeps it in a file beside
the journal, and says so.
"""

from __future__ import annotations

import codecs
import json
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

from filelock import FileLock, Timeout

from malaria.errors import JournalError
from malaria.review.decisions import HEADER, Decision, from_line, next_moment, to_line
from malaria.review.store import LEASE_SECONDS, News

_WAIT_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.005
_TAIL_BYTES: Final = 4096  # what is read of the end to find the last line, and more if that is not enough


class CsvJournal:
    """A `Store` in a CSV file. Safe with several processes on one file of a local disk."""

    def __init__(self, path: Path | str) -> None:
        """Nothing is read or written yet: the file is made by the first decision."""
        self.path = Path(path).absolute()
        self._lock = FileLock(f"{self.path}.lock", timeout=_WAIT_SECONDS, poll_interval=_POLL_SECONDS)
        self._repairs: list[str] = []

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    @cached_property
    def survives(self) -> bool:
        """Whether the disk keeps its files when the machine starts anew."""
        return survives_restart(self.path)

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Write the rows, all or none, and return them when they are on the disk. Raises JournalError."""
        with self._held(), _sentences(self.path, "written"), self.path.open("a+b", buffering=0) as file:
            size = self._ready(file)
            last = _last_moment(file, size)
            kept = []
            for decision in decisions:
                last = decision.decided_at or next_moment(last)
                kept.append(replace(decision, decided_at=last))
            _write(file, "".join(map(to_line, kept)).encode(), size)
        return kept

    def read(self, cursor: int = 0) -> News:
        """Return the rows from byte `cursor` on. A line that cannot be read is passed over and reported."""
        with _sentences(self.path, "read"):
            try:
                with self.path.open("rb") as file:
                    end = file.seek(0, os.SEEK_END)
                    file.seek(min(cursor, end))
                    data = file.read()
            except FileNotFoundError:
                return News((), 0)
        if end < cursor:
            return News((), 0)
        end_of_lines = data.rfind(b"\n") + 1
        if cursor == 0 and end_of_lines < len(data):  # being written just now, or cut short by a crash
            self._repair()
        return self._parsed(data[:end_of_lines], cursor)

    def claim(self, image_ids: Sequence[str], annotator: str) -> str | None:
        """Give the first card that nobody else is on; who is on what stands in a small file beside the journal."""
        path = Path(f"{self.path}.leases")
        with self._held(), _sentences(path, "written"):
            now = time.time()
            leases = {name: lease for name, lease in _leases(path).items() if name != annotator and lease[1] > now}
            others = {image_id for image_id, _ in leases.values()}
            chosen = next((image_id for image_id in image_ids if image_id not in others), None)
            if chosen is not None:
                leases[annotator] = (chosen, now + LEASE_SECONDS)
            path.write_text(json.dumps(leases), encoding="utf-8")
        return chosen

    @contextmanager
    def _held(self) -> Iterator[None]:
        with _sentences(self.path, "written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise JournalError(
                    f"{self.path} has been in use by another program for {_WAIT_SECONDS} seconds. Try again."
                ) from None
        try:
            yield
        finally:
            self._lock.release()

    def _repair(self) -> None:
        """Take off a line that was cut short. Where nothing may be written, it is merely not read."""
        with suppress(JournalError), self._held(), self.path.open("r+b", buffering=0) as file:
            self._ready(file)

    def _ready(self, file: BinaryIO) -> int:
        """See that the file is a journal that ends with a whole line, and return its size in bytes."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = file.readline(len(codecs.BOM_UTF8) + len(HEADER) + 2)
        whole = first.endswith(b"\n")
        if not (_is_header(first) if whole else HEADER.encode().startswith(first)):
            raise self._no_journal()
        if whole:
            return size - self._cut_torn(file, size)
        file.truncate(0)  # new, or a crash while its first line was written
        _write(file, f"{HEADER}\n".encode(), 0)
        _sync_folder(self.path.parent)
        return len(HEADER) + 1

    def _cut_torn(self, file: BinaryIO, size: int) -> int:
        """Cut off a last line without its end, keep it beside the journal, and return its length in bytes."""
        torn = _tail(file, size)[-1]
        if torn:
            with self.torn.open("ab") as beside:
                beside.write(torn + b"\n")
            file.truncate(size - len(torn))
            self._repairs.append(
                f"The last line of {self.path.name} was cut short by a crash, before it was confirmed. The line was "
                f"moved to {self.torn.name}, and its card comes back."
            )
        return len(torn)

    @property
    def torn(self) -> Path:
        """The file that keeps lines cut short by a crash; absent while there were none."""
        return Path(f"{self.path}.torn")

    def _no_journal(self) -> JournalError:
        return JournalError(
            f"{self.path} is not a journal of decisions: it does not begin with the line {HEADER}. Name another file. "
            "(If a spreadsheet saved the journal again, upload the journal to continue with it.)"
        )

    def _repaired(self) -> list[str]:
        """What was repaired since this was last asked."""
        repairs, self._repairs = self._repairs, []
        return repairs

    def _parsed(self, data: bytes, cursor: int) -> News:
        rows: list[Decision] = []
        problems = self._repaired()
        lines = data.splitlines()
        if cursor == 0 and lines and not _is_header(lines.pop(0)):
            raise self._no_journal()
        for number, line in enumerate(lines, start=2):
            try:
                rows.append(from_line(line.decode()))
            except (JournalError, UnicodeDecodeError) as problem:
                where = f"Line {number}" if cursor == 0 else "A new line"
                problems.append(f"{where} of {self.path.name} was skipped: {problem}")
        return News(tuple(rows), cursor + len(data), tuple(problems))


def _is_header(line: bytes) -> bool:
    """Whether a line is a journal's first: with a byte order mark in a journal that was downloaded."""
    return line.removeprefix(codecs.BOM_UTF8).strip() == HEADER.encode()


def _leases(path: Path) -> dict[str, tuple[str, float]]:
    """annotator -> the card they are on, and until when. A file that is missing or damaged frees all cards."""
    try:
        found = json.loads(path.read_bytes())
        return {str(name): (str(image_id), float(until)) for name, (image_id, until) in found.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def _write(file: BinaryIO, data: bytes, size: int) -> None:
    """Append and flush to the disk; what cannot be written whole is cut off again at `size`."""
    try:
        written = 0
        while written < len(data):
            written += file.write(data[written:])
        os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            file.truncate(size)
        raise


def _sync_folder(folder: Path) -> None:
    """Flush the entry of a new file; Windows has no such thing to flush."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _tail(file: BinaryIO, size: int) -> list[bytes]:
    """The last lines, at least one whole one if there is any; last of all what follows the last line feed."""
    length = _TAIL_BYTES
    while True:
        file.seek(max(0, size - length))
        lines = file.read(length).split(b"\n")
        if len(lines) > 2 or length >= size:
            return lines
        length *= 8


def _last_moment(file: BinaryIO, size: int) -> str:
    """The `decided_at` of the last row; empty where there is none, or where it is damaged."""
    with suppress(JournalError, UnicodeDecodeError, IndexError):
        return from_line(_tail(file, size)[-2].decode()).decided_at
    return ""


@contextmanager
def _sentences(path: Path, done: str) -> Iterator[None]:
    """Tell what the system refuses in a sentence."""
    try:
        yield
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise JournalError(
            f"{path} cannot be {done} ({why}). Free some space or fix the permissions, then try again. Your decisions "
            "are kept in this session, and you can download them."
        ) from problem


FORGETFUL: Final = frozenset({"tmpfs", "ramfs", "overlay", "overlayfs", "aufs", "fuse-overlayfs", "zfs-overlay"})
"""Kinds of file system that live in memory or in a container's own layer, and go with it."""

_MOUNTS: Final = Path("/proc/mounts")


def survives_restart(path: Path, mounts: str | None = None) -> bool:
    """Return False for a place in memory, in a container's own layer (as on Streamlit Community Cloud) or temporary.

    `mounts` is the text of Linux's /proc/mounts, read from there unless given; elsewhere only temporary folders are
    known to forget. A volume that is mounted into a container survives.
    """
    place = path.absolute()
    if place.is_relative_to(tempfile.gettempdir()):
        return False
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return True
    return _file_system(place, mounts) not in FORGETFUL


def _file_system(place: Path, mounts: str) -> str | None:
    """The kind of the file system that holds a path: that of the deepest mount above it, of several the last."""
    found, depth = None, -1
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = parts[2], len(point.parts)
    return found
