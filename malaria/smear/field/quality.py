"""Whether a picture is fit for triage: what is wrong with it, why, and what to do. Nothing is refused."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.calibration import Calibration, sample_windows
from malaria.smear.field.objects import RGB, Box, Outline
from malaria.wording.numbers import percent

_STEEP: Final = 7.0
"""Steepness of a sharp edge. Of 35 real fields the softest has 7.7; blurred by 0.06 diameters they have 5.8 to 7.7."""
_CELL: Final = 64
"""Width of a red cell, in pixels, at which steepness is measured."""


_BLACK: Final = 30
"""No channel above this in the surround of a cell that was cut out."""
_CUT_OUT: Final = (
    "Much of it is black, as around a single cell that was cut out. Give single cells to the pages for single cells or "
    "for a batch, and whole fields to this one."
)


@dataclass(frozen=True)
class Concern:
    """One thing that makes a field less fit: a `code` for programs, a `sentence` with reason and mend for people."""

    code: str
    sentence: str


def concerns(rgb: RGB, calibration: Calibration, found: Sequence[Outline]) -> list[Concern]:
    """Return what is wrong with a field (RGB uint8) and what was found in it; an empty list if nothing is."""
    cells = [item for item in found if item.is_whole_cell]
    light = np.exp(calibration.light[:, 0]) - 1
    view = calibration.view
    seen = np.concatenate(
        [part[view.shown(part.shape, scale, x, y) > 0] for part, scale, x, y in sample_windows(rgb, view)]
    )
    white, black = float(np.mean(seen.min(axis=1) >= 250)), float(np.mean(seen.max(axis=1) <= _BLACK))
    if not calibration.is_blank and len(cells) < 5 and black > 0.2:
        return [Concern("not_a_smear", _CUT_OUT)]
    listed = [
        (white > 0.2, "over_exposed", f"{percent(white, 2)} of it is pure white, so pale detail is lost. Expose less."),
        (light.max() < 90, "dark", "The background is dark, so colours are noisy. Expose more, or open the condenser."),
    ]
    if len(cells) < 5:
        listed.append((True, "empty", f"{_few(len(cells))} found. Move to a place where red cells lie side by side."))
    if not calibration.is_blank:
        listed += _of_cells(calibration, found, cells)
        listed.append((_is_blurred(rgb, calibration, cells), "blurred", "Cell edges are soft. Focus again."))
    return [Concern(code, sentence) for applies, code, sentence in listed if applies]


def _of_cells(
    calibration: Calibration, found: Sequence[Outline], cells: Sequence[Outline]
) -> list[tuple[bool, str, str]]:
    cover = calibration.cover
    taken = _area(cells) / (calibration.width * calibration.height * calibration.view.share)
    clumped = _area(item for item in found if item.is_clump) / max(1.0, _area(i for i in found if i.kind == "red_cell"))
    nuclei = sum(item.kind == "leukocyte" for item in found)
    colours = calibration.red_cell
    is_grey = colours.min() > 0.85 * colours.max()
    is_other = is_grey or colours.max() > 3 or taken < 0.3 * cover
    is_blue = colours[0] - colours[2] > 0.3 * colours[1]
    only_nuclei = len(cells) >= 5 and cover < 0.1 and is_blue
    is_thick = not is_other and (only_nuclei or (nuclei >= 3 and nuclei > 0.25 * len(cells)))
    return [
        (
            bool(is_other),
            "not_a_smear",
            "It does not look like a stained thin smear: "
            + ("it has no colour. " if is_grey else "little of what is dark in it has the form of red cells. ")
            + "Use a field of a Giemsa-stained thin smear.",
        ),
        (
            bool(is_thick),
            "thick_film",
            "It may be a thick film: nuclei, and hardly any red cell. Only thin smears can be triaged.",
        ),
        (
            cover > 0.7 or (clumped > 0.4 and cover > 0.3),
            "dense",
            f"Cells cover {percent(cover, 2)} of it"
            f"{f' and {percent(clumped, 2)} of them lie in clumps' if clumped > 0.4 else ''}, "
            "so many are missed. Move towards the thin end of the smear.",
        ),
        (
            calibration.diameter < 20,
            "small_cells",
            f"Red cells are only {calibration.diameter:.0f} pixels wide, too few for parasites to show. "
            "Use a stronger lens or the full resolution.",
        ),
    ]


def _few(cells: int) -> str:
    return {0: "No whole red cell", 1: "One whole red cell"}.get(cells, f"{cells} whole red cells")


def _area(found: Iterable[Outline]) -> float:
    return sum((item.area for item in found), 0.0)


def _is_blurred(rgb: RGB, calibration: Calibration, cells: Sequence[Outline]) -> bool:
    """Whether the edges of most whole cells rise too slowly: steepest rise of log green, in full rises per diameter."""
    inner = [cell for cell in cells if not cell.touches_border]
    steps = [_steepness(rgb, cell.box, calibration.diameter) for cell in inner[:: 1 + len(inner) // 50]]
    return bool(steps) and float(np.median(steps)) < _STEEP


def _steepness(rgb: RGB, box: Box, diameter: float) -> float:
    green = rgb[box.y : box.y + box.height, box.x : box.x + box.width, 1]
    scale = _CELL / diameter
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    log: NDArray[np.float32] = np.log1p(cv2.resize(green, None, fx=scale, fy=scale, interpolation=shrink)).astype(
        np.float32
    )
    rise = np.hypot(cv2.Sobel(log, cv2.CV_32F, 1, 0), cv2.Sobel(log, cv2.CV_32F, 0, 1)) / 8
    contrast = float(np.percentile(log, 95) - np.percentile(log, 20))
    return _CELL * float(np.percentile(rise, 95)) / max(contrast, 0.02)
