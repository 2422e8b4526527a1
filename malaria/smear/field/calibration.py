"""What a field says about itself: its light, the colour its red cells took, and their size."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.objects import RGB, shrunk
from malaria.smear.field.view_area import ViewArea, find_view
from malaria.smear.field.watershed import Mask, disc, opened

Floats = NDArray[np.float32]

_LOG: Final = np.log1p(np.arange(256)).astype(np.float32)
_WINDOW: Final = 1600
"""Side in pixels of the windows that stand for a large scan."""
_FAINTEST: Final = 0.04
"""Optical density below which nothing in a picture counts as a red cell."""
_GREEN: Final = 1


@dataclass(frozen=True, eq=False)
class Calibration:
    """The light, stain and scale of one field.

    `width`, `height`: of the field it was made from, pixels. `light`: float64 (3, 6), for each channel the logarithm
    of the empty background as a polynomial of the place (see `density`). `red_cell`: float64 (3,), the usual optical
    density of a red cell in red, green and blue; all 0 in a field where nothing is stained. `diameter`: median
    diameter of a red cell in pixels, 0 if there is none. `lone_cells`: cells that stand alone, on which the diameter
    rests. `cover`: share of the slide in view that is stained. `view`: what of the field is slide; all else rests on
    that alone.
    """

    width: int
    height: int
    light: NDArray[np.float64]
    red_cell: NDArray[np.float64]
    diameter: float
    lone_cells: int
    cover: float
    view: ViewArea

    @property
    def is_blank(self) -> bool:
        """Whether nothing in the field can be a red cell."""
        return self.diameter <= 0

    def log_light(self, x: float, y: float) -> NDArray[np.float64]:
        """Logarithm of the background (1 + its red, green and blue) at a place of the field, float64 (3,)."""
        terms = _terms(np.array(x / self.width - 0.5), np.array(y / self.height - 0.5))
        return np.asarray(self.light @ terms, np.float64)

    def density(self, pixels: RGB, scale: float, left: int = 0, top: int = 0) -> Floats:
        """Optical density, -log(pixel / background), float32 (h, w, 3), of a part of the field shrunk by `scale`.

        `left` and `top` are where the part begins, in pixels of the field. 0 is background, whatever the light, and
        what is no slide.
        """
        rows, columns = pixels.shape[:2]
        x = ((np.arange(columns) + 0.5) / scale + left) / self.width - 0.5
        y = ((np.arange(rows) + 0.5) / scale + top) / self.height - 0.5
        density = np.empty(pixels.shape, np.float32)
        for channel, light in enumerate(self.light):
            density[..., channel] = _polynomial(light, x[np.newaxis], y[:, np.newaxis]) - _LOG[pixels[..., channel]]
        if not self.view.is_whole:
            density[self.view.slide(pixels.shape, scale, left, top) == 0] = 0
        return density


class _Window(NamedTuple):
    """A part of a field, shrunk by `scale`: its optical density, that in green a little smoothed, and masks (uint8).

    Of the `slide` is `seen` what nothing written lies over.
    """

    density: Floats
    green: Floats
    slide: Mask
    seen: Mask
    scale: float

    @property
    def greens(self) -> Floats:
        """The smoothed green of what is seen, float32 (n,)."""
        return self.green[self.seen > 0]


def calibrate(rgb: RGB) -> Calibration:
    """Find the light, stain and scale of a field (RGB uint8, any size). Large scans are judged by a few windows."""
    height, width = rgb.shape[:2]
    view = find_view(rgb)
    light = _light(rgb, view)
    blank = Calibration(width, height, light, np.zeros(3), 0.0, 0, 0.0, view)
    windows = []
    for part, scale, left, top in sample_windows(rgb, view):
        density = blank.density(part, scale, left, top)
        green = np.asarray(cv2.GaussianBlur(density[..., _GREEN], (0, 0), 1.0), np.float32)
        place = (part.shape, scale, left, top)
        windows.append(_Window(density, green, view.slide(*place), view.shown(*place), scale))
    greens = np.concatenate([window.greens for window in windows])
    stained, threshold = _usual_green(greens)
    if stained < _FAINTEST:
        return blank
    colours = [window.density[(window.green > threshold) & (window.seen > 0)] for window in windows]
    red_cell = np.median(np.concatenate(colours), axis=0).astype(np.float64)
    red_cell[_GREEN] = stained
    lone, joined = (np.concatenate(sizes) for sizes in zip(*(_sizes(one, stained) for one in windows), strict=True))
    diameter = _commonest(np.concatenate([np.repeat(lone, 4), joined]))
    cover = float(np.mean(greens > 0.4 * stained))
    return Calibration(width, height, light, red_cell, diameter, len(lone) // 2, cover, view)


def sample_windows(rgb: RGB, view: ViewArea) -> Iterator[tuple[RGB, float, int, int]]:
    """The field as far as it is in view, or five parts of a large one, shrunk until cells are small.

    Yields (pixels, scale, left, top).
    """
    x, y, width, height = view.box
    if max(width, height) <= 1.5 * _WINDOW:
        corners = [(x, y)]
    else:
        corners = [
            (x + max(0, round(right * width - _WINDOW / 2)), y + max(0, round(down * height - _WINDOW / 2)))
            for right, down in ((0.5, 0.5), (0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75))
        ]
    for left, top in corners:
        side = 2 * _WINDOW if len(corners) == 1 else _WINDOW
        part = rgb[top : min(y + height, top + side), left : min(x + width, left + side)]
        scale = min(1.0, 800 / max(part.shape[:2]))
        yield shrunk(part, scale), scale, left, top


def _light(rgb: RGB, view: ViewArea) -> NDArray[np.float64]:
    """Log brightness of the empty background as a polynomial of the second degree: float64 (3, 6).

    Fitted to what is brighter than Otsu's threshold in green, where red cells are darkest; what lies off is left out
    and the fit repeated, so that pale cells and bright dirt do not pull at it.
    """
    height, width = rgb.shape[:2]
    scale = min(1.0, max(320 / max(height, width), 1 / 8))
    small = shrunk(rgb, scale)
    seen = view.shown(small.shape, scale) > 0
    green = small[..., _GREEN]
    threshold, _ = cv2.threshold(green[seen], 0, 255, cv2.THRESH_OTSU)
    bright = (cv2.erode((green > threshold).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0) & seen
    if np.count_nonzero(bright) < 0.005 * np.count_nonzero(seen):
        bright = seen & (green >= np.percentile(green[seen], 95))
    rows, columns = np.nonzero(bright)
    step = max(1, len(rows) // 20_000)
    rows, columns = rows[::step], columns[::step]
    terms = _terms((columns + 0.5) / small.shape[1] - 0.5, (rows + 0.5) / small.shape[0] - 0.5)
    return np.stack([_robust_fit(terms, _LOG[small[rows, columns, channel]]) for channel in range(3)])


def _robust_fit(terms: NDArray[np.float64], values: Floats) -> NDArray[np.float64]:
    """Least squares of values (n,) on terms (n, 6), three times, each without the outliers of the last."""
    keep: NDArray[np.bool_] = np.ones(len(values), dtype=bool)
    for _ in range(3):
        some = terms[keep]
        fit = np.linalg.solve(some.T @ some + 1e-9 * np.eye(terms.shape[1]), some.T @ values[keep])
        off = values - terms @ fit
        spread = 1.4826 * np.median(np.abs(off[keep])) + 0.005
        keep = np.abs(off) < 2.5 * spread
    return np.asarray(fit, np.float64)


def _terms(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)


def _polynomial(c: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """`_terms(x, y) @ c` for a row of x and a column of y, in two passes over the picture instead of eleven."""
    value: NDArray[np.float64] = (c[0] + c[2] * y + c[5] * y * y) + x * ((c[1] + c[4] * y) + c[3] * x)
    return value


def _usual_green(green: Floats) -> tuple[float, float]:
    """(usual density of a red cell, a threshold between it and the background), from densities of any shape.

    Where leukocyte nuclei are so dark that Otsu's threshold parts them from everything else, the rest is parted again.
    """
    stained, threshold = _darker_part(green)
    dark = green > threshold
    paler, lower = _darker_part(green[~dark])
    if paler > _FAINTEST and np.count_nonzero((green > lower) & ~dark) > np.count_nonzero(dark):
        return paler, lower
    return stained, threshold


def _darker_part(green: Floats) -> tuple[float, float]:
    """(median of what lies above Otsu's threshold, the threshold)."""
    low, high = (float(limit) for limit in np.percentile(green, (0.1, 99.9))) if green.size else (0.0, 0.0)
    steps = np.clip((green - low) * (255 / max(high - low, 1e-6)), 0, 255).astype(np.uint8)
    otsu, _ = cv2.threshold(steps, 0, 255, cv2.THRESH_OTSU)
    threshold = low + otsu * (high - low) / 255
    above = green[green > threshold]
    return (float(np.median(above)) if above.size else 0.0), threshold


def _sizes(window: _Window, stained: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Diameters, in pixels of the field: of blobs that look like one cell, and of the parts of those that do not."""
    lone: list[float] = []
    joined: list[NDArray[np.float32]] = []
    green, slide = window.green, window.slide
    written = slide & (1 - window.seen)
    near = np.asarray(cv2.dilate(1 - slide, disc(5)), np.uint8)  # density is smoothed: cut cells seem to end there
    cut = near | written
    nuclei = opened(green > 1.8 * stained, 7)
    for share in (0.5, 0.7):
        mask = (green > share * stained).astype(np.uint8) & (1 - nuclei) & slide | written
        contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        sizes = [
            _lone_size(np.asarray(contour, np.int32), mask.shape, cut) if len(contour) > 20 else 0.0
            for contour in contours
        ]
        lone += [size for size in sizes if size > 0]
        rest = np.zeros_like(mask)
        for number in np.flatnonzero(np.array(sizes) == 0):
            cv2.drawContours(rest, contours, int(number), 1, cv2.FILLED)
        rest &= _without_pallor(mask) & window.seen
        depth = np.asarray(cv2.distanceTransform(rest, cv2.DIST_L2, 5), np.float32)
        depth[depth > max(depth.shape)] = 0  # without a gap anywhere, OpenCV says 1e38
        joined.append(depth[(depth >= cv2.dilate(depth, np.ones((9, 9), np.uint8))) & (depth > 4)])
    return np.array(lone) / window.scale, 2.1 * np.concatenate(joined).astype(np.float64) / window.scale


def _commonest(diameters: NDArray[np.float64]) -> float:
    """The peak of the distribution of log sizes, each counted by its size.

    What is less than half as wide as the diameter below which half of all area lies are specks, and left out; what is
    wider, as in heaps, is outvoted by the many cells of one size.
    """
    if not len(diameters):
        return 0.0
    ordered = np.sort(diameters)
    area = np.cumsum(ordered**2)
    sizes = ordered[ordered >= 0.5 * ordered[np.searchsorted(area, area[-1] / 2)]]
    grid = np.linspace(np.log(sizes[0]), np.log(sizes[-1]), 200)
    votes = np.exp(-0.5 * ((grid[:, np.newaxis] - np.log(sizes)) / 0.2) ** 2) @ sizes
    return float(np.exp(grid[np.argmax(votes)]))


def _without_pallor(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The mask with its round holes filled: the pale middles of cells are round, gaps between cells are not."""
    filled = mask.copy()
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    for number, contour in enumerate(contours):
        is_hole = tree[0, number, 3] >= 0
        if is_hole and cv2.contourArea(contour) > 0.85 * cv2.contourArea(cv2.convexHull(contour)):
            cv2.drawContours(filled, contours, number, 1, cv2.FILLED)
    return filled


def _lone_size(contour: NDArray[np.int32], shape: tuple[int, ...], cut: Mask) -> float:
    """Diameter of the disc of the same area if the outline is round, whole and away from what cuts cells, else 0."""
    x, y, width, height = cv2.boundingRect(contour)
    at_border = min(x, y) < 1 or x + width >= shape[1] or y + height >= shape[0]
    if at_border or max(width, height) > 1.6 * min(width, height) or cut[y : y + height, x : x + width].any():
        return 0.0
    area = cv2.contourArea(contour) + len(contour) / 2
    hull = cv2.contourArea(cv2.convexHull(contour)) + len(contour) / 2
    return float(np.sqrt(4 * area / np.pi)) if area > 0.92 * hull else 0.0
