"""The other way round: what the cells must be read with, or how many must be read, for a sample to be decided well."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy import optimize, special

from malaria.errors import SampleError
from malaria.sample import _checks, flagged
from malaria.sample.flagged import first_near
from malaria.sample.rates import CellRates
from malaria.sample.threshold import count_threshold, is_rare

_ROOT_TOLERANCE = 1e-3  # in log-odds, of a fractional count threshold


def required_cell_specificity(
    cells: int, count: int = 1, *, target_specificity: float = 0.95, overdispersion: float = 0.0
) -> float:
    """Return the smallest cell specificity with P(X >= count | parasitaemia 0) <= 1 - target_specificity.

    cells: 1 to 10,000,000; count: 1 to cells, the flagged cells at which a sample is called positive. With count 1
    and slides that are alike this is target_specificity ** (1 / cells). Raises SampleError.
    """
    cells = _checks.cells(cells)
    count = _checks.whole("The count threshold", count, 1, cells)
    allowed = 1 - _checks.target("The target specificity", target_specificity)
    rho = _checks.overdispersion(overdispersion)
    alike = float(special.betaincinv(cells - count + 1, count, 1 - allowed))  # of the specificity, to keep its digits
    if rho == 0 or cells == 1:
        return alike

    def excess(specificity: float) -> float:
        return flagged.tails(count, cells, 0.0, CellRates(0.0, 1 - specificity, rho), careful=False)[0] - allowed

    return float(optimize.brentq(excess, 0.0, 1.0, xtol=1e-15, rtol=1e-14))


def required_cell_sensitivity(
    cells: int,
    count: int = 1,
    *,
    parasitaemia: float,
    target_sensitivity: float = 0.95,
    false_positive_rate: float = 0.0,
    overdispersion: float = 0.0,
) -> float | None:
    """Return the smallest cell sensitivity with P(X >= count | parasitaemia) >= target_sensitivity.

    None when even a sensitivity of 1 is not enough: the sample then holds too few infected cells, whoever reads them.
    The default false-positive rate of 0 counts true alarms only, so that no sample owes its right answer to a wrong
    cell. cells: 1 to 10,000,000; count: 1 to cells; parasitaemia: above 0, at most 1. Raises SampleError.
    """
    cells = _checks.cells(cells)
    count = _checks.whole("The count threshold", count, 1, cells)
    wanted = _checks.target("The target sensitivity", target_sensitivity)
    if not _checks.rate("The parasitaemia", parasitaemia) > 0:
        raise SampleError("The parasitaemia must be above 0: a sample without infected cells has nothing to be found.")

    def reached(sensitivity: float) -> float:
        rates = CellRates(sensitivity, false_positive_rate, overdispersion)
        return flagged.tails(count, cells, parasitaemia, rates, careful=False)[0] - wanted

    if reached(0.0) >= 0:
        return 0.0
    if overdispersion == 0 or false_positive_rate in (0, 1):
        share = float(special.betaincinv(count, cells - count + 1, wanted))
        sensitivity = (share - (1 - parasitaemia) * false_positive_rate) / parasitaemia
        return sensitivity if sensitivity <= 1 else None
    if reached(1.0) < 0:
        return None
    return float(optimize.brentq(reached, 0.0, 1.0, xtol=1e-14, rtol=1e-14))


def required_cells(
    parasitaemia: float,
    rates: CellRates,
    *,
    target_sensitivity: float = 0.95,
    target_specificity: float = 0.95,
) -> int | None:
    """Return the smallest number of cells whose count threshold finds `parasitaemia` with the target sensitivity.

    None when no number up to 10,000,000 does. A few larger numbers can fall short again: the count threshold moves in
    whole cells. Raises SampleError.

    How. Let N(k) be the fewest cells of which k are flagged with the target sensitivity; it grows with k. The answer is
    N(k) for the first k that is rare enough among N(k) cells of a healthy sample.
    """
    parasitaemia = _checks.rate("The parasitaemia", parasitaemia)
    wanted = _checks.target("The target sensitivity", target_sensitivity)
    specificity = _checks.target("The target specificity", target_specificity)
    start = _start(parasitaemia, rates, wanted, 1 - specificity)
    if start is None:
        return None

    def reached(cells: int) -> bool:
        return flagged.tails(count, cells, parasitaemia, rates, careful=False)[0] >= wanted

    def rare(count: int) -> bool:
        return is_rare(count, cells, rates, specificity)

    cells, count, more = start, count_threshold(start, rates, specificity), 0
    while True:
        cells = first_near(reached, cells + more, max(cells, count) - 1, _checks.MAX_CELLS + 1)
        if cells > _checks.MAX_CELLS:
            return None
        if rare(count):
            return cells
        count, more = first_near(rare, count + 1, count, cells + 1), round(1 / rates.flagged_share(parasitaemia))


def _start(p: float, rates: CellRates, wanted: float, allowed: float) -> int | None:
    """Return a number of cells just below the answer, found as if cells and counts could be fractions.

    A whole count threshold is never below the fractional one, so whole cells never need fewer. None without an answer.
    """
    correction, last = 1.0, 0.0  # of the rough count, and the number of cells where it was found

    @functools.cache
    def shortfall(cells: float) -> float:
        nonlocal correction, last

        @functools.cache
        def too_often(count: float) -> float:
            return flagged.log_odds(count, cells, 0.0, rates) - math.log(allowed / (1 - allowed))

        rough = flagged.rough_count(allowed, cells, 0.0, rates)
        count = _falling_root(too_often, rough * correction, min(0.03, 1e-9 + abs(last / cells - 1)), 1.0, cells)
        if too_often(count) > _ROOT_TOLERANCE:
            return 1.0  # even all of so few cells are flagged too often
        correction, last = count / rough, cells
        return math.log(wanted / (1 - wanted)) - flagged.log_odds(count, cells, p, rates)

    def roughly_short(cells: float) -> float:
        return flagged.rough_count(allowed, cells, 0.0, rates) - flagged.rough_count(wanted, cells, p, rates)

    rough_cells = _falling_root(roughly_short, 1_000.0, 0.1, 1.0, _checks.MAX_CELLS)
    cells = _falling_root(shortfall, rough_cells, 0.03, 1.0, _checks.MAX_CELLS)
    if cells == _checks.MAX_CELLS and shortfall(cells) > 0:
        return None
    return max(1, int(cells * (1 - 1e-6)) - 1)


def _falling_root(function: Callable[[float], float], guess: float, width: float, low: float, high: float) -> float:
    """Return where a falling function crosses 0, an end of low..high where it does not.

    It is looked for within a share `width` of `guess` first, and then ever farther from it.
    """
    left, right = (min(max(guess * factor, low), high) for factor in (1 - width, 1 + width))
    while left > low and function(left) < 0:
        width *= 8
        left, right = max(low, left / (1 + width)), left
    while right < high and function(right) > 0:
        width *= 8
        left, right = right, min(high, right * (1 + width))
    if function(left) <= 0:
        return left
    return right if function(right) >= 0 else float(optimize.brentq(function, left, right, rtol=1e-11))


@dataclass(frozen=True)
class NotebookRequirements:
    """What the notebook asks of the cells; see the module for why its sensitivity is not one."""

    required_cell_sensitivity: float
    required_cell_specificity: float


def notebook_requirements(
    cells: int = 350, target_sensitivity: float = 0.95, target_specificity: float = 0.85
) -> NotebookRequirements:
    """Return the notebook's two numbers for `cells` cells (1 to 10,000,000); both targets lie between 0 and 1.

    Raises SampleError.
    """
    cells = _checks.cells(cells)
    missed = 1 - _checks.target("The target sensitivity", target_sensitivity)
    cleared = _checks.target("The target specificity", target_specificity)
    return NotebookRequirements(missed ** (1 / cells), cleared ** (1 / cells))
