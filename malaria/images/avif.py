"""How large the pictures inside an AVIF file really are, since its decoder makes room for what they say themselves.

The file's own note of its size, which Pillow reads, may be a lie: a file of 3 KB that calls itself 100 x 100 pixels
took 1 GB. Boxes are those of ISO/IEC 14496-12 (meta, iloc, idat), units of a picture (OBU) those of the AV1 bitstream
specification, sections 5.3 to 5.5.
"""

from collections.abc import Iterator
from typing import Final

from malaria.images.limits import Size

_MOST_ITEMS: Final = 1000  # a picture of tiles has one for each
_SEQUENCE_HEADER: Final = 1


def read_stills(data: bytes) -> bytes:
    """The same file, an animation as the still picture that it begins with."""
    return data[:8] + b"avif" + data[12:] if data[8:12] == b"avis" else data


def find_largest(data: bytes) -> Size:
    """Return the size of the largest picture in the items of an AVIF file. For damage, raises nearly anything."""
    meta = next(body for name, body in _walk(data) if name == b"meta")[4:]
    boxes = dict(_walk(meta))
    sizes = [size for item in _items(data, boxes[b"iloc"], boxes.get(b"idat", b"")) for size in _sizes(item)]
    if not sizes:
        raise ValueError("no picture")
    return max(sizes, key=lambda size: size[0] * size[1])


def _walk(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that stand side by side, each by name with its content."""
    at = 0
    while at + 8 <= len(data):
        size, name, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16]), 16
        elif size == 0:
            size = len(data) - at
        if size < head:
            raise ValueError("absurd box")
        yield name, data[at + head : at + size]
        at += size


class _Bits:
    """Numbers of any length out of bytes, one after the other."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def take(self, bits: int) -> int:
        self._left -= bits
        if self._left < 0:
            raise ValueError("cut short")
        return self._value >> self._left & ((1 << bits) - 1)


def _items(data: bytes, iloc: bytes, idat: bytes) -> Iterator[bytes]:
    """The bytes of every item that has its own."""
    bits = _Bits(iloc)
    version = bits.take(32) >> 24
    offset, length, base, index = (8 * bits.take(4) for _ in range(4))
    wide = 32 if version == 2 else 16
    count = bits.take(wide)
    if count > _MOST_ITEMS:
        raise ValueError("absurd number of items")
    for _ in range(count):
        bits.take(wide)
        method = bits.take(16) & 15 if version else 0
        bits.take(16)
        start, parts = bits.take(base), b""
        if method > 1:
            raise ValueError("parts of other items")
        source = idat if method else data
        for _ in range(bits.take(16)):
            if version:
                bits.take(index)
            at, size = start + bits.take(offset), bits.take(length)
            parts += source[at : at + size] if size else source[at:]
            if len(parts) > len(data):
                raise ValueError("parts overlap")
        yield parts


def _sizes(item: bytes) -> Iterator[Size]:
    """What the sequence headers of an item say; nothing for an item that is no picture, such as EXIF."""
    at = 0
    while at < len(item) and not item[at] & 0x81:  # a unit begins with a bit that is 0, and ends its head with one
        kind, has_more, has_size = item[at] >> 3 & 15, item[at] & 4, item[at] & 2
        at += 2 if has_more else 1
        size, shift = len(item) - at, 0
        if has_size:
            size = 0
            while True:
                byte = item[at]
                size, shift, at = size | (byte & 127) << shift, shift + 7, at + 1
                if byte < 128 or shift > 56:
                    break
        if kind == _SEQUENCE_HEADER:
            yield _read_size(_Bits(item[at : at + min(size, 4096)]))
        at += size


def _read_size(bits: _Bits) -> Size:
    """The largest frame that a sequence header allows."""
    bits.take(4)  # profile, still picture
    if bits.take(1):  # the short header of a still picture
        bits.take(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    return bits.take(width_bits) + 1, bits.take(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    has_model, delay = 0, 0
    if bits.take(1):  # timing
        bits.take(64)
        if bits.take(1):  # a number as long as the zeros before it
            zeros = 0
            while not bits.take(1):
                zeros += 1
            bits.take(zeros)
        has_model = bits.take(1)
        if has_model:
            delay = bits.take(5) + 1
            bits.take(42)
    has_display = bits.take(1)
    for _ in range(bits.take(5) + 1):
        bits.take(12)
        if bits.take(5) > 7:
            bits.take(1)
        if has_model and bits.take(1):
            bits.take(2 * delay + 1)
        if has_display and bits.take(1):
            bits.take(4)
