"""The threshold of the model with the lowest limit of detection."""

import streamlit as st

from malaria.sample import OperatingPoint, Scores, ThresholdChoice, best_threshold, rule_interval, sample_rule
from malaria.sample.numbers import percent, plain
from malaria.ui.sample import charts
from malaria.ui.sample.inputs import Inputs
from malaria.ui.sample.rates import again, reading_of
from malaria.ui.sample.scores import choices
from malaria.ui.sample.text import NEEDS_SCORES


def best(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Draw the limit of detection at every threshold, and offer the lowest."""
    st.header("Which threshold of the model detects most", anchor="threshold")
    if scores is None or point is None:
        st.markdown(NEEDS_SCORES)
        return
    reading = reading_of(scores, inputs)
    found = choices(scores, scores.token, reading, inputs.cells, **inputs.targets)
    lowest = best_threshold(found)
    st.markdown(
        "A higher threshold flags fewer infected cells, and far fewer uninfected ones. For a whole sample the second "
        "counts for more, until too few infected cells are left to be flagged."
    )
    now = ThresholdChoice(point, sample_rule(inputs.cells, point.cautious_rates, **inputs.targets))
    charts.thresholds(found, now, lowest, inputs.red_cells_per_ul)
    if lowest is None:
        st.markdown("No threshold detects any infection often enough.")
        return
    st.button(
        f"Use the threshold with the lowest limit of detection, {plain(lowest.point.threshold, 5)}",
        icon=":material/my_location:",
        key="sample-best",
        disabled=abs(lowest.point.threshold - inputs.threshold) < 1e-12,
        on_click=lambda: again(threshold=lowest.point.threshold),
    )
    st.markdown(_at_worst(lowest, inputs))
    st.caption(
        "Here each rate has half a case added on either side, so that no threshold wins by a false-positive rate of 0 "
        "seen in few cells. The best of thirty is still a little lucky, and at high thresholds patients differ most in "
        "sensitivity: on other patients expect a higher limit."
    )


def _at_worst(choice: ThresholdChoice, inputs: Inputs) -> str:
    point = choice.point
    low, high = rule_interval(
        inputs.cells,
        point.sensitivity,
        point.false_positive_rate,
        point.overdispersion,
        target_sensitivity=inputs.target_sensitivity,
        target_specificity=inputs.target_specificity,
    ).limit_of_detection
    ends = f"between {percent(low or 0.0)} and {percent(high)}" if high is not None else "or does not exist"
    return f"As well as its rates are known, that limit lies {ends} (95 % interval)."
