"""How good answers are: rates with intervals, thresholds, calibration, patients, comparisons. Numbers only, no charts.

A cell is called parasitized when p_parasitized >= threshold. What cannot be computed is None with a reason, never NaN.
"""

from malaria.metrics.calibration import (
    Bin,
    apply_temperature,
    brier,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from malaria.metrics.curve import Curve, Points
from malaria.metrics.evaluation import Evaluation, evaluate
from malaria.metrics.patients import ByPatient, PatientRates
from malaria.metrics.rates import Confusion, Rate, wilson

__all__ = [
    "Bin",
    "ByPatient",
    "Confusion",
    "Curve",
    "Evaluation",
    "PatientRates",
    "Points",
    "Rate",
    "apply_temperature",
    "brier",
    "evaluate",
    "expected_calibration_error",
    "fit_temperature",
    "reliability",
    "wilson",
]
