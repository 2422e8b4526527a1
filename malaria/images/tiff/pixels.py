"""The pixels of a TIFF's picture, decoded by libtiff: through Pillow, or where that keeps too few bits, OpenCV.

What OpenCV is given is a small file made of the one picture's strips or tiles and the few tags that say how to read
them, so that nothing else in a hostile file reaches it, and planes that lie apart come one by one.
"""

import io
import struct
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from malaria.errors import ImageError
from malaria.images.depth import to_8_bits
from malaria.images.kinds import RAW, SLIDE, refuse_unread
from malaria.images.limits import check_size
from malaria.images.tiff import pages as tags
from malaria.images.tiff.channels import Plane, find_channels, find_depth
from malaria.images.tiff.pages import COLOUR, WHITE_IS_ZERO, Page, Tiff

_MOST_BYTES: Final = 200 * 2**20  # of a picture's numbers before they are made into 8 bits
_STRIP: Final = 2**20  # bytes of the strips that a picture of a single one is cut into
_ORDINARY: Final = "Save it as an ordinary 8-bit or 16-bit RGB or grey image."

_ALPHA: Final = 2  # of ExtraSamples: colours as they are, not multiplied by it
_HAMAMATSU, _DNG, _SENSOR = 65420, 50706, 32803
_SLIDES: Final = {"Aperio": "Aperio (SVS)", "<PerkinElmer-QPI": "PerkinElmer (QPTIFF)", "<scn ": "Leica (SCN)"}
_COLOURS: Final = {3: "a palette", 5: "print colours (CMYK)", 6: "YCbCr colours", 8: "L*a*b* colours"} | {
    9: "L*a*b* colours",
    10: "L*a*b* colours",
    32844: "LogL brightness",
    32845: "LogLuv colours",
}
_DEPTHS: Final = (8, 10, 12, 14, 16, 32, 64)
_UNPACKED: Final = frozenset({1, 5, 8, 32773, 32946})  # by OpenCV at any depth: none, LZW, deflate, PackBits
_UNPACKED_8: Final = _UNPACKED | {2, 3, 4, 6, 7, 32771, 32809, 34925, 50000}  # by Pillow: fax, JPEG, LZMA, Zstandard, …
_PACKINGS: Final = {
    **dict.fromkeys((6, 7, 33007, 34892), "JPEG"),
    **dict.fromkeys((33003, 33004, 33005, 34712), "JPEG 2000"),
    **dict.fromkeys((22610, 34934), "JPEG XR"),
    **dict.fromkeys((50002, 52546), "JPEG XL"),
    **dict.fromkeys((34927, 50001), "WebP"),
    **dict.fromkeys((34926, 50000), "Zstandard"),
    **dict.fromkeys((9, 10, 34661), "JBIG"),
    **dict.fromkeys((34676, 34677), "SGI Log"),
    **{34925: "LZMA", 34887: "LERC", 32909: "PixarLog", 34933: "PNG", 34715: "JBIG2", 48124: "Jetraw"},
}


def find_page(data: bytes) -> tuple[str, int, int]:
    """Return what is read of the file: "page" or "picture", its number from 1, and how many there are.

    Three pages that are the channels of one picture are a picture; of pages there is 1 where all others are small
    copies of it. Raises ValueError or struct.error for damage.
    """
    tiff = Tiff(data)
    if channels := find_channels(tiff):
        return "picture", 1, channels.pictures
    return "page", tiff.number, len(tiff.all_pages) if len(tiff.pictures) > 1 else 1


def open_tiff(data: bytes, file: str, max_pixels: int) -> Image.Image:
    """Return the first picture of a TIFF file as an image of Pillow's, of 8 bits a channel, perhaps yet to be loaded.

    Raises ImageError for what is too large, and for what is not read, by its name; anything else means damage.
    """
    tiff = Tiff(data)
    page = tiff.pictures[0]
    _refuse_foreign(tiff, file)
    check_size(page.size, file, max_pixels)
    if page.value(tags.TILE_WIDTH, 1) * page.value(tags.TILE_HEIGHT, 1) > max(max_pixels, 2**20):
        raise ValueError("absurd tiles, for which room would be made")
    channels = find_channels(tiff)
    if not (page.is_deep or channels):
        return _open_shallow(tiff, page, file)
    _check_form(page, 3 if channels else page.samples, file)
    is_turned = False
    if channels:  # where Pillow can read them it does: it knows JPEG, too, and turns white round where that is 0
        is_turned = not page.is_deep and channels.planes[1].shift == 0
        numbers = [_decode_channel(tiff, plane, file, by_pillow=is_turned) for plane in channels.planes]
    else:
        numbers = _decode_deep(page, file)
    has_alpha = len(numbers) in (2, 4)
    white_is_zero = page.colours == WHITE_IS_ZERO and not is_turned
    said = find_depth(tiff, page)
    pixels = to_8_bits(numbers[:-1] if has_alpha else numbers, file, said, white_is_zero=white_is_zero)
    if has_alpha and page.value(tags.EXTRA, 0) == _ALPHA:
        pixels = np.dstack([pixels, to_8_bits(numbers[-1:], file)])
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.getexif()[tags.ORIENTATION] = page.value(tags.ORIENTATION, 1)
    return image


def _refuse_foreign(tiff: Tiff, file: str) -> None:
    """Refuse by name what is a TIFF inside and is not meant to be read as one."""
    first = tiff.all_pages[0]
    scanner = next((name for word, name in _SLIDES.items() if word in first.description[:1000]), None)
    if scanner or _HAMAMATSU in first.tags:
        raise refuse_unread(file, f"a slide scan by {scanner or 'Hamamatsu (NDPI)'}", SLIDE)
    if _DNG in first.tags or tiff.pictures[0].colours == _SENSOR or tiff.data[8:10] == b"CR":
        raise refuse_unread(file, "a camera raw file", RAW)


def _open_shallow(tiff: Tiff, page: Page, file: str) -> TiffImageFile:
    """A picture of at most 8 bits, yet to be loaded."""
    _check_packing(page, _UNPACKED_8, file)
    if max(page.bits) not in (1, 2, 4, 8):
        raise _refuse_form(f"numbers of {max(page.bits)} bits", file)
    return TiffImageFile(io.BytesIO(tiff.begin_with(page)))


def _check_packing(page: Page, known: frozenset[int], file: str) -> None:
    packing = page.value(tags.COMPRESSION, 1)
    if packing in known:
        return
    name = _PACKINGS.get(packing, f"method {packing}") + (f" at {max(page.bits)} bits" if page.is_deep else "")
    raise ImageError(
        file,
        f"This TIFF is packed by {name}, which cannot be read here.",
        "Save it without compression, or with LZW or deflate.",
    )


def _refuse_form(form: str, file: str) -> ImageError:
    return ImageError(file, f"Its pixels are stored as {form}.", _ORDINARY)


# More than 8 bits


def _check_form(page: Page, samples: int, file: str) -> None:
    """Refuse numbers and colours that are not read, and more of them than the memory holds."""
    depth = max(page.bits)
    is_fraction = page.value(tags.FORMAT, 1) == 3
    if len(set(page.bits)) > 1 or depth not in _DEPTHS or (is_fraction and depth < 32):
        bits = " and ".join(map(str, sorted(set(page.bits))))
        raise _refuse_form(f"{'fractions' if is_fraction else 'numbers'} of {bits} bits", file)
    if page.colours > COLOUR:
        raise _refuse_form(f"{_COLOURS.get(page.colours, 'unusual colours')} of {depth} bits", file)
    if page.samples not in ((3, 4) if page.colours == COLOUR else (1, 2)):
        raise _refuse_form(f"{page.samples} channels of {depth} bits", file)
    width, height = page.size
    if width * height * samples * depth // 8 > _MOST_BYTES:
        raise ImageError(
            file,
            f"The image is {width} x {height} pixels of {depth} bits, too large for the memory here.",
            "Save it with 8 bits, or crop it to the part that matters.",
        )


def _decode_deep(page: Page, file: str) -> list[NDArray[Any]]:
    """The numbers of each channel, (height, width), red first and alpha last."""
    if page.value(tags.PLANAR, 1) == 2:
        return [plane for number in range(page.samples) for plane in _decode_plane(Plane(page, number), file)]
    return _decode_plane(Plane(page), file, page.samples)


def _decode_channel(tiff: Tiff, plane: Plane, file: str, *, by_pillow: bool) -> NDArray[Any]:
    if by_pillow:
        return np.asarray(_open_shallow(tiff, plane.page, file).convert("L"))
    return _decode_plane(plane, file)[0]


def _decode_plane(plane: Plane, file: str, samples: int = 1) -> list[NDArray[Any]]:
    """The numbers of one channel, or of `samples` that lie side by side, each (height, width), red first."""
    page = plane.page
    _check_packing(page, _UNPACKED, file)
    width, height = page.size
    made = samples
    if samples == 2:  # OpenCV has no two channels: they are read as a picture twice as wide
        if page.value(tags.TILE_WIDTH, 0) or page.value(tags.PREDICTOR, 1) != 1 or max(page.bits) % 8:
            raise _refuse_form(f"2 channels of {max(page.bits)} bits", file)
        width, made = 2 * width, 1
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    decoded = cv2.imdecode(np.frombuffer(_write_alone(plane, made, width), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.size != width * height * made:
        raise ValueError("not decoded")
    numbers: NDArray[Any] = decoded.reshape(height, -1, samples)
    bits = max(page.bits)
    if 8 < bits < 16:  # OpenCV moves packed numbers up to 16 bits
        numbers >>= 16 - bits
    return [numbers[..., number] for number in ([2, 1, 0, 3] if samples > 2 else [0, 1])[:samples]]


def _write_alone(plane: Plane, samples: int, width: int) -> bytes:
    """A TIFF of nothing but one plane, its numbers packed as they were. Raises ValueError for damage."""
    page = plane.page
    height = page.size[1]
    is_tiled = page.value(tags.TILE_WIDTH, 0) > 0
    across, down = page.value(tags.TILE_WIDTH, width), page.value(tags.TILE_HEIGHT, 0)
    down = down if is_tiled else min(height, page.value(tags.ROWS, height))
    if across < 1 or down < 1:
        raise ValueError("no rows in a strip")
    blocks = -(-height // down) * (-(-width // across) if is_tiled else 1)
    span = slice(plane.number * blocks, (plane.number + 1) * blocks)
    places = page.values(tags.TILES if is_tiled else tags.STRIPS)[span]
    sizes = page.values(tags.TILE_BYTES if is_tiled else tags.STRIP_BYTES)[span]
    if not sizes and blocks == 1:  # old writers leave it out
        sizes = (len(page.data),)
    if not len(places) == len(sizes) == blocks or sum(sizes) > len(page.data):
        raise ValueError("strips or tiles are missing, or overlap")
    whole = memoryview(page.data)  # whose parts are no copies
    packed = [whole[at + plane.shift : at + plane.shift + size] for at, size in zip(places, sizes, strict=True)]
    if blocks == 1 and not is_tiled and page.value(tags.COMPRESSION, 1) == 1:  # room is made for a whole strip
        row = -(-width * samples * max(page.bits) // 8)
        down = max(1, _STRIP // row)
        packed = [packed[0][at : at + down * row] for at in range(0, height * row, down * row)]
    starts = np.cumsum([8, *map(len, packed)])[:-1]
    written: dict[int, tuple[str, list[int]]] = {
        tags.WIDTH: ("I", [width]),
        tags.HEIGHT: ("I", [height]),
        tags.BITS: ("H", [max(page.bits)] * samples),
        tags.COMPRESSION: ("H", [page.value(tags.COMPRESSION, 1)]),
        tags.COLOURS: ("H", [COLOUR if samples > 2 else tags.BLACK_IS_ZERO]),
        tags.FILL_ORDER: ("H", [page.value(tags.FILL_ORDER, 1)]),
        tags.TILES if is_tiled else tags.STRIPS: ("I", starts.tolist()),
        tags.SAMPLES: ("H", [samples]),
        tags.TILE_BYTES if is_tiled else tags.STRIP_BYTES: ("I", [len(part) for part in packed]),
        tags.PLANAR: ("H", [1]),
        tags.PREDICTOR: ("H", [page.value(tags.PREDICTOR, 1)]),
        **(
            {tags.TILE_WIDTH: ("I", [across]), tags.TILE_HEIGHT: ("I", [down])}
            if is_tiled
            else {tags.ROWS: ("I", [down])}
        ),
        **({tags.EXTRA: ("H", [2])} if samples == 4 else {}),
        tags.FORMAT: ("H", [page.value(tags.FORMAT, 1)] * samples),
    }
    return _write_file(page.order, packed, written)


def _write_file(order: str, packed: list[memoryview], written: dict[int, tuple[str, list[int]]]) -> bytes:
    """A TIFF with these strips behind its header, and behind them its directory."""
    at = 8 + sum(map(len, packed))
    values_at = at + 2 + 12 * len(written) + 4
    entries, values = b"", b""
    for tag, (form, numbers) in sorted(written.items()):
        body = struct.pack(f"{order}{len(numbers)}{form}", *numbers)
        entries += struct.pack(order + "HHI", tag, 3 if form == "H" else 4, len(numbers))
        entries += body.ljust(4, b"\0") if len(body) <= 4 else struct.pack(order + "I", values_at + len(values))
        values += body if len(body) > 4 else b""
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    return b"".join([head, *packed, struct.pack(order + "H", len(written)), entries, bytes(4), values])
