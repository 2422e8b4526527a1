"""Network first, reader on the uncertain: for a wished sensitivity and specificity, how many cells need a person."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from malaria.errors import MetricsError
from malaria.labels import PARASITIZED
from malaria.metrics import Rate
from malaria.readers._answers import Answer
from malaria.readers._bias import was_shown
from malaria.readers._files import Key

_STEPS: Final = 200
"""Of a long test, so many thresholds are tried."""
_NO_RULE: Final = "No band of p_parasitized reaches the target sensitivity and specificity on both halves of the cells."

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """Below `low` the network calls a cell uninfected, from `high` on parasitized; between them the reader says.

    `low` and `high` (p_parasitized; None where no band does it) are chosen on all cells, so that the fewest go to the
    reader. The rates were measured on cells on which the band had not been chosen: chosen on one half of the cells and
    measured on the other, both ways. `looked` is the share of cells for the reader.
    """

    wished_sensitivity: float
    wished_specificity: float
    low: float | None
    high: float | None
    looked: Rate
    sensitivity: Rate
    specificity: Rate

    @property
    def sentence(self) -> str:
        """The rule in words."""
        if self.low is None or self.high is None or self.looked.value is None:
            return self.looked.reason or _NO_RULE
        if self.low >= self.high:
            return f"The network alone is enough: call cells parasitized from {self.low:.3f} on."
        return f"The reader looks at cells with p_parasitized from {self.low:.3f} to below {self.high:.3f}."


@dataclass(frozen=True)
class _Cells:
    p: Floats
    true: Bools
    right: Bools

    def part(self, which: Bools) -> "_Cells":
        return _Cells(self.p[which], self.true[which], self.right[which])


def find_rule(key: Key, given: Mapping[int, Answer], *, sensitivity: float = 0.95, specificity: float = 0.95) -> Rule:
    """Find the rule for the network of `key` and one reader's answers (`by_place`), over first looks without its call.

    A cell the reader cannot tell counts as not right. Raises MetricsError for wishes outside 0 to 1.
    """
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1):
        raise MetricsError("The target sensitivity and specificity must be between 0 and 1.")
    known = {place: key.cells[key.test.cards[place].image_id] for place in key.test.firsts if place in given}
    read = {
        place: cell
        for place, cell in known.items()
        if cell.p_parasitized is not None and not was_shown(key, place, given[place])
    }
    cells = _Cells(
        np.array([cell.p_parasitized for cell in read.values()], np.float64),
        np.array([cell.reference == PARASITIZED for cell in read.values()], bool),
        np.array([given[place].answer == cell.reference for place, cell in read.items()], bool),
    )
    half = _halve([key.test.cards[place].image_id for place in read], cells.true)
    one, other = (_choose_band(cells.part(half == side), sensitivity, specificity) for side in (False, True))
    whole = _choose_band(cells, sensitivity, specificity)
    if whole is None or one is None or other is None:
        none = Rate.missing(_NO_RULE, cells.p.size)
        return Rule(sensitivity, specificity, None, None, none, none, none)
    looked, right = np.zeros(cells.p.size, bool), np.zeros(cells.p.size, bool)
    for side, band in ((True, one), (False, other)):  # chosen on one side, measured on the other
        looked[half == side], right[half == side] = _apply(cells.part(half == side), *band)
    true = cells.true
    return Rule(
        sensitivity,
        specificity,
        whole[0],
        whole[1],
        Rate.exact_share(int(looked.sum()), looked.size, _NO_RULE),
        Rate.exact_share(int(right[true].sum()), int(true.sum()), _NO_RULE),
        Rate.exact_share(int(right[~true].sum()), int((~true).sum()), _NO_RULE),
    )


def _apply(cells: _Cells, low: float, high: float) -> tuple[Bools, Bools]:
    """(which cells go to the reader, which are answered rightly)."""
    looked: Bools = (cells.p >= low) & (cells.p < high)
    return looked, np.where(looked, cells.right, (cells.p >= max(low, high)) == cells.true)


def _choose_band(cells: _Cells, sensitivity: float, specificity: float) -> tuple[float, float] | None:
    """The band with the fewest cells that reaches both wishes; of equals the one with the most right answers."""
    if not cells.true.any() or cells.true.all():
        return None
    edges = np.unique(cells.p)
    if edges.size > _STEPS:
        edges = np.unique(np.quantile(edges, np.linspace(0, 1, _STEPS), method="nearest"))
    between = [(a + b) / 2 for a, b in pairwise(edges.tolist())]
    cuts = np.array([0.0, *between, 1.0 + 1e-9])
    positive, negative = np.sort(cells.p[cells.true]), np.sort(cells.p[~cells.true])
    found = np.sort(cells.p[cells.true & cells.right])
    cleared = np.sort(cells.p[~cells.true & cells.right])

    def below(values: Floats) -> NDArray[np.int64]:
        return np.searchsorted(values, cuts)

    low, high = np.triu_indices(cuts.size)
    looked = below(np.sort(cells.p))[high] - below(np.sort(cells.p))[low]
    tp = positive.size - below(positive)[high] + below(found)[high] - below(found)[low]
    tn = below(negative)[low] + below(cleared)[high] - below(cleared)[low]
    reached = (tp >= sensitivity * positive.size - 1e-9) & (tn >= specificity * negative.size - 1e-9)
    if not reached.any():
        return None
    best = np.lexsort((-(tp + tn), np.where(reached, looked, cells.p.size + 1)))[0]
    return float(cuts[low[best]]), float(cuts[high[best]])


def _halve(image_ids: list[str], true: Bools) -> Bools:
    """Which half each cell belongs to: by lot of its image_id, as many of either class in both."""
    lots = [hashlib.sha256(f"half {name}".encode()).hexdigest() for name in image_ids]
    half = np.zeros(len(lots), bool)
    for label in (True, False):
        half[sorted(np.flatnonzero(true == label), key=lambda place: lots[place])[::2]] = True
    return half
