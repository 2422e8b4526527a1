"""Spots in red cells: what is darker than the stain around it, as chromatin is, in any light and strength of stain."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.calibration import Calibration
from malaria.smear.field.objects import SmearObject

_GREEN: Final = 1
_RED: Final = 0
_PERCENTILES: Final = (0.5, 5, 50, 95, 99, 99.7)
_DARKER: Final = (0.1, 0.2)
_DARKEST: Final = 99.7
"""Percentile that a few pixels of chromatin reach, and a single one of noise does not."""

SPOT_FEATURES: Final = 2 * (len(_PERCENTILES) + 1 + len(_DARKER))
"""How many numbers `spots` returns."""


def spots(item: SmearObject, about: Calibration) -> NDArray[np.float64]:
    """Return what tells the spots of one object of the field that `about` describes: float64 (SPOT_FEATURES,).

    Optical density, in units of a usual red cell's, minus its mean within an eighth of a cell's diameter: percentiles
    and spread of it inside the cell, and the shares that lie above two levels; for green, then red.
    """
    told: list[float] = []
    for channel in (_GREEN, _RED):
        above = _inside(item, about, channel)
        told += [*np.percentile(above, _PERCENTILES), above.std(), *((above > level).mean() for level in _DARKER)]
    return np.array(told, dtype=np.float64)


def darkest_spot(item: SmearObject, about: Calibration) -> float:
    """Return how much darker in red light its darkest spot is than its surroundings, in densities of a red cell.

    Haemoglobin and eosin hardly absorb red, azure and methylene blue do: what they stain, chromatin above all, shows.
    """
    return float(np.percentile(_inside(item, about, _RED), _DARKEST))


def _inside(item: SmearObject, about: Calibration, channel: int) -> NDArray[np.float32]:
    """Optical density above the surroundings' of the pixels well inside an object, float32 (n,)."""
    inside = np.asarray(item.crop.any(axis=2), np.bool_)
    if not inside.any():  # all black, as the surround of a cell that was cut out
        inside = np.ones_like(inside)
    eroded = cv2.erode(np.pad(inside, 1).astype(np.uint8), _square(about.diameter / 12))[1:-1, 1:-1]
    core = np.asarray(eroded > 0, np.bool_) if np.count_nonzero(eroded) > 30 else inside
    light = about.log_light(*item.box.centre)
    density = (light[channel] - np.log1p(item.crop[..., channel].astype(np.float32))) / max(
        float(about.red_cell[channel]), 0.02
    )
    return _above_surroundings(np.where(inside, density, 0).astype(np.float32), inside, about.diameter)[core]


def _above_surroundings(
    density: NDArray[np.float32], inside: NDArray[np.bool_], diameter: float
) -> NDArray[np.float32]:
    wide, fine = diameter / 8, diameter / 64
    share = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), wide)
    around = cv2.GaussianBlur(density, (0, 0), wide) / np.maximum(share, 0.05)
    return np.asarray(cv2.GaussianBlur(density, (0, 0), fine) - around, np.float32)


def _square(side: float) -> NDArray[np.uint8]:
    return np.ones((int(side) | 1, int(side) | 1), np.uint8)
