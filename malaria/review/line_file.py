"""A CSV file that is appended to and never rewritten, by any number of processes, each row safe before the next.

Every access that must not meet another holds a lock file beside it, which the system frees when its holder dies. A row
is one line, written in one piece and flushed to the disk (fsync) before it is acknowledged, so a crash can only leave a
last line without its end, which was acknowledged to nobody: the next to append cuts it off, keeps it in a file beside
it, and says so. A file that another program saved in its own way is read as an upload is, and written anew.
"""

from __future__ import annotations

import codecs
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, Literal, NamedTuple

from filelock import FileLock, Timeout

from malaria.errors import JournalError, MalariaError

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

    `is_row` says whether a line is whole, `convert` gives the whole text, as written here, of the bytes of a file that
    another program saved, and raises MalariaError; `refusal` is said before that. `kept` says where the rows are when
    they cannot be written, `again` what becomes of a row that was cut short. Every method raises JournalError.
    """

    def __init__(
        self,
        path: Path | str,
        header: str,
        *,
        is_row: Callable[[str], bool],
        convert: Callable[[bytes], str],
        refusal: str,
        kept: str,
        again: str,
    ) -> None:
        """Nothing is read or written yet: the file is made by the first row."""
        self.path = Path(path).absolute()
        self._is_row, self._convert = is_row, convert
        self._header, self._refusal, self._kept, self._again = header, refusal, kept, again
        self._lock = FileLock(f"{self.path}.lock", timeout=_WAIT_SECONDS, poll_interval=_POLL_SECONDS)
        self._repairs: list[str] = []

    @property
    def torn(self) -> Path:
        """The file that keeps lines cut short by a crash; absent while there were none."""
        return Path(f"{self.path}.torn")

    def append(self, make: Callable[[Iterator[str]], str]) -> None:
        """Write the lines that `make` returns, all or none, to the disk; it is given those there are, the last first.

        A line that is no UTF-8 is left out, and the last of all is the header.
        """
        with self._opened("a+b") as (file, size):
            _write(file, make(_decoded(_lines_backwards(file, size))).encode(), size)

    def read(self, cursor: int = 0) -> Lines:
        """Return the whole lines from byte `cursor` on, without the header; of a shorter file none and cursor 0."""
        data, end = self._bytes(cursor)
        if cursor == 0 and data and not (self._is_own(data) and data.endswith(b"\n")):
            with suppress(JournalError, FileNotFoundError), self._opened("r+b"):
                pass  # what a crash cut short is mended; where nothing may be written, it is merely not read
            data, end = self._bytes(cursor)
        if end < cursor:
            return Lines([], 0)
        if cursor == 0 and not self._is_own(data):
            data = self._converted(data).encode()
        else:
            end = cursor + data.rfind(b"\n") + 1
            data = data[: end - cursor]
        repairs, self._repairs = tuple(self._repairs), []
        return Lines(data.splitlines()[cursor == 0 :], end, 2 if cursor == 0 else None, repairs)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep all others from writing meanwhile."""
        with self.sentences("written"):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._lock.acquire()
            except Timeout:
                raise JournalError(
                    f"{self.path.name} has been in use by another program for {_WAIT_SECONDS} seconds. Try again."
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
                f"{(path or self.path).name} cannot be {done} ({why}). Free some space or fix the permissions, then "
                f"try again. {self._kept}"
            ) from problem

    @contextmanager
    def _opened(self, mode: Literal["a+b", "r+b"]) -> Iterator[tuple[BinaryIO, int]]:
        """The file, held, as one that begins with its header and ends with a whole line, and its size in bytes."""
        with self.held(), self.sentences("written"):
            self._write_anew()
            with self.path.open(mode, buffering=0) as file:
                yield file, self._ready(file)

    def _bytes(self, cursor: int) -> tuple[bytes, int]:
        """What stands in the file from `cursor` on, and the file's size; nothing where there is no file."""
        with self.sentences("read"), suppress(FileNotFoundError), self.path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(min(cursor, end))
            return file.read(), end
        return b"", 0

    def _ready(self, file: BinaryIO) -> int:
        """See that the file begins with its header and ends with a whole line, and return its size in bytes."""
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        first = file.readline(self._head_bytes)
        if self._is_header(first) and first.endswith(b"\n"):
            return self._end_last_line(file, size)
        file.truncate(0)  # new, or a crash while its first line was written
        _write(file, f"{self._header}\n".encode(), 0)
        _sync_folder(self.path.parent)
        return len(self._header) + 1

    def _end_last_line(self, file: BinaryIO, size: int) -> int:
        """See that the last line has its end, and return the size; what a crash cut short is moved aside."""
        last = next(_lines_backwards(file, size))
        if not last:
            return size
        if any(map(self._is_row, _decoded([last]))):  # it lacks its end and nothing else
            _write(file, b"\n", size)
            return size + 1
        with self.torn.open("ab") as beside:
            beside.write(last + b"\n")
        file.truncate(size - len(last))
        self._repairs.append(
            f"The last line of {self.path.name} was cut short by a crash, before it was confirmed. The line was "
            f"moved to {self.torn.name}{self._again}"
        )
        return size - len(last)

    def _write_anew(self) -> None:
        """Write a file that another program saved in its own way as one of ours; it stays beside it as it was."""
        with suppress(FileNotFoundError), self.path.open("rb") as file:
            if self._is_own(file.read(self._head_bytes + 1)):
                return
            file.seek(0)
            text = self._converted(file.read())
            path = self.path.resolve()  # a link stays a link
            saved = path.with_name(f"{path.name}.saved-{time.strftime('%Y%m%dT%H%M%S')}")
            shutil.copy2(path, saved)
            anew = path.with_name(f"{path.name}.new")
            with anew.open("wb", buffering=0) as other:
                _write(other, text.encode(), 0)
            shutil.copymode(path, anew)
            anew.replace(path)
            _sync_folder(path.parent)
            rows = text.count("\n") - 1
            self._repairs.append(
                f"{path.name} was saved by another program. Its rows ({rows:,}) were written anew; the file as it was "
                f"is now {saved.name}."
            )

    def _converted(self, data: bytes) -> str:
        try:
            return self._convert(data)
        except MalariaError as problem:
            raise JournalError(f"{self.path.name} {self._refusal} {problem}") from None

    @property
    def _head_bytes(self) -> int:
        """Enough for the first line with a byte order mark, or behind as many zeros."""
        return 2 * len(self._header) + 8

    def _is_own(self, data: bytes) -> bool:
        """Whether a file begins as those written here do, or holds no more than a part of the first line.

        A crash may have left that part, and versions before this one wrote the line behind zeros in its place.
        """
        if self._is_header(data[: self._head_bytes].partition(b"\n")[0]):
            return True
        return len(data) <= self._head_bytes and f"{self._header}\n".encode().startswith(data.lstrip(b"\0"))

    def _is_header(self, line: bytes) -> bool:
        """Whether a line is the first: with a byte order mark in a file that was downloaded."""
        return line.removeprefix(codecs.BOM_UTF8).strip() == self._header.encode()


def _write(file: BinaryIO, data: bytes, size: int) -> None:
    """Append and flush to the disk; what cannot be written whole is cut off again at `size`."""
    try:
        written = 0
        file.seek(size)
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


def _lines_backwards(file: BinaryIO, size: int) -> Iterator[bytes]:
    """The lines from the last to the first, before them what follows the last line feed; no more is read than asked."""
    length, given = _TAIL_BYTES, 0
    while True:
        file.seek(max(0, size - length))
        lines = file.read(length).split(b"\n")[0 if length >= size else 1 :]
        yield from reversed(lines[: len(lines) - given])
        if length >= size:
            return
        length, given = length * 8, len(lines)


def _decoded(lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        with suppress(UnicodeDecodeError):
            yield line.decode()
