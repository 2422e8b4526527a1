"""Bytes of an image file -> RGB array, or a sentence that says why not.

A plain 8-bit RGB PNG, JPEG or WebP, which is nearly every cell, goes straight to OpenCV, which takes a fifth to two
fifths less time than Pillow on the NIH cells. Everything else (alpha, palettes, grey, 16 bits, CMYK, orientation,
animation, TIFF, BMP, damage) takes the Pillow path, which knows these cases. Both read the header first, so that an
image over the limit is refused before any pixel is decoded.
"""

import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, NoReturn, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from malaria.errors import ImageError

RGB: TypeAlias = NDArray[np.uint8]
"""A picture: uint8, shape (height, width, 3), red first."""

CELL_MAX_PIXELS: Final = 25_000_000
"""The most pixels (width times height) one cell image may have."""

MIN_SIDE: Final = 8
"""The fewest pixels a side that can show anything."""

Size: TypeAlias = tuple[int, int]  # (width, height), as image headers have it

# Pillow's own classes, not Image.open, which warns about large pictures by a global limit of its own.
_OPENERS: Final[dict[bytes, tuple[str, Callable[[io.BytesIO], ImageFile.ImageFile]]]] = {
    b"\x89PNG\r\n\x1a\n": ("PNG", PngImageFile),
    b"\xff\xd8\xff": ("JPEG", JpegImageFile),
    b"RIFF": ("WebP", WebPImageFile),
    b"BM": ("BMP", BmpImageFile),
    b"II*\0": ("TIFF", TiffImageFile),
    b"MM\0*": ("TIFF", TiffImageFile),
    b"II+\0": ("TIFF", TiffImageFile),
    b"MM\0+": ("TIFF", TiffImageFile),
    b"GIF8": ("GIF", GifImageFile),
}

# What people upload by mistake: (offset, bytes there, its name).
_OTHER_KINDS: Final = (
    (0, b"PK\x03\x04", "a zip archive (or an Office document)"),
    (0, b"PK\x05\x06", "an empty zip archive"),
    (0, b"Rar!", "a RAR archive"),
    (0, b"7z\xbc\xaf", "a 7z archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"%PDF", "a PDF document"),
    (0, b"8BPS", "a Photoshop document"),
    (0, b"<svg", "an SVG drawing"),
    (0, b"<?xml", "an XML or SVG file"),
    (0, b"<!DOCTYPE", "a web page"),
    (0, b"<html", "a web page"),
    (4, b"ftyp", "a HEIC, AVIF or video file"),
    (4, b"jP  ", "a JPEG 2000 picture"),
    (128, b"DICM", "a DICOM file"),
)

_PNG_END: Final = b"IEND\xaeB`\x82"
_WARNINGS_LOCK = threading.Lock()


def decode(data: bytes, file: str = "image", *, max_pixels: int = CELL_MAX_PIXELS) -> RGB:
    """Decode a PNG, JPEG, WebP, TIFF, BMP or GIF file into a uint8 RGB array of shape (height, width, 3).

    Transparency is laid over black (the surround of NIH cells); grey becomes three equal channels; of 16 bits the upper
    eight are kept (0 stays 0, 65535 becomes 255); CMYK becomes RGB; EXIF orientation is applied; of several frames or
    pages the first is taken. `file` is the name the messages use. Safe to call from several threads; the GIL
    is free while pixels are decoded.

    Raises ImageError, and nothing else, whatever the bytes: empty, not an image, cut short or damaged, more than
    `max_pixels` (width times height, checked in the header before decoding), or under 8 pixels a side.
    """
    size = _plain_size(data)
    if size is not None:
        _check_size(size, file, max_pixels)
        rgb = _decode_plain(data, size)
        if rgb is not None:
            return rgb
    return _decode_any(data, file, max_pixels)


def _decode_plain(data: bytes, size: Size) -> RGB | None:
    """What OpenCV makes of it, or None when it finds the file at fault; Pillow then has the last word."""
    try:
        rgb = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION)
    except (cv2.error, MemoryError):
        return None
    if rgb is None or rgb.shape != (size[1], size[0], 3):
        return None
    return rgb.astype(np.uint8, copy=False)


def _decode_any(data: bytes, file: str, max_pixels: int) -> RGB:
    if not data:
        raise ImageError(file, "The file is empty.", "Save or copy it again.")
    kind, opener = next((o for start, o in _OPENERS.items() if data.startswith(start)), (None, None))
    if kind is None or opener is None or (kind == "WebP" and data[8:12] != b"WEBP"):
        _refuse_other_kind(data, file)
    try:
        if kind == "WebP":  # libwebp makes room for the whole canvas as soon as it opens a file
            _check_size(_webp_size(data), file, max_pixels)
        if kind == "PNG" and _PNG_END not in data:  # Pillow forgives a missing end
            raise EOFError
        with _silence_warnings():
            image = opener(io.BytesIO(data))
            _check_size(image.size, file, max_pixels)
            if kind == "TIFF":  # reads metadata, and warns about it, while loading
                image.load()
        image.load()
        return _to_rgb(_turn_upright(image), file)
    except ImageError:
        raise
    except Exception as error:  # codecs raise nearly every kind there is
        raise ImageError(
            file, f"The {kind} data is cut short or damaged.", "Copy it again from where it came, or export it again."
        ) from error


def _plain_size(data: bytes) -> Size | None:
    """(width, height) of an 8-bit RGB PNG, JPEG or WebP without alpha, animation or orientation; None for the rest."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return _plain_png_size(data)
        if data.startswith(b"\xff\xd8"):
            return _plain_jpeg_size(data)
        if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            plain = data[12:16] == b"VP8 " or (data[12:16] == b"VP8L" and not data[24] & 0x10)  # 0x10: has alpha
            return _webp_size(data) if plain else None
    except (struct.error, IndexError):
        pass
    return None


def _plain_png_size(data: bytes) -> Size | None:
    width, height, *form = struct.unpack_from(">IIBB", data, 16)
    if data[12:16] != b"IHDR" or form != [8, 2]:  # bits a channel, colour type: RGB
        return None
    at = 33
    while at < len(data):  # OpenCV believes any length a chunk declares, and makes room for it
        if data[at : at + 8] == b"\0\0\0\0IEND":
            return width, height
        if data[at + 4 : at + 8] in (b"IEND", b"tRNS", b"acTL", b"eXIf", b"zTXt", b"tEXt", b"iTXt"):
            return None  # text may hold EXIF or XMP
        at += 12 + int.from_bytes(data[at : at + 4])
    return None


def _plain_jpeg_size(data: bytes) -> Size | None:
    at = 2
    while data[at] == 0xFF:
        marker = data[at + 1]
        length, depth, height, width, channels = struct.unpack_from(">HBHHB", data, at + 2)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a frame header
            return (width, height) if depth == 8 and channels == 3 else None
        if marker == 0xE1:  # EXIF or XMP: may turn the picture
            return None
        at += 2 + length
    return None


def _webp_size(data: bytes) -> Size:
    """(width, height) from the first chunk, by the WebP container specification (RFC 9649); struct.error if short."""
    chunk = data[12:16]
    if chunk == b"VP8X":
        low_width, high_width, low_height, high_height = struct.unpack_from("<HBHB", data, 24)
        return (low_width | high_width << 16) + 1, (low_height | high_height << 16) + 1
    if chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", data, 26)
    return width & 0x3FFF, height & 0x3FFF


def _check_size(size: Size, file: str, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            file,
            f"The image is {width} x {height} pixels, more than the {max_pixels / 1e6:g} megapixels allowed here.",
            "Crop it to the part that matters, or save a smaller copy.",
        )
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            file,
            f"The image is {width} x {height} pixels, and at least {MIN_SIDE} a side are needed.",
            "Use a larger crop; a cell is usually 40 to 200 pixels wide.",
        )


def _refuse_other_kind(data: bytes, file: str) -> NoReturn:
    head = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n") if data[:1] in b"\xef \t\r\n" else data[:256]
    found = next((name for at, magic, name in _OTHER_KINDS if head[at : at + len(magic)] == magic), None)
    rule = f"This is {found}, not an image." if found else "This is not an image, or of a kind not known here."
    raise ImageError(file, rule, "Give a PNG, JPEG, WebP, TIFF or BMP file.")


def _turn_upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says; broken EXIF is no reason to refuse good pixels."""
    with _silence_warnings(), suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _to_rgb(image: Image.Image, file: str) -> RGB:
    if image.mode.startswith("I;16"):
        grey = np.asarray(image)
        return np.repeat((grey >> 8).astype(np.uint8)[:, :, np.newaxis], 3, axis=2)
    if image.mode in ("I", "F", "LAB"):
        colours = "L*a*b* colours" if image.mode == "LAB" else "32-bit numbers without a fixed black and white"
        raise ImageError(
            file, f"Its pixels are stored as {colours}.", "Save it as an ordinary 8-bit or 16-bit RGB or grey image."
        )
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        image = Image.new("RGB", image.size)
        image.paste(layer, mask=layer)
    return np.array(image.convert("RGB"))


@contextmanager
def _silence_warnings() -> Iterator[None]:
    """Keep Pillow's remarks on metadata to itself. Python's warning filters are global, hence one thread at a time."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
