"""What of a picture is slide: without the black around an eyepiece's circle, dark corners, scale bars, labels and text.

It is found first, so that nothing of it pulls at the light, the stain or the size of cells.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from malaria.smear.field.objects import RGB, Box, Contour, shrunk
from malaria.smear.field.watershed import Mask, disc, opened

_SIDE: Final = 1280
"""Longest side, in pixels, of the picture in which all this is looked for."""
_COARSE: Final = 4
"""So much smaller is the picture in which the width of a soft edge is measured."""
_DARK: Final = 0.35
"""Share of the background's brightness below which no stain is: the brightest of a pixel's colours counts."""
_BLACK: Final = 0.2
"""The same for what is black."""
_FULL: Final = 0.88
"""Share of the brightness further in at which a soft edge ends."""
_SOFTEST: Final = 0.12
"""The widest soft edge, as a share of the picture's shorter side."""
_LEAST: Final = 0.0005
_LEAST_INSIDE: Final = 0.03
"""Share of the picture that a dark part must have: at the picture's edge, and away from it."""
_SMALLEST: Final = 400
"""Longest side in pixels below which a picture is of a single cell, cut out with black around it, and of no field."""
_DIMMEST: Final = 30
"""Brightness of a background below which black cannot be told from it."""
_PURE: Final = 245
"""From this on in each colour a pixel is white; a pure colour has it in one channel, and another that is nearly 0."""

_SHORTEST: Final = 0.025
"""The shortest scale bar, as a share of the picture's longer side."""
_SPECK: Final = 6
"""Height or width in pixels below which nothing was written."""
_MOST: Final = 400
_MARGIN: Final = 3
"""Pixels around what was written that take something of its colour."""


@dataclass(frozen=True, eq=False)
class ViewArea:
    """The part of a picture of `width` x `height` pixels that shows the slide.

    `edges` are the outlines (int32, (n, 2), pixels) that part it from what is no slide, empty where all of it is
    slide; a place inside an odd number of them is slide. `overlays` are outlines around scale bars, labels and text:
    slide of which the picture shows nothing.
    """

    width: int
    height: int
    edges: tuple[Contour, ...] = ()
    overlays: tuple[Contour, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all of the picture shows slide, or something over it."""
        return not self.edges

    @cached_property
    def box(self) -> Box:
        """The rectangle around the slide, pixels."""
        if self.is_whole:
            return Box(0, 0, self.width, self.height)
        return Box(*(int(side) for side in cv2.boundingRect(np.concatenate(self.edges))))

    @cached_property
    def share(self) -> float:
        """The share of the picture that is slide, 0 to 1."""
        if self.is_whole:
            return 1.0
        scale = min(1.0, _SIDE / max(self.width, self.height))
        size = (max(1, round(self.height * scale)), max(1, round(self.width * scale)))
        return float(self.slide(size, scale).mean())

    def slide(self, shape: tuple[int, ...], scale: float = 1.0, left: int = 0, top: int = 0) -> Mask:
        """Where a part of the picture shows slide: a mask (uint8, 0 or 1) of `shape`.

        The part is shrunk by `scale` and begins at `left`, `top`, in pixels of the picture.
        """
        return np.ones(shape[:2], np.uint8) if self.is_whole else _filled(self.edges, shape, scale, left, top)

    def covered(self, shape: tuple[int, ...], scale: float = 1.0, left: int = 0, top: int = 0) -> Mask:
        """Where something written lies over that part: a mask as `slide` gives it."""
        return _filled(self.overlays, shape, scale, left, top)

    def shown(self, shape: tuple[int, ...], scale: float = 1.0, left: int = 0, top: int = 0) -> Mask:
        """Where that part shows slide and nothing over it, as a mask."""
        slide = self.slide(shape, scale, left, top)
        return slide & (1 - self.covered(shape, scale, left, top)) if self.overlays else slide

    def cuts(self, contour: Contour, within: int = 2) -> bool:
        """Whether what is no slide lies inside or `within` so many pixels of an outline (int32, (n, 2))."""
        if self.is_whole:
            return False
        x, y, width, height = cv2.boundingRect(contour)
        left, top, room = x - within, y - within, 2 * within
        inside = np.zeros((height + room, width + room), np.uint8)
        cv2.drawContours(inside, [contour], -1, 1, cv2.FILLED, offset=(-left, -top))
        reached = cv2.dilate(inside, disc(room + 1)) > 0
        return bool((self.slide(inside.shape, 1.0, left, top)[reached] == 0).any())


def find_view(rgb: RGB) -> ViewArea:
    """Find what of a picture (RGB uint8, any size) shows slide. All of it does where all is equally dark."""
    height, width = rgb.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small = shrunk(rgb, scale)
    red, green, blue = cv2.split(small)
    brightest = np.asarray(cv2.max(cv2.max(red, green), blue), np.uint8)
    level = _level(brightest)
    slide = _slide(brightest, level)
    edges = [] if slide is None else _outlines(slide)
    least = np.asarray(cv2.min(cv2.min(red, green), blue), np.uint8)
    overlays = _outlines(_written(brightest, least, level, slide))
    full = np.array([width, height]) / [small.shape[1], small.shape[0]]
    end = [width - 1, height - 1]
    last = np.array([small.shape[1], small.shape[0]]) - 1

    def placed(contour: Contour) -> Contour:
        place = np.rint((contour + 0.5) * full - 0.5)
        return np.where(contour == 0, 0, np.where(contour == last, end, place)).astype(np.int32)

    return ViewArea(width, height, tuple(map(placed, edges)), tuple(map(placed, overlays)))


def _level(brightest: NDArray[np.uint8]) -> float:
    """Brightness of the background: high among what is not black."""
    some = brightest[::4, ::4]
    return float(np.percentile(some[some >= 0.2 * some.max()], 90)) if some.size else 0.0


def _slide(brightest: NDArray[np.uint8], level: float) -> Mask | None:
    """The slide as a mask (uint8), None where it is everything."""
    outside = _surround(brightest, level)
    if outside is None:
        return None
    slide = 1 - outside
    depth = np.asarray(cv2.distanceTransform(slide, cv2.DIST_L2, 5), np.float32)
    slide = np.asarray(depth > 2 + _soft_edge(brightest, depth), np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(slide)
    areas = stats[1:, cv2.CC_STAT_AREA]
    if not count > 1 or areas.max() < 0.005 * slide.size:
        return None
    large = np.concatenate([[False], areas >= 0.1 * areas.max()])
    return np.asarray(large[labels], np.uint8)


def _surround(brightest: NDArray[np.uint8], level: float) -> Mask | None:
    """The dark parts (uint8) at the picture's edge, and large ones anywhere; None without any."""
    if level < _DIMMEST or max(brightest.shape) < _SMALLEST:
        return None
    coarse = brightest[::_COARSE, ::_COARSE]
    dark = opened(coarse < _DARK * level, 0.01 * min(coarse.shape))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(dark)
    rim = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    pixels = stats[:, cv2.CC_STAT_AREA]
    black = np.bincount(labels[coarse < _BLACK * level], minlength=count) / np.maximum(1, pixels)
    least = np.where(np.isin(np.arange(count), rim), _LEAST, _LEAST_INSIDE) * dark.size
    is_surround = (black >= 0.3) & (pixels >= least)
    is_surround[0] = False
    if not is_surround.any():
        return None
    near = cv2.dilate(np.asarray(is_surround[labels], np.uint8), disc(5))
    near = cv2.resize(near, brightest.shape[::-1], interpolation=cv2.INTER_NEAREST)
    return np.asarray(near, np.uint8) & (brightest < _DARK * level).astype(np.uint8)


def _soft_edge(brightest: NDArray[np.uint8], depth: NDArray[np.float32]) -> float:
    """How far from the dark the picture has its full brightness, in pixels."""
    step = _COARSE
    values, places = brightest[::step, ::step].ravel(), depth[::step, ::step].ravel()
    widest = _SOFTEST * min(brightest.shape)
    rings = [values[(places > at) & (places <= at + step)] for at in np.arange(0, 2 * widest, step)]
    profile = np.array([np.percentile(ring, 80) if len(ring) >= 10 else np.nan for ring in rings])
    for number in range(len(profile) // 2):
        further_in = profile[number + 1 : number + 1 + len(profile) // 2]
        if np.isnan(further_in).all() or profile[number] >= _FULL * np.nanmax(further_in):
            return float(number * step)
    return float(widest)


def _written(brightest: NDArray[np.uint8], least: NDArray[np.uint8], level: float, slide: Mask | None) -> Mask:
    """Where scale bars, labels and text lie, with a margin: a mask (uint8)."""
    found = np.zeros_like(brightest)
    inks = [brightest < _BLACK * level, (brightest >= _PURE) & (least < 20)]
    if level < _PURE - 15:
        inks.append(least >= _PURE)
    for ink in inks if level >= _DIMMEST else ():
        mask = np.asarray(ink, np.uint8) if slide is None else np.asarray(ink, np.uint8) & slide
        if cv2.countNonZero(mask):
            found |= _drawn(mask)
    return np.asarray(cv2.dilate(found, disc(2 * _MARGIN + 1)), np.uint8) if found.any() else found


def _drawn(ink: Mask) -> Mask:
    """What of an ink somebody drew, as a mask: bars, filled labels, lines of text, and what is beside a bar."""
    drawn = np.zeros_like(ink)
    contours, _ = cv2.findContours(ink, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = np.array([cv2.boundingRect(contour) for contour in contours], dtype=np.float64)
    large = np.flatnonzero(boxes[:, 2:].max(axis=1) >= _SPECK)
    if not 0 < len(large) <= _MOST:  # hundreds are noise
        return drawn
    boxes = boxes[large]
    kept = _in_lines(boxes)
    for x, y, width, height in boxes.tolist():
        if _is_bar(ink[int(y) : int(y + height), int(x) : int(x + width)], _SHORTEST * max(ink.shape)):
            reach, middle = max(width, height), boxes[:, :2] + boxes[:, 2:] / 2
            beside = np.abs(middle - [x + width / 2, y + height / 2]) <= 0.75 * reach
            kept |= beside.all(axis=1) & (boxes[:, 2:].max(axis=1) <= reach)
    cv2.drawContours(drawn, [contours[at] for at in large[kept]], -1, 1, cv2.FILLED)
    return drawn


def _is_bar(ink: Mask, shortest: float) -> bool:
    """Whether ink in its box is a straight bar along the picture, with or without ends, or a filled rectangle."""
    long, narrow = max(ink.shape), min(ink.shape)
    if long < shortest:
        return False
    along = ink.sum(axis=1 if ink.shape[1] >= ink.shape[0] else 0)
    return bool(ink.mean() >= 0.9 or (narrow <= 0.3 * long and along.max() >= 0.9 * long))


def _in_lines(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which boxes (n, 4: x, y, width, height) stand in a line of at least three of about one height, as letters do."""
    x, y, width, height = boxes.T
    foot = y + height
    alike = np.abs(np.log(height[:, np.newaxis] / height)) < 0.35
    level = np.abs(foot[:, np.newaxis] - foot) < 0.25 * height
    gap = np.maximum(x[:, np.newaxis], x) - np.minimum(x[:, np.newaxis] + width[:, np.newaxis], x + width)
    near = (gap < 1.2 * height) & (height >= 6) & (width < 2 * height)
    beside = alike & level & near & near.T
    _, group = connected_components(beside)
    return np.asarray(np.bincount(group)[group] >= 3, np.bool_)


def _outlines(mask: Mask) -> list[Contour]:
    contours, _ = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    return [np.asarray(contour, np.int32).reshape(-1, 2) for contour in contours]


def _filled(outlines: tuple[Contour, ...], shape: tuple[int, ...], scale: float, left: int, top: int) -> Mask:
    mask = np.zeros(shape[:2], np.uint8)
    places = [np.rint((outline - [left, top] + 0.5) * scale - 0.5).astype(np.int32) for outline in outlines]
    cv2.fillPoly(mask, places, 1)
    return mask
