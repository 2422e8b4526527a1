"""The answer for one cell in words: looks parasitized, looks uninfected, or too close to call near the threshold."""

from typing import Final

from malaria.labels import PARASITIZED, label_for

LOOKS_PARASITIZED: Final = "looks parasitized"
LOOKS_UNINFECTED: Final = "looks uninfected"
TOO_CLOSE: Final = "too close to call"

ODDS: Final = 3.0
"""How many times larger or smaller than the threshold's odds a cell's odds must be before the answer is called."""


def band(threshold: float) -> tuple[float, float]:
    """Return the ends (0 to 1) of the band around `threshold` (0 to 1) in which an answer is too close to call.

    Inside it the odds p / (1 - p) are within `ODDS` to one of the threshold's odds: 0.25 to 0.75 around 0.5, and
    narrower towards 0 and 1. A fixed distance would call everything too close at a threshold of 0.02.
    """
    below, above = threshold, 1.0 - threshold
    return below / (below + ODDS * above), ODDS * below / (ODDS * below + above)


def verdict(p_parasitized: float, threshold: float) -> str:
    """Return one cell's answer in words, from `p_parasitized` (0 to 1) and the model's `threshold` (0 to 1)."""
    low, high = band(threshold)
    if low < p_parasitized < high:
        return TOO_CLOSE
    return LOOKS_PARASITIZED if label_for(p_parasitized, threshold) == PARASITIZED else LOOKS_UNINFECTED
