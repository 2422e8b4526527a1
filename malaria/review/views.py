"""Other ways to look at a cell. They change what is displayed and nothing else."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from malaria.images import RGB

COLOUR: Final = "Colour"
VIEWS: Final = (COLOUR, "Hue", "Saturation", "Green")
"""As it is; the hue, in which stained chromatin stands apart; how much colour; and green, in which stain is dark."""


def view(rgb: RGB, name: str = COLOUR) -> RGB:
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
