"""The directories of a TIFF or BigTIFF file, and which of its pages are pictures of their own.

Read here, and of them no more than is needed and bounded: the readers of Pillow and tifffile believe any number of
values that a hostile directory declares. Tags and their meaning are those of TIFF 6.0, section 8.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from malaria.images.limits import Size

_MOST_PAGES: Final = 20_000
_MOST_TAGS: Final = 512
_MOST_VALUES: Final = 2_000_000  # of one tag; a picture of one strip a row has as many as rows
_MOST_BYTES: Final = 64 * 2**20  # of all values that Pillow would read with one directory
_MOST_BELOW: Final = 16

WIDTH, HEIGHT, BITS, COMPRESSION, COLOURS, FILL_ORDER, DESCRIPTION = 256, 257, 258, 259, 262, 266, 270
STRIPS, ORIENTATION, SAMPLES, ROWS, STRIP_BYTES, LARGEST, PLANAR, PREDICTOR = 273, 274, 277, 278, 279, 281, 284, 317
TILE_WIDTH, TILE_HEIGHT, TILES, TILE_BYTES, EXTRA, FORMAT = 322, 323, 324, 325, 338, 339
_SUBFILE, _OLD_SUBFILE, _BELOW = 254, 255, 330

WHITE_IS_ZERO, BLACK_IS_ZERO, COLOUR = 0, 1, 2

# The whole numbers, by type, for `struct`; and the bytes of one value of each type.
_FORMS: Final = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
_BYTES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}


@dataclass(frozen=True)
class Page:
    """One directory: the `data` of its file, where it stands in it, and its tags as (type, count, place of values)."""

    data: bytes = field(repr=False)
    order: str
    """`<` or `>`, as `struct` has them."""
    at: int
    tags: dict[int, tuple[int, int, int]] = field(repr=False)

    def values(self, tag: int) -> tuple[int, ...]:
        """The whole numbers of a tag; none where it is absent, of another type, or cut short."""
        kind, count, place = self.tags.get(tag, (0, 0, 0))
        form = _FORMS.get(kind)
        if not form or not 0 < count <= _MOST_VALUES or place + count * _BYTES[kind] > len(self.data):
            return ()
        return struct.unpack_from(f"{self.order}{count}{form}", self.data, place)

    def value(self, tag: int, default: int) -> int:
        """The first of them."""
        return (self.values(tag) or (default,))[0]

    @cached_property
    def description(self) -> str:
        """What ImageDescription says, of at most a megabyte."""
        _, count, place = self.tags.get(DESCRIPTION, (0, 0, 0))
        return self.data[place : place + min(count, 2**20)].decode("utf-8", "replace")

    @cached_property
    def size(self) -> Size:
        return self.value(WIDTH, 0), self.value(HEIGHT, 0)

    @cached_property
    def bits(self) -> tuple[int, ...]:
        """Bits of each sample."""
        return self.values(BITS) or (1,)

    @property
    def samples(self) -> int:
        return self.value(SAMPLES, 1)

    @property
    def colours(self) -> int:
        """PhotometricInterpretation."""
        return self.value(COLOURS, BLACK_IS_ZERO)

    @property
    def is_grey(self) -> bool:
        return self.samples == 1 and self.colours in (WHITE_IS_ZERO, BLACK_IS_ZERO)

    @property
    def is_deep(self) -> bool:
        """Whether its numbers have more than 8 bits, or are signed or fractions, of which Pillow keeps too little."""
        return max(self.bits) > 8 or self.value(FORMAT, 1) in (2, 3)

    @property
    def is_reduced(self) -> bool:
        """Whether it says that it is a small copy of another page, or a mask."""
        return bool(self.value(_SUBFILE, 0) & 5) or self.value(_OLD_SUBFILE, 1) == 2


class Tiff:
    """The pages of a TIFF file: `all_pages`, and those that are `pictures`, not masks and not small copies."""

    def __init__(self, data: bytes) -> None:
        """Read the directories. Raises ValueError or struct.error where there is none or the first is damaged."""
        self.data = data
        self.order = "<" if data[:2] == b"II" else ">"
        self.is_big = data[2:4] in (b"+\0", b"\0+")
        (start,) = struct.unpack_from(self.order + ("Q" if self.is_big else "I"), data, 8 if self.is_big else 4)
        self.all_pages = list(self._follow(start))
        if not self.all_pages:
            raise ValueError("no directory")
        self.pictures = self._find_pictures()

    @property
    def number(self) -> int:
        """Which page the first picture is, from 1."""
        return next((at for at, page in enumerate(self.all_pages, 1) if page.at == self.pictures[0].at), 1)

    def begin_with(self, page: Page) -> bytes:
        """The same file with this page as its first."""
        if page.at == self.all_pages[0].at:
            return self.data
        start, end, form = (8, 16, "Q") if self.is_big else (4, 8, "I")
        return b"".join([self.data[:start], struct.pack(self.order + form, page.at), self.data[end:]])

    def _follow(self, at: int) -> Iterator[Page]:
        seen: set[int] = set()
        while at and at not in seen and len(seen) < _MOST_PAGES:
            seen.add(at)
            try:
                page, at = self._read(at)
            except (struct.error, ValueError):
                if len(seen) == 1:
                    raise
                return  # what comes before a damaged directory is still good
            yield page

    def _read(self, at: int) -> tuple[Page, int]:
        """The directory there, and where the next one is."""
        count_form, form, head, inline = ("Q", "HHQ", 8, 8) if self.is_big else ("H", "HHI", 2, 4)
        (count,) = struct.unpack_from(self.order + count_form, self.data, at)
        if not 0 < count <= _MOST_TAGS:
            raise ValueError("absurd number of tags")
        tags: dict[int, tuple[int, int, int]] = {}
        elsewhere = 0
        length = struct.calcsize(self.order + form) + inline
        end = at + head + count * length
        for place in range(at + head, end, length):
            tag, kind, number = struct.unpack_from(self.order + form, self.data, place)
            values = place + length - inline
            size = number * _BYTES.get(kind, 0)
            if size > inline:
                (values,) = struct.unpack_from(self.order + form[-1], self.data, values)
                elsewhere += min(size, len(self.data))
            tags[tag] = kind, number, values
        if elsewhere > _MOST_BYTES:
            raise ValueError("absurd amount of tags")
        following = self.data[end : end + inline]
        return Page(self.data, self.order, at, tags), int.from_bytes(
            following, "little" if self.order == "<" else "big"
        )

    def _find_pictures(self) -> list[Page]:
        whole = [page for page in self.all_pages if not page.is_reduced]
        if not whole:  # as in camera raw files, whose pictures stand below a thumbnail
            below = [sub for page in self.all_pages[:_MOST_BELOW] for sub in self._read_below(page)]
            whole = [page for page in below if not page.is_reduced] or self.all_pages
        largest = max((page.size for page in whole), key=lambda size: size[0] * size[1])
        return [page for page in whole if not _is_smaller_copy(page.size, largest)]

    def _read_below(self, page: Page) -> Iterator[Page]:
        for at in page.values(_BELOW)[:_MOST_BELOW]:
            try:
                yield self._read(at)[0]
            except (struct.error, ValueError):
                return


def _is_smaller_copy(size: Size, other: Size) -> bool:
    """Whether a page is the other at half its scale or less, by its proportions."""
    (width, height), (large_width, large_height) = size, other
    if not (0 < 2 * width <= large_width + 1 and 0 < 2 * height <= large_height + 1):  # halves are rounded up
        return False
    return abs(width * large_height - height * large_width) <= large_width + large_height
