"""How good answers are: rates with intervals, thresholds, calibration, patients, comparisons. Numbers only, no charts.

A cell is called parasitized when p_parasitized >= threshold. What cannot be computed is None with a reason, never NaN.
"""

from malaria.metrics._agreement import Agreement, McNemar, cohen, fleiss, mcnemar
from malaria.metrics._calibration import (
    TEMPERATURES,
    Bin,
    apply_temperature,
    brier,
    expected_calibration_error,
    fit_temperature,
    is_at_bound,
    reliability,
)
from malaria.metrics._curve import Curve, Points
from malaria.metrics._evaluation import Evaluation, evaluate
from malaria.metrics._exact_kappa import exact_kappa
from malaria.metrics._patients import ByPatient, PatientRates
from malaria.metrics._rates import Confusion, Rate, clopper_pearson, wilson
from malaria.metrics._readings import Change, Readings, readings

__all__ = [
    "TEMPERATURES",
    "Agreement",
    "Bin",
    "ByPatient",
    "Change",
    "Confusion",
    "Curve",
    "Evaluation",
    "McNemar",
    "PatientRates",
    "Points",
    "Rate",
    "Readings",
    "apply_temperature",
    "brier",
    "clopper_pearson",
    "cohen",
    "evaluate",
    "exact_kappa",
    "expected_calibration_error",
    "fit_temperature",
    "fleiss",
    "is_at_bound",
    "mcnemar",
    "readings",
    "reliability",
    "wilson",
]
