"""What wrong answers cost: the count threshold at which missed infections and false alarms together cost least."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from malaria.errors import SampleError
from malaria.sample import _checks, flagged
from malaria.sample.rates import CellRates

_TAILS = (1e-9, 1 - 1e-9)  # between these quantiles lies what can change a cost
_POINTS = 60  # at which the cost is looked at, on each of four grids, before the search closes in
_CLOSER = 8  # and at each step of that
_TIE = 1 + 1e-12


@dataclass(frozen=True)
class SampleCost:
    """What calling a sample positive at `count_threshold` flagged cells or more costs, each person tested.

    count_threshold: 0 to cells + 1; 0 calls every sample positive, cells + 1 none. sensitivity: P(called positive |
    infected), specificity: P(called negative | healthy). expected_cost: in false alarms, so 1 is what it costs to call
    one healthy person's sample positive.
    """

    count_threshold: int
    sensitivity: float
    specificity: float
    expected_cost: float


def cost_at(
    count: int, cells: int, parasitaemia: float, rates: CellRates, *, prevalence: float, cost_of_missed: float
) -> SampleCost:
    """Return what the count threshold `count` (0 to cells + 1) costs.

    The expected cost is prevalence * cost_of_missed * P(X < count | infected) + (1 - prevalence) * P(X >= count |
    healthy) (Metz, Seminars in Nuclear Medicine 8, 1978, with right answers free of cost). Every infected person is
    taken to have the same `parasitaemia`, above 0, at most 1.

    prevalence: infected among those tested, between 0 and 1. cost_of_missed: what one missed infection costs, in false
    alarms; above 0. cells: 1 to 10,000,000. Raises SampleError.
    """
    infected, ratio = _check_decision(parasitaemia, prevalence, cost_of_missed)
    found, missed = flagged.tails(count, cells, parasitaemia, rates, careful=False)
    alarm, cleared = flagged.tails(count, cells, 0.0, rates, careful=False)
    return SampleCost(count, found, cleared, infected * ratio * missed + (1 - infected) * alarm)


def least_cost(
    cells: int, parasitaemia: float, rates: CellRates, *, prevalence: float, cost_of_missed: float
) -> SampleCost:
    """Return the count threshold that costs least, the smallest of several; arguments and formula as of `cost_at`.

    Where each further flagged cell makes infection likelier, this is Bayes' rule: a count is called positive where
    P(count | infected) / P(count | healthy) is at least (1 - prevalence) / (prevalence * cost_of_missed), the slope of
    the ROC at the best point (Metz). Where slides differ, a count may be likelier in healthy samples again, and the
    costs have several valleys: so they are looked at on grids over both distributions, ever closer around the lowest.
    Raises SampleError.
    """
    cells = _checks.cells(cells)

    def price(count: int) -> SampleCost:
        return cost_at(count, cells, parasitaemia, rates, prevalence=prevalence, cost_of_missed=cost_of_missed)

    counts = _spread_counts(cells, parasitaemia, rates)
    priced = {count: price(count) for count in counts.tolist()}
    while True:
        least = min(cost.expected_cost for cost in priced.values()) * _TIE
        best = min(count for count, cost in priced.items() if cost.expected_cost <= least)
        known = sorted(priced)
        place = known.index(best)
        low, high = known[max(0, place - 1)], known[min(len(known) - 1, place + 1)]
        steps = {*np.linspace(low, best, _CLOSER, dtype=int).tolist(), *np.linspace(best, high, _CLOSER, dtype=int)}
        new = {int(step) for step in steps} - priced.keys()
        if not new:
            return priced[best]
        priced |= {count: price(count) for count in new}


def _spread_counts(cells: int, parasitaemia: float, rates: CellRates) -> NDArray[np.int64]:
    """Return counts over all of both distributions, evenly and by factors, and both rules that look at no cell."""
    grids = [np.array([0, cells + 1])]
    for p in (0.0, parasitaemia):
        low, high = (flagged.quantile(tail, cells, p, rates) for tail in _TAILS)
        grids += [np.linspace(low, high + 1, _POINTS), low - 1 + np.geomspace(1, high - low + 2, _POINTS)]
    return np.unique(np.concatenate(grids).round().astype(np.int64).clip(0, cells + 1))


def _check_decision(parasitaemia: float, prevalence: float, cost_of_missed: float) -> tuple[float, float]:
    if not _checks.rate("The parasitaemia", parasitaemia) > 0:
        raise SampleError("The parasitaemia must be above 0: without infected cells there is no infection to miss.")
    ratio = _checks.number("The cost of a missed infection", cost_of_missed)
    if not 0 < ratio <= _checks.MAX_COST:
        raise SampleError(
            f"The cost of a missed infection must be above 0 and at most {_checks.MAX_COST:,} false alarms; "
            f"it is {cost_of_missed!r}."
        )
    return _checks.target("The prevalence", prevalence), ratio
