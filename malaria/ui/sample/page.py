"""The sample-threshold page: from rates of cells to a rule for a patient's sample, and how far it can be trusted."""

from dataclasses import replace
from pathlib import Path

import streamlit as st

from malaria.sample import MeasuredRate, RuleInterval, Scores, rule_interval, sample_rule
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal
from malaria.ui.sample import answer, patients, rates, sections, source, text
from malaria.ui.sample.controls import (
    CELLS,
    FALSE_ALARMS,
    OVERDISPERSION,
    PARASITAEMIA,
    RED_CELLS,
    SENSITIVITY,
    TARGET_SENSITIVITY,
    TARGET_SPECIFICITY,
    control,
)
from malaria.ui.sample.inputs import Inputs, current, keep


def show(frame: Frame) -> None:
    """Draw the whole page below its title."""
    st.html(Path(__file__).with_name("style.css"))
    cells = rates.scores_of(frame)
    inputs, refused = current(_start(cells, frame))
    point = rates.point_of(cells, frame, inputs)
    inputs = rates.follow(inputs, point)
    keep(inputs)
    if refused:
        st.warning(f"Of the address was left out: {literal('; '.join(refused))}.")

    rule = sample_rule(inputs.cells, inputs.rates, **inputs.targets)
    interval = _interval(rates.known(inputs, point), inputs)
    answer.show(rule, interval, inputs)
    source.source(cells, point, frame, inputs)
    left, right = st.columns([9, 11], gap="large")
    with left:
        _controls(inputs)
    with right:
        sections.distributions(rule, inputs)
    sections.printed(inputs)
    sections.detection(rule, interval.limit_of_detection if interval else None, inputs)
    sections.more_cells(inputs)
    sections.trust(rule, inputs)
    sections.review(inputs)
    sections.best(cells, point, inputs)
    sections.required(rule, inputs)
    sections.real_count(inputs)
    patients.overdispersion(cells, inputs)
    patients.check(cells, point, inputs)
    st.header("Take it with you", anchor="files")
    answer.downloads(answer.results(rule, interval, inputs))
    st.header("Background and sources", anchor="sources")
    st.markdown(text.background(inputs.red_cells_per_ul))
    st.markdown(text.references())


def _start(cells: Scores | None, frame: Frame) -> Inputs:
    """Return where a visitor without an address starts: the measured rates at the model's own threshold."""
    start = Inputs(threshold=frame.threshold) if frame.model_name else Inputs()
    if cells is not None:
        start = replace(start, reading=cells.readings[0])
    point = rates.point_of(cells, frame, start)
    return rates.with_point(start, point) if point else start


def _interval(known: tuple[MeasuredRate, MeasuredRate] | None, inputs: Inputs) -> RuleInterval | None:
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


def _controls(inputs: Inputs) -> None:
    with st.container(key="sample-inputs"):
        for which in (CELLS, SENSITIVITY, FALSE_ALARMS, OVERDISPERSION, PARASITAEMIA):
            control(which, inputs)
        with st.expander("What is wanted of the sample, and the red cell count"):
            for which in (TARGET_SENSITIVITY, TARGET_SPECIFICITY, RED_CELLS):
                control(which, inputs)
