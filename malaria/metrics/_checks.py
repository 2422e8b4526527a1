"""What every metric asks of its input: labels of the two classes, probabilities from 0 to 1, arrays of one length."""

from collections import Counter
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from malaria.errors import LabelsError, MetricsError
from malaria.labels import CLASSES, PARASITIZED
from malaria.wording.words import count

Bools: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]


def is_parasitized(labels: ArrayLike) -> Bools:
    """Class names, shape (n,), as booleans, True for the positive class; booleans pass through.

    Zeros and ones are refused: which of them means parasitized differs from one program to the next.
    Raises LabelsError when anything else than the two class names is found.
    """
    values = _one_dimension(labels)
    if values.dtype == np.bool_:
        return values
    values = values.astype(object)
    positive = np.asarray(values == PARASITIZED, dtype=np.bool_)
    known = positive | np.asarray(values == CLASSES[1], dtype=np.bool_)
    if not known.all():
        found = Counter(repr(value) for value in values[~known]).most_common(5)
        listed = ", ".join(f"{value} ({count} times)" for value, count in found)
        raise LabelsError(f"Labels must be {CLASSES[0]} or {CLASSES[1]}, but {listed} was found. Rename or leave out.")
    return positive


def probabilities(p: ArrayLike, n: int | None = None) -> Floats:
    """Probabilities, shape (n,), float64; raises MetricsError unless all are finite and from 0 to 1."""
    try:
        values = _one_dimension(p).astype(np.float64)
    except (TypeError, ValueError):
        raise MetricsError("Probabilities must be numbers; leave unreadable images out before measuring.") from None
    bad = ~((values >= 0) & (values <= 1))
    if bad.any():
        raise MetricsError(
            f"Probabilities must be finite numbers from 0 to 1, but {int(bad.sum())} of {values.size} are not "
            f"(the first is {values[bad][0]}); leave unreadable images out before measuring."
        )
    if n is not None and values.size != n:
        raise MetricsError(
            f"There must be one probability for each label, but there are {values.size} for {count(n, 'label')}."
        )
    return values


def fraction(value: float, what: str) -> float:
    """A number from 0 to 1; raises MetricsError naming `what` otherwise."""
    if not 0 <= value <= 1:
        raise MetricsError(f"The {what} must be from 0 to 1, not {value}.")
    return float(value)


def _one_dimension(values: ArrayLike) -> NDArray[Any]:
    array = np.asarray(values)
    if array.ndim != 1:
        raise MetricsError(f"One value for each cell is needed, not an array of shape {array.shape}.")
    return array
