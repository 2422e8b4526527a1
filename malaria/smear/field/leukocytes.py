"""Leukocytes: nuclei darker or bluer than any red cell, with the cytoplasm around them."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.cells import AREA, WIDTH
from malaria.smear.field.objects import Kind
from malaria.smear.field.watershed import Labels, Mask, closed, disc, opened

_SMALLEST_BLUISH: Final = 0.4
"""Area of a bluish nucleus, all lobes together, in usual red cells."""
_SMALLEST_DARK: Final = 0.6
_SMALLEST_HULL: Final = 0.9
"""The same for a nucleus that is only dark, and with what lies between its lobes: a schizont can be as dark, but stays
within a red cell."""
_LARGEST: Final = 10.0
"""What is larger, in usual red cells, is a deposit of stain."""
_LARGEST_GAMETOCYTE: Final = 3.0
"""In usual red cells, with what it is given for cytoplasm."""
_PALEST_NUCLEUS: Final = 2.0
"""How much darker in green than a red cell a leukocyte's nucleus is at least, where it is small. Chosen so that of 139
leukocytes on half of the fields of one laboratory (BCCD) 6 may be gametocytes; on the other half it is 0 of 143. Those
of P. vivax in one field of another (MPIDB) have 1.2 and 1.3."""
GREYEST: Final = 0.6
"""Dirt is grey: it takes so much of its least absorbed colour, as a share of its most absorbed."""
_MARGIN: Final = 0.2
_REACH: Final = 0.6
"""How far the cytoplasm goes around a nucleus at least and at most, in red cell diameters."""


@dataclass(frozen=True, eq=False)
class Stain:
    """Where a field's stain is not a red cell's: masks (uint8, 0 or 1) of one shape.

    `dark`: much darker than red cells. `bluish`: leaning to blue as red cells never do. `lilac`: leaning a little.
    """

    dark: Mask
    bluish: Mask
    lilac: Mask

    @property
    def nuclear(self) -> Mask:
        """Where it is a nucleus's."""
        return self.dark | self.bluish


def unlike_red_cells(density: NDArray[np.float32], red_cell: NDArray[np.float64]) -> Stain:
    """Compare the optical density of a field, float32 (h, w, 3), with that of its red cells, (3,)."""
    red, green, blue = cv2.split(density)
    lean = red - blue - (red_cell[0] - red_cell[2])
    dark = red + green > 2.2 * (red_cell[0] + red_cell[1])
    bluish = (lean > 0.5 * red_cell[1]) & (red > 1.8 * red_cell[0])
    lilac = (lean > 0.15 * red_cell[1]) & (green > 0.2 * red_cell[1])
    return Stain(opened(dark, 3), opened(bluish, 3), lilac.astype(np.uint8))


def find_leukocytes(density: NDArray[np.float32], stain: Stain) -> tuple[list[Mask], list[Mask]]:
    """Return (leukocytes, deposits of stain or dirt as dark as they), each a mask (uint8) of the whole field.

    Lobes of a nucleus that lie close together belong to one leukocyte.
    """
    joined = closed(stain.nuclear, 0.4 * WIDTH)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    bluish = np.bincount(labels[stain.bluish > 0], minlength=count) / AREA
    nuclear = np.bincount(labels[stain.nuclear > 0], minlength=count) / AREA
    leukocytes, deposits = [], []
    for number in np.flatnonzero((bluish >= _SMALLEST_BLUISH) | (nuclear >= _SMALLEST_DARK)):
        window = _around(stats[number], joined.shape)
        nucleus = (labels[window] == number).astype(np.uint8)
        if nuclear[number] > _LARGEST or is_grey(density[window][nucleus > 0]):
            deposits.append(_pasted(nucleus, window, joined.shape))
        elif bluish[number] >= _SMALLEST_BLUISH or _hull(nucleus) >= _SMALLEST_HULL * AREA:
            leukocytes.append(_pasted(_with_cytoplasm(nucleus, stain.lilac[window]), window, joined.shape))
    return leukocytes, deposits


def may_be_gametocyte(mask: Mask, density: NDArray[np.float32], stain: Stain, red_cell: NDArray[np.float64]) -> bool:
    """Whether what `find_leukocytes` found (uint8) may be a gametocyte: small, and pale where a nucleus would be.

    A gametocyte fills its red cell with blue cytoplasm, in green hardly darker than the cells around it; the nucleus of
    a leukocyte is two to four times as dark.
    """
    nucleus = density[(mask > 0) & (stain.nuclear > 0)]
    if np.count_nonzero(mask) > _LARGEST_GAMETOCYTE * AREA or not len(nucleus):
        return False
    return bool(np.median(nucleus[:, 1]) < _PALEST_NUCLEUS * red_cell[1])


def _around(stats: NDArray[np.int32], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """The window of a component, with room for its cytoplasm and for smoothing that."""
    left, top, width, height = (int(number) for number in stats[:4])
    room = round(_REACH * WIDTH) + round(0.5 * WIDTH)
    return (
        slice(max(0, top - room), min(shape[0], top + height + room)),
        slice(max(0, left - room), min(shape[1], left + width + room)),
    )


def _pasted(part: Mask, window: tuple[slice, slice], shape: tuple[int, ...]) -> Mask:
    whole = np.zeros(shape, np.uint8)
    whole[window] = part
    return whole


def is_grey(density: NDArray[np.float32]) -> bool:
    """Whether optical densities (n, 3) are those of dirt or pigment, which take all colours alike; stain does not."""
    usual = np.median(density, axis=0)
    return bool(usual.min() > GREYEST * usual.max())


def _hull(mask: Mask) -> float:
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return float(cv2.contourArea(cv2.convexHull(np.concatenate(contours))))


def _with_cytoplasm(nucleus: Mask, lilac: Mask) -> Mask:
    """A nucleus with a margin, and with what is lilac near by: in many stains the cytoplasm can hardly be seen."""
    margin = np.asarray(cv2.dilate(nucleus, disc(2 * _MARGIN * WIDTH + 1)), np.uint8)
    near = np.asarray(cv2.dilate(nucleus, disc(2 * _REACH * WIDTH + 1)), np.uint8)
    return closed(opened(margin | (lilac & near), 0.3 * WIDTH), 0.3 * WIDTH)


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
