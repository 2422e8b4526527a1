"""Zips as strangers make them: the list of members is bounded before it is read, and every member while it is."""

import copy
import io
import struct
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO, Final

import inflate64

from malaria.errors import SourceError

MAX_MEMBERS: Final = 150_000
"""The most files a zip may hold; the whole NIH set has 27,558."""

DEFLATE64: Final = 9
"""How Windows packs files of over 2 GB (PKWARE's APPNOTE.TXT 6.3.10, section 4.4.5)."""

_MAX_DIRECTORY_BYTES: Final = MAX_MEMBERS * 160  # of the list of members, which is read in one piece
_MAX_RATIO: Final = 50  # of all members: packed images hardly shrink, and plain ones of cells to a fifth
_RATIO_MATTERS_FROM: Final = 512 * 2**20  # unpacked bytes
_PIECE: Final = 2**14  # packed bytes at a time, which make 4 MB at the most
_ENTRY: Final = struct.Struct("<28x3H12x")  # of the list: the lengths of name, extra field and comment (4.3.12)


def open_zip(place: Path | BinaryIO, name: str) -> zipfile.ZipFile:
    """Open a zip that messages call `name`. Raises SourceError for what is no zip, or is hostile as a whole."""
    try:
        _check_directory(place, name)
        archive = zipfile.ZipFile(place)
    except SourceError:
        raise
    except Exception as error:  # damage raises nearly every kind there is
        raise SourceError(f"{name}: This is not a zip, or it is damaged. Make or copy it again.") from error
    packed, unpacked, size = 0, 0, _measure(place)
    for member in archive.infolist():
        packed, unpacked = packed + member.compress_size, unpacked + member.file_size
    if packed > size or unpacked > max(_RATIO_MATTERS_FROM, _MAX_RATIO * size):
        archive.close()
        how = "overlap" if packed > size else "unpack to far more than images would"
        raise SourceError(f"{name}: The zip's files {how}, as in a zip bomb. Make the zip again from the images.")
    return archive


def read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """Return a member's bytes, or its first `most` + 1 where it has more. Raises nearly anything for a damaged one."""
    if info.compress_type == DEFLATE64:
        return _inflate64(archive, info, most)
    with archive.open(info) as stream:  # never gives more than declared, and checks the CRC
        data = stream.read(most + 1)
    if len(data) <= most and len(data) != info.file_size:
        raise EOFError
    return data


def _inflate64(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """As `read_member`: the packed bytes are read as if they were stored, and unpacked here."""
    packed = copy.copy(info)
    packed.compress_type, packed.file_size, packed.CRC = zipfile.ZIP_STORED, info.compress_size, None  # type: ignore[assignment]
    inflater, data = inflate64.Inflater(), bytearray()
    with archive.open(packed) as stream:
        while len(data) <= most and (piece := stream.read(_PIECE)):
            data += inflater.inflate(piece)
    if len(data) <= most and (len(data) != info.file_size or zlib.crc32(data) != info.CRC):
        raise EOFError
    return bytes(data[: most + 1])


def _measure(place: Path | BinaryIO) -> int:
    return place.stat().st_size if isinstance(place, Path) else place.seek(0, io.SEEK_END)


def _check_directory(place: Path | BinaryIO, name: str) -> None:
    """Raise SourceError for a list of members that would fill the memory.

    Of several places where a zip may say where its list lies, `zipfile` believes one: so it is asked for the list, and
    stopped when it has found it.
    """
    stream = place.open("rb") if isinstance(place, Path) else place
    try:
        zipfile.ZipFile(_Guard(stream, name)).close()
    except _FoundError:
        pass
    finally:
        if isinstance(place, Path):
            stream.close()


class _FoundError(Exception):
    """The list of members was found, and is short enough."""


class _Guard(io.RawIOBase):
    """A zip that refuses to have a list of members read that is too long, and lets none be read to its end."""

    def __init__(self, stream: BinaryIO, name: str) -> None:
        self._stream, self._name = stream, name

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if size > _MAX_DIRECTORY_BYTES:
            raise SourceError(f"{self._name}: The zip's list of files is too long. Split it into several.")
        data = self._stream.read(size)
        if data.startswith(b"PK\x01\x02"):
            if _count_entries(data) > MAX_MEMBERS:
                raise SourceError(
                    f"{self._name}: The zip holds more than {MAX_MEMBERS:,} files. Split it into several."
                )
            raise _FoundError
        return data


def _count_entries(directory: bytes) -> int:
    """How many members a list names, counted to one more than there may be."""
    at = number = 0
    while at + _ENTRY.size <= len(directory) and number <= MAX_MEMBERS:
        at += _ENTRY.size + sum(_ENTRY.unpack_from(directory, at))
        number += 1
    return number
