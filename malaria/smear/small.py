"""What is neither a red cell nor a leukocyte: platelets, and artefacts such as dirt and deposits of stain."""

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.smear.cells import AREA
from malaria.smear.leukocytes import Stain, is_grey
from malaria.smear.objects import Kind
from malaria.smear.watershed import Labels, Mask, opened

_SMALLEST: Final = 0.015
_LARGEST_PLATELET: Final = 0.35
"""In usual red cells."""
_FAINTEST: Final = 0.5
"""Share of a red cell's density from which something counts."""


def find_small(
    density: NDArray[np.float32], red_cell: NDArray[np.float64], stain: Stain, taken: Labels
) -> list[tuple[Kind, Mask, tuple[int, int]]]:
    """Return (kind, mask, (left, top) of the mask) of each stained spot where `taken` (int32) is 0."""
    visible = (density[..., 1] > _FAINTEST * red_cell[1]) | (stain.nuclear > 0)
    spots = opened(visible & (taken == 0), 3)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(spots)
    found: list[tuple[Kind, Mask, tuple[int, int]]] = []
    for number in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[number])
        if area >= _SMALLEST * AREA:
            window = (slice(top, top + height), slice(left, left + width))
            inside = labels[window] == number
            is_platelet = area <= _LARGEST_PLATELET * AREA and not is_grey(density[window][inside])
            found.append(("platelet" if is_platelet else "artefact", inside.astype(np.uint8), (left, top)))
    return found
