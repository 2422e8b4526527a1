"""Grey pages that are the red, green and blue of one picture, as OME-TIFF and ImageJ's composites keep them."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from malaria.images.tiff.pages import LARGEST, STRIP_BYTES, Page, Tiff

_OME_TAG: Final = re.compile(r"<(?:\w+:)?(Pixels|Channel|TiffData)\b([^>]*)>")
_ATTRIBUTE: Final = re.compile(r"([A-Za-z]+)\s*=\s*[\"']([^\"']*)[\"']")
_IMAGEJ_LINE: Final = re.compile(r"^(images|channels|slices|frames)=(\d{1,9})\s*$", re.MULTILINE)
_PRIMARIES: Final = (0xFF0000, 0x00FF00, 0x0000FF)


class Plane(NamedTuple):
    """One channel: a page, or that plane of it where they lie apart, or what lies `shift` bytes behind it."""

    page: Page
    number: int = 0
    shift: int = 0


class Channels(NamedTuple):
    """The red, green and blue of one picture, and how many such pictures the file has."""

    planes: tuple[Plane, Plane, Plane]
    pictures: int


class _Ome(NamedTuple):
    """What the description of an OME-TIFF says of its first picture."""

    pixels: dict[str, str]
    channels: list[dict[str, str]]
    places: list[dict[str, str]]


def find_channels(tiff: Tiff) -> Channels | None:
    """The channels of the first picture, where the file says that it has three; None for all other files."""
    description = tiff.all_pages[0].description
    first = tiff.pictures[0]
    if not first.is_grey:
        return None
    if description.startswith("ImageJ="):
        return _find_in_imagej(description, tiff.pictures)
    ome = _read_ome(description)
    return _find_in_ome(ome, tiff) if ome else None


def find_depth(tiff: Tiff, page: Page) -> int | None:
    """How many bits the file says that its numbers have: packed ones, OME's SignificantBits, or MaxSampleValue."""
    bits = max(page.bits)
    if bits < 16:
        return bits
    ome = _read_ome(tiff.all_pages[0].description)
    said = ome.pixels.get("SignificantBits", "") if ome else ""
    if said.isdecimal() and 8 <= int(said[:3]) < bits:
        return int(said[:3])
    largest = max(page.values(LARGEST), default=0)
    return largest.bit_length() if largest >= 255 else None


def _find_in_imagej(description: str, pages: Sequence[Page]) -> Channels | None:
    """ImageJ goes through the channels first, and may keep all pictures behind the only page."""
    said = {name: int(number) for name, number in _IMAGEJ_LINE.findall(description)}
    if said.get("channels") != 3:
        return None
    if len(pages) >= 3 and _are_alike(pages[:3]):
        red, green, blue = map(Plane, pages[:3])
        return Channels((red, green, blue), max(1, len(pages) // 3))
    page = pages[0]
    size = sum(page.values(STRIP_BYTES))
    if len(pages) == 1 and size and said.get("images", 0) >= 3:
        return Channels((Plane(page), Plane(page, shift=size), Plane(page, shift=2 * size)), said["images"] // 3)
    return None


def _find_in_ome(ome: _Ome, tiff: Tiff) -> Channels | None:
    pixels, pages = ome.pixels, tiff.all_pages
    sizes = {
        axis: int(pixels.get("Size" + axis, "1")[:9] or 1)
        for axis in "CZT"
        if pixels.get("Size" + axis, "1").isdecimal()
    }
    if sizes.get("C") != 3 or any(channel.get("SamplesPerPixel", "1") != "1" for channel in ome.channels):
        return None
    step = 1
    for axis in pixels.get("DimensionOrder", "XYCZT")[2:]:  # the axis that runs fastest comes first
        if axis == "C":
            break
        step *= sizes.get(axis, 1)
    places = [number * step for number in range(3)]
    for place in ome.places:  # where the file says where a channel is, that counts
        if {place.get("FirstZ", "0"), place.get("FirstT", "0")} == {"0"} and place.get("PlaneCount", "1") == "1":
            channel, page = place.get("FirstC", ""), place.get("IFD", "")
            if channel in ("0", "1", "2") and page.isdecimal():
                places[int(channel)] = int(page[:9])
    found = [pages[place] for place in places if place < len(pages)]
    if len(found) < 3 or not _are_alike(found):
        return None
    red, green, blue = (Plane(found[place]) for place in _sort_colours(ome.channels))
    return Channels((red, green, blue), max(1, sizes.get("Z", 1) * sizes.get("T", 1)))


def _sort_colours(channels: Sequence[dict[str, str]]) -> tuple[int, int, int]:
    """Which channel is red, green and blue, by the colours it is to be shown in, else by names, else as they come."""
    shown = [_read_colour(channel.get("Color", "")) for channel in channels]
    if sorted(shown) == sorted(_PRIMARIES):
        return shown.index(_PRIMARIES[0]), shown.index(_PRIMARIES[1]), shown.index(_PRIMARIES[2])
    names = [channel.get("Name", "")[:1].lower() for channel in channels]
    if sorted(names) == ["b", "g", "r"]:
        return names.index("r"), names.index("g"), names.index("b")
    return 0, 1, 2


def _read_colour(said: str) -> int:
    """0xRRGGBB of OME's signed 32-bit RGBA; -1 for none."""
    try:
        return (int(said[:12]) >> 8) & 0xFFFFFF
    except ValueError:
        return -1


def _are_alike(pages: Sequence[Page]) -> bool:
    return all(page.is_grey and (page.size, page.bits) == (pages[0].size, pages[0].bits) for page in pages)


def _read_ome(description: str) -> _Ome | None:
    """By the few tags that matter, so that no document, however hostile, is built in memory."""
    if "<OME" not in description[:2000] and ":OME" not in description[:2000]:
        return None
    ome = _Ome({}, [], [])
    for name, attributes in _OME_TAG.findall(description):
        said = dict(_ATTRIBUTE.findall(attributes))
        if name == "Pixels":
            if ome.pixels:
                break  # only the first picture
            ome.pixels.update(said)
        elif len(ome.channels if name == "Channel" else ome.places) < 4096:
            (ome.channels if name == "Channel" else ome.places).append(said)
    return ome if ome.pixels else None
