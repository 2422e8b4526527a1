"""One field -> everything in it found, and its red cells judged: what a sample is put together of.

Only red cells get a probability: the classifier knows nothing else. Clumps and cells at the border are judged too, for
a parasite may lie in them, and windows over suspicious places in heaps.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.model.classifier import Classifier
from malaria.smear.adapt import Head, cell_features
from malaria.smear.field.calibration import Calibration, calibrate
from malaria.smear.field.counting import count_cells
from malaria.smear.field.leukocyte_types import LeukocyteType, leukocyte_types
from malaria.smear.field.objects import RGB, Kind, Outline, SmearObject, shrunk
from malaria.smear.field.quality import Concern, concerns
from malaria.smear.field.spots import darkest_spot
from malaria.smear.field.stain import find_shift, restain
from malaria.smear.field.view_area import ViewArea
from malaria.smear.field.windows import scan_with_windows

SCAN_MAX_PIXELS: Final = 150_000_000
"""The most pixels a field or scan may have."""

_PICTURES: Final = 300
"""How many of a field's most suspicious cells keep their pictures."""
_OVERVIEW: Final = 1280
"""Longest side, in pixels, of the picture of the whole field."""


@dataclass(frozen=True, eq=False)
class FieldTriage:
    """One field, judged.

    `outlines` are the objects in it and `p_parasitized` (float64, one for each) what the classifier says of the red
    cells, NaN for other kinds; `p_restained` is what it says of them in a stain nearer to its own
    (`malaria.smear.field.stain`), `darkest_spots` how dark a spot each has (`malaria.smear.field.spots`), likewise.
    `crops` holds the pictures of the most suspicious ones by their place in `outlines`. `overview` is the field as JPEG
    bytes, its longest side at most 1280 pixels. `leukocyte_types` holds the type of each leukocyte by its place in
    `outlines`; it is empty where the network for them is missing or broken. `view` is
    what of the field is slide: the circle of an eyepiece, say.
    """

    field: str
    width: int
    height: int
    diameter: float
    outlines: tuple[Outline, ...]
    p_parasitized: NDArray[np.float64]
    p_restained: NDArray[np.float64]
    darkest_spots: NDArray[np.float64]
    crops: dict[int, RGB]
    concerns: tuple[Concern, ...]
    overview: bytes
    leukocyte_types: dict[int, LeukocyteType]
    view: ViewArea

    @property
    def picture(self) -> RGB:
        """The overview as pixels."""
        return np.asarray(cv2.imdecode(np.frombuffer(self.overview, np.uint8), cv2.IMREAD_COLOR_RGB), np.uint8)

    @property
    def told(self) -> str:
        """What is wrong with the field, in sentences; empty where nothing is."""
        return " ".join(concern.sentence for concern in self.concerns)

    @property
    def is_unusable(self) -> bool:
        """Whether the field counts only when somebody says so."""
        return any(concern.unusable for concern in self.concerns)

    def count(self, kind: Kind) -> int:
        """How many objects of a kind were found, clumps included."""
        return sum(item.kind == kind for item in self.outlines)

    @cached_property
    def cells(self) -> NDArray[np.float64]:
        """How many red cells each of `outlines` stands for, float64 (n,)."""
        return count_cells(self.outlines, self.diameter)

    @property
    def red_cells(self) -> float:
        """How many red cells the field holds; halves are cells that the border cuts."""
        return float(self.cells.sum())


def triage_field(rgb: RGB, classifier: Classifier, field: str = "field", head: Head | None = None) -> FieldTriage:
    """Find and judge everything in one field or scan (RGB uint8, any size), tile by tile. `field` is its name.

    With a `head`, the triage is adapted to the laboratory that made it.
    """
    about = calibrate(rgb)
    outlines: list[Outline] = []
    odds: list[float] = []
    restained: list[float] = []
    spots: list[float] = []
    shift = find_shift(about)
    crops: dict[int, RGB] = {}
    types: dict[int, LeukocyteType] = {}
    for part in scan_with_windows(rgb, classifier, about):
        types |= {len(outlines) + place: found for place, found in leukocyte_types(part).items()}
        for item, p in zip(part, judge(part, classifier, about, head), strict=True):
            crops[len(outlines)] = item.crop
            outlines.append(item.outline)
            odds.append(p)
            spots.append(darkest_spot(item, about) if item.is_judged else np.nan)
        again = [restain(item, shift) if item.is_judged else item for item in part]
        restained += judge(again, classifier, about).tolist()
        crops = _most_suspicious(crops, odds)
    return FieldTriage(
        field=field,
        width=rgb.shape[1],
        height=rgb.shape[0],
        diameter=about.diameter,
        outlines=tuple(outlines),
        p_parasitized=np.array(odds, dtype=np.float64),
        p_restained=np.array(restained, dtype=np.float64),
        darkest_spots=np.array(spots, dtype=np.float64),
        crops=crops,
        concerns=tuple(concerns(rgb, about, outlines)),
        overview=_overview(rgb),
        leukocyte_types=types,
        view=about.view,
    )


def judge(
    objects: Sequence[SmearObject], classifier: Classifier, about: Calibration, head: Head | None = None
) -> NDArray[np.float64]:
    """Return p_parasitized of each object, float64 (n,), NaN where it is no red cell; on all processors."""
    p = np.full(len(objects), np.nan)
    cells = [number for number, item in enumerate(objects) if item.is_judged]
    if cells:
        shares = np.array_split(cells, min(len(cells), os.cpu_count() or 1))
        with ThreadPoolExecutor(len(shares), thread_name_prefix="judge") as pool:
            answers = pool.map(
                lambda share: _judge_cells([objects[at] for at in share], classifier, about, head), shares
            )
            p[cells] = np.concatenate(list(answers))
    return p


def _judge_cells(
    cells: Sequence[SmearObject], classifier: Classifier, about: Calibration, head: Head | None
) -> NDArray[np.float64]:
    p = classifier.predict([cell.crop for cell in cells])
    return p if head is None else head.apply(cell_features(cells, p, about))


def _most_suspicious(crops: dict[int, RGB], p: Sequence[float]) -> dict[int, RGB]:
    ranked = sorted((place for place in crops if not np.isnan(p[place])), key=lambda place: -p[place])
    return {place: crops[place] for place in ranked[:_PICTURES]}


def _overview(rgb: RGB) -> bytes:
    scale = min(1.0, _OVERVIEW / max(rgb.shape[:2]))
    return cv2.imencode(".jpg", shrunk(rgb, scale)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
