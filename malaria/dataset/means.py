"""The mean picture of many, in RGB and in HSV, from running sums: any number of images in the memory of one."""

from dataclasses import dataclass, field
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.dataset.facts import SIDE
from malaria.images import RGB

Picture = NDArray[np.float64]

HUES: Final = 180
"""Hue goes round once in this many steps (OpenCV's 8-bit convention)."""


@dataclass(eq=False)
class Means:
    """Running sums over pictures centred on black: `add` pictures, `merge` other sums, read the means at any time."""

    side: int = SIDE
    n: int = 0
    _rgb: Picture = field(init=False, repr=False)
    _hsv: Picture = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rgb, self._hsv = (np.zeros((self.side, self.side, 3)) for _ in range(2))

    def add(self, small: RGB) -> None:
        """Count one picture in: uint8 RGB (height, width, 3), neither side above `side`."""
        height, width = small.shape[:2]
        top, left = (self.side - height) // 2, (self.side - width) // 2
        middle = slice(top, top + height), slice(left, left + width)
        cv2.accumulate(small, self._rgb[middle])
        cv2.accumulate(cv2.cvtColor(small, cv2.COLOR_RGB2HSV), self._hsv[middle])
        self.n += 1

    def merge(self, other: "Means") -> None:
        """Count in all that `other` has counted."""
        self._rgb += other._rgb
        self._hsv += other._hsv
        self.n += other.n

    @property
    def rgb(self) -> Picture:
        """The mean picture, float64 (side, side, 3), 0 to 255; all zero before the first."""
        return self._rgb / max(1, self.n)

    @property
    def hsv(self) -> Picture:
        """The mean hue (0 to below 180), saturation and value (0 to 255), float64 (side, side, 3).

        Hue is an angle, so its mean is the hue of the mean colour: reds of 2 and 178 have the mean 0 and not 90, a
        strong colour has more say than a pale one, and grey, which has no hue, has none.
        """
        mean = self._hsv / max(1, self.n)
        degrees = cv2.cvtColor((self.rgb / 255).astype(np.float32), cv2.COLOR_RGB2HSV)[..., 0]
        mean[..., 0] = degrees / 2 % HUES
        return mean


def find_difference(a: Picture, b: Picture, *, hue: bool = False) -> Picture:
    """Return |a - b| of two mean pictures (side, side, 3); with `hue` the first channel the shorter way, 0 to 90."""
    apart = np.abs(a - b)
    if hue:
        apart[..., 0] = np.minimum(apart[..., 0], HUES - apart[..., 0])
    return apart
