"""Outlines drawn onto the pixels of a field, each kind of object with a colour and a line of its own."""

from collections.abc import Iterable
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.smear.field.objects import Box

_COLOURS: Final = {
    "red_cell": (40, 90, 150),
    "view": (40, 90, 150),
    "leukocyte": (90, 20, 150),
    "platelet": (70, 70, 70),
    "artefact": (70, 70, 70),
    "slide": (0, 110, 110),
}
_WIDTHS: Final = {"leukocyte": 4, "slide": 2}


def window_around(place: tuple[float, float], width: int, height: int, side: float, *, square: bool = False) -> Box:
    """Return a window `side` pixels wide, 4 to 3 or `square`, around a place and inside a field of that size."""
    across, down = min(width, round(side)), min(height, round(side if square else 0.75 * side))
    x, y = place
    left = min(max(0, round(x - across / 2)), width - across)
    top = min(max(0, round(y - down / 2)), height - down)
    return Box(left, top, across, down)


def draw_outlines(rgb: RGB, window: Box, outlines: Iterable[tuple[NDArray[np.int32], str]], scale: float) -> RGB:
    """Return `rgb`, the picture of `window` of a field at `scale` pixels for each of the field's, with `outlines`.

    Each is a contour, int32 (n, 2), and a kind of object, or slide for the edge of what is slide.
    """
    picture = rgb.copy()
    for contour, kind in outlines:
        points = np.asarray(np.round((contour - np.array([window.x, window.y])) * scale), np.int32)
        thickness = _WIDTHS.get(kind, 1)
        if thickness > 1:  # a light edge, so that it is seen on cells and background alike
            cv2.polylines(picture, [points], True, (255, 255, 255), thickness + 2, cv2.LINE_AA)
        cv2.polylines(picture, [points], True, _COLOURS[kind], thickness, cv2.LINE_AA)
    return picture
