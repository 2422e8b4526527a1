"""The uncertainty of measured cell rates, carried through to the count threshold and the limit of detection."""

import math
from dataclasses import dataclass

from malaria.sample import _checks
from malaria.sample.rates import CellRates, MeasuredRate
from malaria.sample.required import required_cell_specificity
from malaria.sample.threshold import count_threshold, limit_of_detection


@dataclass(frozen=True)
class RuleInterval:
    """Intervals that hold the count threshold, and the limit of detection, of the true cell rates.

    limit_of_detection: both ends 0 to 1; an end is None where no parasitaemia is detected with the target sensitivity.
    """

    count_threshold: tuple[int, int]
    limit_of_detection: tuple[float | None, float | None]


def rule_interval(
    cells: int,
    sensitivity: MeasuredRate,
    false_positive_rate: MeasuredRate,
    overdispersion: float = 0.0,
    *,
    target_sensitivity: float = 0.95,
    target_specificity: float = 0.95,
    level: float = 0.95,
    review: tuple[float, float] = (1.0, 1.0),
) -> RuleInterval:
    """Return what the rule for `cells` cells (1 to 10,000,000) can be, given how well the cell rates are known.

    The count threshold depends on the false-positive rate alone and rises with it, so its interval is read off the
    ends of that rate's interval. The limit of detection falls with the sensitivity and rises with the false-positive
    rate, so its extremes lie at corners of a box of both intervals, each taken at the square root of `level`: both
    rates are in the box with probability `level`, and the interval is on the safe side. Between two count thresholds
    the limit falls a little with the false-positive rate; the corners are moved to where the threshold jumps to allow
    for that. Taken as known are the overdispersion and `review`, the shares of flagged infected and uninfected cells
    that a person confirms (`CellRates.reviewed`). Raises SampleError.
    """
    each = math.sqrt(_checks.target("The level", level))
    kept, fooled = (_checks.rate("A reviewer's share", share) for share in review)
    worst_sensitivity, best_sensitivity = (kept * end for end in sensitivity.interval(each))
    low, high = (fooled * end for end in false_positive_rate.interval(each))
    alone = [fooled * end for end in false_positive_rate.interval(level)]

    def threshold(rate: float) -> int:
        return count_threshold(cells, CellRates(1.0, rate, overdispersion), target_specificity)

    def most(count: int) -> float:
        """Return the highest false-positive rate at which `count` is still rare enough in healthy samples."""
        if not 1 <= count <= cells:
            return float(count > cells)
        return 1 - required_cell_specificity(
            cells, count, target_specificity=target_specificity, overdispersion=overdispersion
        )

    def limit(count: int, sensitivity: float, rate: float) -> float | None:
        return limit_of_detection(count, cells, CellRates(sensitivity, rate, overdispersion), target_sensitivity)

    fewest, greatest = threshold(low), threshold(high)
    return RuleInterval(
        count_threshold=(threshold(alone[0]), threshold(alone[1])),
        limit_of_detection=(
            limit(fewest, best_sensitivity, min(high, most(fewest))),
            limit(greatest, worst_sensitivity, max(low, most(greatest - 1))),
        ),
    )
