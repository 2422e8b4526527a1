"""What a file is, by its bytes: the kinds that are read, and by name those that are not, with what to do."""

from typing import Final, NoReturn

from malaria.errors import ImageError

READ_KINDS: Final = "PNG, JPEG, WebP, HEIC, AVIF, TIFF or BMP"
"""What people are asked for."""

UNREAD_SUFFIXES: Final = frozenset(
    {".jxl", ".jp2", ".j2k", ".jpf", ".jpx", ".jxr", ".czi", ".lsm", ".lif", ".nd2", ".vsi", ".ets", ".oib", ".zvi"}
    | {".svs", ".ndpi", ".scn", ".qptiff", ".dcm", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf"}
)
"""What names end in of pictures that are not read, or seldom; they are taken for images, so that each is told."""

_SIGNATURES: Final = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"BM": "BMP",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"GIF8": "GIF",
}
_HEIC_BRANDS: Final = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

# What people give by mistake: (offset, bytes there, its name).
_NO_IMAGES: Final = (
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
    (4, b"ftyp", "a video file"),
    (0, b"\x1aE\xdf\xa3", "a video file"),
    (8, b"AVI ", "a video file"),
)

_SAVE: Final = "Save it as PNG, TIFF or JPEG and use that file."
_EXPORT: Final = "Open it in the microscope's program, or in Fiji, and export the picture as TIFF or PNG."
SLIDE: Final = "Open it in QuPath or the scanner's viewer, and export the region that matters as TIFF or PNG."
"""What to do with the scan of a whole slide."""
RAW: Final = "Export it from the camera's or a photo program as TIFF or JPEG."
"""What to do with what a camera's sensor saw."""

# Pictures that are not read: (offset, bytes there, its name, what to do).
_UNREAD: Final = (
    (0, b"\xff\x0a", "a JPEG XL picture", _SAVE),
    (4, b"JXL ", "a JPEG XL picture", _SAVE),
    (4, b"jP  ", "a JPEG 2000 picture", _SAVE),
    (0, b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _SAVE),
    (0, b"II\xbc", "a JPEG XR picture", _SAVE),
    (0, b"\x97JB2", "a JBIG2 picture", _SAVE),
    (0, b"v/1\x01", "an OpenEXR picture", _SAVE),
    (0, b"#?RADIANCE", "a Radiance HDR picture", _SAVE),
    (0, b"gimp xcf", "a GIMP document", _SAVE),
    (0, b"SIMPLE  =", "a FITS file", _SAVE),
    (0, b"ZISRAWFILE", "a Zeiss CZI file", "Export the picture from ZEN, or from Fiji, as TIFF or PNG."),
    (0, b"\xda\xce\xbe\x0a", "a Nikon ND2 file", _EXPORT),
    (0, b"\x70\0\0\0", "a Leica LIF file", _EXPORT),
    (0, b"SIS\0", "an Olympus ETS file", _EXPORT),
    (0, b"\xd0\xcf\x11\xe0", "an Office document or a microscope's OIB or ZVI file", _EXPORT),
    (128, b"DICM", "a DICOM file", "Export the picture from the DICOM viewer as TIFF or PNG."),
    (4, b"ftypcrx", "a camera raw file", RAW),
    (0, b"FUJIFILMCCD-RAW", "a camera raw file", RAW),
    (0, b"IIRO", "a camera raw file", RAW),
    (0, b"IIRS", "a camera raw file", RAW),
    (0, b"IIU\0", "a camera raw file", RAW),
    (0, b"FOVb", "a camera raw file", RAW),
)

# By frame header (ITU-T T.81, table B.1): what libjpeg does not decode. C3: lossless, C5 to C7: in layers.
_JPEG_FRAMES: Final = {
    **dict.fromkeys((0xC3, 0xCB), "a lossless JPEG"),
    **dict.fromkeys((0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF), "a hierarchical JPEG"),
    0xF7: "a JPEG-LS picture",
}


def find_kind(head: bytes) -> str | None:
    """Return the kind of image that a file beginning with `head` (64 bytes are enough) is, None if none is read."""
    if head[:4] == b"RIFF":
        return "WebP" if head[8:12] == b"WEBP" else None
    if head[4:8] == b"ftyp":
        return _find_heif(head)
    return next((kind for start, kind in _SIGNATURES.items() if head.startswith(start)), None)


def is_picture(head: bytes) -> bool:
    """Whether a file that begins with `head` is a picture, read here or not."""
    return find_kind(head) is not None or _find_unread(head) is not None


def refuse_kind(data: bytes, file: str) -> NoReturn:
    """Raise the ImageError that says what `data` is instead of an image, or which kind of picture is not read."""
    if error := name_unread(data, file):
        raise error
    head = data[:256].lstrip(b"\xef\xbb\xbf \t\r\n") if data[:1] in b"\xef \t\r\n" else data[:256]
    found = next((name for at, magic, name in _NO_IMAGES if head[at : at + len(magic)] == magic), None)
    rule = f"This is {found}, not an image." if found else "This is not an image, or it is in an unknown format."
    raise ImageError(file, rule, f"Use a {READ_KINDS} file.")


def name_unread(data: bytes, file: str) -> ImageError | None:
    """The error of a picture that is not read, by its first bytes or, for a slide scan, its name; None for others."""
    unread = _find_unread(data)
    if unread is None and file.lower().endswith((".svs", ".ndpi", ".scn", ".qptiff")):
        unread = f"a slide scan ({file.rpartition('.')[2].upper()})", SLIDE
    return refuse_unread(file, *unread) if unread else None


def refuse_unread(file: str, name: str, mend: str = _SAVE) -> ImageError:
    """The error of a sound picture whose kind, `name` with its article, is not read."""
    return ImageError(file, f"This is {name}, which cannot be read here.", mend)


def name_odd_jpeg(data: bytes) -> str | None:
    """What kind of JPEG this is, where it is one that libjpeg does not decode here; None for the usual ones."""
    at = 2
    while data[at : at + 1] == b"\xff" and at + 5 <= len(data):
        marker = data[at + 1]
        if marker == 0xFF:  # padding
            at += 1
            continue
        if marker in _JPEG_FRAMES:
            return _JPEG_FRAMES[marker]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            return None if data[at + 4] == 8 else f"a {data[at + 4]}-bit JPEG"
        at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4]))
    return None


def _find_unread(data: bytes) -> tuple[str, str] | None:
    return next(((name, mend) for at, magic, name, mend in _UNREAD if data[at : at + len(magic)] == magic), None)


def _find_heif(head: bytes) -> str | None:
    """HEIC or AVIF by the brands of the file type box (ISO/IEC 14496-12, 4.3); None for videos."""
    end = min(int.from_bytes(head[:4]), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, end - 3, 4))]
    if b"avif" in brands or b"avis" in brands:
        return "AVIF"
    return "HEIC" if brands[0] in _HEIC_BRANDS else None
