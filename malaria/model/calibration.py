"""Whether a model's probability may be taken at its word: said from the figures of its card, and never without them."""

from typing import Final

from malaria.labels import name_reading
from malaria.metrics import is_at_bound
from malaria.model.card import Card
from malaria.wording.words import count

CALIBRATED: Final = 0.01
"""The expected calibration error up to which a probability is called calibrated: the goal set for the default model."""


def say_calibration(card: Card) -> str:
    """Return in words how far the probability of `card` was from the labels of held-out cells, undisputed if it can."""
    reading, figures = card.reading()
    if is_at_bound(card.temperature):
        said = "Not calibrated: the temperature is at an end of the range that was searched."
    elif figures.ece is None:
        said = "Not measured."
    else:
        said = "Calibrated." if figures.ece <= CALIBRATED else "Not calibrated."
    if figures.ece is None:
        return said
    return (
        f"{said} Over {count(figures.n, 'held-out cell')}, labels {name_reading(reading)}, the probability is on "
        f"average {100 * figures.ece:.1f} points away from the share of cells that are positive. Up to "
        f"{100 * CALIBRATED:g} point is called calibrated."
    )
