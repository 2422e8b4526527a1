"""The stain and light of a field, brought nearer to what a network learned: another look at each of its cells."""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.calibration import Calibration
from malaria.smear.field.objects import RGB, SmearObject

_USUAL: Final = np.array([-0.284, -0.531, -0.498])
"""A usual red cell of the NIH set in red, green and blue: the natural logarithm of its brightness, 1 being white."""
_SHARE: Final = 0.5
"""Of the way there: all of it takes as much light from a pale parasite as from its cell."""


def find_shift(about: Calibration) -> NDArray[np.float64]:
    """Return how much lighter a field's cells would be in a usual stain, half-way: a logarithm, float64 (3,).

    Stain and light add up in logarithms (Beer and Lambert), so that one sum changes both. That colours are matched by
    their means is due to Reinhard and others (IEEE Computer Graphics and Applications 21, 2001).
    """
    cell = about.log_light(about.width / 2, about.height / 2) - about.red_cell - np.log(256)
    return np.asarray(_SHARE * (_USUAL - cell), np.float64)


def restain(item: SmearObject, shift: NDArray[np.float64]) -> SmearObject:
    """Return the object with its picture in the stain that `find_shift` found, still black around it."""
    table = np.clip(np.outer(np.arange(256), np.exp(shift)), 1, 255).astype(np.uint8)
    table[0] = 0
    crop: RGB = np.stack([table[item.crop[..., channel], channel] for channel in range(3)], axis=-1)
    return replace(item, crop=crop)
