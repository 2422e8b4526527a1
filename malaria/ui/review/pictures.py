"""Pictures of whole cells for the card; those shown last are kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final

import cv2
import numpy as np

from malaria.errors import MalariaError
from malaria.images import RGB, decode
from malaria.ui.parts.gallery import to_png_uri

KEPT: Final = 64
"""Decoded cells that are kept; of 130 pixels a side, as those of NIH, these are 3 MB."""


@dataclass(frozen=True)
class Picture:
    """One cell, decoded, as it is and as a PNG in a data URI; or the sentence that says why not."""

    rgb: RGB | None
    uri: str = ""
    error: str | None = None

    def seen_as(self, name: str) -> str:
        """The data URI of one of `malaria.ui.review.pictures.VIEWS`."""
        return self.uri if name == COLOUR or self.rgb is None else to_png_uri(to_view(self.rgb, name))


class Pictures:
    """The pictures of the files that `read` returns the bytes of, each made when it is first asked for."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._get = lru_cache(KEPT)(partial(_make, read))

    def __getitem__(self, file: str) -> Picture:
        return self._get(file)


def _make(read: Callable[[str], bytes], file: str) -> Picture:
    try:
        rgb = decode(read(file), file)
    except MalariaError as error:
        return Picture(None, error=str(error))
    return Picture(rgb, to_png_uri(rgb))


COLOUR: Final = "Colour"
VIEWS: Final = (COLOUR, "Hue", "Saturation", "Green")
"""As it is; the hue, in which stained chromatin stands apart; how much colour; and green, in which stain is dark."""


def to_view(rgb: RGB, name: str = COLOUR) -> RGB:
    """Return uint8 `rgb` (height, width, 3) as one of `VIEWS`, grey but for the first. Raises ValueError for others."""
    if name == COLOUR:
        return rgb
    if name == "Green":
        channel = rgb[..., 1]
    elif name in VIEWS:
        channel = np.asarray(cv2.cvtColor(rgb, cv2.COLOR_RGB2HSV_FULL)[..., 0 if name == "Hue" else 1], np.uint8)
    else:
        raise ValueError(f"There is no view {name!r}. Choose one of: {', '.join(VIEWS)}.")
    return np.repeat(channel[..., None], 3, axis=2)
