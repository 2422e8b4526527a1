"""The class names, their order and the positive class: said here and nowhere else."""

from typing import Final

from malaria.errors import MetricsError

PARASITIZED: Final = "Parasitized"
"""The positive class: a red blood cell with a malaria parasite in it."""

UNINFECTED: Final = "Uninfected"
"""The negative class."""

CLASSES: Final = (PARASITIZED, UNINFECTED)
"""Both classes, positive first; the order of every table, axis and legend."""

READINGS: Final = {"as_given": "as given", "re_read": "re-read", "undisputed": "undisputed"}
"""What the three readings of a set's labels are called wherever people read of them.

*As given* are those of the data set. *Re-read* are a specialist's or, from label review, annotators' own: whose is said
beside it. *Undisputed* leaves out the cells on which the two differ.
"""


READERS: Final = {"expert": "by an expert", "corrected": "by annotators"}
"""By whom labels were read again, by what cards and JSON call the reading; of others it is not known."""


def name_reading(key: str) -> str:
    """Return what a reading is called, by its key in cards and JSON: "as given", "re-read by an expert"."""
    return READINGS.get(key) or " ".join([READINGS["re_read"], *filter(None, [READERS.get(key)])])


def check_threshold(threshold: float | None) -> None:
    """Raise MetricsError unless `threshold` lies between 0 and 1, or is None: whoever takes it has one of its own."""
    if threshold is not None and not 0 <= threshold <= 1:  # so that NaN is refused, too
        raise MetricsError(f"The threshold {threshold} does not lie between 0 and 1.")


def label_for(p_parasitized: float, threshold: float) -> str:
    """Return the class of one cell: `PARASITIZED` when `p_parasitized` (0 to 1) is at least `threshold` (0 to 1)."""
    return PARASITIZED if p_parasitized >= threshold else UNINFECTED
