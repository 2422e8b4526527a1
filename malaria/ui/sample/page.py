"""The sample-threshold page: from rates of cells to a rule for a patient's sample, and how far it can be trusted."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from malaria.sample import MeasuredRate, RuleInterval, Scores, rule_interval, sample_rule
from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.sample import answer, charts, patients, rates, sections, source, text
from malaria.ui.sample.controls import (
    CELLS,
    FALSE_ALARMS,
    OVERDISPERSION,
    PARASITAEMIA,
    RED_CELLS,
    SENSITIVITY,
    TARGET_SENSITIVITY,
    TARGET_SPECIFICITY,
    draw_control,
)
from malaria.ui.sample.inputs import Inputs, keep, read_inputs, write_address


def show(frame: Frame) -> None:
    """Draw the whole page below its title."""
    st.html(Path(__file__).with_name("style.css"))
    cells = rates.get_scores(frame)
    inputs, refused = read_inputs(_start(cells, frame))
    point = rates.measure_point(cells, frame, inputs)
    inputs = rates.follow(inputs, point)
    keep(inputs)
    for parameter in refused:
        address.leave_out(*parameter)

    rule = sample_rule(inputs.cells, inputs.rates, **inputs.targets)
    interval = _find_interval(rates.find_known_rates(inputs, point), inputs)
    answer.show(rule, interval, inputs)
    source.draw_source(cells, point, frame, inputs)
    left, right = st.columns([9, 11], gap="large")
    with left:
        _draw_controls(inputs)
    with right:
        charts.draw_distributions(rule, inputs.parasitaemia, inputs.red_cells_per_ul)
    sections.write_inputs(inputs)
    sections.draw_detection(rule, interval.limit_of_detection if interval else None, inputs)
    sections.draw_more_cells(inputs)
    sections.draw_trust(rule, inputs)
    sections.draw_review(inputs)
    sections.draw_best(cells, point, inputs)
    sections.draw_required(rule, inputs)
    sections.draw_real_count(inputs)
    patients.draw_overdispersion(cells, inputs)
    patients.draw_check(cells, point, inputs)
    st.header("Take it with you", anchor="files")
    answer.offer_downloads(answer.collect_results(rule, interval, inputs))
    st.header("Background and sources", anchor="sources")
    st.markdown(text.write_background(inputs.red_cells_per_ul))
    st.markdown(text.list_references())
    write_address(inputs)


def _start(cells: Scores | None, frame: Frame) -> Inputs:
    """Return where a visitor without an address starts: the measured rates at the model's own threshold."""
    start = Inputs(threshold=frame.threshold) if frame.model_name else Inputs()
    if cells is not None:
        start = replace(start, reading=cells.readings[0])
    point = rates.measure_point(cells, frame, start)
    return rates.with_point(start, point) if point else start


def _find_interval(known: tuple[MeasuredRate, MeasuredRate] | None, inputs: Inputs) -> RuleInterval | None:
    if known is None:
        return None
    sensitivity, false_positive_rate = known
    return rule_interval(
        inputs.cells,
        sensitivity,
        false_positive_rate,
        inputs.overdispersion,
        **inputs.targets,
        review=(inputs.kept, inputs.fooled),
    )


def _draw_controls(inputs: Inputs) -> None:
    with st.container(key="sample-inputs"):
        for which in (CELLS, SENSITIVITY, FALSE_ALARMS, OVERDISPERSION, PARASITAEMIA):
            draw_control(which, inputs)
        with st.expander("What is wanted of the sample, and the red cell count"):
            for which in (TARGET_SENSITIVITY, TARGET_SPECIFICITY, RED_CELLS):
                draw_control(which, inputs)
