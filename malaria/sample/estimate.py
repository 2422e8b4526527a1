"""From a real count to a parasitaemia: x of N cells were flagged, so how many are infected?"""

from dataclasses import dataclass

from malaria.errors import SampleError
from malaria.sample import _checks, flagged
from malaria.sample.rates import CellRates, Interval
from malaria.sample.threshold import RED_CELLS_PER_UL, smallest_parasitaemia

_BEYOND_COMPUTING = 1e-100


@dataclass(frozen=True)
class ParasitaemiaEstimate:
    """A parasitaemia (0 to 1) with its interval, corrected for the cells flagged in error and those missed.

    as_many_in_healthy, as_few_in_healthy: P(as many flagged cells or more | healthy), the p-value of the count, and
    P(as few or fewer | healthy); where that one is tiny the false-positive rate is not that of this slide.
    """

    parasitaemia: float
    interval: Interval
    as_many_in_healthy: float
    as_few_in_healthy: float

    def per_ul(self, red_cells_per_ul: float = RED_CELLS_PER_UL) -> tuple[float, Interval]:
        """Return estimate and interval in infected red cells per microlitre."""
        low, high = self.interval
        return self.parasitaemia * red_cells_per_ul, Interval(low * red_cells_per_ul, high * red_cells_per_ul)


def estimate_parasitaemia(count: int, cells: int, rates: CellRates, level: float = 0.95) -> ParasitaemiaEstimate:
    """Return the parasitaemia behind `count` flagged cells of `cells` (1 to 10,000,000).

    The estimate is (x / N - FPR) / (sensitivity - FPR), held between 0 and 1 (Rogan and Gladen, American Journal of
    Epidemiology 107, 1978). The interval is exact and includes overdispersion: outside it lie the parasitaemias under
    which so many flagged cells, or so few, are rarer than (1 - level) / 2 (Clopper and Pearson, Biometrika 26, 1934).
    So few are judged beside healthy samples (CLs; Read, Journal of Physics G 28, 2002): a count below what the
    false-positive rate predicts never makes it empty. (Where so few are next to impossible, false alarms are left out
    of account altogether.) Without a flagged cell the interval is one-sided, for perfect rates the rule of three, 3 / N
    (Hanley and Lippman-Hand, JAMA 249, 1983). The rates are taken as known. Both ends are 1 when more cells are flagged
    than infected cells alone would give.

    Raises SampleError, also when the sensitivity does not exceed the false-positive rate: then a count says nothing.
    """
    cells = _checks.cells(cells)
    count = _checks.whole("The count of flagged cells", count, 0, cells)
    tail = 1 - _checks.target("The level", level)
    gain = rates.sensitivity - rates.false_positive_rate
    if gain <= 0:
        raise SampleError(
            "A count says nothing about parasitaemia unless the cell sensitivity exceeds the cell false-positive rate; "
            f"they are {rates.sensitivity:g} and {rates.false_positive_rate:g}. Choose another threshold or model."
        )
    if count:
        tail /= 2
    as_many, _ = flagged.tails(count, cells, 0.0, rates)
    _, healthy_as_few = flagged.tails(count + 1, cells, 0.0, rates)
    # The smallest p that gives as many flagged cells often enough, and the smallest that gives as few too rarely.
    low = smallest_parasitaemia(count, cells, rates, tail, 1 - tail)
    if healthy_as_few > _BEYOND_COMPUTING:
        tail, expected = tail * healthy_as_few, rates
    else:
        expected = CellRates(rates.sensitivity, 0.0)
    high = smallest_parasitaemia(count + 1, cells, expected, 1 - tail, tail)
    return ParasitaemiaEstimate(
        parasitaemia=min(1.0, max(0.0, (count / cells - rates.false_positive_rate) / gain)),
        interval=Interval(1.0 if low is None else low, 1.0 if high is None else high),
        as_many_in_healthy=as_many,
        as_few_in_healthy=healthy_as_few,
    )
