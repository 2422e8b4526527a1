"""The tab of thresholds: the labels and the model's threshold behind the rates, and the count that costs least."""

import math
from typing import Final

import numpy as np
import streamlit as st

from malaria.sample import (
    CellRates,
    OperatingPoint,
    SampleCost,
    SampleRule,
    Scores,
    ThresholdChoice,
    best_threshold,
    cost_at,
    count_threshold,
    least_cost,
    rule_interval,
    sample_rule,
)
from malaria.ui.parts.mirrored import read_control, set_control
from malaria.ui.sample import tab_charts
from malaria.ui.sample.controls import COST, PREVALENCE, draw_control
from malaria.ui.sample.inputs import PARAMETERS, Inputs, change
from malaria.ui.sample.rates import list_choices, measure_again, pick_reading
from malaria.ui.sample.text import NEEDS_SCORES, cite, name_labels
from malaria.wording.numbers import percent, plain

_POINTS: Final = 40  # of the curve of costs


def draw_threshold(scores: Scores | None, point: OperatingPoint | None, rule: SampleRule, inputs: Inputs) -> None:
    """Draw all of the tab."""
    _draw_cost(rule, inputs)
    st.header("The model threshold that detects most", anchor="threshold")
    if scores is None or point is None:
        st.markdown(NEEDS_SCORES)
        return
    _choose(scores, inputs)
    _draw_best(scores, point, inputs)


def _draw_cost(rule: SampleRule, inputs: Inputs) -> None:
    st.header("The count that costs least", anchor="cost")
    with st.container(key="sample-cost"):
        left, right = st.columns(2)
        with left:
            draw_control(COST, inputs)
        with right:
            draw_control(PREVALENCE, inputs)
    if not 0 < inputs.prevalence < 1:
        st.markdown("If everybody or nobody is infected, there is nothing to decide.")
        return
    asked = (inputs.cells, inputs.parasitaemia, rule.rates, inputs.prevalence, inputs.cost_of_missed)
    least, costs = _price(*asked, rule.count_threshold)
    now = next(cost for cost in costs if cost.count_threshold == rule.count_threshold)
    st.markdown(_say_least(least, now, inputs))
    tab_charts.draw_costs(costs, least, now)
    target = math.floor(least.specificity * 1e9) / 1e9  # so that rounding lets no smaller count in
    _, low, high, _ = PARAMETERS["target_specificity"]
    usable = low <= target <= high and count_threshold(inputs.cells, rule.rates, target) == least.count_threshold
    if usable and least.count_threshold != rule.count_threshold:
        st.button(
            f"Answer with {least.count_threshold:,} or more",
            icon=":material/savings:",
            key="sample-least-cost",
            help="Sets the target for healthy samples cleared to the share that this count clears.",
            on_click=change,
            kwargs={"target_specificity": target},
        )
    st.caption(
        cite(
            "Assumptions: every infected person has {parasitaemia} of their cells infected, a right answer costs "
            "nothing, "
            "and the cell rates are known. The cost per person tested is prevalence × cost of a missed infection × "
            "P(missed) + (1 − prevalence) × P(false alarm) {Metz}. The cost ratio is a judgement, not a measurement: "
            "the cost "
            "of a missed infection depends on who is tested and on what happens after each kind of error.",
            parasitaemia=percent(inputs.parasitaemia),
        )
    )


def _say_least(least: SampleCost, now: SampleCost, inputs: Inputs) -> str:
    if least.count_threshold == 0:
        rule = "it costs least to call every sample positive without reading it"
    elif least.count_threshold > inputs.cells:
        rule = "it costs least to call no sample positive"
    else:
        rule = f"{least.count_threshold:,} or more flagged cells cost least"
    same = least.count_threshold == now.count_threshold
    beside = "That is the answer above." if same else f"The answer above costs {plain(now.expected_cost)}."
    return (
        f"**If a missed infection costs as much as {plain(inputs.cost_of_missed)} false alarms, {rule}**: "
        f"{plain(least.expected_cost)} false alarms per person tested. {beside}"
    )


@st.cache_data(max_entries=256, show_spinner="Weighing every count …")
def _price(
    cells: int, parasitaemia: float, rates: CellRates, prevalence: float, ratio: float, now: int
) -> tuple[SampleCost, list[SampleCost]]:
    """Return the least cost, and the costs of the counts around it and around `now`, ascending."""
    asked = {"prevalence": prevalence, "cost_of_missed": ratio}
    least = least_cost(cells, parasitaemia, rates, **asked)
    ends = sorted((least.count_threshold, now))
    margin = max(4, round(0.6 * ends[1] - 0.4 * ends[0]))
    low, high = max(0, ends[0] - margin), min(cells + 1, ends[1] + margin)
    counts = {*np.linspace(low, high, _POINTS).round().astype(int).tolist(), *ends}
    return least, [cost_at(count, cells, parasitaemia, rates, **asked) for count in sorted(counts)]


def _draw_best(scores: Scores, point: OperatingPoint, inputs: Inputs) -> None:
    """Draw the limit of detection at every threshold, and offer the lowest."""
    reading = pick_reading(scores, inputs)
    found = list_choices(scores, scores.token, reading, inputs.cells, **inputs.targets)
    lowest = best_threshold(found)
    st.markdown(
        "A higher threshold flags fewer infected cells and far fewer uninfected cells. For a whole sample, fewer false "
        "alarms matter more, until too few infected cells are flagged."
    )
    now = ThresholdChoice(point, sample_rule(inputs.cells, point.cautious_rates, **inputs.targets))
    tab_charts.draw_thresholds(found, now, lowest, inputs.red_cells_per_ul)
    if lowest is None:
        st.markdown("No threshold detects any infection often enough.")
        return
    st.button(
        f"Use the threshold with the lowest limit of detection, {plain(lowest.point.threshold, 5)}",
        icon=":material/my_location:",
        key="sample-best",
        disabled=abs(lowest.point.threshold - inputs.threshold) < 1e-12,
        on_click=lambda: measure_again(threshold=lowest.point.threshold),
    )
    st.markdown(_say_worst(lowest, inputs))
    st.caption(
        "Here half a case is added to each side of every rate, so that no threshold wins with a false-positive rate of "
        "0 from few cells. The best of thirty thresholds still owes a little to luck, and patients differ most in "
        "sensitivity at high thresholds. On other patients, expect a higher limit."
    )


def _say_worst(choice: ThresholdChoice, inputs: Inputs) -> str:
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
    return f"Given how well its rates are known, this limit lies {ends} (95 % interval)."


def _choose(scores: Scores, inputs: Inputs) -> None:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        st.selectbox(
            "Labels used to measure the rates",
            scores.readings,
            key=set_control("sample.labels", pick_reading(scores, inputs)),
            format_func=lambda reading: name_labels(scores, reading),
            on_change=lambda: measure_again(reading=read_control("sample.labels")),
            help="Specialists re-read the NIH cells and disputed one label in twenty. Without the disputed cells, the "
            "rates are for clear cells. With the labels as given, mislabelled cells count as the model's errors.",
        )
    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        stops = sorted({point.threshold for point in scores.curve(pick_reading(scores, inputs))} | {inputs.threshold})
        st.select_slider(
            "Model threshold",
            stops,
            key=set_control("sample.threshold.slider", inputs.threshold),
            format_func=lambda stop: plain(stop, 5),
            on_change=lambda: measure_again(threshold=read_control("sample.threshold.slider")),
            help="A cell is flagged when its p_parasitized is at least this value.",
        )
        st.number_input(
            "Model threshold, exactly",
            0.0,
            1.0,
            step=None,
            format="%.6g",
            key=set_control("sample.threshold", inputs.threshold),
            label_visibility="collapsed",
            on_change=lambda: measure_again(threshold=read_control("sample.threshold") or 0.0),
            width=140,
        )
