"""The stain and the camera: how much light a slide lets through, and what a sensor makes of it.

Everything is drawn as optical density per colour channel (Beer and Lambert: light = background x exp(-density)), so
that layers add up as dyes do and one drawing serves on any slide.
"""

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Colour = tuple[float, float, float]
"""Red, green, blue, each 0 to 255."""


class _Family(NamedTuple):
    """The colours of one way of staining and white-balancing."""

    share: float
    background: Colour
    cytoplasm: Colour
    parasite: Colour
    chromatin: Colour


# Cytoplasm, chromatin and shares as measured on the NIH thin smears of 170 patients; backgrounds and the parasites'
# cytoplasm, which those tight crops hardly show, chosen by eye beside them.
_FAMILIES = (
    _Family(0.42, (228, 190, 168), (207, 154, 151), (190, 98, 140), (156, 26, 119)),  # salmon
    _Family(0.15, (217, 185, 176), (188, 148, 153), (168, 100, 146), (138, 36, 126)),  # rose
    _Family(0.25, (210, 212, 206), (176, 167, 182), (152, 122, 184), (144, 60, 170)),  # lilac
    _Family(0.14, (205, 208, 202), (154, 144, 175), (126, 98, 172), (124, 44, 164)),  # violet
    _Family(0.04, (228, 187, 170), (188, 114, 142), (170, 66, 128), (147, 14, 115)),  # magenta
)


@dataclass(frozen=True)
class Slide:
    """What the cells of one smear have in common: the stain, the optics and the camera.

    Colours are RGB, 0 to 255; `diameter` (median red cell) and `blur` (standard deviation) are in pixels; `noise` is
    the sensor's standard deviation in grey levels; `pallor` and `mottling` are shares of the density, `irregularity` of
    the radius.
    """

    background: Colour
    cytoplasm: Colour
    parasite: Colour
    chromatin: Colour
    pallor: float = 0.15
    mottling: float = 0.03
    irregularity: float = 0.045
    diameter: float = 125.0
    blur: float = 1.0
    noise: float = 2.0

    @classmethod
    def of(cls, number: int) -> "Slide":
        """The slide of that number (0 or more): the same number is always the same slide."""
        rng = np.random.default_rng([number, 0x51DE])
        shares = [family.share for family in _FAMILIES]
        family = _FAMILIES[int(rng.choice(len(_FAMILIES), p=shares))]
        tint = rng.normal(0, (3.5, 3.0, 2.5))

        def tinted(colour: Colour, strength: float) -> Colour:
            red, green, blue = np.clip(np.asarray(colour) + strength * tint + rng.normal(0, 1.5, 3), 1, 250)
            return float(red), float(green), float(blue)

        return cls(
            background=tinted(family.background, 0.5),
            cytoplasm=tinted(family.cytoplasm, 1.0),
            parasite=tinted(family.parasite, 1.0),
            chromatin=tinted(family.chromatin, 1.0),
            pallor=float(rng.beta(1.1, 3.0)),
            mottling=float(rng.uniform(0.02, 0.05)),
            irregularity=float(rng.uniform(0.03, 0.07)),
            diameter=float(rng.normal(125, 6)),
            blur=float(rng.uniform(1.0, 1.5)),
            noise=float(rng.uniform(2.4, 3.6)),
        )

    def density(self, colour: Colour) -> Floats:
        """The optical density, float32 (3,), that makes the background look like `colour`."""
        return np.log(np.asarray(self.background, np.float32) / np.asarray(colour, np.float32))

    def photograph(self, density: Floats, light: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
        """Turn optical density (height, width, 3) under `light` (height, width; 1 = even) into RGB uint8."""
        picture = np.asarray(self.background, np.float32) * np.exp(-density) * light[..., None]
        # A camera's noise is correlated from pixel to pixel by demosaicing and compression, and mostly in brightness.
        grain = cv2.GaussianBlur(rng.standard_normal((*light.shape, 4), np.float32), (0, 0), 0.7)
        seen = cv2.GaussianBlur(picture, (0, 0), self.blur) + self.noise * (grain[..., :1] + 0.5 * grain[..., 1:])
        return np.asarray(np.clip(np.rint(seen), 0, 255), np.uint8)


def draw_clouds(shape: tuple[int, int], grain: float, rng: np.random.Generator) -> Floats:
    """Smooth noise, float32 of that shape, about -1 to 1, with lumps about `grain` pixels across."""
    height, width = shape
    coarse = rng.standard_normal((int(height / grain) + 3, int(width / grain) + 3), np.float32)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32)
