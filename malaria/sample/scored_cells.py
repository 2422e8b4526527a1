"""From scores of cells that the model had not seen: rates at every threshold, the best threshold, and the real check.

Every function here needs out-of-sample scores, of patients the model was not trained on; others flatter.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.errors import SampleError
from malaria.sample import _checks, flagged
from malaria.sample.overdispersion import fit_overdispersion
from malaria.sample.rates import CellRates, Interval, MeasuredRate
from malaria.sample.threshold import SampleRule, count_threshold, sample_rule

_TELLING = 10  # flagged cells (and unflagged ones) below which a fitted overdispersion is mostly noise


@dataclass(frozen=True)
class OperatingPoint:
    """The cell rates at one threshold on p_parasitized, as measured."""

    threshold: float
    sensitivity: MeasuredRate
    false_positive_rate: MeasuredRate
    overdispersion: float

    @classmethod
    def from_counts(cls, threshold: float, *, tp: int, fn: int, fp: int, tn: int) -> Self:
        """The rates that a confusion matrix gives, of cells whose patients are not known."""
        return cls(threshold, MeasuredRate(tp, tp + fn), MeasuredRate(fp, fp + tn), 0.0)

    @property
    def rates(self) -> CellRates:
        """The rates as measured; a rate of 0 or 1, which no number of cells proves, as its cautious estimate."""
        sensitivity, false_alarms = (
            rate.estimate if 0 < rate.events < rate.trials else rate.cautious
            for rate in (self.sensitivity, self.false_positive_rate)
        )
        return CellRates(sensitivity, false_alarms, self.overdispersion)

    @property
    def cautious_rates(self) -> CellRates:
        """The rates with half an event and half a non-event added: never a false-positive rate of 0."""
        return CellRates(self.sensitivity.cautious, self.false_positive_rate.cautious, self.overdispersion)


@dataclass(frozen=True)
class ScoredCells:
    """Cells with scores of a model that had not seen their patients.

    p_parasitized: float64 (cells,), 0 to 1. infected: bool (cells,), by whichever labels one believes. patient: any
    labels, (cells,). Raises SampleError unless the three have one length, no score is missing, and there are infected
    and uninfected cells.
    """

    p_parasitized: NDArray[np.float64]
    infected: NDArray[np.bool_]
    patient: NDArray[np.object_]

    def __post_init__(self) -> None:
        object.__setattr__(self, "p_parasitized", np.asarray(self.p_parasitized, dtype=np.float64))
        object.__setattr__(self, "infected", np.asarray(self.infected, dtype=np.bool_))
        object.__setattr__(self, "patient", np.asarray(self.patient, dtype=np.object_))
        if not self.p_parasitized.shape == self.infected.shape == self.patient.shape or self.infected.ndim != 1:
            raise SampleError("Held-out cells need one score, one label and one patient each.")
        if not np.all((self.p_parasitized >= 0) & (self.p_parasitized <= 1)):
            raise SampleError("Every held-out cell needs a score between 0 and 1. Leave out the cells without one.")
        if not 0 < self.infected.sum() < self.infected.size:
            raise SampleError("Held-out cells must be of both classes: rates of one class say nothing about a sample.")

    def at(self, threshold: float) -> OperatingPoint:
        """Measure the cell rates at `threshold` (0 to 1; a cell at it or above is flagged), cells grouped by patient.

        The overdispersion is that of the uninfected cells. Where fewer than ten of them are flagged they cannot tell,
        and it is that at the highest threshold with ten.
        """
        hit = self.p_parasitized >= _checks.number("The threshold", threshold)
        sensitivity, _ = self._measure(hit, self.infected, 0.0)
        false_alarms, spread = self._measure(hit, ~self.infected, self._last_overdispersion)
        return OperatingPoint(float(threshold), sensitivity, false_alarms, spread)

    def curve(self, thresholds: Iterable[float] | None = None) -> list[OperatingPoint]:
        """Measure the cell rates at `thresholds`, or at 30 that the uninfected cells' own scores suggest; ascending."""
        return [self.at(threshold) for threshold in sorted(self._thresholds() if thresholds is None else thresholds)]

    def sensitivity_by_patient(self, threshold: float, fewest: int = 10) -> NDArray[np.float64]:
        """Return the share of infected cells flagged in each patient with at least `fewest` of them, ascending.

        The model of flagged cells takes one sensitivity for all patients; this shows how far that is from true.
        """
        hit, number = self.p_parasitized >= threshold, self._patient_number
        cells = np.bincount(number[self.infected])
        flagged_cells = np.bincount(number[self.infected], weights=hit[self.infected])
        enough = cells >= fewest
        return np.sort(flagged_cells[enough] / cells[enough])

    @cached_property
    def _patient_number(self) -> NDArray[np.int64]:
        return np.unique(self.patient.astype(str), return_inverse=True)[1].astype(np.int64)

    @cached_property
    def _last_overdispersion(self) -> float:
        falling = np.sort(self.p_parasitized[~self.infected])[::-1]
        if len(falling) < _TELLING:
            return 0.0
        return self._measure(self.p_parasitized >= falling[_TELLING - 1], ~self.infected, 0.0)[1]

    def _measure(
        self, hit: NDArray[np.bool_], among: NDArray[np.bool_], otherwise: float
    ) -> tuple[MeasuredRate, float]:
        """Return the share of cells hit, and their overdispersion, which is `otherwise` if they cannot tell."""
        of_all = np.bincount(self._patient_number[among])
        cells, events = of_all[of_all > 0], np.bincount(self._patient_number[among], weights=hit[among])[of_all > 0]
        telling = min(events.sum(), cells.sum() - events.sum()) >= _TELLING
        if telling and len(cells) > 1 and cells.max() > 1:
            fit = fit_overdispersion(events, cells)
            return fit.measured_rate, fit.value
        design_effect = 1 + ((cells**2).sum() / cells.sum() - 1) * otherwise
        return MeasuredRate(float(events.sum()), float(cells.sum()), float(design_effect)), otherwise

    def _thresholds(self) -> NDArray[np.float64]:
        """Return scores of uninfected cells such that false-positive rates are spaced evenly on a log scale."""
        falling = np.sort(self.p_parasitized[~self.infected])[::-1]
        ranks = np.unique(np.geomspace(1, max(1, len(falling) // 3), 30).astype(int)) - 1
        above_all = np.nextafter(falling[0], 2)
        return np.unique(np.append(falling[ranks], above_all))


@dataclass(frozen=True)
class ThresholdChoice:
    """One threshold of the model, and the rule for a sample it would give."""

    point: OperatingPoint
    rule: SampleRule


def threshold_choices(
    curve: Sequence[OperatingPoint], cells: int, *, target_sensitivity: float = 0.95, target_specificity: float = 0.95
) -> list[ThresholdChoice]:
    """Return the rule for `cells` cells (1 to 10,000,000) at every point of the curve, from cautious rates."""
    return [
        ThresholdChoice(
            point,
            sample_rule(
                cells,
                point.cautious_rates,
                target_sensitivity=target_sensitivity,
                target_specificity=target_specificity,
            ),
        )
        for point in curve
    ]


def best_threshold(choices: Iterable[ThresholdChoice]) -> ThresholdChoice | None:
    """Return the choice with the lowest limit of detection, the lower threshold where two tie; None if none has one.

    The winner of many is a little lucky: on other patients expect a somewhat higher limit.
    """
    able = [choice for choice in choices if choice.rule.limit_of_detection is not None]
    return min(able, key=lambda choice: (choice.rule.limit_of_detection or 0.0, choice.point.threshold), default=None)


@dataclass(frozen=True)
class SharePredicted:
    """A share of patients as the model predicts it (0 to 1), and as observed in `observed`."""

    predicted: float
    observed: MeasuredRate

    @property
    def interval(self) -> Interval:
        """The 95 % interval of the observed share."""
        return self.observed.interval()


@dataclass(frozen=True)
class RealCheck:
    """Every held-out patient decided by the rule, beside what the model of flagged cells predicts.

    patients: a table with columns patient, infected (bool), cells, infected_cells, flagged, count_threshold,
    called_positive (bool), predicted (probability of being called positive). sensitivity, specificity: None without
    infected (or healthy) patients.
    """

    patients: pd.DataFrame
    sensitivity: SharePredicted | None
    specificity: SharePredicted | None


def real_check(
    scored: ScoredCells,
    threshold: float,
    rates: CellRates,
    target_specificity: float = 0.95,
    infected_patients: Collection[str] | None = None,
) -> RealCheck:
    """Decide each patient by the count threshold for that patient's number of cells. Raises SampleError.

    infected_patients: those known to be infected; without it, all with an infected cell. A patient's parasitaemia is
    the share of infected cells among those given. In the NIH cells that is about one half by construction, far above
    any limit of detection; and when `rates` come from the same patients, so does the predicted specificity. This checks
    the model of flagged cells, not a clinic.
    """
    patients, patient = np.unique(scored.patient.astype(str), return_inverse=True)
    hit = scored.p_parasitized >= threshold
    cells = np.bincount(patient)
    infected_cells = np.bincount(patient[scored.infected], minlength=len(patients))
    flagged_cells = np.bincount(patient[hit], minlength=len(patients))

    @cache  # many patients are alike
    def decision(size: int, share: float) -> tuple[int, float]:
        count = count_threshold(size, rates, target_specificity)
        return count, flagged.at_least(count, size, share, rates)

    decisions = [decision(*each) for each in zip(cells.tolist(), (infected_cells / cells).tolist(), strict=True)]
    thresholds, predicted = (np.array(column) for column in zip(*decisions, strict=True))
    called = flagged_cells >= thresholds
    infected = infected_cells > 0 if infected_patients is None else np.isin(patients, list(infected_patients))
    table = pd.DataFrame(
        {
            "patient": patients,
            "infected": infected,
            "cells": cells,
            "infected_cells": infected_cells,
            "flagged": flagged_cells,
            "count_threshold": thresholds,
            "called_positive": called,
            "predicted": predicted,
        }
    )
    return RealCheck(
        table, _share(predicted[infected], called[infected]), _share(1 - predicted[~infected], ~called[~infected])
    )


def _share(predicted: NDArray[np.float64], right: NDArray[np.bool_]) -> SharePredicted | None:
    """Return the predicted and observed share of patients called what they are."""
    if not right.size:
        return None
    return SharePredicted(float(predicted.mean()), MeasuredRate(float(right.sum()), float(right.size)))
