"""Kappa of answers with the reference, with an interval that holds for few cells and for readers who hardly err."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from malaria.metrics._checks import Floats
from malaria.metrics._rates import Rate, clopper_pearson, kappa_at

_TAIL = 0.025
_EXACT = 1e-6  # far below what is ever shown
_PAIRS = 201
"""So many pairs of sensitivity and specificity that give one kappa are tried, more closely where one is near 0 or 1."""


def exact_kappa(found: int, parasitized: int, cleared: int, uninfected: int) -> Rate:
    """Cohen's kappa of `found` of `parasitized` and `cleared` of `uninfected` cells, at least one of each class.

    The mix of classes is that of the test. Buehler's limits (J. Am. Stat. Assoc. 52 (1957) 482), as Shan & Wang have
    them for kappa (Stat. Methods Med. Res. 26 (2017) 615): results are ordered by limits that hold only roughly, those
    of `Confusion.kappa`; the low limit is the kappa at which such a result or a higher one still has a probability of
    2.5 % for some pair of sensitivity and specificity, and the high one likewise. So they hold the truth at least 95
    times in 100, whatever the two rates are.
    """
    from scipy.special import bdtr  # only here, as below: measuring a network does without

    mix = parasitized / (parasitized + uninfected)
    value = float(kappa_at(mix, found / parasitized, cleared / uninfected))
    low, high = order_results(parasitized, uninfected)
    # Of each number found, so many numbers of cleared cells are ordered below this result, and so many not above it.
    below = (low < low[found, cleared] - 1e-9).sum(axis=1)
    up_to = (high < high[found, cleared] + 1e-9).sum(axis=1)

    def chances(cleared_fewer: NDArray[np.int64], kappa: float) -> Floats:
        """The probability of results with fewer cleared cells than these, for each pair of rates that gives `kappa`."""
        sens, spec = _pairs(mix, kappa)
        fewer = bdtr(np.maximum(cleared_fewer - 1.0, 0), uninfected, spec)
        there = _binomial(parasitized, sens) * np.where(cleared_fewer > 0, fewer, 0)
        return np.asarray(there.sum(axis=1), np.float64)

    worst = float(kappa_at(mix, 0.0, 0.0))
    least = _cross(lambda kappa: 1 - chances(below, kappa).min() - _TAIL, worst)
    most = _cross(lambda kappa: _TAIL - chances(up_to, kappa).max(), worst)
    return Rate(value, min(value, least), max(value, most), None, parasitized + uninfected)


def order_results(parasitized: int, uninfected: int) -> tuple[Floats, Floats]:
    """Rough low and high limits of kappa for each result, (parasitized + 1, uninfected + 1); they rise with both."""
    mix = parasitized / (parasitized + uninfected)
    found, cleared = np.arange(parasitized + 1)[:, np.newaxis], np.arange(uninfected + 1)
    sens, spec = found / parasitized, cleared / uninfected
    value = kappa_at(mix, sens, spec)
    down, up = (
        np.hypot(kappa_at(mix, sens_end, spec) - value, kappa_at(mix, sens, spec_end) - value)
        for sens_end, spec_end in zip(
            clopper_pearson(found, parasitized), clopper_pearson(cleared, uninfected), strict=True
        )
    )
    low, high = value - down, value + up
    for axis in (0, 1):  # of very few cells these do not quite rise with both counts
        low = np.maximum.accumulate(low, axis)
        high = np.flip(np.minimum.accumulate(np.flip(high, axis), axis), axis)
    return low, high


def _cross(rising: Callable[[float], float], worst: float) -> float:
    """The kappa at which a function that rises from `worst` to 1 is 0; the nearer end where it never is."""
    from scipy.optimize import brentq

    if rising(worst) >= 0:
        return worst
    return 1.0 if rising(1.0) <= 0 else float(brentq(rising, worst, 1.0, xtol=_EXACT))


def _binomial(n: int, share: Floats) -> Floats:
    """The probabilities of 0 to n successes, (len(share), n + 1)."""
    from scipy.special import gammaln, xlog1py, xlogy

    k = np.arange(n + 1)
    ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)
    return np.asarray(np.exp(ways + xlogy(k, share) + xlog1py(n - k, -share)), np.float64)


def _pairs(mix: float, kappa: float) -> tuple[Floats, Floats]:
    """Sensitivities and specificities, each of shape (_PAIRS, 1), that give this kappa; they span all that do."""
    first, last = np.clip(_other(1 - mix, kappa, np.array([1.0, 0.0])), 0, 1)
    sens = first + (last - first) * (1 - np.cos(np.linspace(0, np.pi, _PAIRS))) / 2
    return sens[:, np.newaxis], np.clip(_other(mix, kappa, sens), 0, 1)[:, np.newaxis]


def _other(mix: float, kappa: float, rate: Floats) -> Floats:
    """The specificity that gives `kappa` with a sensitivity; with 1 - mix, the sensitivity with a specificity."""
    spread = 2 * mix * (1 - mix)
    by_chance = mix + (1 - 2 * mix) * (mix * rate + 1 - mix)
    return (kappa * by_chance + spread * (1 - rate)) / ((1 - mix) * (2 * mix + kappa * (1 - 2 * mix)))
