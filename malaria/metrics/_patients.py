"""The same rates with patients, not cells, as the unit of chance: cells of one patient go wrong together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Final

import numpy as np
from scipy.special import expit, logit, stdtrit

from malaria.errors import MetricsError
from malaria.metrics._auc import delong, newcombe
from malaria.metrics._checks import Bools, Floats, Ints
from malaria.metrics._curve import Curve
from malaria.metrics._rates import NO_CELLS, NO_PARASITIZED, NO_UNINFECTED, Rate, wilson

RESAMPLES: Final = 1000
CHUNK: Final = 2_000_000
"""Numbers held at once while resampling: bounds memory whatever the number of patients."""

ONE_PATIENT: Final = "An interval by patient needs at least two patients."


@dataclass(frozen=True)
class PatientRates:
    """One patient's cells: how many, and how they were called; the intervals are Wilson's."""

    patient: str
    n: int
    sensitivity: Rate
    false_positive_rate: Rate


@dataclass(frozen=True, eq=False)
class ByPatient:
    """Rates over the cells whose patient is known, with intervals that draw whole patients anew (cluster bootstrap).

    `counts` holds tp, fn, fp, tn of each patient, int64 of shape (patients, 4), in the order of `names`.
    `without` counts the cells whose patient is not known; they are in no figure here.

    The standard error is that of `RESAMPLES` drawings of as many patients with replacement, times the root of
    k / (k - 1) for k patients, used with Student's t for k - 1 on the logit scale: with a few dozen patients and few
    errors, plain percentiles of the drawings are too narrow. Where every drawing gives the same value (no error in any
    patient), that says nothing of patients not seen, so the interval is the one of k independent observations.
    """

    names: tuple[str, ...]
    counts: Ints
    without: int
    accuracy: Rate
    sensitivity: Rate
    specificity: Rate
    _patients: Patients = field(repr=False)

    @property
    def auc(self) -> Rate:
        """Area under the ROC curve, whatever the threshold. Worked out when first asked for: it is the slow one."""
        return self._patients.auc

    @property
    def n(self) -> int:
        """Patients."""
        return len(self.names)

    @property
    def rates(self) -> dict[str, Rate]:
        """The four rates by name."""
        return {name: getattr(self, name) for name in ("accuracy", "sensitivity", "specificity", "auc")}

    @cached_property
    def each(self) -> tuple[PatientRates, ...]:
        """Every patient's own rates, in the order of `names`."""
        return tuple(
            PatientRates(
                name,
                int(tp + fn + fp + tn),
                Rate.share(int(tp), int(tp + fn), "This patient has no cell labelled parasitized."),
                Rate.share(int(fp), int(fp + tn), "This patient has no cell labelled uninfected."),
            )
            for name, (tp, fn, fp, tn) in zip(self.names, self.counts, strict=True)
        )


class Patients:
    """The cells of known patients, ready to be measured at any threshold; the AUC is resampled only once."""

    def __init__(self, true: Bools, p: Floats, patients: Sequence[object], seed: int, resamples: int) -> None:
        if len(patients) != true.size:
            raise MetricsError(
                f"There must be one patient or None for each label, not {len(patients)} for {true.size}."
            )
        named = np.array([isinstance(patient, str) and patient != "" for patient in patients], dtype=np.bool_)
        self.names, code = np.unique(np.asarray(patients, dtype=object)[named].astype(str), return_inverse=True)
        self.code: Ints = code.astype(np.int64)
        self.true, self.p = true[named], p[named]
        self.without = int(true.size - self.true.size)
        self.seed, self.resamples = seed, resamples

    def at(self, threshold: float) -> ByPatient:
        """Measure at `threshold`, 0 to 1."""
        called = self.p >= threshold
        outcome = np.where(self.true, np.where(called, 0, 1), np.where(called, 2, 3))
        counts = np.bincount(self.code * 4 + outcome, minlength=4 * self.names.size).reshape(-1, 4)
        tp, fn, fp, tn = counts.T
        shares = [(tp + tn, tp + fn + fp + tn, NO_CELLS), (tp, tp + fn, NO_PARASITIZED), (tn, fp + tn, NO_UNINFECTED)]
        drawn: list[list[Floats]] = [[], [], []]
        for weights in self._draw():  # einsum, not @: threads of a matrix library cost more than they save here
            for values, (numerator, n, _) in zip(drawn, shares, strict=True):
                values.append(_divide(*(np.einsum("rp,p->r", weights, count) for count in (numerator, n))))
        accuracy, sensitivity, specificity = (
            _share_by_patient(numerator, n, values, reason)
            for (numerator, n, reason), values in zip(shares, drawn, strict=True)
        )
        names = tuple(str(name) for name in self.names)
        return ByPatient(names, counts, self.without, accuracy, sensitivity, specificity, self)

    @cached_property
    def auc(self) -> Rate:
        """Area under the ROC curve of these cells; it depends on no threshold."""
        curve = Curve.from_scores(self.true, self.p)
        m, n = curve.positives.size, curve.negatives.size
        if not m or not n:
            return Rate.missing(NO_CELLS if not m + n else NO_UNINFECTED if m else NO_PARASITIZED, m + n)
        area = delong(curve)[0]
        if self.names.size < 2:
            return Rate(area, None, None, None, m + n, ONE_PATIENT)
        having = [np.unique(self.code[mask]).size for mask in (self.true, ~self.true)]
        low, high = newcombe(area, *having)
        return _with_interval(Rate(area, low, high, None, m + n), list(self._measure_drawn_areas()), min(having))

    def _draw(self) -> Iterator[Floats]:
        """How often each patient is drawn, float64 of shape (some, patients), `resamples` rows in all."""
        rng, k = np.random.default_rng(self.seed), self.names.size
        for start in range(0, self.resamples if k > 1 else 0, step := max(1, CHUNK // max(k, 1))):
            size = min(step, self.resamples - start)
            yield rng.multinomial(k, np.full(k, 1 / k), size=size).astype(np.float64)

    def _measure_drawn_areas(self) -> Iterator[Floats]:
        """The area of each drawing, from one sort: a drawing only changes how often each cell counts."""
        order = np.argsort(self.p)
        scores, code = self.p[order], self.code[order]
        first_of_tie = np.flatnonzero(np.diff(scores, prepend=-1.0))
        positive = self.true[order].astype(np.float64)
        for weights in self._draw():
            areas = np.empty(len(weights))
            for i, weight in enumerate(weights):
                cell = weight[code]
                positives = np.add.reduceat(cell * positive, first_of_tie)
                negatives = np.add.reduceat(cell, first_of_tie) - positives
                below = np.cumsum(negatives) - negatives / 2
                areas[i] = _divide((positives * below).sum(), positives.sum() * negatives.sum())
            yield areas


def _share_by_patient(numerator: Ints, n: Ints, drawn: list[Floats], reason: str) -> Rate:
    total, size, patients = int(numerator.sum()), int(n.sum()), int((n > 0).sum())
    if not size:
        return Rate.missing(reason)
    if numerator.size < 2:
        return Rate(total / size, None, None, total, size, ONE_PATIENT)
    low, high = wilson(total / size * patients, patients)
    return _with_interval(Rate(total / size, float(low), float(high), total, size), drawn, patients)


def _with_interval(if_all_alike: Rate, drawn: list[Floats], patients: int) -> Rate:
    """The rate with the interval that the drawings give it; drawings without the needed class are left out."""
    value, values = if_all_alike.value or 0.0, np.concatenate(drawn)
    values = values[np.isfinite(values)]
    if patients < 2 or values.size < 2 or values.std() < 1e-12 or not 0 < value < 1:
        return if_all_alike
    error = float(values.std(ddof=1)) * math.sqrt(patients / (patients - 1))
    half = float(stdtrit(patients - 1, 0.975)) * error / (value * (1 - value))
    low, high = (float(expit(logit(value) + side)) for side in (-half, half))
    return replace(if_all_alike, low=min(low, value), high=max(high, value))


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(numerator, denominator)
