"""The three readings of one batch whose labels are disputed: as given, corrected, and without the disputed cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from malaria.errors import MetricsError
from malaria.metrics._checks import Bools, is_parasitized, probabilities
from malaria.metrics._evaluation import Evaluation, evaluate


@dataclass(frozen=True)
class Change:
    """One figure in the three readings, and how far the last two are from the first; None where not computable."""

    name: str
    as_given: float | None
    corrected: float | None
    undisputed: float | None

    @property
    def by_correcting(self) -> float | None:
        """Corrected minus as given."""
        return None if self.corrected is None or self.as_given is None else self.corrected - self.as_given

    @property
    def by_leaving_out(self) -> float | None:
        """Undisputed minus as given."""
        return None if self.undisputed is None or self.as_given is None else self.undisputed - self.as_given


@dataclass(frozen=True, eq=False)
class Readings:
    """The same scores against three sets of labels. No reading is the truth, which is why all three are shown.

    `name` says whose the other labels are ("expert", "corrected"). `to_parasitized` and `to_uninfected` count the
    disputed cells by what the other label says.
    """

    name: str
    as_given: Evaluation
    corrected: Evaluation
    undisputed: Evaluation
    to_parasitized: int
    to_uninfected: int

    @property
    def disputed(self) -> int:
        """Cells whose two labels differ."""
        return self.to_parasitized + self.to_uninfected

    @property
    def changes(self) -> tuple[Change, ...]:
        """What changed, and by how much: every rate, the Brier score and the calibration error."""
        three = [reading.to_dict() for reading in (self.as_given, self.corrected, self.undisputed)]
        return tuple(Change(name, *(one[name] for one in three)) for name in (*self.as_given.rates, "brier", "ece"))

    def at(self, threshold: float) -> Readings:
        """All three at another threshold, 0 to 1."""
        return replace(
            self,
            as_given=self.as_given.at(threshold),
            corrected=self.corrected.at(threshold),
            undisputed=self.undisputed.at(threshold),
        )

    def to_dict(self) -> dict[str, Any]:
        """The three as JSON: as_given, the other labels under their name, undisputed, and how many are disputed."""
        return {
            "as_given": self.as_given.to_dict(),
            self.name: self.corrected.to_dict(),
            "undisputed": self.undisputed.to_dict(),
            "disputed": self.disputed,
            "disputed_to_parasitized": self.to_parasitized,
            "disputed_to_uninfected": self.to_uninfected,
        }


def readings(
    given: ArrayLike,
    other: ArrayLike,
    p: ArrayLike,
    threshold: float,
    patients: Sequence[object] | None = None,
    *,
    name: str = "expert",
    **options: Any,
) -> Readings:
    """Measure p_parasitized against the labels as `given`, and against `other` labels of the same cells.

    `given` holds class names, `other` class names or None where the cell was not read again (its given label stands),
    both of shape (n,). Everything else is passed on to `evaluate`, and raised by it.
    """
    first = is_parasitized(given)
    second = _or_else(other, first)
    scores = probabilities(p, first.size)
    disputed = first != second
    known = None if patients is None else [patient for patient, out in zip(patients, disputed, strict=True) if not out]
    return Readings(
        name,
        as_given=evaluate(first, scores, threshold, patients, **options),
        corrected=evaluate(second, scores, threshold, patients, **options),
        undisputed=evaluate(first[~disputed], scores[~disputed], threshold, known, **options),
        to_parasitized=int((disputed & second).sum()),
        to_uninfected=int((disputed & ~second).sum()),
    )


def _or_else(other: ArrayLike, given: Bools) -> Bools:
    labels = np.asarray(other, dtype=object)
    if labels.shape != given.shape:
        raise MetricsError(f"There are {labels.size} other labels for {given.size} given ones.")
    read = np.array([isinstance(label, str) for label in labels], dtype=np.bool_)
    second = given.copy()
    second[read] = is_parasitized(labels[read])
    return second
