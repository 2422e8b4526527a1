"""How far a positive or negative sample can be trusted: the sample ROC, predictive values, post-test probability."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from malaria.errors import SampleError
from malaria.sample import _checks, flagged
from malaria.sample.rates import CellRates

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SampleRoc:
    """The sample ROC: one point for every count threshold in `counts` (ascending, int64, shape (n,)).

    sensitivity: P(X >= count | infected). false_positive_rate: P(X >= count | healthy). Both float64, shape (n,).
    """

    counts: NDArray[np.int64]
    sensitivity: Floats
    false_positive_rate: Floats


def sample_roc(cells: int, parasitaemia: float, rates: CellRates, *, points: int = 40) -> SampleRoc:
    """Return the ROC of a sample of `cells` cells at one parasitaemia, from "always positive" to "never positive".

    About `points` count thresholds are evaluated, where the two distributions have their mass. Raises SampleError.
    """
    fewer, more = sorted((0.0, parasitaemia), key=rates.flagged_share)
    low, high = flagged.quantile(0.001, cells, fewer, rates), flagged.quantile(0.999, cells, more, rates)
    inner = np.unique(np.linspace(low, high + 1, points).round().astype(np.int64))
    counts = np.unique(np.concatenate([[0], inner, [cells + 1]]))
    infected, healthy = (
        np.array([flagged.tails(count, cells, p, rates, careful=False)[0] for count in counts.tolist()])
        for p in (parasitaemia, 0.0)
    )
    return SampleRoc(counts, infected, healthy)


def predictive_values(prevalence: ArrayLike, sensitivity: float, specificity: float) -> tuple[Floats, Floats]:
    """Return P(infected | called positive) and P(healthy | called negative), by Bayes' theorem.

    prevalence: share of infected patients among those tested, each 0 to 1, any shape; the results have that shape.
    sensitivity, specificity: of the sample, 0 to 1. NaN where no sample is ever called positive (or negative).
    Raises SampleError.
    """
    prior = np.asarray(prevalence, dtype=np.float64)
    if not np.all((prior >= 0) & (prior <= 1)):
        raise SampleError("The prevalence must lie between 0 and 1.")
    se, sp = _checks.rate("The sample sensitivity", sensitivity), _checks.rate("The sample specificity", specificity)
    true_positive, false_positive = prior * se, (1 - prior) * (1 - sp)
    false_negative, true_negative = prior * (1 - se), (1 - prior) * sp
    with np.errstate(invalid="ignore"):
        return true_positive / (true_positive + false_positive), true_negative / (true_negative + false_negative)


def post_test_probability(prevalence: float, count: int, cells: int, parasitaemia: float, rates: CellRates) -> float:
    """Return P(infected at `parasitaemia` | exactly `count` of `cells` cells flagged), by Bayes' theorem.

    The alternative is a healthy sample. The exact count says more than whether it reaches the threshold.
    prevalence: P(infected) before the sample was read, 0 to 1; count: 0 to cells. NaN when `count` occurs in neither.
    Raises SampleError.
    """
    prior = _checks.rate("The prevalence", prevalence)
    count = _checks.whole("The count of flagged cells", count, 0, _checks.cells(cells))
    infected = prior * flagged.exactly(count, cells, parasitaemia, rates)
    healthy = (1 - prior) * flagged.exactly(count, cells, 0.0, rates)
    return infected / (infected + healthy) if infected + healthy > 0 else float("nan")
