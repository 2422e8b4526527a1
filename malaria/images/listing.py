"""What in a folder or zip is an image, and what it is called there."""

import posixpath
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from malaria.images.kinds import UNREAD_SUFFIXES, is_picture

HEAD_BYTES: Final = 256
"""The first bytes of a file, which tell what it is."""

_IMAGE_SUFFIXES: Final = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".heic", ".heif", ".hif", ".avif", ".gif", ".bmp", ".dib"}
    | {".tif", ".tiff", ".btf", ".tf8"}
    | UNREAD_SUFFIXES
)
_SUFFIX: Final = re.compile(r"\.[a-z][a-z0-9]{0,7}")  # in small letters; what else follows a dot tells no kind
ARCHIVE_SUFFIXES: Final = frozenset({".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"})
"""What a file is called that holds other files."""
_LITTER: Final = frozenset({"__macosx", "thumbs.db", "desktop.ini"})  # with whatever starts with a dot


def is_image(suffix: str, read_head: Callable[[], bytes]) -> bool:
    """Whether a file is a picture by its suffix, or where that tells nothing by its first bytes."""
    return suffix in _IMAGE_SUFFIXES or (not _SUFFIX.fullmatch(suffix) and is_picture(read_head()))


class Names:
    """Makes names unique: of two files called `cell.png`, the second becomes `cell (2).png`."""

    def __init__(self) -> None:
        self._count: dict[str, int] = {}

    def make_distinct(self, file: str) -> str:
        number = self._count.get(file, 0)
        unique = file
        stem, suffix = posixpath.splitext(file)
        while unique in self._count:
            number += 1
            unique = f"{stem} ({number}){suffix}"
        self._count[file] = max(number, 1)
        self._count[unique] = 1
        return unique


def clean(name: str) -> str:
    """A name that is safe to print and to write as UTF-8, with `/` between folders."""
    name = name.replace("\\", "/")
    with suppress(UnicodeError):  # under the C locale Python takes a name in UTF-8 for bytes without a meaning
        name = name.encode(errors="surrogateescape").decode(errors="surrogateescape")
    return name if name.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in name)


def is_litter(name: str) -> bool:
    """Whether an operating system left it there unasked."""
    return name.lower() in _LITTER or (name.startswith(".") and name.strip(".") != "")
