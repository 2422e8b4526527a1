"""The sample-threshold page: from rates of cells to a rule for a patient's sample, and how far it can be trusted."""

from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import streamlit as st

from malaria.sample import MeasuredRate, OperatingPoint, RuleInterval, SampleRule, Scores, rule_interval, sample_rule
from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.sample import answer, charts, formula, patients, rates, sections, source, threshold
from malaria.ui.sample.controls import (
    CELLS,
    FALSE_ALARMS,
    FOOLED,
    KEPT,
    OVERDISPERSION,
    PARASITAEMIA,
    RED_CELLS,
    SENSITIVITY,
    TARGET_SENSITIVITY,
    TARGET_SPECIFICITY,
    draw_control,
)
from malaria.ui.sample.inputs import Inputs, keep, read_inputs, write_address

SECTIONS: Final = ("What is found", "Trust", "More cells", "Threshold", "Estimate", "Sources' formula")
_KEY: Final = "section"


def show(frame: Frame) -> None:
    """Draw the whole page below its title."""
    st.html(Path(__file__).with_name("style.css"))
    cells = rates.get_scores(frame)
    address.check_choice(_KEY, SECTIONS)
    inputs, refused = read_inputs(_start(cells, frame))
    point = rates.measure_point(cells, frame, inputs)
    inputs = rates.follow(inputs, point)
    keep(inputs)
    for parameter in refused:
        address.leave_out(*parameter)

    rule = sample_rule(inputs.cells, inputs.rates, **inputs.targets)
    interval = _find_interval(rates.find_known_rates(inputs, point), inputs)
    answer.show(rule, interval, inputs)
    source.draw_caution(cells, point, inputs)
    left, right = st.columns([9, 11], gap="large")
    with left:
        _draw_controls(inputs)
    with right:
        charts.draw_distributions(rule, inputs.parasitaemia, inputs.red_cells_per_ul)
    source.draw_source(cells, point, frame, inputs)
    sections.write_inputs(inputs)
    _draw_tabs(_Drawn(rule, interval, cells, point), inputs)
    answer.offer_downloads(rule, interval, inputs)
    write_address(inputs)


class _Drawn(NamedTuple):
    """What the tabs are drawn from, beside the inputs."""

    rule: SampleRule
    interval: RuleInterval | None
    cells: Scores | None
    point: OperatingPoint | None


def _draw_tabs(drawn: _Drawn, inputs: Inputs) -> None:
    """Draw the tabs, of which only the open one is worked out; it is in the address."""
    draw = dict(
        zip(
            SECTIONS,
            (_draw_found, _draw_trust, _draw_more_cells, _draw_threshold, _draw_estimate, _draw_formula),
            strict=True,
        )
    )
    for tab, name in zip(st.tabs(list(SECTIONS), key=_KEY, bind="query-params"), SECTIONS, strict=True):
        if tab.open:
            with tab:
                draw[name](drawn, inputs)


def _draw_found(drawn: _Drawn, inputs: Inputs) -> None:
    sections.draw_detection(drawn.rule, drawn.interval.limit_of_detection if drawn.interval else None, inputs)


def _draw_trust(drawn: _Drawn, inputs: Inputs) -> None:
    sections.draw_trust(drawn.rule, inputs)
    source.draw_doubts(drawn.cells, drawn.point, inputs)
    patients.draw_check(drawn.cells, drawn.point, inputs)


def _draw_more_cells(drawn: _Drawn, inputs: Inputs) -> None:
    sections.draw_more_cells(inputs)
    patients.draw_overdispersion(drawn.cells, inputs)


def _draw_threshold(drawn: _Drawn, inputs: Inputs) -> None:
    threshold.draw_threshold(drawn.cells, drawn.point, drawn.rule, inputs)


def _draw_estimate(drawn: _Drawn, inputs: Inputs) -> None:
    sections.draw_real_count(inputs)


def _draw_formula(drawn: _Drawn, inputs: Inputs) -> None:
    formula.draw_formula(drawn.rule, inputs)


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
        for which in (CELLS, SENSITIVITY, FALSE_ALARMS, PARASITAEMIA):
            draw_control(which, inputs)
        with st.expander("More inputs"):
            for which in (TARGET_SENSITIVITY, TARGET_SPECIFICITY, OVERDISPERSION, RED_CELLS):
                draw_control(which, inputs)
            st.markdown("When a person reviews the flagged cells:")
            for which in (KEPT, FOOLED):
                draw_control(which, inputs)
