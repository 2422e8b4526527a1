"""From cells to a sample: count thresholds, limit of detection, parasitaemia, and how sure one may be of each."""

from malaria.sample.accuracy import SampleRoc, post_test_probability, predictive_values, sample_roc
from malaria.sample.cost import SampleCost, cost_at, least_cost
from malaria.sample.estimate import ParasitaemiaEstimate, estimate_parasitaemia
from malaria.sample.flagged import at_least, exactly, fewer_than, histogram, quantile
from malaria.sample.overdispersion import Overdispersion, fit_overdispersion
from malaria.sample.rates import CellRates, Interval, MeasuredRate
from malaria.sample.required import (
    NotebookRequirements,
    notebook_requirements,
    required_cell_sensitivity,
    required_cell_specificity,
    required_cells,
)
from malaria.sample.scored_cells import (
    OperatingPoint,
    RealCheck,
    ScoredCells,
    SharePredicted,
    ThresholdChoice,
    best_threshold,
    real_check,
    threshold_choices,
)
from malaria.sample.scores import READINGS, Scores
from malaria.sample.summary import summarize_cost, summary
from malaria.sample.threshold import RED_CELLS_PER_UL, SampleRule, count_threshold, limit_of_detection, sample_rule
from malaria.sample.uncertainty import RuleInterval, rule_interval

__all__ = [
    "READINGS",
    "RED_CELLS_PER_UL",
    "CellRates",
    "Interval",
    "MeasuredRate",
    "NotebookRequirements",
    "OperatingPoint",
    "Overdispersion",
    "ParasitaemiaEstimate",
    "RealCheck",
    "RuleInterval",
    "SampleCost",
    "SampleRoc",
    "SampleRule",
    "ScoredCells",
    "Scores",
    "SharePredicted",
    "ThresholdChoice",
    "at_least",
    "best_threshold",
    "cost_at",
    "count_threshold",
    "estimate_parasitaemia",
    "exactly",
    "fewer_than",
    "fit_overdispersion",
    "histogram",
    "least_cost",
    "limit_of_detection",
    "notebook_requirements",
    "post_test_probability",
    "predictive_values",
    "quantile",
    "real_check",
    "required_cell_sensitivity",
    "required_cell_specificity",
    "required_cells",
    "rule_interval",
    "sample_roc",
    "sample_rule",
    "summarize_cost",
    "summary",
    "threshold_choices",
]
