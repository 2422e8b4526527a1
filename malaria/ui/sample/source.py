"""Where the cell rates come from: said with their evidence, and the choice of labels and threshold."""

from typing import Final

import numpy as np
import streamlit as st

from malaria.sample import OperatingPoint, Scores
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_scores
from malaria.ui.parts.text import literal
from malaria.ui.sample.inputs import Inputs
from malaria.ui.sample.rates import (
    forget,
    get_brought,
    is_measured,
    is_overdispersion_typed,
    measure_again,
    pick_reading,
    start_over,
)
from malaria.ui.sample.sections import find_rule
from malaria.ui.sample.text import name_labels
from malaria.wording.numbers import percent, plain

_FEWEST_PATIENTS: Final = 10


def draw_source(scores: Scores | None, point: OperatingPoint | None, frame: Frame, inputs: Inputs) -> None:
    """Say where the rates come from, and draw what can be chosen there: labels, threshold, back to measured ones."""
    measured = is_measured(inputs, point)
    with st.container(key="sample-source", border=True):
        if scores is None:
            at = "from the model's card" if measured else "typed in"
            why = f" {literal(str(read_scores(frame)))}" if frame.model_name else ""
            st.markdown(f"Rates of cells: **{at}**.{why} Without held-out answers the threshold stays as it is.")
        else:
            _choose(scores, inputs)
            of = f"measured on {literal(scores.name)}" if measured else "typed in, or from a link"
            own = measured and point is not None and is_overdispersion_typed(inputs, point)
            st.markdown(f"Rates of cells: **{of}**{', the overdispersion typed in' if own else ''}.")
            if get_brought():
                st.button("Back to the model's own cells", on_click=_go_back)
        if point is not None and not measured:
            st.button("Use the measured rates", icon=":material/undo:", on_click=measure_again)
        if point is not None and measured:
            said = [_say_evidence(point)]
            if scores:
                said += [_say_by_other_labels(scores, inputs), _say_by_patient(scores, inputs)]
            st.caption(" ".join(filter(None, said)))


def _go_back() -> None:
    forget()
    start_over()


def _say_evidence(point: OperatingPoint) -> str:
    said = []
    named = (("Flagged", "infected", point.sensitivity), ("", "uninfected", point.false_positive_rate))
    for word, cells, rate in named:
        low, high = rate.interval()
        said.append(
            f"{word} {rate.events:,.0f} of {rate.trials:,.0f} {cells} cells ({percent(low)} to {percent(high)})".strip()
        )
    return (
        f"{' and '.join(said)}; 95 % Jeffreys intervals, the cells discounted for coming from the same slides by "
        f"factors of {plain(point.sensitivity.design_effect)} and {plain(point.false_positive_rate.design_effect)}."
    )


def _say_by_patient(scores: Scores, inputs: Inputs) -> str:
    shares = scores.cells(pick_reading(scores, inputs)).sensitivity_by_patient(inputs.threshold)
    if len(shares) < _FEWEST_PATIENTS:
        return ""
    return (
        "Taken as the same in all patients, the sensitivity is not: in one patient in ten fewer than "
        f"{percent(float(np.quantile(shares, 0.1)))} of infected cells are flagged. Such patients are missed more "
        "often than this page says."
    )


def _say_by_other_labels(scores: Scores, inputs: Inputs) -> str:
    """Say what the answer would be by the other readings of the labels."""
    said = []
    for reading in scores.readings:
        if reading != pick_reading(scores, inputs):
            rates = scores.at(reading, inputs.threshold).rates.reviewed(inputs.kept, inputs.fooled)
            rule = find_rule(
                inputs.cells, rates.sensitivity, rates.false_positive_rate, rates.overdispersion, **inputs.targets
            )
            limit = "no limit" if rule.limit_of_detection is None else f"a limit of {percent(rule.limit_of_detection)}"
            said.append(f"by {name_labels(scores, reading)}, positive from {rule.count_threshold:,} with {limit}")
    return f"The answer hangs on the labels: {'; '.join(said)}." if said else ""


def _choose(scores: Scores, inputs: Inputs) -> None:
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        st.session_state["sample.labels"] = pick_reading(scores, inputs)
        st.selectbox(
            "Labels the rates are measured by",
            scores.readings,
            key="sample.labels",
            format_func=lambda reading: name_labels(scores, reading),
            on_change=lambda: measure_again(reading=st.session_state["sample.labels"]),
            help="Specialists read the NIH cells again and disputed one label in twenty. Without the disputed cells "
            "the rates are those on clear cells; as given, mislabelled cells count as the model's errors.",
        )
    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        stops = sorted({point.threshold for point in scores.curve(pick_reading(scores, inputs))} | {inputs.threshold})
        st.session_state["sample.threshold.slider"] = inputs.threshold
        st.session_state["sample.threshold"] = inputs.threshold
        st.select_slider(
            "Threshold of the model",
            stops,
            key="sample.threshold.slider",
            format_func=lambda stop: plain(stop, 5),
            on_change=lambda: measure_again(threshold=st.session_state["sample.threshold.slider"]),
            help="A cell is flagged when p_parasitized is at least this.",
        )
        st.number_input(
            "Threshold of the model, exactly",
            0.0,
            1.0,
            step=None,
            format="%.6g",
            key="sample.threshold",
            label_visibility="collapsed",
            on_change=lambda: measure_again(threshold=st.session_state["sample.threshold"] or 0.0),
            width=140,
        )
