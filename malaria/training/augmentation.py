"""Random changes to cells during training, in Keras operations, so that they run on any backend and device."""

from dataclasses import asdict, dataclass, fields
from typing import Any

import keras
import numpy as np
from keras import ops

from malaria.errors import TrainingError

Tensor = Any
"""A tensor of whichever backend Keras runs on."""


@dataclass(frozen=True)
class Augmentation:
    """Which changes are made, and how strongly. Zero or False switches one off.

    Colour changes stay within what stains, lamps and cameras do to a smear: the black surround stays black.
    """

    flip: bool = True
    quarter_turn: bool = True
    rotation: float = 180.0
    """Largest free rotation, degrees either way."""
    shear: float = 0.08
    """Largest shear, as a tangent, either way."""
    scale: float = 0.12
    """Largest zoom, as a natural logarithm; each axis varies by a further third of it. Cells are shrunk more than they
    are enlarged, since a parasite at the rim must not be cut off: its cell would keep the label."""
    shift: float = 0.04
    """Largest shift, as a share of the side, either way."""
    brightness: float = 0.2
    """Largest change of brightness, as a natural logarithm, either way."""
    contrast: float = 0.25
    """Largest change of contrast about the cell's mean, as a natural logarithm, either way."""
    hue: float = 0.25
    """Largest rotation of hue in radians, either way."""
    saturation: float = 0.4
    """Largest change of saturation, as a natural logarithm, either way."""
    stain: float = 0.06
    """Standard deviation of the logarithm of a gain drawn for each colour channel."""
    blur: float = 1.0
    """Largest weight of a blurred copy; up to half of it is taken away instead, which sharpens."""
    noise: float = 0.02
    """Largest standard deviation of Gaussian noise, of a range of 0 to 1."""
    surround: float = 0.15
    """Share of cells whose black surround is filled as in an uncut field: background and pieces of another cell."""

    @classmethod
    def none(cls) -> "Augmentation":
        """Return the settings that change nothing."""
        return cls().without(*(field.name for field in fields(cls)))

    def without(self, *names: str) -> "Augmentation":
        """Return these settings with the named changes switched off; raise `TrainingError` for an unknown name."""
        settings = asdict(self)
        for name in names:
            if name not in settings:
                raise TrainingError(f"There is no augmentation named {name!r}. There are: {', '.join(settings)}.")
            settings[name] = False if isinstance(settings[name], bool) else 0.0
        return Augmentation(**settings)


@keras.saving.register_keras_serializable("malaria")
class Augment(keras.layers.Layer):  # type: ignore[misc]
    """Change a batch of cells at random: floats of 0 to 1 in, shape (n, height, width, 3); the same out."""

    def __init__(self, settings: Augmentation, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.random = keras.random.SeedGenerator(seed)

    def call(self, cells: Tensor) -> Tensor:
        """Apply every change that is switched on, geometry first."""
        s = self.settings
        cells = self._turn(cells)
        if s.surround:
            cells = self._surround(cells)
        if s.blur:
            cells = self._blur(cells)
        if s.hue or s.saturation or s.contrast or s.stain or s.brightness:
            cells = self._recolour(cells)
        if s.noise:
            cells = cells + self._between(cells, 0, s.noise) * keras.random.normal(ops.shape(cells), seed=self.random)
        return ops.clip(cells, 0.0, 1.0)

    def _between(self, cells: Tensor, low: float, high: float, channels: int = 1) -> Tensor:
        """One uniform number a cell (and channel), of shape (n, 1, 1, channels)."""
        shape = (ops.shape(cells)[0], 1, 1, channels)
        return keras.random.uniform(shape, low, high, seed=self.random)

    def _turn(self, cells: Tensor) -> Tensor:
        """Flip, turn, shear, zoom and shift in a single resampling, so that detail is lost only once."""
        s, size = self.settings, ops.shape(cells)[1]

        def draw(limit: float) -> Tensor:
            return ops.reshape(self._between(cells, -1, 1), (-1,)) * limit

        angle = draw(np.deg2rad(s.rotation))
        if s.quarter_turn:
            angle = angle + ops.floor(draw(2.0)) * (np.pi / 2)
        zoom, stretch = draw(s.scale) + s.scale / 2, draw(s.scale / 3)
        mirror = ops.sign(draw(1.0)) if s.flip else 1.0
        zoom_x, zoom_y = ops.exp(zoom + stretch) * mirror, ops.exp(zoom - stretch)
        cos, sin, shear = ops.cos(angle), ops.sin(angle), draw(s.shear)
        a, b = cos * zoom_x, (cos * shear - sin) * zoom_y
        c, d = sin * zoom_x, (sin * shear + cos) * zoom_y
        centre = ops.cast(size - 1, "float32") / 2
        shift = ops.cast(size, "float32") * s.shift
        right, down = draw(1.0) * shift, draw(1.0) * shift
        matrix = [a, b, centre - (a + b) * centre + right, c, d, centre - (c + d) * centre + down]
        matrix = ops.stack([*matrix, ops.zeros_like(a), ops.zeros_like(a)], axis=1)
        return ops.image.affine_transform(cells, matrix, interpolation="bilinear", fill_mode="constant", fill_value=0.0)

    def _surround(self, cells: Tensor) -> Tensor:
        """Fill the surround of some cells, so that a cell cut as a plain box from a field is no surprise."""
        chosen = ops.cast(self._between(cells, 0, 1) < self.settings.surround, "float32")
        neighbour = _neighbours(cells)
        light = self._between(cells, 0.65, 0.95) * (1 + self._between(cells, -0.08, 0.08, channels=3))
        backdrop = neighbour + (1 - _inside(neighbour)) * light
        inside = -ops.max_pool(-_inside(cells), 3, strides=1, padding="same")  # less the dark rim of one pixel
        outside = chosen * (1 - inside)
        return cells * (1 - outside) + backdrop * outside

    def _blur(self, cells: Tensor) -> Tensor:
        line = np.array([1, 4, 6, 4, 1], "float32") / 16
        kernel = np.repeat(np.outer(line, line)[:, :, None, None], 3, axis=2)
        blurred = ops.depthwise_conv(cells, ops.convert_to_tensor(kernel), padding="same")
        weight = self._between(cells, -0.5, 1.0) * self.settings.blur
        return cells + weight * (blurred - cells) * _inside(cells)

    def _recolour(self, cells: Tensor) -> Tensor:
        s, inside = self.settings, _inside(cells)
        if s.hue or s.saturation:
            grey = ops.sum(cells * ops.convert_to_tensor(_LUMA), axis=-1, keepdims=True)
            chroma = (cells - grey) * ops.exp(self._between(cells, -s.saturation, s.saturation))
            cells = grey + _turn_hue(chroma, self._between(cells, -s.hue, s.hue))
        if s.contrast:
            mean = ops.sum(cells * inside, axis=(1, 2), keepdims=True) / (
                ops.sum(inside, axis=(1, 2), keepdims=True) + 1
            )
            cells = mean + (cells - mean) * ops.exp(self._between(cells, -s.contrast, s.contrast))
        if s.stain:
            shape = (ops.shape(cells)[0], 1, 1, 3)
            cells = cells * ops.exp(keras.random.normal(shape, stddev=s.stain, seed=self.random))
        if s.brightness:
            cells = cells * ops.exp(self._between(cells, -s.brightness, s.brightness))
        return cells * inside


_LUMA = np.array([0.299, 0.587, 0.114], "float32")
"""Weights of red, green and blue in brightness (ITU-R BT.601)."""


def _inside(cells: Tensor) -> Tensor:
    """1 on the cell, 0 on the black surround, in between over the first grey levels: shape (n, height, width, 1)."""
    return ops.clip(ops.max(cells, axis=-1, keepdims=True) * 12, 0.0, 1.0)


def _neighbours(cells: Tensor) -> Tensor:
    """Other cells of the batch, pushed half out of the picture."""
    shifted = ops.roll(ops.flip(cells, axis=0), ops.shape(cells)[1] // 2, axis=1)
    return ops.roll(shifted, ops.shape(cells)[2] // 2, axis=2)


def _turn_hue(chroma: Tensor, angle: Tensor) -> Tensor:
    """Rotate `chroma` (colour less its grey) about the grey axis by `angle` radians (Rodrigues' formula)."""
    red, green, blue = chroma[..., 0:1], chroma[..., 1:2], chroma[..., 2:3]
    cross = ops.concatenate([blue - green, red - blue, green - red], axis=-1) / np.float32(np.sqrt(3))
    along = (red + green + blue) / 3
    return chroma * ops.cos(angle) + cross * ops.sin(angle) + along * (1 - ops.cos(angle))


def to_hsv(cells: Tensor) -> Tensor:
    """Convert RGB floats of 0 to 1 to OpenCV's 8-bit HSV convention divided by 255: hue spans 0 to 180/255.

    Formula: OpenCV's documentation of `cvtColor`, RGB to HSV.
    """
    red, green, blue = cells[..., 0], cells[..., 1], cells[..., 2]
    value = ops.max(cells, axis=-1)
    spread = value - ops.min(cells, axis=-1)
    safe = ops.where(spread > 0, spread, 1.0)
    sixth = ops.where(
        value == red,
        (green - blue) / safe,
        ops.where(value == green, 2 + (blue - red) / safe, 4 + (red - green) / safe),
    )
    hue = ops.where(spread > 0, ops.mod(sixth, 6.0), 0.0) * 30 / 255
    saturation = spread / ops.where(value > 0, value, 1.0)
    return ops.stack([hue, saturation, value], axis=-1)
