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
    if form != "gametocyte":  # which has used up its cell
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
    radius = patch.radius * rng.uniform(0.18, 0.29)
    places = [_place_inside(patch, 0.82 - radius / patch.radius)]
    if rng.random() < 0.2:  # the second on the other side
        angle = rng.uniform(0, 2 * np.pi)
        places = [
            _place_beside((0, 0), 0.48 * patch.radius, turned) for turned in (angle, angle + rng.uniform(2.2, 4.0))
        ]
    for place in places:
        _one_ring(patch, place, radius * rng.uniform(0.85, 1.1), strength * rng.uniform(0.75, 1.0))


def _one_ring(patch: Patch, middle: Place, radius: float, strength: float) -> None:
    """Paint a ring around a pale vacuole: seldom round, open or faint somewhere, its chromatin a dot or two on it."""
    rng, slide = patch.rng, patch.slide
    width = patch.radius * rng.uniform(0.03, 0.055)
    angle = rng.uniform(0, 2 * np.pi)
    size = (radius * rng.uniform(1.0, 1.25), radius * rng.uniform(0.7, 0.95))
    lies = angle + rng.normal(0, 0.5)
    patch.blob(
        middle,
        size,
        _mix_paler(slide),
        angle=lies,
        strength=0.35 * strength,
        soft=0.5 * radius,
        lumps=0.1,
        mottling=0.2,
    )
    open_at = angle + np.pi + rng.normal(0, 0.6)
    patch.band(middle, size, width, slide.parasite, angle=lies, thin_at=open_at, strength=0.85 * strength)
    for turn in (0.0, rng.uniform(0.8, 3.5)) if rng.random() < 0.25 else (0.0,):
        dot = patch.radius * rng.uniform(0.062, 0.085)
        at = _place_beside(middle, rng.uniform(0.85, 1.0) * (size[0] if not turn else radius), angle + turn)
        shape = (dot * rng.uniform(1.0, 1.5), dot)
        _chromatin(patch, at, shape, angle + turn + np.pi / 2 + rng.normal(0, 0.4), strength)


def _faint_ring(patch: Patch) -> None:
    """A ring hardly stained, as at the edge of the smear or under a tired dye."""
    _ring(patch, strength=patch.rng.uniform(0.17, 0.26))


def _trophozoite(patch: Patch) -> None:
    """A growing parasite: an irregular mass with arms and vacuoles, a piece of chromatin, and brown pigment."""
    rng, slide, radius = patch.rng, patch.slide, patch.radius
    size = radius * rng.uniform(0.3, 0.42)
    middle = _place_inside(patch, 0.75 - size / radius)
    angle = rng.uniform(0, 2 * np.pi)
    arms = angle + np.cumsum(rng.uniform(1.2, 2.4, int(rng.integers(2, 4))))
    lobes = [(middle, 1.0), *((_place_beside(middle, size * rng.uniform(0.75, 1.0), arm), 0.5) for arm in arms)]
    for at, share in lobes:
        shape = (1.15 * share * size, 0.8 * share * size)
        lies = angle + rng.normal(0, 0.6)
        patch.blob(at, shape, slide.parasite, angle=lies, strength=0.85, soft=0.12 * radius, lumps=0.2, mottling=0.3)
    for turn, share in ((np.pi, 0.34), (rng.uniform(1.5, 4.5), 0.2)):
        at, hole = _place_beside(middle, 0.35 * size, angle + turn), (share * size, 0.75 * share * size)
        lies = rng.uniform(0, np.pi)
        patch.blob(at, hole, _mix_paler(slide), angle=lies, strength=0.6, soft=0.12 * radius, lumps=0.15)
    piece = (0.34 * size, 0.22 * size)
    _chromatin(patch, _place_beside(middle, 0.6 * size, angle), piece, angle + rng.normal(1, 0.5))
    _pigment(patch, _place_beside(middle, 0.25 * size, angle + 2), 0.14 * size, int(rng.integers(6, 13)))


def _schizont(patch: Patch) -> None:
    """A ripe parasite: many merozoites crowded around a clump of golden-brown pigment, filling most of the cell."""
    rng, slide, radius = patch.rng, patch.slide, patch.radius
    size = radius * rng.uniform(0.6, 0.76)
    middle = _place_inside(patch, 0.86 - size / radius)
    patch.blob(middle, (size, 0.92 * size), slide.parasite, strength=0.5, soft=0.2 * radius, lumps=0.14, mottling=0.45)
    turn, count = rng.uniform(0, 2 * np.pi), int(rng.integers(12, 23))
    for k in range(count):  # the golden angle spaces them evenly without a grid
        reach = 0.92 * size * np.sqrt((k + 1.6) / (count + 1)) * rng.uniform(0.82, 1.08)
        angle = turn + 2.4 * k + rng.normal(0, 0.35)
        at = _place_beside(middle, reach, angle)
        dot, lies = radius * rng.uniform(0.05, 0.085), rng.uniform(0, np.pi)
        patch.blob(at, (1.7 * dot, 1.3 * dot), slide.parasite, angle=lies, strength=0.6, soft=0.08 * radius, lumps=0.15)
        _chromatin(patch, at, (dot * rng.uniform(1.0, 1.4), 0.8 * dot), lies, rng.uniform(0.65, 1.0))
    clump = _place_beside(middle, 0.15 * size, rng.uniform(0, 2 * np.pi))
    patch.blob(clump, (0.13 * size, 0.1 * size), _PIGMENT, strength=0.45, soft=0.12 * radius, lumps=0.3)
    _pigment(patch, clump, 0.09 * size, 14)


def _gametocyte(patch: Patch) -> None:
    """The sexual form of P. falciparum: a crescent longer than the cell is wide, which hangs on to what is left of it.

    Its chromatin and pigment lie about the middle; the red cell is a thin bib in the hollow of the bend.
    """
    rng, slide, radius = patch.rng, patch.slide, patch.radius
    turn, bend = rng.uniform(0, 2 * np.pi), radius * rng.uniform(1.0, 1.4)
    centre, half = _place_beside((0, 0), -0.85 * bend, turn), rng.uniform(0.95, 1.1) * radius / bend
    bib, size = _place_beside(centre, bend - 0.3 * radius, turn), (0.42 * radius, 0.72 * radius)
    patch.blob(bib, size, slide.cytoplasm, angle=turn, strength=0.6, soft=0.25 * radius, lumps=0.05, sticks_out=True)
    colour = _mix(slide.cytoplasm, slide.parasite, 0.75)
    for along in np.linspace(-1, 1, 15):
        thick = radius * 0.31 * (1 - 0.42 * float(along) ** 2)
        at = _place_beside(centre, bend, turn + half * along)
        shape = (thick, 0.9 * thick)
        patch.blob(at, shape, colour, angle=turn + half * along, soft=0.1 * radius, mottling=0.08, sticks_out=True)
    middle = _place_beside(centre, bend, turn + half * rng.normal(0, 0.12))
    _chromatin(patch, middle, (0.24 * radius, 0.13 * radius), turn + np.pi / 2, rng.uniform(0.45, 0.7))
    _pigment(patch, middle, 0.12 * radius, int(rng.integers(12, 22)))


def _chromatin(patch: Patch, at: Place, shape: tuple[float, float], angle: float, strength: float = 1.0) -> None:
    """Paint a piece of chromatin: a dense core in a softer fringe."""
    soft = 0.07 * patch.radius
    fringe = (1.2 * shape[0], 1.2 * shape[1])
    patch.blob(at, fringe, patch.slide.parasite, angle=angle, strength=0.45 * strength, soft=1.4 * soft, lumps=0.15)
    patch.blob(at, shape, patch.slide.chromatin, angle=angle, strength=strength, soft=soft, lumps=0.16, mottling=0.15)


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
    "gametocyte": _gametocyte,
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
