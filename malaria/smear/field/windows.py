"""Windows over suspicious places in heaps: a parasite whose cell has no good outline is still seen, and by itself.

Where cells lie on one another an outline may hold several of them, or run through a parasite. So wherever something as
dark as chromatin lies in a clump, or where one outline ends in another, round windows as wide as a usual cell are laid
over it, and the one that the classifier suspects most is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.model.classifier import Classifier
from malaria.smear.field.calibration import Calibration
from malaria.smear.field.leukocytes import GREYEST
from malaria.smear.field.objects import RGB, SmearObject, describe, overlaps, shrunk
from malaria.smear.field.tiles import TILE, segment_scan
from malaria.smear.field.watershed import Mask, disc

_WIDTH: Final = 32.0
"""Places are looked for where a usual cell is so many pixels wide."""
_DARKER: Final = 0.6
"""How much darker than its surroundings chromatin is, as a share of a red cell's usual optical density."""
_STAINED: Final = 0.4
"""Share of the usual density from which on a pixel is stained."""
_EDGE: Final = 0.15
"""How near to what is stained outside an outline of one cell a place must lie to be looked at again, in diameters."""
_STEPS: Final = ((0.0, 0.0), (0.3, 0.0), (-0.3, 0.0), (0.0, 0.3), (0.0, -0.3))
"""Where windows are laid around a place, in diameters: a parasite seldom lies in the middle of its cell."""
_TRIMMED: Final = 1 / 16
"""The edge that pictures of windows leave out, as those of cells do, in diameters."""
_MOST: Final = 8
"""How many places of one object are looked at, the darkest: a deposit of stain may have hundreds."""
_SUSPECT: Final = 0.9
"""p_parasitized from which on a window is shown: the best of five looks must be surer than a single one."""
_SAME: Final = 0.5
"""Intersection over union from which on a window shows the cell of an outline."""
_MUCH: Final = 0.25
"""Intersection over union from which on two windows show the same place."""


class _Window(NamedTuple):
    """A window with what the classifier says of it, and the number of the object that asked for it."""

    p: float
    item: SmearObject
    owner: int


def scan_with_windows(
    rgb: RGB, classifier: Classifier, about: Calibration, tile: int = TILE
) -> Iterator[list[SmearObject]]:
    """Yield the objects of a field (RGB uint8, any size) tile by tile, as `segment_scan` does, and last the windows.

    Windows are those that look parasitized, of several on one place the most suspected; none claims that a cell ends
    where it does: they are views. A window that shows the cell of its outline is no object of
    its own; its picture becomes that object's. What is laid over an object depends on nothing but its surroundings, and
    windows are compared when all are there, so tiles change no more than they do in `segment_scan`.
    """
    windows: list[_Window] = []
    for part in segment_scan(rgb, about, tile):
        found = list(part)
        for window in sorted(_suspected(rgb, part, classifier, about), key=lambda window: window.p):
            owner = part[window.owner]
            if not owner.is_clump and overlaps([window.item.box], [owner.box])[0, 0] >= _SAME:
                found[window.owner] = replace(owner, crop=window.item.crop)
            else:
                windows.append(window)
        yield found
    yield _distinct(windows)


def _suspected(
    rgb: RGB, objects: Sequence[SmearObject], classifier: Classifier, about: Calibration
) -> Iterator[_Window]:
    """Of the windows around each place the most suspected, if it is suspected enough."""
    places = [
        (number, _laid(rgb, x, y, about))
        for number, item in enumerate(objects)
        if item.kind == "red_cell"
        for x, y in _places(rgb, item, about)
    ]
    odds = iter(classifier.predict([window.crop for _, laid in places for window in laid]) if places else ())
    for number, laid in places:
        best = max((_Window(float(next(odds)), window, number) for window in laid), key=lambda window: window.p)
        if best.p >= _SUSPECT:
            yield best


def _distinct(windows: Sequence[_Window]) -> list[SmearObject]:
    """The windows without those that show what a more suspected one does."""
    kept: list[SmearObject] = []
    for window in sorted(windows, key=lambda window: (-window.p, window.item.box)):
        if not (overlaps([window.item.box], [other.box for other in kept]) >= _MUCH).any():
            kept.append(window.item)
    return kept


def _places(rgb: RGB, item: SmearObject, about: Calibration) -> list[tuple[float, float]]:
    """Where in an object, (x, y) in pixels of the field, something is as dark as chromatin and may be cut or hidden."""
    room = round(about.diameter / 4)
    left, top = max(0, item.box.x - room), max(0, item.box.y - room)
    part = rgb[top : item.box.y + item.box.height + room, left : item.box.x + item.box.width + room]
    scale = min(1.0, _WIDTH / about.diameter)
    small = shrunk(part, scale)
    inside = np.zeros(small.shape[:2], np.uint8)
    contour = np.rint((item.contour - [left, top] + 0.5) * scale - 0.5).astype(np.int32)
    cv2.drawContours(inside, [contour], -1, 1, cv2.FILLED)
    density = np.asarray(cv2.GaussianBlur(about.density(small, scale, left, top), (0, 0), 0.6), np.float32)
    stained = np.asarray(density[..., 1] > _STAINED * about.red_cell[1], np.uint8)
    if not item.is_clump:
        inside &= np.asarray(cv2.dilate(stained & (1 - inside), disc(2 * _EDGE * _WIDTH)), np.uint8)
        if not inside.any():
            return []
    above = _above_surroundings(density, stained, about)
    highest = cv2.dilate(above, disc(_WIDTH / 4))
    rows, columns = np.nonzero((above >= highest) & (above > _DARKER) & (inside > 0) & ~_is_grey(density))
    darkest = np.argsort(-above[rows, columns], kind="stable")[:_MOST]
    return [((columns[at] + 0.5) / scale + left, (rows[at] + 0.5) / scale + top) for at in darkest]


def _above_surroundings(density: NDArray[np.float32], stained: Mask, about: Calibration) -> NDArray[np.float32]:
    """Optical density in red and green, in units of a red cell's, minus the mean of the stain around."""
    stain = stained.astype(np.float32)
    share = np.maximum(cv2.GaussianBlur(stain, (0, 0), _WIDTH / 8), 0.05)
    above = np.zeros_like(stain)
    for channel in (0, 1):
        own = density[..., channel] / max(float(about.red_cell[channel]), 0.02)
        above += own - cv2.GaussianBlur(own * stain, (0, 0), _WIDTH / 8) / share
    return np.asarray(above / 2 * stain, np.float32)


def _is_grey(density: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Where a picture (h, w, 3) has dirt or a scale bar, which take all colours alike; chromatin does not."""
    return np.asarray(density.min(axis=2) > GREYEST * density.max(axis=2), np.bool_)


def _laid(rgb: RGB, x: float, y: float, about: Calibration) -> list[SmearObject]:
    """The windows around a place, with what of them lies in the field."""
    diameter, laid = about.diameter, []
    for right, down in _STEPS:
        middle = x + right * diameter, y + down * diameter
        outer, inner = (_circle(rgb, *middle, size * diameter) for size in (1, 1 - 2 * _TRIMMED))
        laid.append(describe(rgb, outer, inner, "view", cut=about.view.cuts(outer)))
    return laid


def _circle(rgb: RGB, x: float, y: float, diameter: float) -> NDArray[np.int32]:
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    outline = np.array([x, y]) + diameter / 2 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.clip(np.rint(outline - 0.5), 0, np.array([rgb.shape[1], rgb.shape[0]]) - 1).astype(np.int32)
