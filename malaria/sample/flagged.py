"""The distribution of X, the number of flagged cells of one sample: the model under every other calculation here.

A cell is flagged with probability q(p) = p * sensitivity + (1 - p) * f, where p is the parasitaemia. On slides that
are all alike f is the false-positive rate FPR and X ~ Binomial(N, q). With overdispersion rho > 0 the f of a slide is
itself random, f ~ Beta(a, b) with a = FPR (1 - rho) / rho and b = (1 - FPR) (1 - rho) / rho, so its mean is FPR and
rho the intra-class correlation of false alarms; X given f is binomial. At p = 0 that is the beta-binomial (Skellam,
Journal of the Royal Statistical Society B 10, 1948); otherwise f is integrated out.

How it is integrated. P(X >= k | q) = P(Q <= q) for Q ~ Beta(k, N - k + 1), so P(X >= k) = P(Q <= q(f)), and that is
the mean over Q of P(f >= the f that gives q = Q). This has no singular weight, however small a and b are, needs no sum
over cells, and gives both tails without subtraction. Gauss-Legendre panels in t = logit f are laid between quantiles
of Q and of f, so that whichever of the two is narrow is resolved.
"""

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from malaria.sample import _checks
from malaria.sample.rates import CellRates

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_LEVELS = np.array([1e-17, 1e-12, 1e-8, 1e-5, 1e-3, 0.02, 0.1, 0.3, 0.5])  # in either tail
_DEVIATIONS = np.array([-13, -9, -6.5, -5, -3.5, -2, -1, 0, 1, 2, 3.5, 5, 6.5, 9, 13])
_REACH = 45.0  # exp(-45) is below the precision of a double
_WIDEST_PANEL = 5.0
_FAR_OUT = 1e-8  # a tail this small is computed again with more care
_NEGLIGIBLE = 1e-13  # (N - 1) rho below this changes no digit of a double's tail
_SMALLEST = 1e-9  # parameter of a beta distribution whose quantiles are asked for: below, they are not a number

Floats = NDArray[np.float64]


def at_least(count: int, cells: int, parasitaemia: float, rates: CellRates) -> float:
    """Return P(X >= count): the probability that `count` or more of `cells` cells are flagged.

    count: 0 to cells + 1. cells: 1 to 10,000,000. parasitaemia: infected / red cells, 0 to 1. Raises SampleError.
    """
    return tails(count, cells, parasitaemia, rates)[0]


def fewer_than(count: int, cells: int, parasitaemia: float, rates: CellRates) -> float:
    """Return P(X < count), exact also where it is tiny; arguments as of `at_least`."""
    return tails(count, cells, parasitaemia, rates)[1]


def exactly(count: int, cells: int, parasitaemia: float, rates: CellRates) -> float:
    """Return P(X = count); arguments as of `at_least`, `count` at most `cells`."""
    return float(histogram([count, count + 1], cells, parasitaemia, rates)[0])


def histogram(edges: Sequence[int], cells: int, parasitaemia: float, rates: CellRates) -> Floats:
    """Return P(edges[i] <= X < edges[i + 1]) for ascending edges, each 0 to cells + 1; one value fewer than edges."""
    upper, lower = np.array([tails(edge, cells, parasitaemia, rates) for edge in edges]).T
    inside: Floats = np.where(upper[:-1] < lower[1:], -np.diff(upper), np.diff(lower))
    return np.maximum(0.0, inside)


def quantile(probability: float, cells: int, parasitaemia: float, rates: CellRates) -> int:
    """Return the smallest x with P(X <= x) >= probability (0 to 1); other arguments as of `at_least`."""
    wanted = _checks.rate("The probability", probability)
    return first_between(
        lambda x: tails(x + 1, cells, parasitaemia, rates, careful=False)[1] >= wanted, -1, _checks.cells(cells)
    )


def tails(
    count: int, cells: int, parasitaemia: float, rates: CellRates, *, careful: bool = True
) -> tuple[float, float]:
    """Return P(X >= count) and P(X < count), each to about nine digits of its own; arguments as of `at_least`.

    Not `careful` is faster, and only good to 1e-10: enough to compare with a target.
    """
    cells = _checks.cells(cells)
    count = _checks.whole("The count of flagged cells", count, 0, cells + 1)
    parasitaemia = _checks.rate("The parasitaemia", parasitaemia)
    if count == 0:
        return 1.0, 0.0
    if count == cells + 1:
        return 0.0, 1.0
    return tails_between(count, cells, parasitaemia, rates, careful)


def tails_between(
    count: float, cells: float, parasitaemia: float, rates: CellRates, careful: bool
) -> tuple[float, float]:
    """Return the same two tails, continued smoothly to fractions of a cell, 0 < count < cells + 1, and unchecked.

    For searches only: the incomplete beta function does not need whole numbers.
    """
    alpha, beta = count, cells - count + 1
    slides_differ = 0 < rates.false_positive_rate < 1 and (cells - 1) * rates.overdispersion > _NEGLIGIBLE
    if parasitaemia == 1 or not slides_differ:
        share = rates.flagged_share(parasitaemia)
        return float(special.betainc(alpha, beta, share)), float(special.betaincc(alpha, beta, share))
    return _mixed_tails(alpha, beta, parasitaemia, rates, careful)


def log_odds(count: float, cells: float, parasitaemia: float, rates: CellRates, *, careful: bool = False) -> float:
    """Return log(P(X >= count) / P(X < count)) of `tails_between`: the scale on which roots are found in few steps."""
    upper, lower = tails_between(count, cells, parasitaemia, rates, careful)
    return math.log(max(upper, 1e-300)) - math.log(max(lower, 1e-300))


def rough_count(probability: float, cells: float, parasitaemia: float, rates: CellRates) -> float:
    """Return about the count that is reached with `probability`, above 0 and a fraction: where a search may begin.

    It is read off the beta distribution that has the mean and the variance of the share of flagged cells.
    """
    share, false_alarms = rates.flagged_share(parasitaemia), rates.false_positive_rate
    if not 0 < share < 1:
        return 0.5 + share * cells
    of_slides = (1 - parasitaemia) ** 2 * false_alarms * (1 - false_alarms) * rates.overdispersion
    spread = (1 - 1 / cells) * of_slides / (share * (1 - share)) + 1 / cells
    precision = 1 / spread - 1
    a, b = max(_SMALLEST, share * precision), max(_SMALLEST, (1 - share) * precision)
    return 0.5 + cells * float(special.betainccinv(a, b, probability))


def beta_parameters(rates: CellRates) -> tuple[float, float]:
    """Return a and b of f ~ Beta(a, b) for an overdispersion above 0."""
    precision = (1 - rates.overdispersion) / rates.overdispersion
    return rates.false_positive_rate * precision, (1 - rates.false_positive_rate) * precision


class _Mixture(NamedTuple):
    """Q ~ Beta(alpha, beta) and f ~ Beta(a, b), tied by q(f) = lowest + (1 - p) f; q(1) = 1 - unreachable."""

    alpha: float
    beta: float
    a: float
    b: float
    p: float
    lowest: float
    unreachable: float


def _mixed_tails(alpha: float, beta: float, p: float, rates: CellRates, careful: bool) -> tuple[float, float]:
    """Average P(f >= f(Q)) and P(f < f(Q)) over the Q that some f can give; the Q below and above are certain."""
    m = _Mixture(alpha, beta, *beta_parameters(rates), p, p * rates.sensitivity, p * (1 - rates.sensitivity))
    below, above = float(special.betainc(alpha, beta, m.lowest)), float(special.betainc(beta, alpha, m.unreachable))
    # P(Q in between), subtracted in the tail where the numbers are small.
    inside = 1 - below - above if below < 0.5 else float(special.betaincc(alpha, beta, m.lowest)) - above
    if inside <= 0:
        return below, above
    q = special.betaincinv(alpha, beta, below + _LEVELS * inside)
    not_q = special.betaincinv(beta, alpha, above + _LEVELS * inside)
    of_q = np.concatenate(
        [_logit(q - m.lowest, 1 - q - m.unreachable), _logit(1 - not_q - m.lowest, not_q - m.unreachable)]
    )
    of_f = _changes_of_f(m.a, m.b)
    breaks = _breaks(of_q, of_f)
    more, fewer = _average_tails(m, breaks, 1e-18 if careful else 1e-13)
    if careful and min(below + inside * more, above + inside * fewer) < _FAR_OUT:
        # Then what counts is where Q and f are both improbable: anywhere between the two.
        both = np.concatenate([of_q, of_f])
        more, fewer = _average_tails(m, np.union1d(breaks, np.linspace(both.min(), both.max(), 200)), 0.0)
    return min(1.0, below + inside * more), min(1.0, above + inside * fewer)


def _average_tails(m: _Mixture, breaks: Floats, negligible: float) -> tuple[float, float]:
    """Return the means of P(f >= f(Q)) and P(f < f(Q)), leaving out nodes of less than `negligible` relative weight."""
    t, panel_weights = _panels(breaks)
    f, not_f = special.expit(t), special.expit(-t)
    q, not_q = m.lowest + (1 - m.p) * f, m.unreachable + (1 - m.p) * not_f
    log_density = (m.alpha - 1) * _log(q, not_q) + (m.beta - 1) * _log(not_q, q)
    log_weights = log_density + np.log(f) + np.log(not_f) + np.log(panel_weights)
    weights = np.exp(log_weights - log_weights.max())
    matters = weights > negligible
    weights = weights[matters] / weights[matters].sum()
    upper, lower = _beta_tails(m.a, m.b, f[matters], not_f[matters])
    return float(weights @ upper), float(weights @ lower)


def _log(x: Floats, rest: Floats) -> Floats:
    """Return log(x), with all its digits also where `rest` = 1 - x is tiny: it is multiplied by millions of cells."""
    return np.where(x < 0.5, np.log(x), np.log1p(-np.minimum(rest, 0.5)))


def _beta_tails(a: float, b: float, f: Floats, not_f: Floats) -> tuple[Floats, Floats]:
    """Return P(Beta(a, b) >= f) and P(Beta(a, b) < f), each from one evaluation: that of the smaller tail."""
    high, near_one = f > a / (a + b), f > 0.5
    tail = np.empty_like(f)
    for upper, reflected in itertools.product((True, False), repeat=2):
        here = (high == upper) & (near_one == reflected)
        function = special.betaincc if upper != reflected else special.betainc
        tail[here] = function(b, a, not_f[here]) if reflected else function(a, b, f[here])
    return np.where(high, tail, 1 - tail), np.where(high, 1 - tail, tail)


def _logit(f: Floats, not_f: Floats) -> Floats:
    """Return log(f / not_f) where both are positive; rounding may have left some at 0 or below."""
    usable = (f > 0) & (not_f > 0)
    return np.log(f[usable]) - np.log(not_f[usable])


@functools.lru_cache(maxsize=256)  # every step of a search meets the same slides
def _changes_of_f(a: float, b: float) -> Floats:
    """Return where the distribution of f ~ Beta(a, b) changes, as logits; exact quantiles only where it is skew."""
    if min(a, b) > 50:
        mean = a / (a + b)
        f = mean + _DEVIATIONS * math.sqrt(mean * (1 - mean) / (a + b + 1))
        return _logit(f, 1 - f)
    f, not_f = special.betaincinv(a, b, _LEVELS), special.betaincinv(b, a, _LEVELS)
    return np.concatenate([_logit(f, 1 - f), _logit(1 - not_f, not_f)])


def _breaks(of_q: Floats, of_f: Floats) -> Floats:
    """Return the ends of the panels in t, ascending: every change of Q, those of f among them, none far apart."""
    low, high = (of_q.min() - _REACH, of_q.max() + _REACH) if of_q.size else (-_REACH, _REACH)
    points = np.unique(np.concatenate([[low, high], of_q, of_f[(of_f > low) & (of_f < high)]]))
    gaps = np.diff(points)
    pieces = np.ceil(gaps / _WIDEST_PANEL).astype(int)
    nth_piece = np.arange(pieces.sum()) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return np.append(np.repeat(points[:-1], pieces) + nth_piece * np.repeat(gaps / pieces, pieces), points[-1])


def _panels(breaks: Floats) -> tuple[Floats, Floats]:
    """Return Gauss-Legendre nodes and weights on every interval between two breaks."""
    half = np.diff(breaks)[:, None] / 2
    middle = (breaks[:-1] + breaks[1:])[:, None] / 2
    return (middle + half * _NODES).ravel(), (half * _WEIGHTS).ravel()


def first_between(holds: Callable[[int], bool], low: int, high: int) -> int:
    """Return the smallest number above `low` that holds; `low` is known not to hold and `high` to hold."""
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def first_near(holds: Callable[[int], bool], guess: int, low: int, high: int) -> int:
    """Return the same as `first_between`, looking near `guess` first and then ever farther from it."""
    look, step = min(max(guess, low + 1), high), 1
    if look == high or holds(look):
        high = look
        while high - step > low and holds(high - step):
            high, step = high - step, 2 * step
        return first_between(holds, max(low, high - step), high)
    low = look
    while low + step < high and not holds(low + step):
        low, step = low + step, 2 * step
    return first_between(holds, low, min(high, low + step))
