"""A CSV file that is appended to and never rewritten, by any number of processes, each row safe before the next.

Every access that must not meet another holds a lock file beside it, which the system frees when its holder dies. A row
is one line, written in one piece and flushed to the disk (fsync) before it is acknowledged, so a crash can only leave a
last line without its end, which was acknowledged to nobody: the next to append cuts it off, keeps it in a file beside
it, and says so.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple

from filelock import FileLock, Timeout

from malaria.errors import JournalError

_WAIT_SECONDS: Final = 30
_POLL_SECONDS: Final = 0.005
_TAIL_BYTES: Final = 4096  # what is read of the end to find the last line, and more if that is not enough


class Lines(NamedTuple):
    """Whole lines of a file, the byte behind them, and the number of the first; `repairs` are told in sentences."""

    lines: list[bytes]
    cursor: int
    first: int | None = None
    """From 1; None where reading did not begin with the first line, so that it is not known."""
    repairs: tuple[str, ...] = ()


class LineFile:
    """The file at `path`, whose first line is `header`. Safe with several processes on one file of a local disk.

    `refusal` is the sentence said of a file that begins otherwise, `kept` where the rows are when they cannot be
    written, `again` what becomes of a row that was cut short. Every method raises JournalError.
    """

    def __init__(self, path: Path | str, header: str, *, refusal: str, kept: str, again: str) -> None:
        """Nothing is read or written yet: the file is made by the first row."""
        self.path = Path(path).absolute()
        self._header, self._refusal, self._kept, self._again = header, refusal, kept, again
        self._lock = FileLock(f"{self.path}.lock", timeout=_WAIT_SECONDS, poll_interval=_POLL_SECONDS)
        self._repairs: list[str] = []

    @property
    def torn(self) -> Path:
        """The file that keeps lines cut short by a crash; absent while there were none."""
        return Path(f"{self.path}.torn")

    def append(self, make: Callable[[str], str]) -> None:
        """Write the lines that `make` returns of the last line there is (none: ""), all or none, to the disk."""
        with self.held(), self.sentences("written"), self.path.open("a+b", buffering=0) as file:
            size = self._ready(file)
            _write(file, make(_last_line(file, size)).encode(), size)

    def read(self, cursor: int = 0) -> Lines:
        """Return the whole lines from byte `cursor` on, without the header; of a shorter file none and cursor 0."""
        with self.sentences("read"):
            try:
                with self.path.open("rb") as file:
                    end = file.seek(0, os.SEEK_END)
                    file.seek(min(cursor, end))
                    data = file.read()
            except FileNotFoundError:
                return Lines([], 0)
        if end < cursor:
            return Lines([], 0)
        end_of_lines = data.rfind(b"\n") + 1
        if cursor == 0 and end_of_lines < len(data):  # being written just now, or cut short by a crash
            self._repair()
        lines = data[:end_of_lines].splitlines()
        if cursor == 0 and lines and not self._is_header(lines.pop(0)):
            raise JournalError(f"{self.path} {self._refusal}")
        repairs, self._repairs = tuple(self._repairs), []
        return Lines(lines, cursor + end_of_lines, 2 if cursor == 0 else None, repairs)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all others from writing meanwhile."""
        with self.sentences("written"):
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

    @contextmanager
    def sentences(self, done: str, path: Path | None = None) -> Iterator[None]:
        """Tell what the system refuses in a sentence; `done` is what cannot be, of this file or the one at `path`."""
        try:
            yield
        except OSError as problem:
            why = problem.strerror or str(problem)
            raise JournalError(
                f"{path or self.path} cannot be {done} ({why}). Free some space or fix the permissions, then try "
                f"again. {self._kept}"
            ) from problem

    def _repair(self) -> None:
        """Take off a line that was cut short. Where nothing may be written, it is merely not read."""
        with suppress(JournalError), self.held(), self.path.open("r+b", buffering=0) as file:
            self._ready(file)

    def _ready(self, file: BinaryIO) -> int:
        """See that the file begins with its header and ends with a whole line, and return its size in bytes."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = file.readline(len(codecs.BOM_UTF8) + len(self._header) + 2)
        whole = first.endswith(b"\n")
        if not (self._is_header(first) if whole else self._header.encode().startswith(first)):
            raise JournalError(f"{self.path} {self._refusal}")
        if whole:
            return size - self._cut_torn(file, size)
        file.truncate(0)  # new, or a crash while its first line was written
        _write(file, f"{self._header}\n".encode(), 0)
        _sync_folder(self.path.parent)
        return len(self._header) + 1

    def _cut_torn(self, file: BinaryIO, size: int) -> int:
        """Cut off a last line without its end, keep it beside the file, and return its length in bytes."""
        torn = _tail(file, size)[-1]
        if torn:
            with self.torn.open("ab") as beside:
                beside.write(torn + b"\n")
            file.truncate(size - len(torn))
            self._repairs.append(
                f"The last line of {self.path.name} was cut short by a crash, before it was confirmed. The line was "
                f"moved to {self.torn.name}{self._again}"
            )
        return len(torn)

    def _is_header(self, line: bytes) -> bool:
        """Whether a line is the first: with a byte order mark in a file that was downloaded."""
        return line.removeprefix(codecs.BOM_UTF8).strip() == self._header.encode()


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


def _last_line(file: BinaryIO, size: int) -> str:
    """The last line, which may be the header; empty where it is damaged."""
    with suppress(UnicodeDecodeError, IndexError):
        return _tail(file, size)[-2].decode()
    return ""
