"""Everything that is measured when the answers of one model are held against labels, at one threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import ArrayLike

from malaria.metrics._auc import auc
from malaria.metrics._calibration import BINS, Bin, brier, expected_calibration_error, reliability
from malaria.metrics._checks import fraction, is_parasitized, probabilities
from malaria.metrics._curve import Curve
from malaria.metrics._patients import RESAMPLES, ByPatient, Patients
from malaria.metrics._rates import NO_CELLS, Confusion, Rate


@dataclass(frozen=True, eq=False)
class Evaluation:
    """One model on one labelled batch. Believe it only for cells the model was not trained on.

    `by_patient` is None when no cell's patient is known. `left_out` counts images without a label, `unreadable` images
    that could not be read, `copies` files that are copies of others; none is among the `n` cells measured. `brier` and
    `ece` are None without cells.
    """

    threshold: float
    confusion: Confusion
    auc: Rate
    brier: float | None
    ece: float | None
    reliability: tuple[Bin, ...]
    by_patient: ByPatient | None
    curve: Curve
    model: str | None = None
    left_out: int = 0
    unreadable: int = 0
    copies: int = 0
    _patients: Patients | None = field(default=None, repr=False)

    @property
    def n(self) -> int:
        """Cells measured."""
        return self.confusion.n

    @property
    def rates(self) -> dict[str, Rate]:
        """Every rate by its name, in the order in which they are shown; AUC last."""
        return {**self.confusion.rates, "auc": self.auc}

    def at(self, threshold: float) -> Evaluation:
        """The same cells at another threshold (0 to 1): only what depends on it is worked out again."""
        threshold = fraction(threshold, "threshold")
        return replace(
            self,
            threshold=threshold,
            confusion=self.curve.at(threshold),
            by_patient=self._patients.at(threshold) if self._patients else None,
        )

    def to_dict(self) -> dict[str, Any]:
        """What `python -m malaria evaluate --json` writes: plain numbers, strings and None, never NaN.

        A figure that cannot be computed is None, and so is its interval; `reasons` says why, by the figure's name.
        """
        rates = self.rates
        shown = {
            "n": self.n,
            "left_out": self.left_out,
            "unreadable": self.unreadable,
            "copies": self.copies,
            "model": self.model,
            "threshold": self.threshold,
            "confusion": {name: getattr(self.confusion, name) for name in ("tp", "fn", "fp", "tn")},
            **{name: rate.value for name, rate in rates.items()},
            "brier": self.brier,
            "ece": self.ece,
            "intervals": _intervals(rates),
            "patients": self._patients_dict(),
            "reasons": _reasons(rates),
        }
        return shown if self.n else {**shown, "reasons": {**_reasons(rates), "brier": NO_CELLS, "ece": NO_CELLS}}

    def _patients_dict(self) -> dict[str, Any]:
        if self.by_patient is None:
            return {"n": 0, "cells_without_patient": self.n, "intervals": {}, "reasons": {}}
        rates = self.by_patient.rates
        return {
            "n": self.by_patient.n,
            "cells_without_patient": self.by_patient.without,
            **{name: rate.value for name, rate in rates.items()},
            "intervals": _intervals(rates),
            "reasons": _reasons(rates),
        }


def evaluate(
    y_true: ArrayLike,
    p: ArrayLike,
    threshold: float,
    patients: Sequence[object] | None = None,
    *,
    model: str | None = None,
    left_out: int = 0,
    unreadable: int = 0,
    copies: int = 0,
    bins: int = BINS,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Measure p_parasitized (0 to 1) against labels at `threshold`; a cell is called parasitized when p >= threshold.

    `y_true` holds class names (or booleans, True for parasitized), `patients` a name for each cell or None where it is
    not known; all of shape (n,). Intervals of the rates take cells as independent (Wilson, DeLong); those of
    `by_patient` do not (`resamples` drawings of patients from `seed`). `left_out`, `unreadable` and `copies` are passed
    on.
    Raises LabelsError for labels outside the classes, MetricsError for numbers outside their range.
    """
    true = is_parasitized(y_true)
    scores = probabilities(p, true.size)
    curve = Curve.from_scores(true, scores)
    known = Patients(true, scores, patients, seed, resamples) if patients is not None else None
    known = known if known is not None and known.names.size else None
    bins_ = reliability(true, scores, bins)
    threshold = fraction(threshold, "threshold")
    return Evaluation(
        threshold=threshold,
        confusion=curve.at(threshold),
        auc=auc(curve),
        brier=brier(true, scores),
        ece=expected_calibration_error(bins_),
        reliability=bins_,
        by_patient=known.at(threshold) if known else None,
        curve=curve,
        model=model,
        left_out=left_out,
        unreadable=unreadable,
        copies=copies,
        _patients=known,
    )


def _intervals(rates: dict[str, Rate]) -> dict[str, list[float] | None]:
    return {name: list(rate.interval) if rate.interval else None for name, rate in rates.items()}


def _reasons(rates: dict[str, Rate]) -> dict[str, str]:
    return {name: rate.reason for name, rate in rates.items() if rate.reason}
