"""Pictures as cameras, microscopes and phones write them: each made by a real encoder, its numbers known."""

import io
import struct
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pillow_heif
import pytest
import tifffile
from numpy.typing import NDArray
from PIL import Image

from malaria.errors import ImageError
from malaria.images import decode, name_picture, open_source
from tests.hostile import encode, flag, turned

Numbers = NDArray[Any]


def scene(width: int = 31, height: int = 17) -> NDArray[np.uint8]:
    """A picture of 8 bits, uint8 (height, width, 3), with pixels from 0 to 255, smooth, so that it survives packing."""
    down, across = np.mgrid[0:height, 0:width]
    channels = [255 * across / (width - 1), 255 * down / (height - 1), 255 - 255 * across / (width - 1)]
    return np.stack(channels, axis=2).round().astype(np.uint8)


RGB = scene()
GREY = np.ascontiguousarray(RGB[..., 0])
GREY_RGB = np.repeat(GREY[..., None], 3, axis=2)
PLANES = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))


def at_bits(numbers: Numbers, bits: int, dtype: Any = np.uint16) -> Numbers:
    """The same picture with white at 2**bits - 1."""
    return np.rint(numbers / 255 * (2**bits - 1)).astype(dtype)


def tiff(
    *pages: Numbers, first: dict[str, Any] | None = None, file: dict[str, Any] | None = None, **options: Any
) -> bytes:
    """A TIFF by tifffile; options hold for each page, those of `first` for the first alone."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, **(file or {})) as writer:
        for number, page in enumerate(pages):
            told = {"photometric": "rgb" if page.shape[-1] in (3, 4) else "minisblack", "metadata": None} | options
            writer.write(page, **(told | (first or {} if number == 0 else {})))
    return stream.getvalue()


def heif(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, quality=-1, chroma=444, matrix_coefficients=0, **options)
    return stream.getvalue()


def several_heif() -> bytes:
    file = pillow_heif.HeifFile()
    for pixels in (RGB[::-1].copy(), RGB):
        file.add_from_pillow(Image.fromarray(pixels))
    stream = io.BytesIO()
    file.save(stream, quality=-1, chroma=444, matrix_coefficients=0, primary_index=1)
    return stream.getvalue()


def ome(pages: Numbers, axes: str, **metadata: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pages, ome=True, photometric="minisblack", metadata={"axes": axes, **metadata})
    return stream.getvalue()


def imagej(pages: Numbers, axes: str) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pages, imagej=True, metadata={"axes": axes, "mode": "composite"})
    return stream.getvalue()


def without_pages_after_the_first(data: bytes) -> bytes:
    """ImageJ's way with large stacks: one directory, behind its picture all others."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        at = file.pages.first.offset
        tags = len(file.pages.first.tags)
    end = at + 2 + 12 * tags
    return data[:end] + bytes(4) + data[end + 4 :]


def with_alpha(pixels: Numbers, alpha: int) -> Image.Image:
    image = Image.fromarray(pixels).convert("RGBA")
    image.putalpha(alpha)
    return image


@dataclass(frozen=True)
class Case:
    """A file, the picture that it is, how far a pixel may be off, and what is said of which picture was read."""

    name: str
    make: Callable[[], bytes]
    picture: Numbers = field(default_factory=lambda: RGB)
    tolerance: int = 1
    read: str | None = None


STACK = np.stack([GREY, GREY[::-1], GREY[:, ::-1]])
SMALL = RGB[::2, ::2].copy()
DEEP = at_bits(RGB, 12)

CASES = (
    # Depth
    *(
        Case(
            f"{bits} bits in 16, {packing or 'plain'}",
            lambda bits=bits, packing=packing: tiff(at_bits(RGB, bits), compression=packing),
        )
        for bits in (10, 12, 14, 16)
        for packing in (None, "zlib")
    ),
    *(
        Case(f"{bits} bits packed", lambda bits=bits: tiff(at_bits(RGB, bits), bitspersample=bits))
        for bits in (10, 12, 14)
    ),
    *(
        Case(f"{bits} bits packed grey", lambda bits=bits: tiff(at_bits(GREY, bits), bitspersample=bits), GREY_RGB)
        for bits in (10, 12, 14)
    ),
    Case("12 bits in 16, grey", lambda: tiff(at_bits(GREY, 12)), GREY_RGB),
    Case("8 bits in 16", lambda: tiff(RGB.astype(np.uint16)), tolerance=0),
    Case("12 bits, predictor", lambda: tiff(DEEP, compression="zlib", predictor=True)),
    Case("12 bits in tiles", lambda: tiff(DEEP, tile=(16, 16))),
    Case("12 bits, big-endian BigTIFF", lambda: tiff(DEEP, file={"bigtiff": True, "byteorder": ">"})),
    Case(
        "dark, and OME says 12 bits",
        lambda: ome(at_bits(PLANES // 3, 12), "CYX", SignificantBits=12),
        RGB // 3,
    ),
    Case(
        "dark, and MaxSampleValue says 12 bits",
        lambda: tiff(at_bits(RGB // 3, 12), extratags=[(281, 3, 3, (4095,) * 3, True)]),
        RGB // 3,
    ),
    Case("white is zero, 16 bits", lambda: tiff(65535 - at_bits(GREY, 16), photometric="miniswhite"), GREY_RGB),
    Case(
        "white is zero, 12 bits packed",
        lambda: tiff(4095 - at_bits(GREY, 12), photometric="miniswhite", bitspersample=12),
        GREY_RGB,
    ),
    Case("fractions to 1", lambda: tiff((RGB / 255).astype(np.float32))),
    Case("fractions to 1, in double", lambda: tiff(RGB / 255)),
    Case("fractions to 255", lambda: tiff(RGB.astype(np.float32)), tolerance=0),
    Case("fractions to 4095, packed", lambda: tiff(DEEP.astype(np.float32), compression="zlib")),
    Case("32-bit integers of 16 bits", lambda: tiff(at_bits(RGB, 16, np.uint32))),
    Case("32-bit integers of 12 bits, signed", lambda: tiff(at_bits(GREY, 12, np.int32)), GREY_RGB),
    Case("signed 16-bit numbers, their white at 32767", lambda: tiff(at_bits(RGB, 15, np.int16))),
    Case("12 bits in a PNG of 16", lambda: png_16(DEEP)),
    Case("12 bits in a grey PNG of 16", lambda: encode("PNG", Image.fromarray(at_bits(GREY, 12))), GREY_RGB),
    # Planes and alpha
    Case("planes of 16 bits", lambda: tiff(at_bits(PLANES, 16), photometric="rgb", planarconfig="separate")),
    Case(
        "planes of 12 bits, packed",
        lambda: tiff(at_bits(PLANES, 12), photometric="rgb", planarconfig="separate", compression="zlib"),
    ),
    Case("planes of 8 bits", lambda: tiff(PLANES, photometric="rgb", planarconfig="separate"), tolerance=0),
    Case(
        "alpha of 16 bits, 0 everywhere",
        lambda: tiff(np.dstack([at_bits(RGB, 16), 0 * at_bits(GREY, 16)]), extrasamples=["unassalpha"]),
    ),
    Case(
        "alpha of 16 bits, half",
        lambda: tiff(np.dstack([at_bits(RGB, 16), alpha_right()]), extrasamples=["unassalpha"]),
        RGB * (np.arange(31) > 15)[None, :, None],
    ),
    Case(
        "grey and alpha of 16 bits",
        lambda: tiff(
            np.dstack([at_bits(GREY, 16), alpha_right()]), photometric="minisblack", extrasamples=["unassalpha"]
        ),
        GREY_RGB * (np.arange(31) > 15)[None, :, None],
    ),
    *(
        Case(
            f"alpha 0 everywhere, {kind}",
            lambda kind=kind: encode(
                kind, with_alpha(RGB, 0), **({"lossless": True, "exact": True} if kind == "WEBP" else {})
            ),
            tolerance=0,
        )
        for kind in ("PNG", "WEBP", "TIFF")
    ),
    Case("alpha 0 everywhere, 32-bit BMP", lambda: bmp_with_alpha(0), tolerance=0),
    # Which picture
    Case("thumbnail first", lambda: tiff(SMALL, RGB, first={"subfiletype": 1}), tolerance=0),
    Case("thumbnail first, of 12 bits", lambda: tiff(at_bits(SMALL, 12), DEEP, first={"subfiletype": 1})),
    Case("small copy first, not said", lambda: tiff(scene(64, 40)[::4, ::4].copy(), scene(64, 40)), scene(64, 40), 0),
    Case("small copy last", lambda: tiff(RGB, SMALL), tolerance=0),
    Case("three pictures", lambda: tiff(RGB, RGB[::-1].copy(), RGB), tolerance=0, read="page 1 of 3"),
    Case(
        "three pictures behind a thumbnail",
        lambda: tiff(SMALL, RGB, RGB[::-1].copy(), RGB, first={"subfiletype": 1}),
        tolerance=0,
        read="page 2 of 4",
    ),
    Case("grey stack without a word", lambda: tiff(*STACK), GREY_RGB, 0, "page 1 of 3"),
    Case("OME, three channels", lambda: ome(PLANES, "CYX"), tolerance=0),
    Case("OME, three channels of 12 bits", lambda: ome(at_bits(PLANES, 12), "CYX")),
    Case(
        "OME, blue first by its colours",
        lambda: ome(
            PLANES[::-1].copy(), "CYX", Channel={"Color": [0xFFFF, 0xFF00FF, -16776961], "Name": ["a", "b", "c"]}
        ),
        tolerance=0,
    ),
    Case(
        "OME, blue first by its names",
        lambda: ome(PLANES[::-1].copy(), "CYX", Channel={"Name": ["Blue", "Green", "Red"]}),
        tolerance=0,
    ),
    Case(
        "OME, three channels at two heights",
        lambda: ome(np.stack([PLANES, PLANES[:, ::-1]]), "ZCYX"),
        tolerance=0,
        read="picture 1 of 2",
    ),
    Case(
        "OME, heights within channels",
        lambda: ome(np.stack([PLANES, PLANES[:, ::-1]], axis=1), "CZYX"),
        tolerance=0,
        read="picture 1 of 2",
    ),
    Case("OME, heights", lambda: ome(STACK, "ZYX"), GREY_RGB, 0, "page 1 of 3"),
    Case("ImageJ composite", lambda: imagej(PLANES, "CYX"), tolerance=0),
    Case("ImageJ composite of 12 bits", lambda: imagej(at_bits(PLANES, 12), "CYX")),
    Case("ImageJ composite, one directory", lambda: without_pages_after_the_first(imagej(at_bits(PLANES, 12), "CYX"))),
    Case(
        "ImageJ composite at two heights",
        lambda: imagej(np.stack([PLANES, PLANES[:, ::-1]]), "ZCYX"),
        tolerance=0,
        read="picture 1 of 2",
    ),
    Case("ImageJ stack", lambda: imagej(STACK, "ZYX"), GREY_RGB, 0, "page 1 of 3"),
    Case("12 bits, turned", lambda: tiff(np.rot90(DEEP).copy(), extratags=[(274, 3, 1, 6, True)])),
    # Phones
    Case("HEIC", lambda: heif(Image.fromarray(RGB))),
    Case("HEIC, turned", lambda: heif(Image.fromarray(np.rot90(RGB).copy()), exif=turned(6))),
    Case("HEIC of two, the second is the one", several_heif, read="picture 2 of 2"),
    Case("AVIF", lambda: encode("AVIF", Image.fromarray(RGB), quality=100, subsampling="4:4:4"), tolerance=4),
    Case(
        "AVIF, turned",
        lambda: encode("AVIF", Image.fromarray(np.rot90(RGB).copy()), quality=100, subsampling="4:4:4", exif=turned(6)),
        tolerance=4,
    ),
    Case(
        "AVIF of two",
        lambda: encode(
            "AVIF",
            Image.fromarray(RGB),
            quality=100,
            subsampling="4:4:4",
            save_all=True,
            append_images=[flag().resize((31, 17))],
        ),
        tolerance=6,
        read="picture 1 of 2",
    ),
    *(
        Case(
            f"{kind} of two",
            lambda kind=kind: encode(
                kind,
                Image.fromarray(RGB),
                save_all=True,
                append_images=[flag().resize((31, 17))],
                **({"lossless": True} if kind == "WEBP" else {}),
            ),
            tolerance=0,
            read="picture 1 of 2",
        )
        for kind in ("PNG", "WEBP")
    ),
    Case(
        "GIF of two",
        lambda: encode(
            "GIF", Image.fromarray(GREY), save_all=True, append_images=[Image.fromarray(GREY[:, ::-1].copy())]
        ),
        GREY_RGB,
        0,
        "picture 1 of several",
    ),
)


def alpha_right() -> Numbers:
    """The right half is opaque, at 16 bits."""
    return np.where(np.arange(31) > 15, 65535, 0).astype(np.uint16)[None, :].repeat(17, axis=0)


def png_16(numbers: Numbers) -> bytes:
    import cv2

    return bytes(cv2.imencode(".png", numbers[..., ::-1])[1])


def bmp_with_alpha(alpha: int) -> bytes:
    """A BMP with a V4 header, whose masks name an alpha channel; Pillow writes none."""
    rows = np.dstack([RGB[::-1, :, ::-1], np.full(GREY.shape, alpha, np.uint8)]).tobytes()
    header = np.array([108, 31, 17], "<i4").tobytes() + np.array([1, 32], "<u2").tobytes()
    header += np.array([3, len(rows), 2835, 2835, 0, 0, 0xFF0000, 0xFF00, 0xFF, 0xFF000000], "<u4").tobytes()
    header += b"BGRs" + bytes(48)
    start = 14 + len(header)
    return b"BM" + np.array([start + len(rows), 0, start], "<u4").tobytes() + header + rows


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_gives_the_picture_at_its_depth(case: Case) -> None:
    data = case.make()
    found = decode(data, case.name)
    assert found.shape == case.picture.shape
    assert np.abs(found.astype(int) - case.picture).max() <= case.tolerance
    assert name_picture(data) == case.read


def packed(compression: str, picture: Numbers = RGB) -> Callable[[], bytes]:
    return lambda: tiff(picture, compression=compression)


def begins(head: bytes) -> Callable[[], bytes]:
    return lambda: head + bytes(400)


SAVE = "Save it as PNG, TIFF or JPEG and use that file."
LOSE = "Save it without compression, or with LZW or deflate."
ORDINARY = "Save it as an ordinary 8-bit or 16-bit RGB or grey image."
EXPORT = "Open it in the microscope's program, or in Fiji, and export the picture as TIFF or PNG."
RAW = "Export it from the camera's or a photo program as TIFF or JPEG."
REGION = "Open it in QuPath or the scanner's viewer, and export the region that matters as TIFF or PNG."

NOT_READ: tuple[tuple[str, Callable[[], bytes], str], ...] = (
    ("12-bit.jpg", lambda: imagecodecs.jpeg_encode(at_bits(RGB, 12), bitspersample=12), "This is a 12-bit JPEG, which"),
    ("cell.jls", lambda: imagecodecs.jpegls_encode(RGB), "This is a JPEG-LS picture, which"),
    (
        "cell.jxl",
        lambda: imagecodecs.jpegxl_encode(RGB),
        f"This is a JPEG XL picture, which cannot be read here. {SAVE}",
    ),
    (
        "container.jxl",
        lambda: imagecodecs.jpegxl_encode(RGB, usecontainer=True),
        f"This is a JPEG XL picture, which cannot be read here. {SAVE}",
    ),
    ("cell.jp2", lambda: encode("JPEG2000"), f"This is a JPEG 2000 picture, which cannot be read here. {SAVE}"),
    (
        "cell.j2k",
        lambda: encode("JPEG2000", no_jp2=True),
        f"This is a JPEG 2000 picture, which cannot be read here. {SAVE}",
    ),
    (
        "cell.jxr",
        lambda: imagecodecs.jpegxr_encode(RGB),
        f"This is a JPEG XR picture, which cannot be read here. {SAVE}",
    ),
    ("j2k.tif", packed("jpeg2000"), f"This TIFF is packed by JPEG 2000, which cannot be read here. {LOSE}"),
    ("jxl.tif", packed("jpegxl"), f"This TIFF is packed by JPEG XL, which cannot be read here. {LOSE}"),
    ("webp.tif", packed("webp"), f"This TIFF is packed by WebP, which cannot be read here. {LOSE}"),
    ("lerc.tif", packed("lerc"), f"This TIFF is packed by LERC, which cannot be read here. {LOSE}"),
    ("png.tif", packed("png"), f"This TIFF is packed by PNG, which cannot be read here. {LOSE}"),
    (
        "zstd.tif",
        packed("zstd", at_bits(RGB, 12)),
        f"This TIFF is packed by Zstandard at 16 bits, which cannot be read here. {LOSE}",
    ),
    (
        "half.tif",
        lambda: tiff((RGB / 255).astype(np.float16)),
        f"Its pixels are stored as fractions of 16 bits. {ORDINARY}",
    ),
    (
        "infinite.tif",
        lambda: tiff(np.where(RGB > 250, np.inf, RGB).astype(np.float32)),
        f"Its pixels cannot be scaled: some of its numbers are infinite or missing. {ORDINARY}",
    ),
    (
        "cmyk.tif",
        lambda: tiff(at_bits(np.dstack([RGB, GREY]), 16), photometric="separated"),
        f"Its pixels are stored as print colours (CMYK) of 16 bits. {ORDINARY}",
    ),
    (
        "five.tif",
        lambda: tiff(at_bits(np.dstack([RGB, RGB])[..., :5], 16), planarconfig="contig"),
        "Its pixels are stored as 5 channels",
    ),
    (
        "scan.svs",
        lambda: tiff(RGB, description="Aperio Image Library v11"),
        f"This is a slide scan by Aperio (SVS), which cannot be read here. {REGION}",
    ),
    (
        "scan.ndpi",
        lambda: tiff(RGB, extratags=[(65420, 3, 1, 1, True)]),
        f"This is a slide scan by Hamamatsu (NDPI), which cannot be read here. {REGION}",
    ),
    (
        "photo.dng",
        lambda: tiff(RGB, extratags=[(50706, 1, 4, b"\1\4\0\0", True)]),
        f"This is a camera raw file, which cannot be read here. {RAW}",
    ),
    (
        "cell.czi",
        begins(b"ZISRAWFILE"),
        "This is a Zeiss CZI file, which cannot be read here. Export the picture from ZEN",
    ),
    ("cell.nd2", begins(b"\xda\xce\xbe\x0a"), f"This is a Nikon ND2 file, which cannot be read here. {EXPORT}"),
    ("cell.lif", begins(b"\x70\0\0\0\x2a"), f"This is a Leica LIF file, which cannot be read here. {EXPORT}"),
    ("film.mov", begins(b"\0\0\0\x14ftypqt  "), "This is a video file, not an image."),
)


@pytest.mark.parametrize(("name", "make", "says"), NOT_READ, ids=[name for name, _, _ in NOT_READ])
def test_what_is_not_read_is_told_by_its_name(name: str, make: Callable[[], bytes], says: str) -> None:
    with pytest.raises(ImageError) as refusal:
        decode(make(), name)
    assert str(refusal.value).startswith(f"{name}: {says}")
    assert "damaged" not in str(refusal.value)


KINDS = {
    "IMG_0001": lambda: heif(Image.fromarray(RGB)),
    "1.2.840.10008": lambda: encode("PNG"),
    "cell.jfif": lambda: encode("JPEG"),
    "PHOTO.HEIC": lambda: heif(Image.fromarray(RGB)),
    "photo.avif": lambda: encode("AVIF"),
    "scan.czi": begins(b"ZISRAWFILE"),
    "deep/er/cell": lambda: encode("TIFF"),
}
NO_PICTURES = {"LICENSE": b"Apache License", "Makefile": b"run:", "notes.txt": b"\xff\xd8\xff", "data.001": b"1,2,3"}


def fill(folder: Path) -> None:
    for name, data in {**{name: make() for name, make in KINDS.items()}, **NO_PICTURES}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


@pytest.mark.parametrize(
    "packing", [None, zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED], ids=["folder", "stored", "deflated"]
)
def test_files_are_known_by_their_bytes_where_the_name_does_not_tell(tmp_path: Path, packing: int | None) -> None:
    place: Path | io.BytesIO = tmp_path
    fill(tmp_path)
    if packing is not None:
        place = io.BytesIO()
        with zipfile.ZipFile(place, "w", packing) as archive:
            for path in (path for path in tmp_path.rglob("*") if path.is_file()):
                archive.write(path, path.relative_to(tmp_path).as_posix())
    with open_source(place, "cells") as source:
        assert set(source.files) == set(KINDS)
        assert set(source.skipped) == set(NO_PICTURES)
        for image in source:
            if image.file != "scan.czi":
                assert decode(image.data or b"", image.file).size


def test_a_link_without_an_extension_that_leads_out_is_not_looked_into(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(encode("PNG"))
    folder = tmp_path / "cells"
    folder.mkdir()
    (folder / "a.png").write_bytes(encode("PNG"))
    (folder / "b").symlink_to(tmp_path / "secret")
    with open_source(folder) as source:
        assert (source.files, source.skipped) == (["a.png"], ["b"])


def test_a_file_too_large_to_read_is_still_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("malaria.images.source.MAX_FILE_BYTES", 300)
    (tmp_path / "scan.svs").write_bytes(tiff(RGB))
    (tmp_path / "cell.czi").write_bytes(begins(b"ZISRAWFILE")())
    (tmp_path / "cell.tif").write_bytes(tiff(RGB))
    with open_source(tmp_path) as source:
        czi, tif, svs = (str(image.error) for image in source)
    assert "a Zeiss CZI file" in czi
    assert "a slide scan (SVS)" in svs
    assert "larger than" in tif


BOMBS = ("bomb.tif", "tile.tif", "strips.tif", "values.tif", "bomb.heic", "liar.heic", "bomb.avif", "liar.avif")


@pytest.mark.parametrize("name", BOMBS)
def test_enormous_claims_are_refused_cheaply(name: str) -> None:
    data = MADE[name]()
    tracemalloc.start()
    began = time.process_time()
    with pytest.raises(ImageError):
        decode(data, name, max_pixels=1_000_000)
    name_picture(data)
    assert time.process_time() - began < 1
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * len(data) + 2_000_000


def test_of_many_pages_the_first_is_read_at_once() -> None:
    data = tiff(RGB, *[GREY] * 5000)
    began = time.process_time()
    assert decode(data).shape == RGB.shape
    assert name_picture(data) == "page 1 of 5001"
    assert time.process_time() - began < 1


def patched(data: bytes, tag: int, number: int) -> bytes:
    """The TIFF with another number in a tag of its first directory, little-endian."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        at = file.pages.first.tags[tag].offset + 8
    return data[:at] + number.to_bytes(4, "little") + data[at + 4 :]


def claiming(data: bytes, side: int) -> bytes:
    """The HEIC or AVIF file with another size in its note of it (ISO/IEC 23008-12, 6.5.3)."""
    at = data.index(b"ispe") + 8
    return data[:at] + struct.pack(">II", side, side) + data[at + 8 :]


def many_values() -> bytes:
    """A directory of many tags that each claim the whole file."""
    data = 3_000_000
    entries = b"".join(struct.pack("<HHII", 40_000 + n, 1, data, 8) for n in range(400))
    return b"II*\0" + struct.pack("<IH", 8, 400) + entries + bytes(data)


MADE: dict[str, Callable[[], bytes]] = {
    "bomb.tif": lambda: patched(tiff(DEEP), 256, 2_000_000),
    "tile.tif": lambda: patched(patched(tiff(DEEP, tile=(16, 16)), 322, 60_000), 323, 60_000),
    "strips.tif": lambda: patched(tiff(DEEP, rowsperstrip=1), 278, 0),
    "values.tif": many_values,
    "bomb.heic": lambda: heif(Image.new("RGB", (2000, 2000))),
    "liar.avif": lambda: claiming(encode("AVIF", Image.new("RGB", (2000, 2000))), 100),
    "liar.heic": lambda: claiming(heif(Image.new("RGB", (2000, 2000))), 100),
    "bomb.avif": lambda: encode("AVIF", Image.new("RGB", (2000, 2000))),
}


def test_what_reads_phone_pictures_is_loaded_when_the_first_comes() -> None:
    told = "import sys, malaria.images; print({'pillow_heif', 'PIL.AvifImagePlugin'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
