"""A small canvas of optical density on which one object is painted: blobs, rings and irregular outlines."""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from malaria.phantom.stain import Colour, Floats, Slide, draw_clouds

Place = tuple[float, float]
"""Pixels from the middle of a patch, x to the right and y down."""

Window = tuple[slice, slice]

ANGLES: Final[Floats] = np.linspace(0, 2 * np.pi, 257, dtype=np.float32)
"""Where tables of an outline are taken: a full turn."""


@dataclass
class Patch:
    """One object being drawn: its optical density and how much of each pixel it covers.

    `density` is float32 (side, side, 3), `cover` float32 (side, side) from 0 to 1; `radius` is that
    of the object as planned and `edge` its outline in pixels from the middle, at each of `ANGLES`.
    """

    density: Floats
    cover: Floats
    radius: float
    edge: Floats
    slide: Slide
    rng: np.random.Generator

    @classmethod
    def blank(cls, radius: float, slide: Slide, rng: np.random.Generator) -> "Patch":
        """An empty patch with room for an object of that radius and for what may stick out of it."""
        side = int(3.2 * radius) + 8
        density, cover = np.zeros((side, side, 3), np.float32), np.zeros((side, side), np.float32)
        return cls(density, cover, radius, np.full_like(ANGLES, radius), slide, rng)

    @property
    def middle(self) -> float:
        """Column and row of the middle."""
        return len(self.cover) / 2

    def paint(self, alpha: Floats, colour: Colour, window: Window, *, sticks_out: bool = False) -> None:
        """Put `colour` in the place of what is there, by `alpha` (0 to 1): inside the object unless it `sticks_out`."""
        cover = self.cover[window]
        if sticks_out:
            np.maximum(cover, alpha, out=cover)
        else:
            alpha = alpha * cover
        density = self.density[window]
        density += alpha[..., None] * (self.slide.density(colour) - density)

    def blob(
        self,
        at: Place,
        size: tuple[float, float],
        colour: Colour,
        *,
        angle: float = 0.0,
        strength: float = 1.0,
        soft: float = 1.5,
        lumps: float = 0.0,
        mottling: float = 0.0,
        sticks_out: bool = False,
    ) -> None:
        """Paint an ellipse of half axes `size` turned by `angle`.

        Its edge is `soft` pixels wide and irregular by `lumps`; within, its strength varies by `mottling`.
        """
        along, across = size
        window, rho, theta = self._around(at, max(size) * (1 + 2 * lumps) + soft)
        turned = theta - angle
        edge = along * across / np.hypot(across * np.cos(turned), along * np.sin(turned))
        if lumps:
            edge *= at_angle(outline(lumps, self.rng), theta)
        alpha = strength * ramp((edge - rho) / soft)
        if mottling:
            alpha *= np.clip(1 + mottling * draw_clouds(rho.shape, 0.5 * across, self.rng), 0, 1 / strength)
        self.paint(alpha, colour, window, sticks_out=sticks_out)

    def band(
        self,
        at: Place,
        size: tuple[float, float],
        width: float,
        colour: Colour,
        *,
        angle: float,
        thin_at: float,
        strength: float = 1.0,
    ) -> None:
        """Paint a ring along an ellipse of half axes `size` turned by `angle`.

        It is about `width` pixels wide, uneven, and thinnest towards the angle `thin_at`.
        """
        along, across = size
        window, rho, theta = self._around(at, 1.3 * max(size) + 3 * width)
        turned = theta - angle
        middle = along * across / np.hypot(across * np.cos(turned), along * np.sin(turned))
        middle *= at_angle(outline(0.1, self.rng), theta)
        lean = np.cos(theta - thin_at)
        uneven = at_angle(outline(0.3, self.rng, waves=(2, 6)), theta)
        alpha = np.exp(-np.square((rho - middle) / (width * uneven * (0.75 - 0.3 * lean))))
        self.paint(strength * (0.7 - 0.3 * lean) * np.minimum(uneven, 1) * alpha, colour, window)

    def _around(self, at: Place, reach: float) -> tuple[Window, Floats, Floats]:
        """The window within `reach` of a place, with the distance and angle of its pixels from there."""
        side = self.cover.shape[0]
        column, row = self.middle + at[0], self.middle + at[1]
        left, top = (int(np.clip(place - reach, 0, side - 1)) for place in (column, row))
        right, bottom = (int(np.clip(place + reach + 2, 1, side)) for place in (column, row))
        return (slice(top, bottom), slice(left, right)), *polar((bottom - top, right - left), column - left, row - top)


def polar(shape: tuple[int, int], x: float, y: float) -> tuple[Floats, Floats]:
    """Distance and angle (0 to 2 pi) of each pixel of an image of that shape from the place `x`, `y` in it."""
    dx, dy = np.meshgrid(np.arange(shape[1], dtype=np.float32) - x, np.arange(shape[0], dtype=np.float32) - y)
    rho, theta = cv2.cartToPolar(dx, dy)
    return np.asarray(rho, np.float32), np.asarray(theta, np.float32)


def outline(amount: float, rng: np.random.Generator, waves: tuple[int, int] = (2, 5)) -> Floats:
    """A closed irregular outline: the radius, about 1, at each of `ANGLES`, off a circle by about `amount`."""
    radius = np.ones_like(ANGLES)
    for wave in range(waves[0], waves[1] + 1):
        height, shift = np.float32(1.5 * amount / wave * rng.normal()), np.float32(rng.uniform(0, 2 * np.pi))
        radius += height * np.cos(wave * ANGLES + shift)
    return np.maximum(radius, np.float32(0.3))


def at_angle(table: Floats, theta: Floats) -> Floats:
    """The values, at the angles `theta` (0 to 2 pi), of a table made for `ANGLES`."""
    values: Floats = table[np.rint(theta * (len(ANGLES) - 1) / (2 * np.pi)).astype(np.intp)]
    return values


def ramp(value: Floats) -> Floats:
    """A soft step: 0 below -1/2, 1 above 1/2, smooth between."""
    clipped: Floats = np.clip(value + 0.5, 0, 1)
    return clipped * clipped * (3 - 2 * clipped)
