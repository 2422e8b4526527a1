"""The four counts of a two-class test, and the rates they give, each with its 95 % interval."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from malaria.errors import MetricsError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.metrics._checks import Floats, fraction, is_parasitized, probabilities
from malaria.wording.words import count

Share = TypeVar("Share", float, Floats)

Z95: Final = 1.959963984540054
"""The 97.5 % point of the normal distribution: all intervals are two-sided 95 %."""

RATES: Final = (
    "accuracy",
    "sensitivity",
    "specificity",
    "precision",
    "negative_predictive_value",
    "f1",
    "mcc",
    "kappa",
)
"""The rates of a confusion matrix, in the order in which they are shown."""

NO_CELLS: Final = "There are no labelled cells."
NO_PARASITIZED: Final = "No cell is labelled parasitized."
NO_UNINFECTED: Final = "No cell is labelled uninfected."


@dataclass(frozen=True)
class Rate:
    """One figure with its 95 % interval, or the reason why there is none.

    `n` is the number of cells it rests on. `numerator` is given where the value is a plain share, numerator / n.
    A value without an interval has `low` and `high` None and says why in `reason`.
    """

    value: float | None
    low: float | None
    high: float | None
    numerator: int | None
    n: int
    reason: str | None = None

    def __post_init__(self) -> None:
        if any(number is not None and not math.isfinite(number) for number in (self.value, self.low, self.high)):
            raise MetricsError("A rate is a finite number or None, never NaN.")
        if (self.value is None or self.low is None) and not self.reason:
            raise MetricsError("A rate without a value or an interval needs a reason.")

    @classmethod
    def share(cls, numerator: int, n: int, reason: str) -> Rate:
        """numerator / n with its Wilson interval; where `n` is 0, no value but the `reason`."""
        return cls._of(wilson, numerator, n, reason)

    @classmethod
    def exact_share(cls, numerator: int, n: int, reason: str) -> Rate:
        """numerator / n with its Clopper-Pearson interval, else as `share`: for few trials, where Wilson's dips."""
        return cls._of(clopper_pearson, numerator, n, reason)

    @classmethod
    def _of(cls, ends: Callable[[int, int], tuple[Floats, Floats]], numerator: int, n: int, reason: str) -> Rate:
        if n == 0:
            return cls.missing(reason)
        low, high = ends(numerator, n)
        return cls(numerator / n, float(low), float(high), int(numerator), int(n))

    @classmethod
    def missing(cls, reason: str, n: int = 0) -> Rate:
        """No value, for the `reason` given: a sentence a user can read."""
        return cls(None, None, None, None, n, reason)

    @property
    def interval(self) -> tuple[float, float] | None:
        """(low, high), or None where there is none."""
        return None if self.low is None or self.high is None else (self.low, self.high)


def wilson(numerator: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """Wilson's 95 % score interval for shares numerator / n, arrays or numbers; NaN where n is 0.

    Here rather than from scipy.stats because that takes one share at a time, which is 0.2 ms for each of 400 shares
    per move of a slider. Wilson, J. Am. Stat. Assoc. 22 (1927) 209.
    """
    k, size = np.asarray(numerator, dtype=np.float64), np.asarray(n, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share, z2 = k / size, Z95**2
        centre = (share + z2 / (2 * size)) / (1 + z2 / size)
        half = Z95 * np.sqrt(share * (1 - share) / size + z2 / (4 * size**2)) / (1 + z2 / size)
        # At the ends the limit is exactly 0 or 1; rounding must not move it off, nor past the share itself.
        low = np.where(k == 0, 0.0, np.minimum(centre - half, share))
        high = np.where(k == size, 1.0, np.maximum(centre + half, share))
    return np.where(size > 0, low, np.nan), np.where(size > 0, high, np.nan)


def clopper_pearson(numerator: ArrayLike, n: ArrayLike) -> tuple[Floats, Floats]:
    """The exact 95 % interval for shares numerator / n, arrays or numbers; 0 to 1 where n is 0.

    It holds the truth at least as often as it says, whatever the share; Wilson's does so on average over shares.
    Clopper & Pearson, Biometrika 26 (1934) 404.
    """
    from scipy.special import betaincinv  # only here: measuring one model does without it

    k, size = np.asarray(numerator, dtype=np.float64), np.asarray(n, dtype=np.float64)
    low = np.where(k > 0, betaincinv(np.maximum(k, 0.5), size - k + 1, 0.025), 0.0)
    high = np.where(k < size, betaincinv(k + 1, np.maximum(size - k, 0.5), 0.975), 1.0)
    return low, high


@dataclass(frozen=True)
class Confusion:
    """True positives, false negatives, false positives and true negatives; positive is parasitized."""

    tp: int
    fn: int
    fp: int
    tn: int

    def __post_init__(self) -> None:
        if min(self.tp, self.fn, self.fp, self.tn) < 0:
            raise MetricsError("The counts of a confusion matrix cannot be negative.")

    @classmethod
    def from_labels(cls, y_true: ArrayLike, answers: ArrayLike) -> Confusion:
        """Count true labels against answers; both class names or booleans, shape (n,). Raises LabelsError."""
        true, called = is_parasitized(y_true), is_parasitized(answers)
        if true.size != called.size:
            raise MetricsError(f"There are {called.size} answers for {count(true.size, 'label')}.")
        tp, positives, calls = int((true & called).sum()), int(true.sum()), int(called.sum())
        return cls(tp, positives - tp, calls - tp, true.size - positives - calls + tp)

    @classmethod
    def from_scores(cls, y_true: ArrayLike, p: ArrayLike, threshold: float) -> Confusion:
        """Count true labels against p >= threshold; `p` is p_parasitized, shape (n,), 0 to 1."""
        true = is_parasitized(y_true)
        return cls.from_labels(true, probabilities(p, true.size) >= fraction(threshold, "threshold"))

    @property
    def n(self) -> int:
        """All cells."""
        return self.tp + self.fn + self.fp + self.tn

    @property
    def parasitized(self) -> int:
        """Cells labelled parasitized."""
        return self.tp + self.fn

    @property
    def uninfected(self) -> int:
        """Cells labelled uninfected."""
        return self.fp + self.tn

    @property
    def accuracy(self) -> Rate:
        """Share of cells called as labelled."""
        return Rate.share(self.tp + self.tn, self.n, NO_CELLS)

    @property
    def sensitivity(self) -> Rate:
        """Share of parasitized cells that are called parasitized; also known as recall."""
        return Rate.share(self.tp, self.parasitized, NO_PARASITIZED)

    @property
    def specificity(self) -> Rate:
        """Share of uninfected cells that are called uninfected."""
        return Rate.share(self.tn, self.uninfected, NO_UNINFECTED)

    @property
    def false_positive_rate(self) -> Rate:
        """Share of uninfected cells that are called parasitized: 1 - specificity."""
        return Rate.share(self.fp, self.uninfected, NO_UNINFECTED)

    @property
    def precision(self) -> Rate:
        """Share of cells called parasitized that are; it holds only for this mix of classes."""
        return Rate.share(self.tp, self.tp + self.fp, "No cell is called parasitized at this threshold.")

    @property
    def negative_predictive_value(self) -> Rate:
        """Share of cells called uninfected that are; it holds only for this mix of classes."""
        return Rate.share(self.tn, self.tn + self.fn, "No cell is called uninfected at this threshold.")

    @property
    def f1(self) -> Rate:
        """Harmonic mean of precision and sensitivity; the interval is Wilson's for tp / (tp + fp + fn), carried over.

        F1 = 2 J / (1 + J) with J = tp / (tp + fp + fn), a plain share and monotone in F1, so its limits carry over.
        """
        return _f1(self.tp, self.fn, self.fp, NO_PARASITIZED)

    @property
    def mcc(self) -> Rate:
        """Matthews' correlation coefficient, -1 to 1; interval by `_combine`."""
        if reason := self._one_sided():
            return Rate.missing(reason, self.n)
        if not self.tp + self.fp or not self.fn + self.tn:
            return Rate.missing("All cells are called the same, so there is nothing to correlate.", self.n)
        return _combine(_mcc, self.sensitivity, self.specificity, self.parasitized / self.n, self.n)

    @property
    def kappa(self) -> Rate:
        """Cohen's kappa of labels and answers, -1 to 1; interval by `_combine`."""
        if reason := self._one_sided():
            return Rate.missing(reason, self.n)
        return kappa_of(self.sensitivity, self.specificity, self.parasitized / self.n, self.n)

    @property
    def rates(self) -> dict[str, Rate]:
        """Every rate of these counts by its name, in the order in which they are shown."""
        return {name: getattr(self, name) for name in RATES}

    def report(self) -> dict[str, dict[str, Rate]]:
        """The classification report: precision, recall and f1 of each class, by class and by name."""
        return {
            PARASITIZED: {"precision": self.precision, "recall": self.sensitivity, "f1": self.f1},
            UNINFECTED: {
                "precision": self.negative_predictive_value,
                "recall": self.specificity,
                "f1": _f1(self.tn, self.fp, self.fn, NO_UNINFECTED),
            },
        }

    def _one_sided(self) -> str | None:
        """Why agreement beyond chance means nothing here, if it does not."""
        if not self.n:
            return NO_CELLS
        return None if self.parasitized and self.uninfected else NO_UNINFECTED if self.parasitized else NO_PARASITIZED


def kappa_of(sensitivity: Rate, specificity: Rate, mix: float, n: int) -> Rate:
    """Cohen's kappa of labels and answers to `n` cells, of which the share `mix` (0 to 1) is parasitized.

    Both rates need a value; its interval comes of theirs, as `_combine` does it.
    """
    return _combine(kappa_at, sensitivity, specificity, mix, n)


def _combine(
    figure: Callable[[float, float, float], float], sensitivity: Rate, specificity: Rate, mix: float, n: int
) -> Rate:
    """A figure that rises with sensitivity and with specificity, the mix of classes held as it is in this batch.

    The interval squares and adds how far the figure falls (or rises) when one of the two goes to its own limit
    (MOVER: Zou & Donner, Stat. Med. 27 (2008) 1693; Newcombe, Stat. Med. 17 (1998) 873). Unlike the delta method
    it does not shrink to nothing when no error was made.
    """
    sens, spec = (sensitivity.value or 0.0), (specificity.value or 0.0)
    value = min(1.0, max(-1.0, figure(mix, sens, spec)))  # rounding can step over either end

    def step(low_or_high: str) -> float:
        return math.hypot(
            figure(mix, getattr(sensitivity, low_or_high), spec) - value,
            figure(mix, sens, getattr(specificity, low_or_high)) - value,
        )

    return Rate(value, max(-1.0, value - step("low")), min(1.0, value + step("high")), None, n)


def _f1(tp: int, fn: int, fp: int, absent: str) -> Rate:
    if not tp + fn:
        return Rate.missing(absent)
    n = tp + fn + fp
    low, high = (2 * float(limit) / (1 + float(limit)) for limit in wilson(tp, n))
    value = 2 * tp / (tp + n)
    return Rate(value, min(low, value), max(high, value), None, n)


def _mcc(mix: float, sens: float, spec: float) -> float:
    """Matthews' coefficient of a batch with a share `mix` of positives; 0 where all answers are one class."""
    called = mix * sens + (1 - mix) * (1 - spec)
    spread = called * (1 - called)
    return 0.0 if spread <= 0 else (sens + spec - 1) * math.sqrt(mix * (1 - mix) / spread)


def kappa_at(mix: float, sens: Share, spec: Share) -> Share:
    """Cohen's kappa of a batch with a share `mix` of positives; both rates are numbers or arrays."""
    called = mix * sens + (1 - mix) * (1 - spec)
    by_chance = mix * called + (1 - mix) * (1 - called)
    return (mix * sens + (1 - mix) * spec - by_chance) / (1 - by_chance)
