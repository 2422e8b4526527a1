"""The threshold control: a slider, an exact entry, and one click to what the threshold should achieve."""

from typing import Final

import streamlit as st

from malaria.batch import Batch
from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.mirrored import read_control, set_control

_CHOSEN: Final = "batch.thresholds"  # by model: every model has scores of its own
_SLIDER: Final = "batch.threshold.slider"
_EXACT: Final = "batch.threshold.exact"
_ADDRESS: Final = "threshold"
_SEEN: Final = "batch.threshold.address"  # what the address last said, as we wrote it or took it
_STEP: Final = 0.001


def take_address(frame: Frame) -> None:
    """Take the threshold that the address says for the picked model, where it is new there."""
    thresholds: dict[str | None, float] = st.session_state.setdefault(_CHOSEN, {})
    asked = st.query_params.get(_ADDRESS)
    if asked is not None and asked != st.session_state.get(_SEEN):
        st.session_state[_SEEN] = asked
        if (number := _parse(asked)) is not None:
            thresholds[frame.model_name] = number
            address.forget(_ADDRESS)
        else:
            address.leave_out(_ADDRESS, asked, "must be a number from 0 to 1")


def get_threshold(frame: Frame) -> float:
    """The threshold (0 to 1) for the picked model: what was chosen, by the address or here, else the model's own."""
    thresholds: dict[str | None, float] = st.session_state[_CHOSEN]
    return thresholds.get(frame.model_name, frame.threshold)


def draw_control(batch: Batch, frame: Frame) -> None:
    """Draw the control at the threshold of `batch`, and write it into the address."""
    _remember(batch.threshold, frame)
    st.slider(
        "Threshold: parasitized at or above this p_parasitized",
        0.0,
        1.0,
        step=_STEP,
        format="%.3f",
        key=set_control(_SLIDER, round(batch.threshold, 3)),
        on_change=lambda: _set(frame, read_control(_SLIDER)),
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Exact threshold",
            0.0,
            1.0,
            step=_STEP,
            format="%.6g",
            key=set_control(_EXACT, batch.threshold),
            on_change=lambda: _set(frame, read_control(_EXACT)),
            width=180,
        )
        with st.popover("Find a threshold by target", icon=":material/my_location:"):
            _draw_targets(batch, frame)


def _draw_targets(batch: Batch, frame: Frame) -> None:
    curve = batch.evaluation.curve
    for name, size, find in (
        ("specificity", "Smallest", curve.threshold_for_specificity),
        ("sensitivity", "Largest", curve.threshold_for_sensitivity),
    ):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            percent = st.number_input(
                f"{size} threshold with a {name} of at least, in %",
                0.0,
                100.0,
                value=99.0 if name == "specificity" else 95.0,
                step=0.1,
                format="%.6g",
                key=f"batch.target.{name}",
                persist_state="session",
            )
            found = find((percent or 0) / 100)
            label = "There is none" if found is None else f"Set it to {found:.10g}"
            st.button(
                label,
                key=f"batch.set.{name}",
                disabled=found is None,
                on_click=_set,
                args=(frame, found),
            )
    st.button(
        f"The model’s own, {frame.threshold:g}", key="batch.set.own", on_click=_set, args=(frame, frame.threshold)
    )
    st.caption("A threshold chosen and measured on the same cells looks a little better than it is.")


def _set(frame: Frame, threshold: float | None) -> None:
    if threshold is not None:
        st.session_state[_CHOSEN][frame.model_name] = threshold
        address.forget(_ADDRESS)
        _remember(threshold, frame)


def _remember(threshold: float, frame: Frame) -> None:
    """Write the threshold into the address, unless it is the model's own."""
    text = None if threshold == frame.threshold else f"{threshold:.10g}"
    if st.query_params.get(_ADDRESS) != text:
        if text is None:
            st.query_params.pop(_ADDRESS, None)
        else:
            st.query_params[_ADDRESS] = text
    st.session_state[_SEEN] = text


def _parse(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None
