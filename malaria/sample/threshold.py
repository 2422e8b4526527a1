"""From rates of cells to a rule for a sample: how many flagged cells make it positive, and what it can then detect."""

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from malaria.sample import _checks, flagged
from malaria.sample.flagged import first_near
from malaria.sample.rates import CellRates

RED_CELLS_PER_UL = 5_000_000
"""Red cells per microlitre where the patient's own count is not known (Dhorda et al., Malaria Journal 19:324, 2020)."""

_TIE = 1 + 1e-12  # a probability that equals the target but for rounding meets it


@dataclass(frozen=True)
class SampleRule:
    """A sample is called positive at `count_threshold` flagged cells or more; this is how well that works.

    count_threshold: 1 to cells + 1; cells + 1 means that no count is rare enough in healthy samples, so none is
    called positive. sample_specificity: P(called negative | healthy). limit_of_detection: smallest parasitaemia that
    is called positive with the target sensitivity, or None when there is none.
    """

    cells: int
    rates: CellRates
    target_sensitivity: float
    target_specificity: float
    count_threshold: int
    sample_specificity: float
    limit_of_detection: float | None

    def limit_of_detection_per_ul(self, red_cells_per_ul: float = RED_CELLS_PER_UL) -> float | None:
        """Return the limit of detection in infected red cells per microlitre."""
        return None if self.limit_of_detection is None else self.limit_of_detection * red_cells_per_ul

    def sensitivity_at(self, parasitaemia: float) -> float:
        """Return P(called positive) at a parasitaemia of 0 to 1."""
        return flagged.at_least(self.count_threshold, self.cells, parasitaemia, self.rates)


def sample_rule(
    cells: int, rates: CellRates, *, target_sensitivity: float = 0.95, target_specificity: float = 0.95
) -> SampleRule:
    """Return the rule for a sample of `cells` cells (1 to 10,000,000); both targets lie between 0 and 1.

    In the words of laboratory standards the count threshold is one above the limit of blank, and the limit of detection
    is theirs (Armbruster and Pry, Clinical Biochemist Reviews 29 Suppl 1, 2008). Raises SampleError.
    """
    count = count_threshold(cells, rates, target_specificity)
    return SampleRule(
        cells=cells,
        rates=rates,
        target_sensitivity=target_sensitivity,
        target_specificity=target_specificity,
        count_threshold=count,
        sample_specificity=flagged.fewer_than(count, cells, 0.0, rates),
        limit_of_detection=limit_of_detection(count, cells, rates, target_sensitivity),
    )


def count_threshold(cells: int, rates: CellRates, target_specificity: float = 0.95) -> int:
    """Return the smallest k with P(X >= k | parasitaemia 0) <= 1 - target_specificity.

    cells + 1, a count that cannot occur, when even all cells flagged is not rare enough. Raises SampleError.
    """
    cells = _checks.cells(cells)
    allowed = 1 - _checks.target("The target specificity", target_specificity)
    guess = math.ceil(flagged.rough_count(allowed, cells, 0.0, rates))
    return first_near(lambda count: is_rare(count, cells, rates, target_specificity), guess, 0, cells + 1)


def is_rare(count: int, cells: int, rates: CellRates, target_specificity: float) -> bool:
    """Say whether `count` or more flagged cells are as rare in healthy samples as the target specificity asks."""
    return flagged.tails(count, cells, 0.0, rates, careful=False)[0] <= (1 - target_specificity) * _TIE


def limit_of_detection(count: int, cells: int, rates: CellRates, target_sensitivity: float = 0.95) -> float | None:
    """Return the smallest parasitaemia p with P(X >= count | p) >= target_sensitivity, or None when there is none.

    count: the count threshold, 0 to cells + 1; cells: 1 to 10,000,000. Raises SampleError.
    """
    wanted = _checks.target("The target sensitivity", target_sensitivity)
    return smallest_parasitaemia(count, cells, rates, wanted, 1 - wanted)


def smallest_parasitaemia(count: int, cells: int, rates: CellRates, wanted: float, missed: float) -> float | None:
    """Return the smallest p with P(X >= count | p) >= wanted = 1 - missed; `missed` may be too small to subtract."""
    careful = min(wanted, missed) < 1e-6
    upper, lower = flagged.tails(count, cells, 0.0, rates, careful=careful)
    if upper >= wanted and lower <= missed:
        return 0.0
    if count > cells:
        return None
    # A parasitaemia so high that its true alarms alone suffice; the answer cannot lie above it.
    needed = _share(count, cells, wanted, missed)
    enough = needed / rates.sensitivity if rates.sensitivity > 0 else math.inf
    if rates.overdispersion == 0 or rates.false_positive_rate in (0, 1):
        gain = rates.sensitivity - rates.false_positive_rate
        p = (needed - rates.false_positive_rate) / gain if gain > 0 else math.inf
        return p if p <= 1 else None

    def excess(log_p: float) -> float:
        return flagged.log_odds(count, cells, math.exp(log_p), rates, careful=careful) - math.log(wanted / missed)

    # On slides whose false-positive rate exceeds the sensitivity, infection lowers the count: then look at every step.
    if float(special.betaincc(*flagged.beta_parameters(rates), rates.sensitivity)) > 1e-12:
        return _first_crossing(excess, math.log(min(enough, 1.0)))
    return _rising_crossing(excess, math.log(enough)) if enough <= 1 else None


def _share(count: int, cells: int, wanted: float, missed: float) -> float:
    """Return the share of flagged cells q with P(Binomial(cells, q) >= count) = wanted, from the smaller tail."""
    if wanted <= missed:
        return float(special.betaincinv(count, cells - count + 1, wanted))
    return float(special.betainccinv(count, cells - count + 1, missed))


def _rising_crossing(excess: Callable[[float], float], high: float) -> float | None:
    """Return exp(x) of the only x <= high where `excess` turns positive; it is known to be positive at `high`."""
    low = high - 1
    while excess(low) > 0:
        low, high = low - 2 * (high - low), low
    if excess(high) <= 0:  # equal but for rounding
        return math.exp(high)
    return math.exp(optimize.brentq(excess, low, high, xtol=1e-13, rtol=1e-14))


def _first_crossing(excess: Callable[[float], float], high: float) -> float | None:
    """Return exp(x) of the smallest x <= high where `excess` turns positive, found on a grid and then refined."""
    grid = high + np.concatenate([[-20.0, -9.0], np.linspace(-6, 0, 19)])
    for left, right in itertools.pairwise(grid):
        if excess(right) >= 0:
            while excess(left) >= 0:
                left -= 5
            return math.exp(optimize.brentq(excess, left, right, xtol=1e-13, rtol=1e-14))
    return None
