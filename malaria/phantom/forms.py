"""What lies on a thin smear, drawn one object at a time: red cells and their parasites, platelets, debris, leukocytes.

Sizes follow the red cell's radius, so the cells of a crop (about 128 pixels across) and those of a whole field (about
70) come from the same code.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.phantom.patch import Patch, outline, polar, ramp
from malaria.phantom.stain import Colour, Slide, clouds

_PIGMENT: Final[Colour] = (92, 60, 48)  # haemozoin stays brown in every stain
_DUST: Final[Colour] = (96, 78, 80)  # dirt on the glass, grey and a little out of focus


def red_cell(form: str, radius: float, slide: Slide, rng: np.random.Generator) -> Patch:
    """Draw a red cell of about that radius in one of the `FORMS`."""
    patch = Patch.blank(radius, slide, rng)
    _body(patch)
    _DRAW[form](patch)
    return patch


def _body(patch: Patch) -> None:
    """The cell itself: a soft disc, denser towards the edge, with pallor in the middle and mottled cytoplasm."""
    slide, rng, side = patch.slide, patch.rng, patch.cover.shape[0]
    rho, theta = polar(patch.cover.shape, side / 2, side / 2)
    stretch = 1 + abs(rng.normal(0, 0.1))
    turned = theta - rng.uniform(0, np.pi)
    edge = patch.radius / np.hypot(np.cos(turned) / np.sqrt(stretch), np.sin(turned) * np.sqrt(stretch))
    edge *= outline(theta, 0.035 * rng.lognormal(0, 0.5), rng, (2, 7))
    inner = rho / edge
    patch.cover[:] = ramp((edge - rho) / max(0.055 * patch.radius, 1.5))
    pallor = slide.pallor * rng.uniform(0.5, 1.4) * np.exp(-np.square(inner / rng.uniform(0.3, 0.5)))
    thickness = 0.97 + 0.06 * ramp((inner - 0.75) / 0.3) - pallor
    thickness += slide.mottling * (
        clouds(rho.shape, 0.4 * patch.radius, rng) + 0.4 * clouds(rho.shape, 0.1 * patch.radius, rng)
    )
    patch.density[:] = slide.density(slide.cytoplasm) * (patch.cover * thickness * rng.lognormal(0, 0.1))[..., None]


def _uninfected(patch: Patch) -> None:
    """Now and then a few faint specks of stain, as on many real cells."""
    rng, radius = patch.rng, patch.radius
    if rng.random() < 0.3:
        for _ in range(rng.integers(1, 4)):
            x, y = _inside(patch, 0.9)
            size = radius * rng.uniform(0.02, 0.05)
            patch.blob(
                x,
                y,
                (size * 1.5, size),
                patch.slide.parasite,
                strength=rng.uniform(0.15, 0.4),
                soft=size,
                angle=rng.uniform(0, 3),
            )


def _ring(patch: Patch, strength: float = 1.0) -> None:
    """A young parasite: a thin ring of a fifth to a third of the cell, with one or two dots of chromatin on it."""
    rng, slide = patch.rng, patch.slide
    for _ in range(1 + (rng.random() < 0.2)):
        radius = patch.radius * rng.uniform(0.17, 0.3)
        x, y = _inside(patch, 0.9 - radius / patch.radius)
        at = rng.uniform(0, 2 * np.pi)
        patch.blob(x, y, (radius, radius), _paler(slide), strength=0.6 * strength, soft=0.5 * radius)
        patch.band(
            x,
            y,
            radius,
            patch.radius * rng.uniform(0.035, 0.06),
            slide.parasite,
            thin_at=at + np.pi,
            strength=0.9 * strength,
        )
        for turn in (0.0, rng.uniform(1.2, 3.5))[: 1 + (rng.random() < 0.25)]:
            dot = patch.radius * rng.uniform(0.07, 0.1)
            angle = at + turn
            patch.blob(
                x + radius * np.cos(angle),
                y + radius * np.sin(angle),
                (dot * rng.uniform(1.0, 1.6), dot),
                slide.chromatin,
                angle=angle + np.pi / 2,
                strength=strength,
                soft=0.05 * patch.radius,
                lumps=0.08,
            )


def _faint_ring(patch: Patch) -> None:
    """A ring hardly stained, as at the edge of the smear or under a tired dye."""
    _ring(patch, strength=patch.rng.uniform(0.22, 0.32))


def _trophozoite(patch: Patch) -> None:
    """A growing parasite: an irregular mass with a vacuole, a large piece of chromatin and grains of brown pigment."""
    rng, slide = patch.rng, patch.slide
    size = patch.radius * rng.uniform(0.34, 0.5)
    x, y = _inside(patch, 0.8 - size / patch.radius)
    turn = rng.uniform(0, 2 * np.pi)
    patch.blob(
        x,
        y,
        (1.25 * size, 0.85 * size),
        slide.parasite,
        angle=turn,
        strength=0.85,
        soft=0.16 * patch.radius,
        lumps=0.16,
    )
    lobe = (x + size * np.cos(turn + 2), y + size * np.sin(turn + 2))
    patch.blob(
        *lobe,
        (0.6 * size, 0.4 * size),
        slide.parasite,
        angle=turn + 1,
        strength=0.8,
        soft=0.1 * patch.radius,
        lumps=0.2,
    )
    hole = (x - 0.25 * size * np.cos(turn), y - 0.25 * size * np.sin(turn))
    patch.blob(
        *hole, (0.4 * size, 0.3 * size), _paler(slide), angle=turn, strength=0.75, soft=0.15 * patch.radius, lumps=0.1
    )
    nucleus = (x + 0.6 * size * np.cos(turn), y + 0.6 * size * np.sin(turn))
    patch.blob(
        *nucleus, (0.42 * size, 0.32 * size), slide.chromatin, angle=turn + 1, soft=0.06 * patch.radius, lumps=0.14
    )
    _pigment(patch, x, y, 0.5 * size, int(rng.integers(4, 9)))


def _schizont(patch: Patch) -> None:
    """A ripe parasite: a cluster of merozoites around a clump of pigment, filling much of the cell."""
    rng, slide = patch.rng, patch.slide
    size = patch.radius * rng.uniform(0.55, 0.75)
    x, y = _inside(patch, 0.85 - size / patch.radius)
    patch.blob(x, y, (size, 0.9 * size), slide.parasite, strength=0.45, soft=0.2 * patch.radius, lumps=0.1)
    turn = rng.uniform(0, 2 * np.pi)
    count = int(rng.integers(9, 17))
    for k in range(count):  # a sunflower's spacing: even, without looking like a grid
        reach = size * 0.88 * np.sqrt((k + 1) / count) * rng.uniform(0.92, 1.05)
        angle = turn + 2.4 * k + rng.normal(0, 0.12)
        dot = patch.radius * rng.uniform(0.085, 0.12)
        at = (x + reach * np.cos(angle), y + reach * np.sin(angle))
        patch.blob(*at, (1.5 * dot, 1.2 * dot), slide.parasite, angle=angle, strength=0.6, soft=0.08 * patch.radius)
        patch.blob(
            *at,
            (1.2 * dot, 0.9 * dot),
            slide.chromatin,
            angle=angle + rng.normal(),
            soft=0.05 * patch.radius,
            lumps=0.1,
        )
    _pigment(patch, x, y, 0.1 * size, 8)


def _pigment(patch: Patch, x: float, y: float, spread: float, grains: int) -> None:
    """Grains of brown haemozoin around a place."""
    rng = patch.rng
    for _ in range(grains):
        size = patch.radius * rng.uniform(0.015, 0.035)
        patch.blob(x + rng.normal(0, spread), y + rng.normal(0, spread), (size, size), _PIGMENT, strength=0.8, soft=1.5)


def _platelet_on_cell(patch: Patch) -> None:
    """A platelet over the edge of the cell: a granular lilac body within a pale halo, most of it off the cell."""
    rng = patch.rng
    angle = rng.uniform(0, 2 * np.pi)
    size = patch.radius * rng.uniform(0.2, 0.28)
    reach = patch.radius * rng.uniform(1.0, 1.08)
    x, y = reach * np.cos(angle), reach * np.sin(angle)
    patch.blob(x, y, (1.6 * size, 1.5 * size), patch.slide.background, strength=0.9, soft=0.8 * size)
    platelet(patch, x, y, size)


def platelet(patch: Patch, x: float, y: float, size: float) -> None:
    """Paint a platelet of about that radius: a soft lilac blob full of fine granules."""
    rng, slide = patch.rng, patch.slide
    pale = _mix(slide.background, slide.parasite, 0.45)
    patch.blob(x, y, (size, 0.8 * size), pale, angle=rng.uniform(0, 3), soft=0.4 * size, lumps=0.14, sticks_out=True)
    for _ in range(14):
        place = rng.normal(0, 0.35 * size, 2)
        grain = size * rng.uniform(0.08, 0.16)
        patch.blob(
            x + place[0], y + place[1], (grain, grain), slide.parasite, strength=rng.uniform(0.4, 0.9), soft=grain
        )


def _debris_on_cell(patch: Patch) -> None:
    """Dirt lying on the cell: one or two dark grey grains, long and out of focus."""
    rng = patch.rng
    for _ in range(rng.integers(1, 3)):
        debris(patch, *_inside(patch, 0.8))


def debris(patch: Patch, x: float, y: float, *, sticks_out: bool = False) -> None:
    """Paint a grain of dirt: dark, grey-brown, blurred, with the bright fringe of a thing above the plane of focus."""
    rng = patch.rng
    size = patch.radius * rng.uniform(0.08, 0.15)
    angle = rng.uniform(0, np.pi)
    fringe = (x + 1.6 * size * np.sin(angle), y - 1.6 * size * np.cos(angle))
    patch.blob(
        *fringe,
        (1.8 * size, size),
        _paler(patch.slide),
        angle=angle,
        strength=0.3,
        soft=1.5 * size,
        sticks_out=sticks_out,
    )
    patch.blob(
        x,
        y,
        (2 * size, size),
        _DUST,
        angle=angle,
        strength=rng.uniform(0.5, 0.85),
        soft=1.5 * size,
        lumps=0.12,
        sticks_out=sticks_out,
    )


def _inside(patch: Patch, reach: float) -> tuple[float, float]:
    """A random place in the cell, within `reach` (share of the radius) of its middle."""
    angle = patch.rng.uniform(0, 2 * np.pi)
    distance = patch.radius * max(reach, 0.0) * np.sqrt(patch.rng.random())
    return distance * np.cos(angle), distance * np.sin(angle)


def _paler(slide: Slide) -> Colour:
    """The colour of cytoplasm half as thick: a vacuole."""
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

ARTEFACTS: Final = ("artefact_platelet", "artefact_debris")
"""Forms of an uninfected cell with something lying on it."""

HARD_FORMS: Final = ("faint_ring",)
"""Forms on which a careful reader may err: not clean examples."""

FORMS: Final[Mapping[str, str]] = MappingProxyType(
    {form: UNINFECTED if form == "uninfected" or form in ARTEFACTS else PARASITIZED for form in _DRAW}
)
"""Every form a cell can be drawn in, and its true label."""
