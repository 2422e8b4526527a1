"""Outlines drawn onto the pixels of a field, each kind of object with a colour and a shape of its own."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.smear.field.objects import Box

SURE: Final = 0.9
"""From this p_parasitized on a suspect has a square round it; below it, a diamond."""

_COLOURS: Final = {
    "square": (200, 40, 0),
    "diamond": (170, 90, 0),
    "red_cell": (40, 90, 150),
    "view": (40, 90, 150),
    "leukocyte": (90, 20, 150),
    "platelet": (70, 70, 70),
    "artefact": (70, 70, 70),
    "slide": (0, 110, 110),
}
_WIDTHS: Final = {"leukocyte": 4, "slide": 2}
_CROWD: Final = 25  # from so many suspects in view on, diamonds go without a number, and lines are thin
_CHOSEN: Final = (0, 110, 60)


@dataclass(frozen=True, eq=False)
class Mark:
    """One object to be drawn: by its `contour`, or, with a `tag` written beside it, by a frame round its box.

    `shape` is a key of the colours above: square or diamond for a frame, slide for the edge of what is slide, else the
    kind of the object.
    """

    box: Box
    contour: NDArray[np.int32] | None
    shape: str
    tag: str = ""
    chosen: bool = False


def window_around(place: tuple[float, float], width: int, height: int, side: float, *, square: bool = False) -> Box:
    """Return a window `side` pixels wide, 4 to 3 or `square`, around a place and inside a field of that size."""
    across, down = min(width, round(side)), min(height, round(side if square else 0.75 * side))
    x, y = place
    left = min(max(0, round(x - across / 2)), width - across)
    top = min(max(0, round(y - down / 2)), height - down)
    return Box(left, top, across, down)


def draw_marks(rgb: RGB, window: Box, marks: Iterable[Mark], scale: float) -> RGB:
    """Return `rgb`, the picture of `window` of a field at `scale` pixels for each of the field's, with its marks.

    The first of `marks` lie on top.
    """
    picture = rgb.copy()
    seen = [mark for mark in marks if mark.box.shared_area(window)][::-1]
    crowded = sum(bool(mark.tag) for mark in seen) >= _CROWD
    for mark in sorted(seen, key=lambda one: (bool(one.tag), one.shape == "square", one.chosen)):
        _draw(picture, window, mark, scale, crowded=crowded)
    return picture


def _draw(picture: RGB, window: Box, mark: Mark, scale: float, *, crowded: bool) -> None:
    colour = _CHOSEN if mark.chosen else _COLOURS[mark.shape]
    if mark.contour is not None:
        _line(picture, _points(mark.contour, window, scale), colour, _WIDTHS.get(mark.shape, 1))
        return
    x, y, width, height = mark.box
    gap = 0.08 * max(width, height)
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], float)
    corners += gap * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    if mark.shape == "diamond":
        middle = corners.mean(axis=0)
        corners = middle + 1.1 * np.array([[0, -1], [1, 0], [0, 1], [-1, 0]]) * (corners[2] - middle)
    frame = _points(corners, window, scale)
    _line(picture, frame, colour, 8 if mark.chosen else 2 if crowded else 4)
    if mark.chosen or mark.shape == "square" or not crowded:
        _label(picture, mark.tag, tuple(int(at) for at in frame.min(axis=0)), colour, 1.0 if crowded else 1.4)


def _line(picture: RGB, points: NDArray[np.int32], colour: tuple[int, int, int], thickness: int) -> None:
    """A closed line with a light edge, so that it is seen on cells and background alike."""
    if thickness > 1:
        cv2.polylines(picture, [points], True, (255, 255, 255), thickness + 2, cv2.LINE_AA)
    cv2.polylines(picture, [points], True, colour, thickness, cv2.LINE_AA)


def _label(picture: RGB, text: str, corner: tuple[int, ...], colour: tuple[int, int, int], size: float) -> None:
    font, weight = cv2.FONT_HERSHEY_SIMPLEX, 3 if size > 1 else 2
    (width, height), _ = cv2.getTextSize(text, font, size, weight)
    x = min(max(0, corner[0]), picture.shape[1] - width - 8)
    y = min(max(height + 8, corner[1]), picture.shape[0])
    cv2.rectangle(picture, (x, y - height - 8), (x + width + 8, y), colour, cv2.FILLED)
    cv2.putText(picture, text, (x + 4, y - 4), font, size, (255, 255, 255), weight, cv2.LINE_AA)


def _points(points: NDArray[np.int32] | NDArray[np.float64], window: Box, scale: float) -> NDArray[np.int32]:
    return np.asarray(np.round((points - np.array([window.x, window.y])) * scale), np.int32)
