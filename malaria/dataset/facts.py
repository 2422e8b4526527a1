"""One image of a data set: what its file says, what its pixels are, and how it looks when it is small."""

import io
from typing import Final, NamedTuple

import cv2
import numpy as np
from PIL import Image

from malaria.errors import ImageError
from malaria.images import RGB, ImageFile, decode

SIDE: Final = 48
"""Every image is averaged and compared with its longer side at so many pixels."""
THUMBNAIL: Final = 16

_PNG_KINDS: Final = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
_MODES: Final = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "RGBA": "RGB with alpha",
    "I;16": "grey, 16 bits",
    "I;16B": "grey, 16 bits",
}


class Facts(NamedTuple):
    """What is known of one readable image. `lowest` and `highest` are of its pixels, 0 to 255, over all channels."""

    format: str
    channels: str
    width: int
    height: int
    lowest: int
    highest: int


class Look(NamedTuple):
    """One image, looked at: its facts, the picture with its longer side at `SIDE` pixels, and a thumbnail.

    Both are uint8 RGB. The thumbnail, `THUMBNAIL` pixels a side, does not keep the aspect: black edges would make two
    sizes of one picture differ.
    """

    facts: Facts
    small: RGB
    thumbnail: RGB


def look(file: ImageFile) -> Look:
    """Decode an image and look at it. Raises ImageError if it cannot be read."""
    if file.data is None:
        raise ImageError(file.file, file.error or "It could not be read.", "")
    rgb = decode(file.data, file.file)
    height, width = rgb.shape[:2]
    lowest, highest, _, _ = cv2.minMaxLoc(rgb.reshape(height, -1))
    facts = Facts(*_header(file.data), width, height, int(lowest), int(highest))
    small = shrink(rgb)
    return Look(facts, small, thumbnail(small))


def shrink(rgb: RGB) -> RGB:
    """Return uint8 `rgb` (height, width, 3) with its longer side at `SIDE` pixels, aspect kept."""
    height, width = rgb.shape[:2]
    ratio = SIDE / max(height, width)
    # Averaging over areas is needed, and slow, only where several pixels become one.
    how = cv2.INTER_AREA if ratio < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(rgb, (max(1, round(width * ratio)), max(1, round(height * ratio))), interpolation=how))


def thumbnail(rgb: RGB) -> RGB:
    """Return a picture as uint8 RGB (`THUMBNAIL`, `THUMBNAIL`, 3), aspect not kept, for comparing it with others."""
    return np.asarray(cv2.resize(rgb, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA), np.uint8)


def _header(data: bytes) -> tuple[str, str]:
    """Format and channels as the file's header has them; decoding has shown that it is sound."""
    if data.startswith(b"\x89PNG"):
        depth, kind = data[24], data[25]
        return "PNG", f"{_PNG_KINDS.get(kind, 'unknown')}{', 16 bits' if depth == 16 else ''}"
    if data.startswith(b"RIFF") and data[12:15] == b"VP8":
        has_alpha = {76: data[24] & 0x10, 88: data[20] & 0x10}.get(data[15], 0)  # VP8L and VP8X say so, VP8 has none
        return "WebP", "RGB with alpha" if has_alpha else "RGB"
    try:
        with Image.open(io.BytesIO(data)) as image:
            return image.format or "unknown", _MODES.get(image.mode, image.mode)
    except Exception:  # Pillow is stricter than OpenCV with a few files, and warns of others
        return "unknown", "unknown"
