"""Uploads as they arrive one day: broken ones with the sentence the user sees, odd but good ones with their look.

All are made in memory by code. `REFUSED` and `ACCEPTED` are tables; the tests of the pages use them too.
"""

import gzip
import io
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

RED, BLUE, BLACK = (255, 0, 0), (0, 0, 255), (0, 0, 0)


@dataclass(frozen=True)
class Refused:
    """An upload that no image comes out of. The message is `f"{name}: {says}"`."""

    name: str
    make: Callable[[], bytes]
    says: str


@dataclass(frozen=True)
class Accepted:
    """An unusual upload that is a good image: its (height, width), and the colour of its top left pixel."""

    name: str
    make: Callable[[], bytes]
    shape: tuple[int, int] = (16, 24)
    first_pixel: tuple[int, int, int] = RED
    tolerance: int = 0


# Pictures


def flag() -> Image.Image:
    """24 x 16 pixels, the left half red and the right half blue: tells a turned picture and swapped channels."""
    pixels = np.zeros((16, 24, 3), np.uint8)
    pixels[:, :12], pixels[:, 12:] = RED, BLUE
    return Image.fromarray(pixels)


def speckle(width: int = 24, height: int = 16) -> Image.Image:
    """Pixels that do not pack well, so that a file cut in half lacks some of them."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


def encode(kind: str, image: Image.Image | None = None, mode: str | None = None, **options: Any) -> bytes:
    """The bytes of a picture (the flag, unless another is given) as a file of that kind."""
    image = flag() if image is None else image
    if mode:
        image = image.convert(mode)
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def with_alpha(red_alpha: int) -> Image.Image:
    """The flag with a red half of that opacity (0 to 255)."""
    image = flag().convert("RGBA")
    alpha = np.full((16, 24), 255, np.uint8)
    alpha[:, :12] = red_alpha
    image.putalpha(Image.fromarray(alpha))
    return image


def turned(orientation: int) -> bytes:
    """EXIF that says how the picture is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def first_of_two(kind: str) -> bytes:
    """An animation or several pages: first the flag, then a blue frame."""
    return encode(kind, save_all=True, append_images=[Image.new("RGB", (24, 16), BLUE)])


def transparent_palette() -> bytes:
    """A palette PNG whose red is transparent."""
    image = flag().quantize(2)
    red = image.getpixel((0, 0))
    assert isinstance(red, int)
    return encode("PNG", image, transparency=red)


def sixteen_bits(suffix: str) -> bytes:
    """The flag with 16 bits a channel, as OpenCV writes it."""
    blue_green_red = np.ascontiguousarray(np.asarray(flag())[:, :, ::-1]).astype(np.uint16) * 257
    return bytes(cv2.imencode(suffix, blue_green_red)[1])


def grey_16(kind: str, value: int, byte_order: str = "<") -> bytes:
    """A grey picture of one 16-bit value."""
    return encode(kind, Image.fromarray(np.full((16, 24), value, byte_order + "u2")))


def interlaced_png() -> bytes:
    """An Adam7 PNG, written by hand because no library here writes one."""
    pixels = np.asarray(flag())
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    rows = b"".join(b"\0" + row.tobytes() for y, x, dy, dx in passes for row in pixels[y::dy, x::dx])
    return png(png_header(24, 16, interlace=1), (b"IDAT", zlib.compress(rows)))


# Damage


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of these chunks with right checksums, and an end."""
    packed = (
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in [*chunks, (b"IEND", b"")]
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(packed)


def png_header(width: int, height: int, interlace: int = 0) -> tuple[bytes, bytes]:
    """The header chunk of an 8-bit RGB PNG."""
    return b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, interlace)


def huge_png(width: int, height: int) -> bytes:
    """A PNG that declares a size and holds next to nothing."""
    return png(png_header(width, height), (b"IDAT", zlib.compress(bytes(1000))))


def huge_jpeg(width: int, height: int) -> bytes:
    """A JPEG whose header declares another size."""
    data = bytearray(encode("JPEG"))
    at = data.index(b"\xff\xc0")
    data[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(data)


def huge_webp() -> bytes:
    """An extended WebP that declares the largest canvas of the format."""
    body = b"VP8X" + struct.pack("<II", 10, 0) + (16382).to_bytes(3, "little") * 2
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body


def huge_bmp(width: int, height: int) -> bytes:
    """A BMP whose header declares another size."""
    data = bytearray(encode("BMP"))
    data[18:26] = struct.pack("<ii", width, height)
    return bytes(data)


def huge_gif(width: int, height: int) -> bytes:
    """A GIF whose header declares another size."""
    data = bytearray(encode("GIF"))
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def tiff(**tags: int) -> bytes:
    """A little TIFF of 64 zero bytes with these tags: width, height, and what else is named here."""
    numbers = {"width": 256, "height": 257, "bits": 258, "compression": 259, "photometric": 262, "strip": 273}
    numbers |= {"samples": 277, "rows": 278, "count": 279, "format": 339}
    values = {"width": 8, "height": 8, "bits": 8, "compression": 1, "photometric": 1, "samples": 1, "format": 1}
    values |= {"rows": 8, "count": 64} | tags
    entries = len(values) + 1
    values["strip"] = tags.get("strip", 8 + 2 + 12 * entries + 4)
    packed = b"".join(
        struct.pack("<HHII", numbers[k], 4, 1, values[k]) for k in sorted(values, key=lambda k: numbers[k])
    )
    return b"II*\0" + struct.pack("<IH", 8, entries) + packed + struct.pack("<I", 0) + bytes(64)


def flipped(data: bytes, at: float) -> bytes:
    """The same bytes with one of them changed, at that share of the length."""
    place = int(len(data) * at)
    return data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]


def zip_of(*names: str) -> bytes:
    """A zip that holds the flag under these names."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, encode("PNG"))
    return stream.getvalue()


def text_bomb() -> bytes:
    """A PNG with 200 MB of packed text in it and no pixels."""
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()
    return png(png_header(16, 16), (b"zTXt", b"Comment\0\0" + packed))


# What is refused

GIVE = "Use a PNG, JPEG, WebP, HEIC, AVIF, TIFF or BMP file."
NO_KIND = f"This is not an image, or it is in an unknown format. {GIVE}"
AGAIN = "Copy it again from where it came, or export it again."
CROP = "Crop it to the part that matters, or save a smaller copy."
LARGER = "Use a larger crop; a cell is usually 40 to 200 pixels wide."
ORDINARY = "Save it as an ordinary 8-bit or 16-bit RGB or grey image."


def is_a(what: str) -> str:
    return f"This is {what}, not an image. {GIVE}"


def unread(what: str, mend: str = "Save it as PNG, TIFF or JPEG and use that file.") -> str:
    return f"This is {what}, which cannot be read here. {mend}"


def damaged(kind: str) -> str:
    return f"The {kind} data is cut short or damaged. {AGAIN}"


def too_large(width: int, height: int) -> str:
    return f"The image is {width} x {height} pixels, more than the 25 megapixels allowed here. {CROP}"


def too_small(width: int, height: int) -> str:
    return f"The image is {width} x {height} pixels. Each side needs at least 8. {LARGER}"


REFUSED = (
    # Not an image
    Refused("empty.png", lambda: b"", "The file is empty. Save or copy it again."),
    Refused("one-byte.jpg", lambda: b"\xff", NO_KIND),
    Refused("blank-lines.png", lambda: b"\r\n \t\n" * 9, NO_KIND),
    Refused("zeros.png", lambda: bytes(4096), NO_KIND),
    Refused("noise.png", lambda: np.random.default_rng(3).bytes(4096), NO_KIND),
    Refused("notes.png", lambda: b"Patient 12 looks infected, see slide 4.\n", NO_KIND),
    Refused("notes-utf16.png", lambda: "Patient 12".encode("utf-16"), NO_KIND),
    Refused("table.png", lambda: b"file,patient,given_label\nC1,C1,Uninfected\n", NO_KIND),
    Refused("pickle.png", lambda: pickle.dumps({"weights": [1.0, 2.0]}), NO_KIND),
    Refused("program.png", lambda: b"\x7fELF\x02\x01\x01" + bytes(200), NO_KIND),
    Refused("postscript.jpg", lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 99 99\n", NO_KIND),
    Refused("icon.png", lambda: encode("ICO"), NO_KIND),
    Refused("sound.webp", lambda: b"RIFF" + struct.pack("<I", 36) + b"WAVEfmt " + bytes(28), NO_KIND),
    Refused("page.png", lambda: b"\n<!DOCTYPE html><html><body>404</body></html>", is_a("a web page")),
    Refused("drawing.png", lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>", is_a("an SVG drawing")),
    Refused("drawing.jpg", lambda: b"\xef\xbb\xbf<?xml version='1.0'?><svg/>", is_a("an XML or SVG file")),
    Refused("report.png", lambda: b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", is_a("a PDF document")),
    Refused("cells.png", lambda: zip_of("a.png"), is_a("a zip archive (or an Office document)")),
    Refused("nothing.png", lambda: zip_of(), is_a("an empty zip archive")),
    Refused("cells.tif", lambda: gzip.compress(b"cells"), is_a("a gzip archive")),
    Refused("cells.bmp", lambda: b"Rar!\x1a\x07\x01\x00" + bytes(64), is_a("a RAR archive")),
    Refused("cells.jpg", lambda: b"7z\xbc\xaf\x27\x1c" + bytes(64), is_a("a 7z archive")),
    Refused("layers.png", lambda: b"8BPS\x00\x01" + bytes(64), is_a("a Photoshop document")),
    Refused("phone.jpg", lambda: b"\0\0\0\x18ftypheic" + bytes(64), damaged("HEIC")),
    Refused("film.jpg", lambda: b"\0\0\0\x18ftypqt  " + bytes(64), is_a("a video file")),
    Refused("cell.jp2.png", lambda: b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(64), unread("a JPEG 2000 picture")),
    Refused(
        "scan.png",
        lambda: bytes(128) + b"DICM" + bytes(64),
        unread("a DICOM file", "Export the picture from the DICOM viewer as TIFF or PNG."),
    ),
    # Cut short or damaged
    Refused("signature-only.png", lambda: encode("PNG")[:8], damaged("PNG")),
    Refused("header-only.png", lambda: encode("PNG")[:33], damaged("PNG")),
    Refused("half.png", lambda: encode("PNG", speckle())[:600], damaged("PNG")),
    Refused("last-byte-lost.png", lambda: encode("PNG")[:-1], damaged("PNG")),
    Refused("end-lost.png", lambda: encode("PNG")[:-12], damaged("PNG")),
    Refused("pixels-lost.png", lambda: png(png_header(16, 16)), damaged("PNG")),
    Refused("rows-lost.png", lambda: png(png_header(16, 16), (b"IDAT", zlib.compress(bytes(99)))), damaged("PNG")),
    Refused("bit-rot.png", lambda: flipped(encode("PNG", speckle()), 0.5), damaged("PNG")),
    Refused("no-header.png", lambda: png((b"IDAT", zlib.compress(bytes(784)))), damaged("PNG")),
    Refused("endless-chunk.png", lambda: png(png_header(16, 16))[:33] + b"\xff\0\0\0IDAT" + bytes(64), damaged("PNG")),
    Refused("text-bomb.png", text_bomb, damaged("PNG")),
    Refused("half.jpg", lambda: encode("JPEG", speckle())[:500], damaged("JPEG")),
    Refused("end-lost.jpg", lambda: encode("JPEG")[:-2], damaged("JPEG")),
    Refused("header-only.jpg", lambda: encode("JPEG")[:20], damaged("JPEG")),
    Refused("no-frame.jpg", lambda: b"\xff\xd8\xff\xd9", damaged("JPEG")),
    Refused("half-grey.jpg", lambda: encode("JPEG", speckle(), "L")[:300], damaged("JPEG")),
    Refused("half.webp", lambda: encode("WEBP", speckle())[:150], damaged("WebP")),
    Refused("half-lossless.webp", lambda: encode("WEBP", speckle(), lossless=True)[:600], damaged("WebP")),
    Refused("header-only.webp", lambda: encode("WEBP")[:16], damaged("WebP")),
    Refused("half.bmp", lambda: encode("BMP")[:600], damaged("BMP")),
    Refused("header-only.bmp", lambda: b"BM" + bytes(12), damaged("BMP")),
    Refused("half.tif", lambda: encode("TIFF", speckle())[:600], damaged("TIFF")),
    Refused("no-directory.tif", lambda: b"II*\0\xff\xff\xff\x7f", damaged("TIFF")),
    Refused("strip-outside.tif", lambda: tiff(strip=10_000_000), damaged("TIFF")),
    Refused("absurd-samples.tif", lambda: tiff(samples=60_000), damaged("TIFF")),
    Refused("half.gif", lambda: encode("GIF", speckle())[:900], damaged("GIF")),
    # Enormous, by the header
    Refused("just-over.png", lambda: huge_png(5001, 5000), too_large(5001, 5000)),
    Refused("bomb.png", lambda: huge_png(60_000, 60_000), too_large(60_000, 60_000)),
    Refused("bomb-grey.png", lambda: encode("PNG", Image.new("L", (5001, 5000))), too_large(5001, 5000)),
    Refused("overflow.png", lambda: huge_png(2**31 - 1, 2**31 - 1), too_large(2**31 - 1, 2**31 - 1)),
    Refused("bomb.jpg", lambda: huge_jpeg(65_500, 65_500), too_large(65_500, 65_500)),
    Refused("bomb.webp", huge_webp, too_large(16_383, 16_383)),
    Refused("bomb.bmp", lambda: huge_bmp(40_000, 40_000), too_large(40_000, 40_000)),
    Refused("bomb.tif", lambda: tiff(width=100_000, height=100_000), too_large(100_000, 100_000)),
    Refused("bomb.gif", lambda: huge_gif(65_535, 65_535), too_large(65_535, 65_535)),
    # Tiny
    Refused("one-pixel.png", lambda: encode("PNG", speckle(1, 1)), too_small(1, 1)),
    Refused("seven.webp", lambda: encode("WEBP", speckle(7, 7)), too_small(7, 7)),
    Refused("thin.jpg", lambda: encode("JPEG", speckle(400, 3)), too_small(400, 3)),
    Refused("thin.bmp", lambda: encode("BMP", speckle(3, 400)), too_small(3, 400)),
    Refused("no-width.png", lambda: huge_png(0, 16), too_small(0, 16)),
    # Pixels without a known black and white
    Refused(
        "negative.tif",
        lambda: encode("TIFF", Image.new("F", (16, 16), -3.5)),
        f"Its pixels cannot be scaled: some of its numbers are negative, so that black is not known. {ORDINARY}",
    ),
    Refused(
        "integers.tif",
        lambda: encode("TIFF", Image.new("I", (16, 16), 70_000)),
        "Its pixels cannot be scaled: its numbers go up to 7e+04, and where white is among them is not known. "
        + ORDINARY,
    ),
    Refused(
        "lab.tif",
        lambda: encode("TIFF", Image.new("LAB", (16, 16))),
        f"Its pixels are stored as L*a*b* colours. {ORDINARY}",
    ),
)

# What is unusual and good

PROFILE = "not an ICC profile"

ACCEPTED = (
    Accepted("plain.png", lambda: encode("PNG")),
    Accepted("plain.jpg", lambda: encode("JPEG", quality=100, subsampling=0), tolerance=3),
    Accepted("plain.webp", lambda: encode("WEBP", lossless=True)),
    Accepted("lossy.webp", lambda: encode("WEBP", quality=100), tolerance=12),
    Accepted("plain.tif", lambda: encode("TIFF")),
    Accepted("plain.bmp", lambda: encode("BMP")),
    Accepted("plain.gif", lambda: encode("GIF")),
    Accepted("smallest.png", lambda: encode("PNG", Image.new("RGB", (8, 8), RED)), (8, 8)),
    Accepted("jpeg-called.png", lambda: encode("JPEG", quality=100, subsampling=0), tolerance=3),
    Accepted("png-called.jpg", lambda: encode("PNG")),
    Accepted("zip-behind.png", lambda: encode("PNG") + zip_of("a.png")),
    Accepted("junk-behind.jpg", lambda: encode("JPEG", quality=100, subsampling=0) + bytes(99), tolerance=3),
    Accepted("interlaced.png", interlaced_png),
    Accepted("endless-end.png", lambda: encode("PNG")[:-12] + b"\xff\0\0\0IEND\xaeB`\x82"),
    Accepted("progressive.jpg", lambda: encode("JPEG", progressive=True, quality=100, subsampling=0), tolerance=3),
    # Transparency lies over black
    Accepted("opaque.png", lambda: encode("PNG", with_alpha(255))),
    Accepted("transparent.png", lambda: encode("PNG", with_alpha(0)), first_pixel=BLACK),
    Accepted("half-transparent.png", lambda: encode("PNG", with_alpha(128)), first_pixel=(128, 0, 0)),
    Accepted("transparent.webp", lambda: encode("WEBP", with_alpha(0), lossless=True), first_pixel=BLACK),
    Accepted("transparent.tif", lambda: encode("TIFF", with_alpha(0)), first_pixel=BLACK),
    Accepted("transparent.gif", lambda: encode("GIF", with_alpha(0)), first_pixel=BLACK),
    Accepted("transparent-palette.png", transparent_palette, first_pixel=BLACK),
    Accepted("palette.png", lambda: encode("PNG", flag().quantize(2))),
    Accepted("palette.bmp", lambda: encode("BMP", flag().quantize(2))),
    Accepted("palette.tif", lambda: encode("TIFF", flag().quantize(2))),
    Accepted("red-is-clear.png", lambda: encode("PNG", transparency=RED), first_pixel=BLACK),
    Accepted("grey-alpha.png", lambda: encode("PNG", Image.new("LA", (24, 16), (200, 128))), first_pixel=(100,) * 3),
    # Grey
    Accepted("grey.png", lambda: encode("PNG", Image.new("L", (24, 16), 77)), first_pixel=(77,) * 3),
    Accepted("grey.jpg", lambda: encode("JPEG", Image.new("L", (24, 16), 77)), first_pixel=(77,) * 3, tolerance=1),
    Accepted("grey.webp", lambda: encode("WEBP", Image.new("L", (24, 16), 77), lossless=True), first_pixel=(77,) * 3),
    Accepted("one-bit.png", lambda: encode("PNG", Image.new("1", (24, 16), 1)), first_pixel=(255,) * 3),
    Accepted("one-bit.tif", lambda: encode("TIFF", Image.new("1", (24, 16), 1)), first_pixel=(255,) * 3),
    # 16 bits
    Accepted("grey-16.png", lambda: grey_16("PNG", 77 * 257), first_pixel=(77,) * 3),
    Accepted("grey-16-white.png", lambda: grey_16("PNG", 65535), first_pixel=(255,) * 3),
    Accepted("grey-16.tif", lambda: grey_16("TIFF", 77 * 257), first_pixel=(77,) * 3),
    Accepted("grey-16-big-endian.tif", lambda: grey_16("TIFF", 77 * 257, ">"), first_pixel=(77,) * 3),
    Accepted("rgb-16.png", lambda: sixteen_bits(".png")),
    Accepted("rgb-16.tif", lambda: sixteen_bits(".tiff")),
    # Print colours
    Accepted("cmyk.jpg", lambda: encode("JPEG", mode="CMYK", quality=100, subsampling=0), tolerance=3),
    Accepted("cmyk.tif", lambda: encode("TIFF", mode="CMYK")),
    Accepted("ycbcr.tif", lambda: encode("TIFF", mode="YCbCr"), tolerance=3),
    # Packed TIFF
    Accepted("lzw.tif", lambda: encode("TIFF", compression="tiff_lzw")),
    Accepted("deflate.tif", lambda: encode("TIFF", compression="tiff_adobe_deflate")),
    Accepted("big.tif", lambda: encode("TIFF", big_tiff=True)),
    # Turned a quarter clockwise: the red left half comes to the top; turned by a half, blue is first
    Accepted(
        "turned.jpg", lambda: encode("JPEG", exif=turned(6), quality=100, subsampling=0), (24, 16), RED, tolerance=3
    ),
    Accepted("upside-down.jpg", lambda: encode("JPEG", exif=turned(3), quality=100, subsampling=0), (16, 24), BLUE, 3),
    Accepted("turned.png", lambda: encode("PNG", exif=turned(8)), (24, 16), BLUE),
    Accepted("turned.webp", lambda: encode("WEBP", exif=turned(6), lossless=True), (24, 16), RED),
    Accepted("turned.tif", lambda: encode("TIFF", exif=turned(8)), (24, 16), BLUE),
    Accepted("odd-orientation.png", lambda: encode("PNG", exif=turned(99))),
    Accepted("broken-exif.png", lambda: png(*flag_chunks(), (b"eXIf", b"II*\0\xff\xff\xff\xff"))),
    Accepted(
        "broken-exif.jpg",
        lambda: encode("JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09", quality=100, subsampling=0),
        tolerance=3,
    ),
    Accepted("broken-profile.png", lambda: encode("PNG", icc_profile=PROFILE.encode())),
    Accepted("text.png", lambda: encode("PNG", pnginfo=text_of("C1_thinF"))),
    # Several frames or pages
    Accepted("animated.gif", lambda: first_of_two("GIF")),
    Accepted("animated.png", lambda: first_of_two("PNG")),
    Accepted("animated.webp", lambda: first_of_two("WEBP"), tolerance=40),
    Accepted("pages.tif", lambda: first_of_two("TIFF")),
    Accepted("two-views.jpg", lambda: first_of_two("MPO"), tolerance=12),
)


def flag_chunks() -> tuple[tuple[bytes, bytes], tuple[bytes, bytes]]:
    """The flag as a PNG header and its pixels."""
    rows = b"".join(b"\0" + row.tobytes() for row in np.asarray(flag()))
    return png_header(24, 16), (b"IDAT", zlib.compress(rows))


def text_of(words: str) -> PngInfo:
    """A PNG remark."""
    info = PngInfo()
    info.add_text("Comment", words, zip=True)
    return info
