"""Numbers of any depth (10 to 16 bits, 32-bit integers, fractions) -> the 8 bits that all else here is made of."""

import math
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from malaria.errors import ImageError

_DEPTHS: Final = (8, 10, 12, 14, 16)  # what cameras have
_ROUNDING: Final = 0.1  # fractions of 0 to 1 may go this far over after a filter
_ROWS: Final = 256  # rows made into 8 bits at a time, so that the fractions in between stay few


def to_8_bits(
    channels: Sequence[NDArray[Any]], file: str, said: int | None = None, *, white_is_zero: bool = False
) -> NDArray[np.uint8]:
    """Scale the channels of a picture, each (height, width), to 0 to 255: uint8 (height, width, channels).

    White is the most that the depth can hold. The depth is the `said` number of bits; where none is said, or larger
    numbers are there, or as many bits are said as the numbers take up anyway, it is the least of 8, 10, 12, 14 and 16
    bits (15 of signed numbers of 16) that holds all numbers. Fractions up to 1 have their white at 1. With
    `white_is_zero` the scale runs the other way.

    Raises ImageError for numbers without a known white: negative, more than 16 bits, infinite or not a number.
    """
    white = _find_white(channels, file, said)
    scaled = np.empty((*channels[0].shape, len(channels)), np.uint8)
    for number, channel in enumerate(channels):
        for row in range(0, len(channel), _ROWS):
            part = channel[row : row + _ROWS] * np.float32(255 / white)
            scaled[row : row + _ROWS, :, number] = np.clip(np.rint(255 - part if white_is_zero else part), 0, 255)
    return scaled


def _find_white(channels: Sequence[NDArray[Any]], file: str, said: int | None) -> float:
    lowest, highest = float(np.min([c.min() for c in channels])), float(np.max([c.max() for c in channels]))
    is_fraction = channels[0].dtype.kind == "f"
    if not (math.isfinite(lowest) and math.isfinite(highest)):
        raise _refuse(file, "some of its numbers are infinite or missing")
    if is_fraction and lowest > -_ROUNDING and highest <= 1 + _ROUNDING:
        return 1.0
    if lowest < 0:
        raise _refuse(file, "some of its numbers are negative, so that black is not known")
    if said and said < 8 * channels[0].itemsize and highest < 2**said:
        return 2.0**said - 1
    depths = [*_DEPTHS[:-1], 15] if channels[0].dtype == np.int16 else _DEPTHS
    depth = next((bits for bits in depths if highest < 2**bits), None)
    if depth is None:
        raise _refuse(file, f"its numbers go up to {highest:.4g}, and where white is among them is not known")
    return 2.0**depth - 1


def _refuse(file: str, why: str) -> ImageError:
    return ImageError(
        file, f"Its pixels cannot be scaled: {why}.", "Save it as an ordinary 8-bit or 16-bit RGB or grey image."
    )
