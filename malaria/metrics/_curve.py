"""What every threshold would give: confusion at any one, the threshold for a wanted rate, ROC and precision-recall."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from malaria.errors import MetricsError
from malaria.metrics._checks import Floats, fraction, is_parasitized, probabilities
from malaria.metrics._rates import NO_PARASITIZED, NO_UNINFECTED, Confusion, Rate, wilson


@dataclass(frozen=True)
class Points:
    """Points of a curve for drawing: `x` and `y` from 0 to 1 and the `threshold` of each, float64, shape (points,)."""

    x: Floats
    y: Floats
    threshold: Floats


@dataclass(frozen=True, eq=False)
class Curve:
    """The scores of both classes, sorted once, so that any threshold is two binary searches away.

    `positives` and `negatives` are the ascending p_parasitized of the parasitized and of the uninfected cells.
    A cell is called parasitized when p >= threshold.
    """

    positives: Floats
    negatives: Floats

    def __post_init__(self) -> None:
        for scores in (self.positives, self.negatives):
            if np.any(np.diff(scores) < 0):
                raise MetricsError("The scores of a curve must ascend; make it with Curve.from_scores.")
            scores.setflags(write=False)

    @classmethod
    def from_scores(cls, y_true: ArrayLike, p: ArrayLike) -> Curve:
        """From class names (or booleans, True for parasitized) and p_parasitized, both of shape (n,), any order."""
        true = is_parasitized(y_true)
        scores = probabilities(p, true.size)
        return cls(np.sort(scores[true]), np.sort(scores[~true]))

    def at(self, threshold: float) -> Confusion:
        """The four counts at `threshold` (0 to 1), in a few microseconds whatever the number of cells."""
        threshold = fraction(threshold, "threshold")
        fn = int(np.searchsorted(self.positives, threshold, side="left"))
        tn = int(np.searchsorted(self.negatives, threshold, side="left"))
        return Confusion(self.positives.size - fn, fn, self.negatives.size - tn, tn)

    def threshold_for_specificity(self, target: float) -> float | None:
        """The smallest threshold with a specificity of at least `target` (0 to 1) on these cells.

        It is rounded up to four decimals, or to more where four would call other cells than the exact one calls.
        None without uninfected cells, or when so many of them score 1 that no threshold reaches `target`.
        """
        below = _at_least(fraction(target, "specificity"), self.negatives.size)
        if below is None:
            return None
        if below == 0:
            return 0.0
        highest = float(self.negatives[below - 1])  # must be called uninfected, so the threshold lies above it
        return None if highest >= 1 else _round(highest, self._next_score(highest), up=True)

    def threshold_for_sensitivity(self, target: float) -> float | None:
        """The largest threshold with a sensitivity of at least `target` (0 to 1) on these cells.

        It is rounded down in the same way. None without parasitized cells.
        """
        above = _at_least(fraction(target, "sensitivity"), self.positives.size)
        if above is None:
            return None
        if above == 0:
            return 1.0
        lowest = float(self.positives[-above])  # must be called parasitized, so the threshold may not lie above it
        return _round(self._previous_score(lowest), lowest, up=False)

    def sensitivity_at_specificity(self, target: float) -> Rate:
        """Sensitivity at the threshold for `target` specificity; its interval knows that the threshold is estimated.

        The score that a share `target` of all uninfected cells falls below lies, 95 times in 100, between two order
        statistics of these ones (binomial quantiles); how far that moves the sensitivity is squared and added to its
        Wilson interval. With too few uninfected cells to bound the threshold from above, `low` is therefore 0.
        """
        from scipy.stats import binom  # only here: 45 MB that measuring does not need

        threshold = self.threshold_for_specificity(target)
        if not self.positives.size or not self.negatives.size:
            return Rate.missing(NO_UNINFECTED if self.positives.size else NO_PARASITIZED)
        if threshold is None:
            return Rate.missing("Too many uninfected cells score 1 for any threshold to reach that specificity.")
        here = self.at(threshold).sensitivity
        value, n = here.value or 0.0, self.negatives.size
        few, many = (int(binom.ppf(q, n, target)) for q in (0.025, 0.975))
        highest = float(self._sensitivity_above(self.negatives[few - 1])) if few > 0 else 1.0
        lowest = float(self._sensitivity_above(self.negatives[many])) if many < n else 0.0
        low, high = wilson(here.numerator or 0, here.n)
        return Rate(
            value,
            max(0.0, value - math.hypot(value - low, max(0.0, value - lowest))),
            min(1.0, value + math.hypot(high - value, max(0.0, highest - value))),
            here.numerator,
            here.n,
        )

    def roc(self, grid: int = 1000) -> Points:
        """The ROC curve: false-positive rate (x), sensitivity (y); empty where a class is absent.

        Thinned to what a chart of `grid` x `grid` dots can show: no point is more than one dot from where it was.
        Starts at (0, 0), where the threshold is above every score (infinite), and ends at (1, 1).
        """
        if not self.positives.size or not self.negatives.size:
            return Points(*np.empty((3, 0)))
        threshold, tp, fp = self._steps
        start = np.zeros(1)
        return _thin(
            np.concatenate([start, fp / self.negatives.size]),
            np.concatenate([start, tp / self.positives.size]),
            np.concatenate([[np.inf], threshold]),
            grid,
        )

    def precision_recall(self, grid: int = 1000) -> Points:
        """The precision-recall curve, thinned alike: sensitivity (x), precision (y); empty without parasitized ones."""
        if not self.positives.size:
            return Points(*np.empty((3, 0)))
        threshold, tp, fp = self._steps
        return _thin(tp / self.positives.size, tp / (tp + fp), threshold, grid)

    @cached_property
    def _steps(self) -> tuple[Floats, Floats, Floats]:
        """Every distinct score from high to low, with the true and false positives when it is the threshold."""
        threshold = np.unique(np.concatenate([self.positives, self.negatives]))[::-1]
        tp = self.positives.size - np.searchsorted(self.positives, threshold, side="left")
        fp = self.negatives.size - np.searchsorted(self.negatives, threshold, side="left")
        return threshold, tp.astype(np.float64), fp.astype(np.float64)

    def _sensitivity_above(self, score: float) -> float:
        """Sensitivity when the threshold is just above `score`."""
        return 1 - float(np.searchsorted(self.positives, score, side="right")) / self.positives.size

    def _next_score(self, score: float) -> float:
        """The lowest score above `score`, or 1 where there is none: a threshold of 1 is the highest one may choose."""
        above = [s[np.searchsorted(s, score, side="right") :][:1] for s in (self.positives, self.negatives)]
        return float(np.min(np.concatenate([*above, [1.0]])))

    def _previous_score(self, score: float) -> float:
        """The highest score below `score`, or just below 0 where there is none, so that 0 may be chosen."""
        below = [s[: np.searchsorted(s, score, side="left")][-1:] for s in (self.positives, self.negatives)]
        return float(np.max(np.concatenate([*below, [math.nextafter(0, -1)]])))


def _at_least(share: float, n: int) -> int | None:
    """The smallest count k with k / n >= share, as floats compare; None when n is 0."""
    if n == 0:
        return None
    k = math.ceil(share * n)  # rounding may leave it one off, either way
    while k > 0 and (k - 1) / n >= share:
        k -= 1
    while k / n < share:
        k += 1
    return k


def _round(above: float, up_to: float, *, up: bool) -> float:
    """The smallest (`up`) or largest number in (above, up_to] that has four decimals, or as few more as it takes."""
    for decimals in range(4, 17):
        scale = 10.0**decimals
        number = (math.floor(above * scale) + 1) / scale if up else math.floor(up_to * scale) / scale
        if above < number <= up_to:
            return number
    return up_to


def _thin(x: Floats, y: Floats, threshold: Floats, grid: int) -> Points:
    """Of neighbours that fall on the same dot of a grid keep the first, and of all the last."""
    dot = np.round(x * grid) * (grid + 2) + np.round(y * grid)
    keep = np.unique(np.concatenate([[0], np.flatnonzero(np.diff(dot)) + 1, [x.size - 1]]))
    return Points(x[keep], y[keep], threshold[keep])
