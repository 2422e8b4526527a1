"""Two models on the same cells, and readers with one another: McNemar's test, Cohen's and Fleiss' kappa."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from malaria.errors import MetricsError
from malaria.labels import CLASSES
from malaria.metrics._checks import Bools, Floats, is_parasitized
from malaria.metrics._rates import Z95, Rate, wilson
from malaria.wording.words import count

NOTHING_READ_TWICE = "No cell was read twice."
ALL_ONE_ANSWER = "Every reading is the same answer, so agreement by chance is certain and kappa undefined."


@dataclass(frozen=True)
class McNemar:
    """Two sets of answers to the same cells: how often both, one or neither was right.

    `p_value` is of the exact two-sided test that both are equally often right: a binomial test of `only_a` against
    `only_b`, which alone tell the two apart. It takes cells as independent.
    """

    both_right: int
    only_a: int
    only_b: int
    both_wrong: int
    p_value: float

    @property
    def n(self) -> int:
        """Cells compared."""
        return self.both_right + self.only_a + self.only_b + self.both_wrong


@dataclass(frozen=True)
class Agreement:
    """How far readers agree: `raw` is the share of pairs of readings that are alike, `kappa` what is beyond chance."""

    raw: Rate
    kappa: Rate


def mcnemar(y_true: ArrayLike, a: ArrayLike, b: ArrayLike) -> McNemar:
    """Compare answers `a` and `b` with labels; class names or booleans, all of shape (n,).

    McNemar, Psychometrika 12 (1947) 153, in its exact form. Raises LabelsError, or MetricsError for unequal lengths.
    """
    from scipy.stats import binomtest  # only here: 45 MB that measuring one model does not need

    true, first, second = is_parasitized(y_true), is_parasitized(a), is_parasitized(b)
    if not true.size == first.size == second.size:
        raise MetricsError(f"There are {first.size} and {second.size} answers for {count(true.size, 'label')}.")
    right_a: Bools = first == true
    right_b: Bools = second == true
    only_a, only_b = int((right_a & ~right_b).sum()), int((right_b & ~right_a).sum())
    p_value = float(binomtest(only_a, only_a + only_b).pvalue) if only_a + only_b else 1.0
    return McNemar(int((right_a & right_b).sum()), only_a, only_b, int((~right_a & ~right_b).sum()), p_value)


def cohen(a: ArrayLike, b: ArrayLike, answers: Sequence[str] = CLASSES, *, exact: bool = False) -> Agreement:
    """Agreement of two readers on the same cells; `a` and `b` hold one of `answers` for each, shape (n,).

    Kappa's interval is the large-sample one of Fleiss, Cohen & Everitt, Psychol. Bull. 72 (1969) 323; where that has
    no width (no disagreement at all), what kappa would be at the Wilson limit of the raw agreement. That holds for many
    cells. For few, `exact` gives raw agreement Clopper-Pearson's interval, and kappa what it would be at its limits.
    """
    from sklearn.metrics import cohen_kappa_score, confusion_matrix  # only here, as above

    first, second = (np.asarray(values, dtype=object) for values in (a, b))
    if first.shape != second.shape or first.ndim != 1:
        raise MetricsError(f"Two readers must have read the same cells, not {first.shape} and {second.shape}.")
    if unknown := (set(first) | set(second)) - set(answers):
        raise MetricsError(f"Readings must be one of {', '.join(answers)}, not {', '.join(map(repr, unknown))}.")
    n = first.size
    if not n:
        return Agreement(Rate.missing(NOTHING_READ_TWICE), Rate.missing(NOTHING_READ_TWICE))
    share = Rate.exact_share if exact else Rate.share
    raw = share(int((first == second).sum()), n, NOTHING_READ_TWICE)
    shares: Floats = confusion_matrix(first.astype(str), second.astype(str), labels=list(answers)) / n
    rows, columns = shares.sum(axis=1), shares.sum(axis=0)
    by_chance = float(rows @ columns)
    if by_chance > 1 - 1e-12:
        return Agreement(raw, Rate.missing(ALL_ONE_ANSWER, n))
    kappa = float(cohen_kappa_score(first.astype(str), second.astype(str), labels=list(answers)))
    if exact:
        return Agreement(raw, _kappa(kappa, 0.0, raw, by_chance, n))
    alike = np.diag(shares)
    variance = (
        (alike * (1 - (rows + columns) * (1 - kappa)) ** 2).sum()
        + (1 - kappa) ** 2 * ((shares - np.diag(alike)) * (columns[:, None] + rows) ** 2).sum()
        - (kappa - by_chance * (1 - kappa)) ** 2
    ) / (n * (1 - by_chance) ** 2)
    return Agreement(raw, _kappa(kappa, float(variance), raw, by_chance, n))


def fleiss(counts: ArrayLike) -> Agreement:
    """Agreement of any number of readers; `counts` says how many gave each answer to each cell, ints (cells, answers).

    Cells read by fewer than two are passed over, and not every cell need be read by as many; with equal numbers this is
    Fleiss, Psychol. Bull. 76 (1971) 378. Kappa's interval is Gwet's, with cells as the sample (Br. J. Math. Stat.
    Psychol. 61 (2008) 29); where it has no width, as in `cohen`. The interval of `raw` takes one pair for each cell.
    """
    table = _counts(counts)
    readers = table.sum(axis=1)
    if not table.size:
        return Agreement(Rate.missing(NOTHING_READ_TWICE), Rate.missing(NOTHING_READ_TWICE))
    n = len(table)
    alike = (table * (table - 1)).sum(axis=1) / (readers * (readers - 1))  # share of pairs that agree, for each cell
    answer = (table / readers[:, None]).mean(axis=0)
    value, by_chance = float(alike.mean()), float((answer**2).sum())
    low, high = wilson(value * n, n)
    raw = Rate(value, min(float(low), value), max(float(high), value), None, n)
    if by_chance > 1 - 1e-12:
        return Agreement(raw, Rate.missing(ALL_ONE_ANSWER, n))
    kappa = (value - by_chance) / (1 - by_chance)
    if n < 2:
        return Agreement(raw, Rate(kappa, None, None, None, n, "An interval needs at least two cells."))
    chance_of_each = table @ answer / readers
    pull = (alike - by_chance) / (1 - by_chance) - 2 * (1 - kappa) * (chance_of_each - by_chance) / (1 - by_chance)
    variance = ((pull - kappa) ** 2).sum() / (n * (n - 1))
    return Agreement(raw, _kappa(kappa, float(variance), raw, by_chance, n))


def _counts(counts: ArrayLike) -> Floats:
    """The cells that were read at least twice, as float64."""
    table: NDArray[Any] = np.asarray(counts)
    if table.ndim != 2 or (table.size and (not np.issubdtype(table.dtype, np.number) or np.any(table < 0))):
        raise MetricsError("Readings are counted in a table of shape (cells, answers) without negative numbers.")
    read_twice: Floats = table[table.sum(axis=1) >= 2].astype(np.float64)
    return read_twice


def _kappa(kappa: float, variance: float, raw: Rate, by_chance: float, n: int) -> Rate:
    if variance > 1e-15:
        half = Z95 * variance**0.5
        return Rate(kappa, max(-1.0, kappa - half), min(1.0, kappa + half), None, n)
    low, high = ((limit - by_chance) / (1 - by_chance) for limit in raw.interval or (0.0, 1.0))
    return Rate(kappa, max(-1.0, min(low, kappa)), min(1.0, max(high, kappa)), None, n)
