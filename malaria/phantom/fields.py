"""Synthetic fields of view: a whole microscope picture of a thin smear, with the truth about every object in it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.phantom.forms import STAGES, debris, leukocyte, platelet, red_cell
from malaria.phantom.patch import Patch, Place, Window
from malaria.phantom.places import Places
from malaria.phantom.stain import Floats, Slide, draw_clouds


@dataclass(frozen=True)
class FieldObject:
    """One object of a field, with its box in pixels, cut at the border: it starts at column `x`, row `y`.

    `kind` is red_cell, leukocyte, platelet or artefact; `form` is one of `phantom.FORMS` for a red cell, else the kind
    again. `touches_border` says that the border cuts the object, `touching` that another object touches or overlaps it.
    """

    kind: str
    form: str
    x: int
    y: int
    width: int
    height: int
    touches_border: bool
    touching: bool


@dataclass(frozen=True)
class Field:
    """A synthetic field: a file name, the picture (RGB uint8, height x width x 3) and the truth about it."""

    file: str
    rgb: NDArray[np.uint8]
    truth: tuple[FieldObject, ...]

    @property
    def png(self) -> bytes:
        """The picture as the bytes of a PNG file."""
        return cv2.imencode(".png", self.rgb[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes()


def field(
    *,
    seed: int = 0,
    slide: int | Slide | None = None,
    cells: int = 110,
    parasitaemia: float = 0.05,
    touching: float = 0.2,
    leukocytes: int = 1,
    platelets: int = 6,
    artefacts: int = 2,
    width: int = 1280,
    height: int = 960,
    diameter: float = 72.0,
) -> Field:
    """Draw one field of a thin smear, as under a 100x lens, with exactly so many objects of each kind.

    Leukocytes lie within the field, everything else at least with its centre. Of the red cells (about `diameter`
    pixels across) the share `parasitaemia`, to the nearest cell, is parasitized, away from the border as long as there
    is room there; the share `touching` lies against another red cell or over its edge. The others keep apart unless
    the field is too full for that. `slide` gives the stain, by default the slide of the number `seed`. The same
    arguments draw the same field, bit by bit.
    """
    rng = np.random.default_rng([seed, 0xF1E1D])
    stain = slide if isinstance(slide, Slide) else Slide.of(seed if slide is None else slide)
    blur = stain.blur * diameter / stain.diameter
    stain = replace(stain, diameter=diameter, blur=blur, irregularity=0.5 * stain.irregularity)
    places = Places(width, height, gap=0.08 * diameter, rng=rng)
    canvas = _Canvas(width, height)
    for radius in diameter * rng.uniform(0.75, 0.95, leukocytes):
        canvas.add("leukocyte", "leukocyte", leukocyte(radius, stain, rng), places.free(radius, inset=1.1 * radius))
    for form, radius, place in _red_cells(places, cells, parasitaemia, touching, diameter / 2, rng):
        canvas.add("red_cell", form, red_cell(form, radius, stain, rng), place)
    for radius in diameter * rng.uniform(0.13, 0.19, platelets):
        canvas.add("platelet", "platelet", platelet(radius, stain, rng), places.free(radius))
    for radius in diameter * rng.uniform(0.1, 0.2, artefacts):
        canvas.add("artefact", "artefact", debris(radius, stain, rng), places.free(radius))
    rgb = stain.photograph(canvas.density, _uneven_light(width, height, rng), rng)
    return Field(f"SYNTHETIC_field_{seed:04d}.png", rgb, canvas.objects())


def _red_cells(
    places: Places, cells: int, parasitaemia: float, touching: float, radius: float, rng: np.random.Generator
) -> list[tuple[str, float, Place]]:
    """The form, radius and place of each red cell: first those that keep apart, then those that lie against another."""
    radii = [float(value) for value in radius * rng.lognormal(0, 0.07, cells)]
    apart = cells - round(cells * touching)
    spots = [places.free(r) if k < apart else places.beside(r) for k, r in enumerate(radii)]
    whole_first = sorted(rng.permutation(cells).tolist(), key=lambda k: not places.is_whole(spots[k], radii[k]))
    stages = rng.choice(list(STAGES), round(cells * parasitaemia), p=list(STAGES.values())).tolist()
    infected = dict(zip(whole_first, stages, strict=False))
    return [(infected.get(k, "uninfected"), radii[k], spots[k]) for k in range(cells)]


class _Canvas:
    """The optical density of a field, (height, width, 3), and the boxes of what was added to it."""

    def __init__(self, width: int, height: int) -> None:
        self.density: Floats = np.zeros((height, width, 3), np.float32)
        self._owner = np.full((height, width), -1, np.int32)  # which object was drawn last on each pixel
        self._found: list[FieldObject] = []
        self._touching: set[int] = set()

    def add(self, kind: str, form: str, patch: Patch, place: Place) -> None:
        """Lay an object with its middle at `place` (column, row). Where two overlap, the light passes through both."""
        left, top = (round(at - patch.middle) for at in place)
        inside, window = _overlap(self._owner.shape, patch.cover.shape[0], left, top)
        there, new = self.density[window], patch.density[inside]
        self.density[window] = np.maximum(there, new) + 0.5 * np.minimum(there, new)
        self._record(kind, form, patch.cover > 0.3, left, top)

    def objects(self) -> tuple[FieldObject, ...]:
        """What was added, in that order."""
        return tuple(replace(item, touching=k in self._touching) for k, item in enumerate(self._found))

    def _record(self, kind: str, form: str, solid: NDArray[np.bool_], left: int, top: int) -> None:
        height, width = self._owner.shape
        number = len(self._found)
        inside, window = _overlap(self._owner.shape, len(solid), left, top)
        owner = self._owner[window]
        near = cv2.dilate(solid.astype(np.uint8), np.ones((3, 3), np.uint8))[inside] > 0
        neighbours = set(np.unique(owner[near]).tolist()) - {-1}
        if neighbours:
            self._touching |= neighbours | {number}
        owner[solid[inside]] = number
        x, y, across, down = cv2.boundingRect(solid.astype(np.uint8))
        x0, y0, x1, y1 = left + x, top + y, left + x + across, top + y + down
        cut = x0 <= 0 or y0 <= 0 or x1 >= width or y1 >= height
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
        self._found.append(FieldObject(kind, form, x0, y0, x1 - x0, y1 - y0, touches_border=cut, touching=False))


def _overlap(shape: tuple[int, ...], side: int, left: int, top: int) -> tuple[Window, Window]:
    """Where a square patch and the field overlap, as a window of the patch and one of the field."""
    rows = slice(max(top, 0), max(min(top + side, shape[0]), 0))
    columns = slice(max(left, 0), max(min(left + side, shape[1]), 0))
    inside = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
    return inside, (rows, columns)


def _uneven_light(width: int, height: int, rng: np.random.Generator) -> Floats:
    """Brightness over the field, 1 at its best: a lamp off centre, falling off towards the corners, and dim clouds."""
    x, y = rng.uniform((0.35, 0.35), (0.65, 0.65))
    across = np.linspace(0, 1, width, dtype=np.float32) - np.float32(x)
    down = (np.linspace(0, 1, height, dtype=np.float32) - np.float32(y))[:, None]
    fall = np.float32(rng.uniform(0.15, 0.35))
    clouds = draw_clouds((height, width), max(width, height) / 4, rng)
    light = 1 - fall * (across * across + down * down) + 0.008 * clouds
    return np.asarray(light, np.float32)
