"""Which regions of a field are cells: outlines proposed at several depths of stain, and the best of them picked.

No single threshold suits a field: pale cells need a low one, cells that touch a high one. So the stain is cut at
several, each cut is split by the watershed, and of all outlines that compete for the same pixels the one that looks
most like one whole red cell wins.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.special import expit

from malaria.smear.field.watershed import Labels, Mask, disc, opened, split

WIDTH: Final = 32.0
"""Fields are shrunk until a usual red cell is so many pixels wide; all work is done at this scale."""
AREA: Final = np.pi * WIDTH**2 / 4
"""Pixels of a usual red cell."""

_PALE_MIDDLE: Final = 0.35
"""The largest hole, in cells, that may be the pale middle of one."""
_CUTS: Final = ((0.25, _PALE_MIDDLE), (0.4, _PALE_MIDDLE), (0.55, _PALE_MIDDLE), (0.55, 0.005), (0.7, 0.005))
"""(share of a red cell's usual density at which to cut, size in cells up to which holes are filled)."""
_EDGE: Final = 0.4
"""Share of the usual density at which a cell ends."""
_SMALLEST: Final = 0.2
"""Smallest area of a red cell, in usual cells."""
_PALEST: Final = 0.3
"""Mean density of a red cell, as a share of the usual one."""
_MOST_SHARED: Final = 0.3
"""Share of an outline that better ones may already have taken."""
_WEIGHTS: Final = np.array([0.36, -5.11, -6.16, 25.06, -12.37, -4.62])
_INTERCEPT: Final = -8.66
"""Logistic regression on `_features`, fitted by `studies.segmentation.fit_likeness`."""


@dataclass(frozen=True, eq=False)
class Region:
    """What may be a cell: `area` pixels `mask` (bool) of a `window`, and how much it is like one (0 to 1)."""

    window: tuple[slice, ...]
    mask: NDArray[np.bool_]
    area: int
    features: NDArray[np.float64]
    likeness: float


def find_cells(green: NDArray[np.float32], stained: float, closed: Mask) -> tuple[Labels, NDArray[np.float64]]:
    """Return (labels from 1 with 0 for none, likeness of each label with 0 for label 0).

    `green` is the optical density at the working scale, `stained` a red cell's usual one; where `closed` (uint8) is not
    0 there are no red cells.
    """
    labels = np.zeros(green.shape, np.uint16)
    likeness = [0.0]
    _pick(propose(green, stained, closed), labels, likeness)
    lowest, hole = _CUTS[0]
    left = _filled(_cut(green, lowest * stained, closed), hole) & (labels == 0)
    _pick(_outlines(left.astype(np.uint8), green, stained), labels, likeness)  # what no good outline took
    return _grown(labels, _filled(_cut(green, _EDGE * stained, closed), _PALE_MIDDLE)), np.array(likeness)


def propose(green: NDArray[np.float32], stained: float, closed: Mask) -> Iterator[Region]:
    """Yield every outline of every cut, whether or not another cut has a better one."""
    for share, hole in _CUTS:
        yield from _outlines(_filled(_cut(green, share * stained, closed), hole), green, stained)


def _outlines(mask: Mask, green: NDArray[np.float32], stained: float) -> Iterator[Region]:
    """The outlines of one mask (uint8, 0 or 1), split by the watershed; not those too small or too pale for a cell."""
    labels = split(opened(mask, 0.16 * WIDTH), WIDTH)
    beside = _share_beside_others(labels)
    for number, window in enumerate(ndimage.find_objects(labels), start=1):
        if window is None:
            continue
        inside = labels[window] == number
        area = int(np.count_nonzero(inside))
        if area >= _SMALLEST * AREA and float(np.mean(green[window][inside])) >= _PALEST * stained:
            features = _features(inside, area, beside[number])
            yield Region(window, inside, area, features, float(expit(features @ _WEIGHTS + _INTERCEPT)))


def _pick(regions: Iterable[Region], labels: NDArray[np.uint16], likeness: list[float]) -> None:
    """Write the best of the regions into `labels`, each with the next number, and append their likeness."""
    for region in sorted(regions, key=lambda region: -region.likeness):
        taken = labels[region.window]
        free = region.mask & (taken == 0)
        if np.count_nonzero(free) >= (1 - _MOST_SHARED) * region.area:
            taken[free] = len(likeness)
            likeness.append(region.likeness)


def _features(inside: NDArray[np.bool_], area: int, beside: float) -> NDArray[np.float64]:
    """What tells an outline: log size and its squares, solidity, likeness to an ellipse, share beside others."""
    mask = inside.astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    contour = max(contours, key=len)
    hull = cv2.contourArea(cv2.convexHull(contour)) + len(contour) / 2 + 1  # contours run through pixel centres
    moments = cv2.moments(mask, binaryImage=True)
    spread = (moments["mu20"] * moments["mu02"] - moments["mu11"] ** 2) / area**2
    ellipse = 4 * np.pi * np.sqrt(max(spread, 1.0))  # area of the ellipse with these second moments
    size = np.log(area / AREA)
    return np.array([size, max(size, 0.0) ** 2, min(size, 0.0) ** 2, area / hull, area / ellipse, beside])


def _share_beside_others(labels: Labels) -> NDArray[np.float64]:
    """For each label, the share of its outline that lies against another one: (labels + 1,)."""
    first = np.concatenate([labels[:, :-1].ravel(), labels[:-1].ravel()])
    second = np.concatenate([labels[:, 1:].ravel(), labels[1:].ravel()])
    edge = first != second
    first, second = first[edge], second[edge]
    both = (first > 0) & (second > 0)
    size = int(labels.max()) + 1
    outline = np.bincount(first, minlength=size) + np.bincount(second, minlength=size)
    against = np.bincount(first[both], minlength=size) + np.bincount(second[both], minlength=size)
    return np.asarray(against / np.maximum(outline, 1), np.float64)


def _cut(green: NDArray[np.float32], threshold: float, closed: Mask) -> Mask:
    return np.asarray((green > threshold) & (closed == 0), np.uint8)


def _filled(mask: Mask, cells: float) -> Mask:
    """The mask without its holes of at most so many usual cells."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    small = stats[:, cv2.CC_STAT_AREA] < cells * AREA
    small[0] = False  # the mask itself
    return np.asarray(mask | small[labels], np.uint8)


def _grown(labels: NDArray[np.uint16], mask: Mask) -> Labels:
    """Each label spread into what is left of the mask near by, and by one pixel more: the soft edge is the cell's."""
    anywhere = np.ones_like(mask)
    for room in [mask] * round(0.12 * WIDTH) + [anywhere]:
        wider = cv2.dilate(labels, disc(3))
        np.copyto(labels, wider, where=(labels == 0) & (room > 0), casting="unsafe")
    return labels.astype(np.int32)
