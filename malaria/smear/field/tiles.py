"""Scans of any size, a tile at a time: no cell is cut at a seam, none counted twice, and memory stays bounded."""

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from malaria.smear.field.calibration import Calibration, calibrate
from malaria.smear.field.objects import KINDS, RGB, Box, SmearObject, touches_border
from malaria.smear.field.segment import BLOCK, segment
from malaria.smear.field.view_area import ViewArea

TILE: Final = 2048
"""Side of a tile in pixels, before its margin."""
_MARGIN: Final = 4.0
"""What of its surroundings a tile sees, in red cell diameters: cells lie within one, and clumps are judged locally."""
_SAME: Final = 0.5
"""Intersection over union from which two boxes at a seam are one object."""


def segment_scan(rgb: RGB, calibration: Calibration | None = None, tile: int = TILE) -> Iterator[list[SmearObject]]:
    """Yield the objects of a field of any size, tile by tile, in pixels of the field, each object once.

    `calibration` is the field's own unless given. `tile` (pixels) is rounded up to a multiple of 64. A field that fits
    one tile gives exactly what `segment` gives; at seams through dense heaps outlines may differ by some pixels.
    """
    about = calibrate(rgb) if calibration is None else calibration
    side = BLOCK * math.ceil(tile / BLOCK)
    margin = BLOCK * math.ceil(_MARGIN * about.diameter / BLOCK)
    height, width = rgb.shape[:2]
    at_seams: dict[str, list[Box]] = {kind: [] for kind in KINDS}
    for top in range(0, height, side):
        for left in range(0, width, side):
            core = Box(left, top, min(side, width - left), min(side, height - top))
            mine = _tile(rgb, about, core, margin)
            crossing = [item for item in mine if not _is_well_inside(item.box, core)]
            known = {id(item) for item in crossing if _is_one_of(item.box, at_seams[item.kind])}
            for item in crossing:
                at_seams[item.kind].append(item.box)
            yield [item for item in mine if id(item) not in known]


def _tile(rgb: RGB, about: Calibration, core: Box, margin: int) -> list[SmearObject]:
    """What lies in one tile, judged with the margin around it; objects in the middle of which the tile ends are its."""
    left, top = max(0, core.x - margin), max(0, core.y - margin)
    part = rgb[top : core.y + core.height + margin, left : core.x + core.width + margin]
    found = [_moved(item, left, top, rgb.shape, about.view) for item in segment(part, about, left, top)]
    return [item for item in found if _holds(core, item.box)]


def _holds(core: Box, box: Box) -> bool:
    """Whether a box's middle lies in the tile, give or take a pixel: two tiles may see it half a pixel apart."""
    x, y = box.centre
    return core.x - 1 <= x <= core.x + core.width + 1 and core.y - 1 <= y <= core.y + core.height + 1


def _moved(item: SmearObject, left: int, top: int, shape: tuple[int, ...], view: ViewArea) -> SmearObject:
    box = item.box._replace(x=item.box.x + left, y=item.box.y + top)
    contour = item.contour + np.array([left, top], np.int32)
    cut = touches_border(box, shape) or view.cuts(contour)
    return replace(item, box=box, contour=contour, touches_border=cut)


def _is_well_inside(box: Box, core: Box) -> bool:
    """Whether no other tile can have the object: it ends two pixels before the tile does."""
    left, top = box.x - core.x, box.y - core.y
    return min(left, top, core.width - left - box.width, core.height - top - box.height) > 2


def _is_one_of(box: Box, others: list[Box]) -> bool:
    """Whether another tile has the object already."""
    area = box.width * box.height
    for other in others:
        shared = box.shared_area(other)
        if shared > _SAME * (area + other.width * other.height - shared):
            return True
    return False
