"""How much more slides differ in false alarms than chance explains: beta-binomial maximum likelihood over patients."""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from malaria.errors import SampleError
from malaria.sample import _checks
from malaria.sample.rates import Interval, MeasuredRate

_LARGEST = 0.999  # of the overdispersion; at 1 a slide has all of its cells flagged, or none
_NOTICEABLE = 1e-6  # of the square root of the overdispersion: what the search calls 0
_OUTERMOST = 30.0  # |logit| of a rate; exp(-30) is 1e-13


@dataclass(frozen=True)
class Overdispersion:
    """The beta-binomial fitted to flagged cells per patient.

    rate: mean share of flagged cells, 0 to 1. value: intra-class correlation rho, 0 to 0.999. Both with
    profile-likelihood intervals. events, trials: flagged and all cells. typical_cells: cells of the patient that the
    average cell belongs to, at least 1.
    """

    rate: float
    rate_interval: Interval
    value: float
    interval: Interval
    patients: int
    events: int
    trials: int
    typical_cells: float

    @property
    def design_effect(self) -> float:
        """How many times larger the variance of the rate is than that of independent cells (Kish, 1965)."""
        return 1 + (self.typical_cells - 1) * self.value

    @property
    def measured_rate(self) -> MeasuredRate:
        """The pooled rate, its cells discounted by the design effect."""
        return MeasuredRate(self.events, self.trials, self.design_effect)


def fit_overdispersion(flagged: ArrayLike, cells: ArrayLike, level: float = 0.95) -> Overdispersion:
    """Fit the beta-binomial to `flagged` of `cells` cells of each patient (whole numbers, shape (patients,)).

    Give uninfected cells, so that what differs is the false-positive rate; a patient without cells is left out. Method:
    maximum likelihood with the intra-class correlation as parameter (Griffiths, Biometrics 29, 1973), intervals where
    the profile log-likelihood has fallen by half a chi-squared quantile. Raises SampleError for counts that cannot tell
    overdispersion from chance: fewer than two patients, no patient with two cells, none or all of the cells flagged.
    """
    x, n = _patients(flagged, cells)
    drop = float(special.ndtri((1 + _checks.target("The level", level)) / 2)) ** 2 / 2
    events, trials = int(x.sum()), int(n.sum())
    likelihood = _likelihood(x, n)
    usual = float(special.logit(events / trials))

    @functools.cache
    def best_rate(rho: float) -> tuple[float, float]:
        """Return the profile log-likelihood of rho, and the logit of the rate that gives it."""
        return _highest(lambda rate: likelihood(rate, rho), usual - 6, usual + 6)

    @functools.cache
    def best_rho(rate: float) -> float:
        """Return the profile log-likelihood of a rate, given as logit."""
        return _highest(lambda root: likelihood(rate, root**2), 0.0, math.sqrt(_LARGEST))[0]

    _, root = _highest(lambda root: best_rate(root**2)[0], 0.0, math.sqrt(_LARGEST))
    rho = min(root**2, _LARGEST) if root > _NOTICEABLE else 0.0
    highest, rate = best_rate(rho)
    allowed = highest - drop
    rhos = (
        0.0 if best_rate(0.0)[0] >= allowed else _crossing(lambda at: best_rate(at)[0] - allowed, 0.0, rho),
        _crossing(lambda at: best_rate(at)[0] - allowed, _LARGEST, rho),
    )
    rates = [_crossing(lambda at: best_rho(at) - allowed, end, rate) for end in (-_OUTERMOST, _OUTERMOST)]
    return Overdispersion(
        rate=float(special.expit(rate)),
        rate_interval=Interval(float(special.expit(rates[0])), float(special.expit(rates[1]))),
        value=rho,
        interval=Interval(*rhos),
        patients=len(n),
        events=events,
        trials=trials,
        typical_cells=float((n**2).sum() / trials),
    )


def _patients(flagged: ArrayLike, cells: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return both counts of the patients that have cells, checked."""
    x, n = np.atleast_1d(np.asarray(flagged)), np.atleast_1d(np.asarray(cells))
    if x.shape != n.shape or x.ndim != 1:
        raise SampleError("Give one count of flagged cells and one count of cells for each patient.")
    if not (np.all(x == np.round(x)) and np.all(n == np.round(n)) and np.all((x >= 0) & (x <= n))):
        raise SampleError("Counts must be whole numbers, with 0 <= flagged <= cells for each patient.")
    x, n = x[n > 0].astype(np.int64), n[n > 0].astype(np.int64)
    if len(n) < 2 or n.max() < 2:
        raise SampleError("Overdispersion needs at least two patients, one of them with two cells or more.")
    if x.sum() in (0, n.sum()):
        which = "None" if x.sum() == 0 else "All"
        raise SampleError(f"{which} of the cells are flagged, so their spread says nothing. Use another threshold.")
    return x, n


def _likelihood(x: NDArray[np.int64], n: NDArray[np.int64]) -> Callable[[float, float], float]:
    """Return the log-likelihood as a function of the logit of the rate and of rho, up to a constant.

    Written as sums of log(rate (1 - rho) + j rho) over cells, which stay exact down to rho = 0. Patients share the
    sums, so each j is weighed by the number of patients that reach it.
    """
    steps = np.arange(n.max(), dtype=np.float64)
    flagged, unflagged, all_cells = (
        np.bincount(counts, minlength=n.max() + 1)[::-1].cumsum()[::-1][1:].astype(np.float64)
        for counts in (x, n - x, n)
    )

    def value(logit_rate: float, rho: float) -> float:
        with np.errstate(divide="ignore"):
            of_flagged = np.log(special.expit(logit_rate) * (1 - rho) + steps * rho)
            of_unflagged = np.log(special.expit(-logit_rate) * (1 - rho) + steps * rho)
        return float(flagged @ of_flagged + unflagged @ of_unflagged - all_cells @ np.log1p((steps - 1) * rho))

    return value


def _highest(function: Callable[[float], float], low: float, high: float) -> tuple[float, float]:
    """Return the largest value of a one-humped function, and where it is; the ends count."""
    inside = optimize.minimize_scalar(
        lambda at: -function(at), bounds=(low, high), method="bounded", options={"xatol": 1e-9}
    )
    best = max((low, high, float(inside.x)), key=function)
    return function(best), best


def _crossing(function: Callable[[float], float], outside: float, inside: float) -> float:
    """Return where the function turns positive on the way in, or `outside` when it is positive all the way."""
    return outside if function(outside) >= 0 else float(optimize.brentq(function, outside, inside, xtol=1e-10))
