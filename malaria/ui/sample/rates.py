"""The cell rates of the page: measured at the chosen threshold, followed when that changes, or typed in."""

from dataclasses import replace
from typing import Final

import streamlit as st

from malaria.errors import ModelError
from malaria.sample import (
    MeasuredRate,
    OperatingPoint,
    Scores,
    ThresholdChoice,
    threshold_choices,
)
from malaria.ui.parts import links
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_card_point, read_scores
from malaria.ui.sample.inputs import PARAMETERS, Inputs, change

_SAME: Final = 1e-9  # the address holds ten digits
_FOLLOW: Final = "sample.follow"  # set where the rates must be measured anew: another threshold, other labels
_LAST: Final = "sample.measured"  # the rates that were last measured, to see whether the inputs still are those


def measure_point(scores: Scores | None, frame: Frame, inputs: Inputs) -> OperatingPoint | None:
    """Return the rates as measured at the chosen threshold, or None where nothing was measured."""
    if scores is not None:
        return scores.at(pick_reading(scores, inputs), inputs.threshold)
    return read_card_point(frame.card) if frame.model_name else None


def pick_reading(scores: Scores, inputs: Inputs) -> str:
    """Return the chosen reading of the labels, or the first that they allow."""
    return inputs.reading if inputs.reading in scores.readings else scores.readings[0]


def with_point(inputs: Inputs, point: OperatingPoint) -> Inputs:
    """Return the inputs with the rates of `point`."""
    return replace(
        inputs,
        sensitivity=point.rates.sensitivity,
        false_positive_rate=point.rates.false_positive_rate,
        overdispersion=_cap_overdispersion(point),
        sensitivity_cells=0.0,
        false_positive_cells=0.0,
    )


def follow(inputs: Inputs, point: OperatingPoint | None) -> Inputs:
    """Return the inputs with newly measured rates where they were measured ones so far, or are asked for."""
    last: OperatingPoint | None = st.session_state.get(_LAST)
    asked = st.session_state.pop(_FOLLOW, False)
    st.session_state[_LAST] = point
    if point is not None and asked:
        return with_point(inputs, point)
    if point is None or last is None or last == point or not is_measured(inputs, last):
        return inputs
    followed = with_point(inputs, point)
    return (
        replace(followed, overdispersion=inputs.overdispersion) if is_overdispersion_typed(inputs, last) else followed
    )


def is_overdispersion_typed(inputs: Inputs, point: OperatingPoint) -> bool:
    """Say whether the overdispersion is another than that of `point`."""
    return abs(inputs.overdispersion - _cap_overdispersion(point)) >= _SAME


def _cap_overdispersion(point: OperatingPoint) -> float:
    return min(point.overdispersion, PARAMETERS["overdispersion"].high)


def is_measured(inputs: Inputs, point: OperatingPoint | None) -> bool:
    """Say whether sensitivity and false-positive rate are those of `point`, not typed in; the overdispersion may be."""
    if point is None:
        return False
    pairs = (
        (inputs.sensitivity, point.rates.sensitivity),
        (inputs.false_positive_rate, point.rates.false_positive_rate),
    )
    return all(abs(one - other) < _SAME for one, other in pairs)


def find_known_rates(inputs: Inputs, point: OperatingPoint | None) -> tuple[MeasuredRate, MeasuredRate] | None:
    """Return both cell rates with the numbers behind them, or None where they were only typed in."""
    if point is not None and is_measured(inputs, point):
        return point.sensitivity, point.false_positive_rate
    if inputs.sensitivity_cells >= 1 and inputs.false_positive_cells >= 1:
        return (
            MeasuredRate(inputs.sensitivity * inputs.sensitivity_cells, inputs.sensitivity_cells),
            MeasuredRate(inputs.false_positive_rate * inputs.false_positive_cells, inputs.false_positive_cells),
        )
    return None


def start_over() -> None:
    """Have the rates measured anew when the page is drawn next."""
    st.session_state[_FOLLOW] = True


def measure_again(**values: object) -> None:
    """Change inputs, and have the rates measured anew."""
    start_over()
    change(**values)


_BROUGHT: Final = "sample.brought"


def get_scores(frame: Frame) -> Scores | None:
    """Return the cells the rates are measured on: those brought from a batch, else the picked model's held-out ones."""
    if (arrived := st.session_state.pop(links.SCORES, None)) is not None:
        st.session_state[_BROUGHT] = arrived
        start_over()
    if (known := get_brought()) or not frame.model_name:
        return known
    scores = read_scores(frame)
    return None if isinstance(scores, ModelError) else scores


@st.cache_resource(max_entries=64, show_spinner="Trying every threshold …")
def list_choices(
    _scores: Scores, token: str, reading: str, cells: int, target_sensitivity: float, target_specificity: float
) -> list[ThresholdChoice]:
    """Return the rule at every threshold of `_scores`, which their `token` stands for in the cache."""
    return threshold_choices(
        _scores.curve(reading), cells, target_sensitivity=target_sensitivity, target_specificity=target_specificity
    )


def get_brought() -> Scores | None:
    """Return the cells that were brought in this session."""
    found: Scores | None = st.session_state.get(_BROUGHT)
    return found


def forget() -> None:
    """Go back to the model's own scores."""
    st.session_state.pop(_BROUGHT, None)
