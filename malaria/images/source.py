"""Folders, zips and single files as one stream of image files, read one at a time and never extracted.

A member that cannot or should not be read (encrypted, a bomb, a nested archive, a name that leads out) becomes an
`ImageFile` with its `error`, and the rest goes on; a source that is hostile or empty as a whole is a `SourceError`.
"""

import os
import posixpath
import stat
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import BinaryIO, Final, Self, TypeAlias

from malaria.errors import ImageError, SourceError
from malaria.images.kinds import READ_KINDS, name_unread
from malaria.images.listing import ARCHIVE_SUFFIXES, HEAD_BYTES, Names, clean, is_image, is_litter
from malaria.images.naming import image_id, patient_of
from malaria.images.zips import DEFLATE64, open_zip, read_member
from malaria.wording.words import NAMED, choose_verb, count, list_some

MAX_FILE_BYTES: Final = 256 * 2**20
"""The most bytes one image file may have, unpacked; counted while reading, whatever a zip declares."""

_MAX_RATIO: Final = 200  # image formats are already packed; only blank BMP and TIFF files come near
_RATIO_MATTERS_FROM: Final = 16 * 2**20  # unpacked bytes; a smaller file does no harm at any ratio

_MAX_HEADS: Final = 20_000  # of the files of a zip that are looked into because their names do not tell

_REPACK: Final = "Make the zip again with the ordinary method (deflate)."

Reader: TypeAlias = Callable[[], bytes]  # returns one file's bytes or raises ImageError


@dataclass(frozen=True)
class ImageFile:
    """One image of a source: its bytes, not yet decoded, or the sentence that says why there are none."""

    file: str
    """The path inside the source, `/` between folders; unique within it."""
    data: bytes | None = None
    error: str | None = None

    @cached_property
    def image_id(self) -> str | None:
        """SHA-256 of the bytes, in hexadecimal; None without bytes."""
        data = self.data
        return None if data is None else image_id(data)

    @property
    def patient(self) -> str | None:
        """The patient by the NIH naming rules; None for other names."""
        return patient_of(self.file)

    @property
    def folder(self) -> str | None:
        """The name of the folder that directly holds the file (`Parasitized`); None at the top of the source."""
        return PurePosixPath(self.file).parent.name or None


class PackedFile(ImageFile):
    """An image of a zip that is unpacked whenever its bytes are asked for: a small zip may hold much."""

    def __init__(self, source: "Source", file: str) -> None:
        object.__setattr__(self, "file", file)
        object.__setattr__(self, "_source", source)

    @property
    def data(self) -> bytes | None:
        try:
            return self._source.read(self.file)  # type: ignore[attr-defined, no-any-return]
        except ImageError:
            return None

    @property
    def error(self) -> str | None:
        try:
            self._source.read(self.file)  # type: ignore[attr-defined]
        except ImageError as error:
            return str(error)
        return None


class Source:
    """The image files of one folder, zip or single file, in the order of their names; made by `open_source`.

    Iterating reads one file at a time and keeps none. Iterating in one thread while others call `read` is safe.
    Close it, or use it in a `with` statement; a file object it was made from stays open.
    """

    def __init__(
        self, name: str, readers: dict[str, Reader], skipped: Iterable[str] = (), archive: zipfile.ZipFile | None = None
    ) -> None:
        self.name = name
        """What the source is called in messages: the last part of its path, or the name of the upload."""
        self.skipped = sorted(skipped)
        """Files passed over because their name is not an image's: tables, notes, links to other folders."""
        self._readers = readers
        self._archive = archive

    @property
    def told_skipped(self) -> str:
        """The sentence that names what was passed over; empty where nothing was."""
        n = len(self.skipped)
        told = (
            f"{self.name}: {count(n, 'file')} {choose_verb(n, 'is not an image and was', 'are not images and were')} "
            "not read"
        )
        return f"{told}: {list_some(self.skipped, NAMED)}." if n else ""

    def __len__(self) -> int:
        return len(self._readers)

    def __iter__(self) -> Iterator[ImageFile]:
        for file, reader in self._readers.items():
            try:
                yield ImageFile(file, reader())
            except ImageError as error:
                yield ImageFile(file, error=str(error))

    def keep(self) -> list[ImageFile]:
        """The files for as long as they are needed. Those of a zip stay packed; leave it open."""
        return list(self) if self._archive is None else [PackedFile(self, file) for file in self._readers]

    @property
    def files(self) -> list[str]:
        """The names that iterating gives, without reading anything."""
        return list(self._readers)

    def read(self, file: str) -> bytes:
        """The bytes of one file again. Raises SourceError for a name that is not here, ImageError if unreadable."""
        if file not in self._readers:
            raise SourceError(
                f"{self.name}: There is no image {file!r} here. Use one of the names that iterating over the source "
                "yields."
            )
        return self._readers[file]()

    def close(self) -> None:
        if self._archive is not None:
            self._archive.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_source(place: str | os.PathLike[str] | BinaryIO, name: str | None = None) -> Source:
    """Open a folder (with all folders below it), a zip, or a single image file.

    `place` is a path or a seekable binary file object, such as an upload; `name` is what messages call it, by default
    the path's last part or the object's own name. Only names and sizes are read here; images when iterated.

    Raises SourceError when there is nothing there, a zip is not one or is hostile as a whole, or no image is found.
    """
    if isinstance(place, str | os.PathLike):
        path = Path(place)
        name = name or path.name or str(path.resolve())
        if path.is_dir():
            return _open_folder(path, name)
        try:
            with path.open("rb") as stream:
                return _open_file(path, stream, name)
        except OSError as error:
            raise SourceError(f"{name}: It cannot be opened ({error.strerror}). Check the path.") from error
    name = name or PurePosixPath(str(getattr(place, "name", "upload")).replace("\\", "/")).name
    if not place.seekable():
        raise SourceError(f"{name}: It cannot be read out of order. Save it to a file or to memory first.")
    return _open_file(place, place, name)


def _open_file(place: Path | BinaryIO, stream: BinaryIO, name: str) -> Source:
    """A zip or a single image; `stream` is `place`, opened."""
    stream.seek(0)
    if name.lower().endswith(".zip") or stream.read(4) in (b"PK\x03\x04", b"PK\x05\x06"):
        return _open_zip(place, name)
    file = clean(name)
    if isinstance(place, Path):
        return Source(name, {file: lambda: _read_path(place, file)})
    return Source(name, {file: lambda: _read_stream(place, file)})


def _source(
    name: str, kind: str, readers: dict[str, Reader], skipped: list[str], archive: zipfile.ZipFile | None = None
) -> Source:
    if not readers:
        raise SourceError(f"{name}: The {kind} holds no images. Put {READ_KINDS} files in it.")
    return Source(name, dict(sorted(readers.items())), skipped, archive)


# Folders


def _open_folder(folder: Path, name: str) -> Source:
    readers: dict[str, Reader] = {}
    skipped: list[str] = []
    names = Names()
    root = folder.resolve()

    def add_unreadable_folder(error: OSError) -> None:
        file = names.make_distinct(_relative(error.filename, folder))
        readers[file] = _refuse(file, f"The folder cannot be opened ({error.strerror}).", "Check its permissions.")

    for parent, folders, files in os.walk(folder, onerror=add_unreadable_folder):
        folders[:] = [f for f in folders if not is_litter(f)]
        for path in [Path(parent, f) for f in folders + files]:
            file = _relative(path, folder)
            if path.name in folders:
                if path.is_symlink():  # not walked into: it may lead anywhere, or round in a circle
                    skipped.append(file + "/")
            elif not is_litter(path.name) and is_image(path.suffix.lower(), partial(_read_head, path, root)):
                file = names.make_distinct(file)
                readers[file] = _folder_reader(path, file, root)
            elif not is_litter(path.name):
                skipped.append(file)
    return _source(name, "folder", readers, skipped)


def _relative(path: str | Path, folder: Path) -> str:
    return clean(Path(path).relative_to(folder).as_posix())


def _folder_reader(path: Path, file: str, root: Path) -> Reader:
    def read() -> bytes:
        if path.is_symlink() and not path.resolve().is_relative_to(root):
            raise ImageError(file, "This is a link that points outside the folder.", "Put the file itself there.")
        return _read_path(path, file)

    return read


def _read_head(path: Path, root: Path) -> bytes:
    """The first bytes of an ordinary file inside the folder; none of others."""
    try:
        if not path.is_file() or (path.is_symlink() and not path.resolve().is_relative_to(root)):
            return b""
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError:
        return b""


def _read_path(path: Path, file: str) -> bytes:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would be waited for without end
            raise ImageError(file, "This is not an ordinary file.", "Put an image file in its place.")
        with path.open("rb") as stream:
            return _read_stream(stream, file)
    except OSError as error:
        raise ImageError(
            file, f"The file cannot be read ({error.strerror}).", "Check that it is there and may be read."
        ) from error


def _read_stream(stream: BinaryIO, file: str) -> bytes:
    stream.seek(0)
    data = stream.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise _refuse_size(file, data)
    return data


# Zips


def _open_zip(place: Path | BinaryIO, name: str) -> Source:
    archive = open_zip(place, name)
    try:
        readers, skipped = _zip_readers(archive, [m for m in archive.infolist() if not m.filename.endswith("/")])
        if readers and all(PurePosixPath(file).suffix.lower() in ARCHIVE_SUFFIXES for file in readers):
            inner = next(iter(readers))
            raise SourceError(f"{name}: The zip holds no images, only {inner}. Unpack it and use {inner} directly.")
        return _source(name, "zip", readers, skipped, archive)
    except SourceError:
        archive.close()
        raise


def _zip_readers(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> tuple[dict[str, Reader], list[str]]:
    readers: dict[str, Reader] = {}
    skipped: list[str] = []
    names = Names()
    heads = iter(range(_MAX_HEADS))
    for member in members:
        file = clean(member.filename)
        suffix = posixpath.splitext(file)[1].lower()  # pathlib keeps every name it has seen for good
        if any(is_litter(part) for part in file.split("/")):
            continue
        if suffix not in ARCHIVE_SUFFIXES and not is_image(suffix, partial(_read_member_head, archive, member, heads)):
            skipped.append(file)
            continue
        file = names.make_distinct(file)
        refusal = _find_refusal(member, file, suffix)
        readers[file] = _refuse(file, *refusal) if refusal else _Member(archive, member, file)
    return readers, skipped


def _read_member_head(archive: zipfile.ZipFile, member: zipfile.ZipInfo, heads: Iterator[int]) -> bytes:
    """The first bytes of a member; none of one that cannot be read, or of too many."""
    if next(heads, None) is None or _find_refusal(member, member.filename, ""):
        return b""
    try:
        return read_member(archive, member, HEAD_BYTES)
    except Exception:  # damage raises nearly every kind there is
        return b""


def _find_refusal(member: zipfile.ZipInfo, file: str, suffix: str) -> tuple[str, str] | None:
    """The rule that a member breaks, and the mend; None when it may be read."""
    if file.startswith("/") or file[1:2] == ":" or ".." in file.split("/"):
        return "Its name points outside the zip.", "Make the zip again from inside the folder of images."
    if suffix in ARCHIVE_SUFFIXES:
        return "This is an archive inside the zip.", "Unpack it and use its images or the inner archive directly."
    if member.flag_bits & 0x1:
        return "It is encrypted.", "Make the zip again without a password."
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, DEFLATE64):
        return "It is packed in an unusual way.", _REPACK
    if member.file_size > max(_RATIO_MATTERS_FROM, _MAX_RATIO * member.compress_size):
        return "It unpacks to far more than an image would, as in a zip bomb.", "Save the image again, and zip that."
    return None


class _Member:
    """Reads one image of a zip. As small as can be: there are as many as there are cells."""

    __slots__ = ("_archive", "_file", "_info")

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: str) -> None:
        self._archive, self._info, self._file = archive, info, file

    def __call__(self) -> bytes:
        if self._archive.fp is None:
            raise SourceError(f"{self._file}: The zip was closed. Open it again.")
        try:
            data = read_member(self._archive, self._info, MAX_FILE_BYTES)
        except Exception as error:  # damage raises nearly every kind there is
            if self._info.compress_type == DEFLATE64:
                raise ImageError(self._file, "It cannot be unpacked from its Deflate64.", _REPACK) from error
            raise ImageError(self._file, "It is damaged inside the zip.", "Make or copy the zip again.") from error
        if len(data) > MAX_FILE_BYTES:
            raise _refuse_size(self._file, data)
        return data


# Shared


def _refuse(file: str, rule: str, mend: str) -> Reader:
    def read() -> bytes:
        raise ImageError(file, rule, mend)

    return read


def _refuse_size(file: str, data: bytes) -> ImageError:
    return name_unread(data, file) or ImageError(
        file, f"The file is larger than {MAX_FILE_BYTES // 2**20} MB.", "Crop the image, or save it in a packed format."
    )
