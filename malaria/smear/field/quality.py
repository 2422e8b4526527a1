"""Whether a picture is fit for triage: what is wrong with it, why, what to do, and whether it counts all the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.calibration import Calibration, sample_windows
from malaria.smear.field.objects import RGB, Box, Outline
from malaria.wording.numbers import percent

_SOFT: Final = 0.865
"""What of the steepness of cells' edges is left when they are smoothed a little; less in sharp pictures. Of the fields
of three laboratories 8 of 467 lie above it; of 59 of them blurred by 0.043 diameters, 3 pixels of 70, 56 do."""
_TOO_SOFT: Final = 0.895
"""The same above which parasites do not show: 0 of these 467, and 55 of the 59 blurred by 0.06 diameters."""
_CELL: Final = 64
"""Width of a red cell, in pixels, at which softness is measured."""
_SMOOTHING: Final = 1.5
"""Spread, in such pixels, of the smoothing."""
_DARKEST: Final = (0.6, 2.3)
"""Optical density of red cells in their least absorbed colour, and in green, from which chromatin hardly stands out of
them. Of 467 fields of three laboratories the darkest have 0.41 and 1.95."""
_FORMLESS: Final = (0.6, 0.4)
"""Share of the outlined area that whole cells have, and usual likeness of an outline to one, below both of which there
is no layer of cells. A thick film has 0.44 and 0.26; of 467 thin fields the next has 0.51, 0.44."""
_ENOUGH: Final = 40
"""Outlines with which that can be told; a few heaps of cells have fewer."""
_BLURRED: Final = (
    "The cell edges are soft, so small parasites are missed. Refocus.",
    "It is so blurred that parasites do not show. Refocus.",
)
_UNUSABLE: Final = frozenset({"not_a_smear", "empty", "thick_film", "overstained"})

_BLACK: Final = 30
"""No channel above this in the surround of a cell that was cut out."""
_CUT_OUT: Final = (
    "Much of it is black, as around a single cut-out cell. Upload single cells on the pages Single cell or Batch "
    "evaluation, and whole fields here."
)


@dataclass(frozen=True)
class Concern:
    """One thing that makes a field less fit: a `code` for programs, a `sentence` with reason and mend for people.

    A field that is `unusable` counts only when somebody says so.
    """

    code: str
    sentence: str
    unusable: bool = False


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
        return [Concern("not_a_smear", _CUT_OUT, unusable=True)]
    listed = [
        (white > 0.2, "over_exposed", f"{percent(white, 2)} of it is pure white, so pale detail is lost. Expose less."),
        (light.max() < 90, "dark", "The background is dark, so colours are noisy. Expose more, or open the condenser."),
    ]
    if len(cells) < 5:
        listed.append((True, "empty", f"{_few(len(cells))} found. Move to a place where red cells lie side by side."))
    soft = 0.0
    if not calibration.is_blank:
        listed += _of_cells(calibration, found, cells)
        soft = _softness(rgb, calibration, cells)
        listed.append((soft > _SOFT, "blurred", _BLURRED[soft > _TOO_SOFT]))
    unusable = {*_UNUSABLE, *(["blurred"] if soft > _TOO_SOFT else [])}
    return [Concern(code, sentence, code in unusable) for applies, code, sentence in listed if applies]


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
    is_thick = not is_other and (only_nuclei or (nuclei >= 3 and nuclei > 0.25 * len(cells)) or _is_formless(found))
    is_dark = colours.min() > _DARKEST[0] or colours[1] > _DARKEST[1]
    return [
        (
            bool(is_other),
            "not_a_smear",
            "It does not look like a stained thin smear: "
            + ("it has no colour. " if is_grey else "few of its dark parts have the shape of red cells. ")
            + "Use a field of a Giemsa-stained thin smear.",
        ),
        (
            bool(is_thick),
            "thick_film",
            "It may be a thick film: hardly anything in it has the shape of a red cell. Only thin smears can be "
            "triaged.",
        ),
        (
            bool(is_dark and not is_other),
            "overstained",
            "It is overstained: red cells are so dark that parasites hardly stand out. Stain a new slide for a shorter "
            "time.",
        ),
        (
            bool(not is_thick and (cover > 0.7 or (clumped > 0.4 and cover > 0.3))),
            "dense",
            f"Cells cover {percent(cover, 2)} of it"
            f"{f' and {percent(clumped, 2)} of them lie in clumps' if clumped > 0.4 else ''}, "
            "so many are missed. Move towards the thin end of the smear.",
        ),
        (
            calibration.diameter < 20,
            "small_cells",
            f"Red cells are only {calibration.diameter:.0f} pixels wide, too few to show parasites. Use a stronger "
            "lens or the full resolution.",
        ),
    ]


def _few(cells: int) -> str:
    return {0: "No whole red cell", 1: "One whole red cell"}.get(cells, f"{cells} whole red cells")


def _area(found: Iterable[Outline]) -> float:
    return sum((item.area for item in found), 0.0)


def _is_formless(found: Sequence[Outline]) -> bool:
    """Whether what is stained is cut into outlines that are no cells, as the lysed cells of a thick film are."""
    red = [item for item in found if item.kind == "red_cell" and not item.touches_border]
    if len(red) < _ENOUGH:
        return False
    whole = _area(item for item in red if item.is_whole_cell) / _area(red)
    return whole < _FORMLESS[0] and float(np.median([item.likeness for item in red])) < _FORMLESS[1]


def _softness(rgb: RGB, calibration: Calibration, cells: Sequence[Outline]) -> float:
    """How much of the steepness of the edges of whole cells smoothing leaves, 0 to 1; 0 without such cells.

    A second blur tells the first (Crete et al. 2007, doi:10.1117/12.702790): unlike steepness itself it hardly depends
    on the stain and on how thick cells are at their edge.
    """
    inner = [cell for cell in cells if not cell.touches_border]
    left = [_left(rgb, cell.box, calibration.diameter) for cell in inner[:: 1 + len(inner) // 25]]
    return float(np.median(left)) if left else 0.0


def _left(rgb: RGB, box: Box, diameter: float) -> float:
    """The steepest rises of log green in a box after smoothing, as a share of those before."""
    green = rgb[box.y : box.y + box.height, box.x : box.x + box.width, 1]
    scale = _CELL / diameter
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    log = np.log1p(cv2.resize(green, None, fx=scale, fy=scale, interpolation=shrink)).astype(np.float32)
    smooth = np.asarray(cv2.GaussianBlur(log, (0, 0), _SMOOTHING), np.float32)
    return _steepness(smooth) / max(_steepness(log), 1e-6)


def _steepness(log: NDArray[np.float32]) -> float:
    rise = np.hypot(cv2.Sobel(log, cv2.CV_32F, 1, 0), cv2.Sobel(log, cv2.CV_32F, 0, 1))
    return float(np.percentile(rise, 95))
