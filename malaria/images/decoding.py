"""Bytes of an image file -> RGB array, or a sentence that says why not.

A plain 8-bit RGB PNG, JPEG or WebP, which is nearly every cell, goes straight to OpenCV, which takes a fifth to two
fifths less time than Pillow on the NIH cells. Everything else (alpha, palettes, grey, 16 bits, CMYK, orientation,
animation, HEIC, AVIF, TIFF, BMP, damage) takes the Pillow path, which knows these cases. Both read the header first, so
that an image over the limit is refused before any pixel is decoded.
"""

import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, ImageOps
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from malaria.errors import ImageError
from malaria.images.avif import find_largest, read_stills
from malaria.images.depth import to_8_bits
from malaria.images.kinds import find_kind, name_odd_jpeg, refuse_kind, refuse_unread
from malaria.images.limits import CELL_MAX_PIXELS, Size, check_size
from malaria.images.tiff import find_page, open_tiff

RGB: TypeAlias = NDArray[np.uint8]
"""A picture: uint8, shape (height, width, 3), red first."""

# Pillow's own classes, not Image.open, which warns about large pictures by a global limit of its own.
_OPENERS: Final[dict[str, Callable[[io.BytesIO], ImageFile.ImageFile]]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "WebP": WebPImageFile,
    "BMP": BmpImageFile,
    "GIF": GifImageFile,
}

_NOT_PLAIN: Final = frozenset({b"IEND", b"tRNS", b"acTL", b"eXIf", b"zTXt", b"tEXt", b"iTXt"})  # text may hold EXIF
_PNG_END: Final = b"IEND\xaeB`\x82"
_WARNINGS_LOCK = threading.Lock()
_DEEPEST_14: Final = 63  # of 255: what 14 bits reach that were taken for 16


def decode(data: bytes, file: str = "image", *, max_pixels: int = CELL_MAX_PIXELS) -> RGB:
    """Decode a PNG, JPEG, WebP, HEIC, AVIF, TIFF, BMP or GIF file into a uint8 RGB array of shape (height, width, 3).

    Transparency is laid over black (the surround of NIH cells), but means nothing where all is transparent; grey
    becomes three equal channels; more than 8 bits are scaled so that the most the depth can hold becomes 255, see
    `to_8_bits`; CMYK becomes RGB; EXIF orientation is applied; of several frames or pages the first is taken that is
    no small copy of another, and three grey pages that are one picture's channels are joined: `name_picture` says which
    was read. `file` is the name the messages use. Safe to call from several threads; the GIL is free while pixels are
    decoded.

    Raises ImageError, and nothing else, whatever the bytes: empty, not an image, of a kind not read (by its name), cut
    short or damaged, more than `max_pixels` (width times height, checked in the header before decoding), under 8
    pixels a side, or of numbers without a known white.
    """
    size = _plain_size(data)
    if size is not None:
        check_size(size, file, max_pixels)
        rgb = _decode_plain(data, size)
        if rgb is not None:
            return rgb
    return _decode_any(data, file, max_pixels)


def name_picture(data: bytes) -> str | None:
    """Return which picture `decode` reads of a file that holds several ("page 1 of 3"); None for one."""
    if _plain_size(data) is not None:
        return None
    try:
        what, number, pictures = _find_picture(data)
    except Exception:  # damage, of which `decode` tells
        return None
    return f"{what} {number} of {pictures}" if pictures != 1 else None


def _find_picture(data: bytes) -> tuple[str, int, int | str]:
    """What is read of the file: a page or picture, its number from 1, and how many there are."""
    kind = find_kind(data[:64])
    if kind == "TIFF":
        return find_page(data)
    number: int = 1
    pictures: int | str = 1
    if kind == "WebP" and data[12:16] == b"VP8X":
        pictures = max(1, data.count(b"ANMF"))
    elif kind == "PNG" and (at := data.find(b"acTL", 0, 4096)) > 0:
        pictures = int.from_bytes(data[at + 4 : at + 8])
    elif kind in ("GIF", "HEIC", "AVIF"):
        with _silence_warnings():
            if kind == "GIF":  # to count all its frames can take minutes
                pictures = "several" if GifImageFile(io.BytesIO(data)).is_animated else 1
            else:
                image = _open_phone_picture(kind, data)
                number, pictures = image.tell() + 1, getattr(image, "n_frames", 1)
    return "picture", number, pictures


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
    kind = find_kind(data[:64])
    if kind is None:
        refuse_kind(data, file)
    try:
        image = _open(kind, data, file, max_pixels)
        if image.size[0] * image.size[1] > max_pixels:  # some headers lie
            check_size(image.size, file, max_pixels)
        return _to_rgb(_turn_upright(image), file)
    except ImageError:
        raise
    except Exception as error:  # codecs raise nearly every kind there is
        if kind == "JPEG" and (odd := name_odd_jpeg(data)):
            raise refuse_unread(file, odd, "Save it as an ordinary JPEG of 8 bits, or as PNG.") from error
        raise ImageError(
            file, f"The {kind} data is cut short or damaged.", "Copy it again from where it came, or export it again."
        ) from error


def _open(kind: str, data: bytes, file: str, max_pixels: int) -> Image.Image:
    """The picture, loaded, its size checked first."""
    if kind == "WebP":  # libwebp makes room for the whole canvas as soon as it opens a file
        check_size(_webp_size(data), file, max_pixels)
    if kind == "PNG" and _PNG_END not in data:  # Pillow forgives a missing end
        raise EOFError
    with _silence_warnings():
        if kind == "TIFF":  # reads metadata, and warns about it, while loading
            image = open_tiff(data, file, max_pixels)
            image.load()
            return image
        if kind == "AVIF":
            data = read_stills(data)
            check_size(find_largest(data), file, max_pixels)
        image = _open_phone_picture(kind, data) if kind in ("HEIC", "AVIF") else _OPENERS[kind](io.BytesIO(data))
        check_size(image.size, file, max_pixels)
    image.load()
    return _deepen_png(image, data, file) if kind == "PNG" and data[24] == 16 else image


def _open_phone_picture(kind: str, data: bytes) -> ImageFile.ImageFile:
    """A HEIC or AVIF file, opened; the libraries are loaded when the first comes."""
    if kind == "AVIF":
        from PIL.AvifImagePlugin import AvifImageFile

        return AvifImageFile(io.BytesIO(data))
    from pillow_heif import HeifImageFile

    image: ImageFile.ImageFile = HeifImageFile(io.BytesIO(data))  # type: ignore[no-untyped-call]
    return image


def _deepen_png(image: Image.Image, data: bytes, file: str) -> Image.Image:
    """A PNG of 16 bits with all its depth, where fewer bits are in use, as cameras' programs write it."""
    if image.mode.startswith("I"):
        return _replace_pixels(image, Image.fromarray(to_8_bits([np.asarray(image)], file)[..., 0]))
    if np.asarray(image.convert("RGB")).max() > _DEEPEST_14 or not _has_sound_chunks(data):
        return image
    numbers = cv2.imdecode(
        np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION
    )
    if numbers is None or numbers.shape[:2] != (image.height, image.width):
        return image
    deep = Image.fromarray(to_8_bits(cv2.split(numbers), file))
    if image.mode in ("RGBA", "LA"):
        deep.putalpha(image.getchannel("A"))
    return _replace_pixels(image, deep)


def _replace_pixels(image: Image.Image, pixels: Image.Image) -> Image.Image:
    """These pixels, to be turned as the image was."""
    with suppress(Exception):  # broken EXIF is no reason to refuse good pixels
        pixels.getexif()[0x0112] = image.getexif().get(0x0112, 1)
    return pixels


def _has_sound_chunks(png: bytes) -> bool:
    """Whether no chunk declares more bytes than there are, for which OpenCV would make room."""
    at = 8
    while at + 8 <= len(png) and png[at + 4 : at + 8] != b"IEND":
        at += 12 + int.from_bytes(png[at : at + 4])
    return at + 8 <= len(png)


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
        name = data[at + 4 : at + 8]
        if name in _NOT_PLAIN:
            return (width, height) if name == b"IEND" and data[at : at + 4] == bytes(4) else None
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


def _turn_upright(image: Image.Image) -> Image.Image:
    """The picture turned as its EXIF says; broken EXIF is no reason to refuse good pixels."""
    with _silence_warnings(), suppress(Exception):
        ImageOps.exif_transpose(image, in_place=True)
    return image


def _to_rgb(image: Image.Image, file: str) -> RGB:
    if image.mode == "LAB":
        raise ImageError(
            file,
            "Its pixels are stored as L*a*b* colours.",
            "Save it as an ordinary 8-bit or 16-bit RGB or grey image.",
        )
    if image.mode in ("RGBA", "RGBa", "LA", "La", "PA") or "transparency" in image.info:
        layer = image.convert("RGBA")
        if layer.getchannel("A").getextrema()[1] == 0:  # written by a program that knows of no transparency
            return np.ascontiguousarray(np.asarray(layer)[..., :3])
        image = Image.new("RGB", image.size)
        image.paste(layer, mask=layer)
    return np.array(image.convert("RGB"))


@contextmanager
def _silence_warnings() -> Iterator[None]:
    """Keep Pillow's remarks on metadata to itself. Python's warning filters are global, hence one thread at a time."""
    with _WARNINGS_LOCK, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
