"""What lies on a thin smear, drawn one object at a time: red cells and their parasites, platelets, debris, leukocytes.

Sizes follow the red cell's radius, so the cells of a crop (about 125 pixels across) and those of a whole field (about
70) come from the same code.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.phantom.patch import ANGLES, Patch, Place, at_angle, outline, polar, ramp
from malaria.phantom.stain import Colour, Floats, Slide, draw_clouds

_PIGMENT: Final[Colour] = (92, 60, 48)  # haemozoin stays brown in every stain
_NUCLEUS: Final[Colour] = (84, 44, 150)  # bluer than a parasite's chromatin
_DUST: Final[Colour] = (104, 86, 86)  # dirt on the glass, grey and a little out of focus


def red_cell(form: str, radius: float, slide: Slide, rng: np.random.Generator) -> Patch:
    """Draw a red cell of about that radius in one of the `FORMS`."""
    patch = Patch.blank(radius, slide, rng)
    _body(patch)
    _DRAW[form](patch)
    return patch


def leukocyte(radius: float, slide: Slide, rng: np.random.Generator) -> Patch:
    """Draw a white cell of about that radius: pale grainy cytoplasm and a large nucleus, lobed or nearly round."""
    patch = Patch.blank(radius, slide, rng)
    pale = _mix(slide.background, slide.parasite, 0.35)
    patch.blob((0, 0), (radius, 0.93 * radius), pale, soft=0.12 * radius, lumps=0.05, mottling=0.2, sticks_out=True)
    for _ in range(30):
        grain = radius * rng.uniform(0.02, 0.04)
        patch.blob(_place_inside(patch, 0.9), (grain, grain), slide.parasite, strength=0.35, soft=1.5)
    lobes = int(rng.integers(1, 5))
    size = radius * (0.74 if lobes == 1 else 0.5 if lobes == 2 else 0.38)
    nucleus = _mix(slide.chromatin, _NUCLEUS, 0.6)
    bend, turn = rng.uniform(1.0, 1.4), rng.uniform(0, 2 * np.pi)
    for lobe in range(lobes):  # along an arc, each touching the next
        angle = turn + bend * lobe
        at = _place_beside((0, 0), 0.0 if lobes == 1 else 0.5 * radius, angle)
        shape = (size * rng.uniform(1.0, 1.2), size * rng.uniform(0.85, 1.0))
        patch.blob(
            at, shape, nucleus, angle=angle + np.pi / 2, strength=0.85, soft=0.1 * radius, lumps=0.07, mottling=0.2
        )
    return patch


def platelet(radius: float, slide: Slide, rng: np.random.Generator) -> Patch:
    """Draw a platelet of about that radius by itself."""
    patch = Patch.blank(radius, slide, rng)
    _platelet(patch, (0, 0), radius, depth=rng.uniform(0.5, 0.7))
    return patch


def debris(radius: float, slide: Slide, rng: np.random.Generator) -> Patch:
    """Draw a grain of dirt, about `radius` long from its middle, by itself."""
    patch = Patch.blank(radius, slide, rng)
    _grain_of_dirt(patch, (0, 0), radius, sticks_out=True)
    return patch


def _body(patch: Patch) -> None:
    """The cell itself: a soft disc, a little denser towards the edge, paler in the middle, with mottled cytoplasm."""
    slide, rng, radius = patch.slide, patch.rng, patch.radius
    rho, theta = polar(patch.cover.shape, patch.middle, patch.middle)
    patch.edge[:] = _cell_outline(radius, slide.irregularity, rng)
    edge = at_angle(patch.edge, theta)
    inner = rho / edge
    patch.cover[:] = ramp((edge - rho) / max(0.055 * radius, 1.5))
    pallor = slide.pallor * rng.uniform(0.5, 1.4) * np.exp(-((inner / rng.uniform(0.3, 0.45)) ** rng.uniform(1.8, 3.5)))
    mottles = draw_clouds(rho.shape, 0.5 * radius, rng) + 0.5 * draw_clouds(rho.shape, 0.12 * radius, rng)
    thickness = 0.97 + 0.06 * ramp((inner - 0.75) / 0.3) - pallor + slide.mottling * mottles
    patch.density[:] = slide.density(slide.cytoplasm) * (patch.cover * thickness * rng.lognormal(0, 0.1))[..., None]
    if rng.random() < 0.3:
        _specks(patch)


def _cell_outline(radius: float, irregularity: float, rng: np.random.Generator) -> Floats:
    """A red cell's edge, in pixels from its middle at each of `ANGLES`: an ellipse, wavy, now and then with a dent."""
    stretch = np.sqrt(1 + abs(rng.normal(0, 0.16)))
    turned = ANGLES - rng.uniform(0, np.pi)
    edge = radius / np.hypot(np.cos(turned) / stretch, np.sin(turned) * stretch)
    edge *= outline(irregularity * rng.lognormal(0, 0.5), rng, waves=(2, 7))
    if rng.random() < 6 * irregularity:  # where a neighbour pressed, or a strand pulled
        depth, breadth, at = rng.uniform(-0.16, 0.22), rng.uniform(0.12, 0.4), rng.uniform(0, 2 * np.pi)
        edge *= 1 - depth * np.exp(-np.square(np.angle(np.exp(1j * (ANGLES - at))) / breadth))
    return np.asarray(edge, np.float32)


def _specks(patch: Patch) -> None:
    """A few faint specks of stain, as cells of either class have them."""
    rng = patch.rng
    for _ in range(rng.integers(1, 4)):
        size = patch.radius * rng.uniform(0.02, 0.05)
        shape, angle, strength = (1.5 * size, size), rng.uniform(0, np.pi), rng.uniform(0.15, 0.4)
        patch.blob(_place_inside(patch, 0.9), shape, patch.slide.parasite, angle=angle, strength=strength, soft=size)


def _uninfected(patch: Patch) -> None:
    """Nothing but the cell."""


def _ring(patch: Patch, strength: float = 1.0) -> None:
    """A young parasite, now and then two: a thin ring, a fifth to a third of the cell across, with chromatin on it."""
    rng = patch.rng
    radius = patch.radius * rng.uniform(0.2, 0.32)
    places = [_place_inside(patch, 0.92 - radius / patch.radius)]
    if rng.random() < 0.2:  # the second on the other side
        angle = rng.uniform(0, 2 * np.pi)
        places = [
            _place_beside((0, 0), 0.48 * patch.radius, turned) for turned in (angle, angle + rng.uniform(2.2, 4.0))
        ]
    for place in places:
        _one_ring(patch, place, radius * rng.uniform(0.9, 1.1), strength * rng.uniform(0.75, 1.0))


def _one_ring(patch: Patch, middle: Place, radius: float, strength: float) -> None:
    """Paint a ring around a pale vacuole, thickest at its chromatin."""
    rng, slide = patch.rng, patch.slide
    width = patch.radius * rng.uniform(0.035, 0.065)
    angle = rng.uniform(0, 2 * np.pi)
    patch.blob(middle, (radius, radius), _mix_paler(slide), strength=0.5 * strength, soft=0.5 * radius)
    patch.band(middle, radius, width, slide.parasite, thin_at=angle + np.pi, strength=0.9 * strength)
    for turn in (0.0, rng.uniform(1.2, 3.5)) if rng.random() < 0.25 else (0.0,):
        dot = patch.radius * rng.uniform(0.075, 0.1)
        at = _place_beside(middle, radius, angle + turn)
        shape = (dot * rng.uniform(1.0, 1.7), dot)
        _chromatin(patch, at, shape, angle + turn + np.pi / 2, strength)


def _faint_ring(patch: Patch) -> None:
    """A ring hardly stained, as at the edge of the smear or under a tired dye."""
    _ring(patch, strength=patch.rng.uniform(0.12, 0.2))


def _trophozoite(patch: Patch) -> None:
    """A growing parasite: an irregular mass with a vacuole, a large piece of chromatin and grains of brown pigment."""
    rng, slide, radius = patch.rng, patch.slide, patch.radius
    size = radius * rng.uniform(0.34, 0.48)
    middle = _place_inside(patch, 0.8 - size / radius)
    angle = rng.uniform(0, 2 * np.pi)
    arm = _place_beside(middle, size, angle + rng.uniform(1.5, 2.5))
    for at, share, strength in ((middle, 1.0, 0.8), (arm, 0.5, 0.7)):
        shape = (1.2 * share * size, 0.85 * share * size)
        patch.blob(
            at, shape, slide.parasite, angle=angle, strength=strength, soft=0.2 * radius, lumps=0.17, mottling=0.25
        )
    vacuole = _place_beside(middle, -0.3 * size, angle)
    patch.blob(
        vacuole, (0.4 * size, 0.3 * size), _mix_paler(slide), angle=angle, strength=0.75, soft=0.15 * radius, lumps=0.1
    )
    _chromatin(patch, _place_beside(middle, 0.6 * size, angle), (0.4 * size, 0.28 * size), angle + 1)
    _pigment(patch, middle, 0.25 * size, int(rng.integers(4, 9)))


def _schizont(patch: Patch) -> None:
    """A ripe parasite: a cluster of merozoites around a clump of pigment, filling much of the cell."""
    rng, slide, radius = patch.rng, patch.slide, patch.radius
    size = radius * rng.uniform(0.5, 0.72)
    middle = _place_inside(patch, 0.85 - size / radius)
    patch.blob(middle, (size, 0.9 * size), slide.parasite, strength=0.5, soft=0.25 * radius, lumps=0.1, mottling=0.3)
    turn, count = rng.uniform(0, 2 * np.pi), int(rng.integers(8, 17))
    for k in range(count):  # the golden angle spaces them evenly without a grid
        reach = 0.9 * size * np.sqrt((k + 0.8) / count) * rng.uniform(0.88, 1.06)
        angle = turn + 2.4 * k + rng.normal(0, 0.2)
        at = _place_beside(middle, reach, angle)
        dot = radius * rng.uniform(0.075, 0.11)
        patch.blob(at, (1.6 * dot, 1.2 * dot), slide.parasite, angle=angle, strength=0.55, soft=0.1 * radius)
        _chromatin(patch, at, (1.2 * dot, 0.85 * dot), rng.uniform(0, np.pi), rng.uniform(0.8, 1.0))
    _pigment(patch, middle, 0.07 * size, 10)


def _chromatin(patch: Patch, at: Place, shape: tuple[float, float], angle: float, strength: float = 1.0) -> None:
    """Paint a piece of chromatin: a dense core in a softer fringe."""
    soft = 0.09 * patch.radius
    fringe = (1.25 * shape[0], 1.25 * shape[1])
    patch.blob(at, fringe, patch.slide.parasite, angle=angle, strength=0.5 * strength, soft=1.6 * soft, lumps=0.1)
    patch.blob(at, shape, patch.slide.chromatin, angle=angle, strength=strength, soft=soft, lumps=0.1, mottling=0.1)


def _pigment(patch: Patch, middle: Place, spread: float, grains: int) -> None:
    """Paint grains of brown haemozoin around a place."""
    for x, y in patch.rng.normal(middle, spread, (grains, 2)):
        size = patch.radius * patch.rng.uniform(0.015, 0.035)
        patch.blob((x, y), (size, size), _PIGMENT, strength=0.75, soft=1.5)


def _platelet_on_cell(patch: Patch) -> None:
    """A platelet over the edge of the cell, with a narrow pale halo between the two."""
    size = patch.radius * patch.rng.uniform(0.22, 0.34)
    at = _place_beside((0, 0), patch.radius * patch.rng.uniform(1.03, 1.16), patch.rng.uniform(0, 2 * np.pi))
    patch.blob(at, (1.2 * size, 1.1 * size), patch.slide.background, strength=0.6, soft=0.8 * size)
    _platelet(patch, at, size, depth=patch.rng.uniform(0.28, 0.42))


def _platelet(patch: Patch, at: Place, size: float, depth: float) -> None:
    """Paint a platelet stained to that `depth` (0 to 1): a soft lilac blob, its granules gathered in the middle."""
    rng, slide = patch.rng, patch.slide
    pale = _mix(slide.background, slide.parasite, depth)
    angle = rng.uniform(0, np.pi)
    patch.blob(at, (size, 0.75 * size), pale, angle=angle, soft=0.4 * size, lumps=0.17, mottling=0.2, sticks_out=True)
    for x, y in rng.normal(at, 0.35 * size, (16, 2)):
        grain = size * rng.uniform(0.08, 0.16)
        patch.blob((x, y), (grain, grain), slide.parasite, strength=depth * rng.uniform(0.5, 1.0), soft=1.5 * grain)


def _debris_on_cell(patch: Patch) -> None:
    """Dirt lying on the cell."""
    _grain_of_dirt(patch, _place_inside(patch, 0.85), patch.radius * patch.rng.uniform(0.12, 0.24))


def _grain_of_dirt(patch: Patch, at: Place, size: float, *, sticks_out: bool = False) -> None:
    """Paint a dark grain above the plane of focus: grey-brown, blurred, with a bright fringe on one side."""
    rng = patch.rng
    angle, width = rng.uniform(0, np.pi), size * rng.uniform(0.35, 0.6)
    fringe = _place_beside(at, 1.3 * width, angle - np.pi / 2)
    patch.blob(fringe, (size, width), _mix_paler(patch.slide), angle=angle, strength=0.4, soft=1.5 * width)
    strength = rng.uniform(0.45, 0.8)
    patch.blob(
        at, (size, width), _DUST, angle=angle, strength=strength, soft=2 * width, lumps=0.12, sticks_out=sticks_out
    )


def _place_inside(patch: Patch, reach: float) -> Place:
    """A random place in the object, within `reach` (share of its edge's distance) of its middle."""
    angle = patch.rng.uniform(0, 2 * np.pi)
    edge = float(patch.edge[round(angle * (len(ANGLES) - 1) / (2 * np.pi))])
    return _place_beside((0, 0), min(edge, patch.radius) * max(reach, 0.0) * np.sqrt(patch.rng.random()), angle)


def _place_beside(place: Place, distance: float, angle: float) -> Place:
    """The place so far from another in that direction."""
    return place[0] + distance * float(np.cos(angle)), place[1] + distance * float(np.sin(angle))


def _mix_paler(slide: Slide) -> Colour:
    """The colour of half as much cytoplasm: a vacuole."""
    return _mix(slide.background, slide.cytoplasm, 0.5)


def _mix(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two, `share` (0 to 1) of the way to the second."""
    red, green, blue = ((1 - share) * a + share * b for a, b in zip(first, second, strict=True))
    return red, green, blue


_DRAW: Final[Mapping[str, Callable[[Patch], None]]] = {
    "uninfected": _uninfected,
    "ring": _ring,
    "trophozoite": _trophozoite,
    "schizont": _schizont,
    "artefact_platelet": _platelet_on_cell,
    "artefact_debris": _debris_on_cell,
    "faint_ring": _faint_ring,
}

STAGES: Final[Mapping[str, float]] = MappingProxyType({"ring": 0.65, "trophozoite": 0.2, "schizont": 0.15})
"""The forms of a clear parasite and how often each is drawn: mostly rings, as in circulating blood."""

ARTEFACTS: Final = ("artefact_platelet", "artefact_debris")
"""Forms of an uninfected cell with something lying on it."""

HARD_FORMS: Final = ("faint_ring",)
"""Forms on which a careful reader may err: not clean examples."""

FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {form: UNINFECTED if form == "uninfected" or form in ARTEFACTS else PARASITIZED for form in _DRAW}
)
"""Every form a cell can be drawn in, and its true label."""
