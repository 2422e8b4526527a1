"""One sample's answer as plain values: what the command line writes and the page offers as a file."""

from dataclasses import asdict
from typing import Any, Final

from malaria.sample.cost import least_cost
from malaria.sample.required import notebook_requirements, required_cell_sensitivity, required_cell_specificity
from malaria.sample.threshold import RED_CELLS_PER_UL, SampleRule

REQUIRED_AT_COUNT: Final = 1
REQUIRED_AT_PARASITAEMIA: Final = 0.01
"""What the required cell rates are for: one flagged cell calls the sample positive, as the notebook has it, at 1 %."""


def summary(rule: SampleRule, red_cells_per_ul: float = RED_CELLS_PER_UL) -> dict[str, Any]:
    """Return count threshold, limit of detection, required cell rates and the notebook's, ready for JSON.

    The required specificity is that of healthy samples at the rule's overdispersion, the required sensitivity that at a
    parasitaemia of 1 %, both where one flagged cell is enough. What does not exist is None.
    """
    return {
        "count_threshold": rule.count_threshold,
        "sample_specificity": rule.sample_specificity,
        "limit_of_detection": rule.limit_of_detection,
        "limit_of_detection_per_ul": rule.limit_of_detection_per_ul(red_cells_per_ul),
        "required_cell_specificity": required_cell_specificity(
            rule.cells,
            REQUIRED_AT_COUNT,
            target_specificity=rule.target_specificity,
            overdispersion=rule.rates.overdispersion,
        ),
        "required_cell_sensitivity": required_cell_sensitivity(
            rule.cells,
            REQUIRED_AT_COUNT,
            parasitaemia=REQUIRED_AT_PARASITAEMIA,
            target_sensitivity=rule.target_sensitivity,
        ),
        "notebook": asdict(notebook_requirements(rule.cells, rule.target_sensitivity, rule.target_specificity)),
    }


def summarize_cost(
    rule: SampleRule, parasitaemia: float, *, prevalence: float, cost_of_missed: float
) -> dict[str, Any]:
    """Return the count threshold that costs least for the cells and rates of `rule`, and what it rests on.

    The keys are those of `SampleCost`, the inputs of `least_cost` beside them. Raises SampleError.
    """
    asked = {"prevalence": prevalence, "cost_of_missed": cost_of_missed}
    return {"parasitaemia": parasitaemia, **asked, **asdict(least_cost(rule.cells, parasitaemia, rule.rates, **asked))}
