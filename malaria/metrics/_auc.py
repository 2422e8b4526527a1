"""The area under the ROC curve with an interval that stays honest when the classes separate perfectly."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np
from scipy.special import expit, logit

from malaria.metrics._checks import Floats
from malaria.metrics._curve import Curve
from malaria.metrics._rates import NO_PARASITIZED, NO_UNINFECTED, Z95, Rate

ALMOST: Final = 1e-12


def auc(curve: Curve) -> Rate:
    """The chance that a parasitized cell scores above an uninfected one, ties counting half, with a 95 % interval.

    DeLong's on the logit scale, which keeps it between 0 and 1; where DeLong's variance is zero or undefined (perfect
    separation, all scores alike, one cell in a class), Newcombe's. Cells are taken as independent.
    """
    m, n = curve.positives.size, curve.negatives.size
    if not m or not n:
        return Rate.missing(NO_UNINFECTED if m else NO_PARASITIZED, m + n)
    area, variance = delong(curve)
    if variance is None or variance < ALMOST**2 or not ALMOST < area < 1 - ALMOST:
        low, high = newcombe(area, m, n)
    else:
        half = Z95 * math.sqrt(variance) / (area * (1 - area))
        low, high = float(expit(logit(area) - half)), float(expit(logit(area) + half))
    return Rate(area, min(low, area), max(high, area), None, m + n)


def delong(curve: Curve) -> tuple[float, float | None]:
    """Area and its variance by DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988) 837, from mid-ranks.

    The mid-rank form is Sun & Xu's, IEEE Signal Process. Lett. 21 (2014) 1389. The variance is None when a class has
    only one cell. Both classes must be present.
    """
    m, n = curve.positives.size, curve.negatives.size
    together = _mid_ranks(np.concatenate([curve.positives, curve.negatives]))
    beats: Floats = (together[:m] - _mid_ranks(curve.positives)) / n  # share of negatives each positive outscores
    beaten: Floats = 1 - (together[m:] - _mid_ranks(curve.negatives)) / m  # share of positives outscoring each negative
    area = float(beats.mean())
    if m < 2 or n < 2:
        return area, None
    return area, float(beats.var(ddof=1) / m + beaten.var(ddof=1) / n)


def newcombe(area: float, m: int, n: int) -> tuple[float, float]:
    """95 % interval for an area from m positives and n negatives; never of zero width, not even at 1.

    Newcombe, Stat. Med. 25 (2006) 559, method 5: the areas a whose own variance (Hanley & McNeil's, with the mean
    of m and n in it) puts the observed one 1.96 standard errors away.
    """
    size = (m + n) / 2

    def excess(a: float) -> float:
        variance = a * (1 - a) * (1 + (size - 1) * ((1 - a) / (2 - a) + a / (1 + a))) / (m * n)
        return (a - area) ** 2 - Z95**2 * variance

    inside = min(max(area, ALMOST), 1 - ALMOST)  # at exactly 0 and 1 the variance vanishes, and with it the bracket
    return _root(excess, 0.0, inside), _root(excess, 1.0, inside)


def _mid_ranks(scores: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean: `scipy.stats.rankdata` without the 45 MB that its module takes."""
    _, place, count = np.unique(scores, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place], dtype=np.float64)


def _root(function: Callable[[float], float], positive: float, negative: float) -> float:
    """Where `function` changes its sign between two points, to the last bit; by bisection, as nothing here is slow."""
    while True:
        middle = (positive + negative) / 2
        if middle in (positive, negative):
            return middle
        if function(middle) > 0:
            positive = middle
        else:
            negative = middle
