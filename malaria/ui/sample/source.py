"""Where the cell rates come from, said with their evidence."""

from typing import Final

import numpy as np
import streamlit as st

from malaria.sample import MeasuredRate, OperatingPoint, Scores
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_scores
from malaria.ui.parts.text import literal
from malaria.ui.sample.inputs import Inputs
from malaria.ui.sample.rates import (
    find_known_rates,
    forget,
    get_brought,
    is_measured,
    is_overdispersion_typed,
    measure_again,
    pick_reading,
    start_over,
)
from malaria.ui.sample.sections import find_rule, say_review
from malaria.ui.sample.text import name_labels
from malaria.wording.numbers import interval, percent, plain

_FEWEST_PATIENTS: Final = 10


def draw_caution(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Say so where the rates in use were measured on cells that the model has learned."""
    if scores and scores.caution and is_measured(inputs, point):
        st.warning(literal(scores.caution), icon=":material/school:")


def draw_source(scores: Scores | None, point: OperatingPoint | None, frame: Frame, inputs: Inputs) -> None:
    """Say where the rates come from and on how many cells they rest, and lead back to the measured ones."""
    measured, known = is_measured(inputs, point), find_known_rates(inputs, point)
    if measured:
        place = f"measured on {literal(scores.name)}" if scores else "from the model's card"
    else:
        place = "entered with their numbers of cells" if known else "typed in, or from a link"
    own = point is not None and measured and is_overdispersion_typed(inputs, point)
    said = [f"Cell rates: **{place}**{', with the overdispersion typed in' if own else ''}{_say_cells(known)}."]
    if scores is None and frame.model_name:
        said.append(literal(str(read_scores(frame))))
    with st.container(key="sample-source"):
        st.markdown(" ".join(said))
        if scores and measured and (others := _say_by_other_labels(scores, inputs)):
            st.markdown(others)
        if review := say_review(inputs):
            st.markdown(review)
        with st.container(horizontal=True):
            if get_brought():
                st.button("Back to the model's own cells", on_click=_go_back)
            if point is not None and not measured:
                st.button("Use the measured rates", icon=":material/undo:", on_click=measure_again)


def draw_doubts(scores: Scores | None, point: OperatingPoint | None, inputs: Inputs) -> None:
    """Say what the measured rates leave open: cells of one slide resemble each other, and patients differ."""
    if point is None or not is_measured(inputs, point):
        return
    alike = (
        "The intervals of the rates are Jeffreys' at 95 %. Cells of one slide resemble each other, so their numbers "
        f"are divided by {plain(point.sensitivity.design_effect)} for infected cells and by "
        f"{plain(point.false_positive_rate.design_effect)} for uninfected cells."
    )
    st.caption(f"{alike} {_say_by_patient(scores, inputs) if scores else ''}".strip())


def _go_back() -> None:
    forget()
    start_over()


def _say_cells(known: tuple[MeasuredRate, MeasuredRate] | None) -> str:
    if known is None:
        return ""
    parts = [
        f"{rate.events:,.0f} of {rate.trials:,.0f} {cells} cells ({interval(*rate.interval())})"
        for cells, rate in zip(("infected", "uninfected"), known, strict=True)
    ]
    return f"; flagged {' and '.join(parts)}"


def _say_by_patient(scores: Scores, inputs: Inputs) -> str:
    shares = scores.cells(pick_reading(scores, inputs)).sensitivity_by_patient(inputs.threshold)
    if len(shares) < _FEWEST_PATIENTS:
        return ""
    return (
        "This page assumes the same sensitivity for all patients, but it differs: in one patient in ten, fewer than "
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
            said.append(f"{name_labels(scores, reading)}, positive from {rule.count_threshold:,}")
    used = name_labels(scores, pick_reading(scores, inputs))
    return f"The answer depends on the labels. Used here: {used}. With other labels: {'; '.join(said)}." if said else ""
