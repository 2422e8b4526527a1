"""What a batch comes to: the answer, the matrix and its cells, the rates, and what else one may want to know."""

from typing import Final

import streamlit as st

from malaria.batch import Batch, Reading, compare, sentences, tables
from malaria.ui.batch import charts, threshold
from malaria.ui.batch.desk import BATCH, EXAMPLE_WRONG, Desk
from malaria.ui.batch.matrix import field_gallery, gallery, matrix
from malaria.ui.batch.outcome import take_further
from malaria.ui.batch.progress import watch
from malaria.ui.frame import Frame
from malaria.ui.text import literal

_READING: Final = "batch.reading"
_VIEW: Final = "view"
_VIEWS: Final = ("Rates", "Curves", "Calibration", "Patients", "Readings", "Two models")


@st.fragment
def results(desk: Desk, frame: Frame) -> None:
    """Everything that follows from the answers. Moving the threshold draws only this again, and asks no model."""
    with st.spinner("Measuring …", show_time=False):
        as_given = desk.batch(frame)
    reading = _pick_reading(as_given)
    batch = desk.batch(frame, reading).at(threshold.chosen(frame))
    st.session_state[BATCH] = batch
    st.markdown(f"#### {literal(sentences.summary(batch.evaluation))}")
    _counted(batch, desk)
    threshold.control(batch, frame)
    left, right = st.columns([6, 7], gap="large")
    with left:
        matrix(batch.evaluation.confusion)
    with right:
        field_gallery(batch, desk)
    _views(batch, desk, frame)
    take_further(batch, desk, frame)


def _pick_reading(batch: Batch) -> Reading:
    """Which labels count, where some were corrected."""
    if not batch.disputed.any():
        return Reading.AS_GIVEN
    picked = st.segmented_control(
        "Measured against labels",
        list(Reading),
        default=Reading.AS_GIVEN,
        required=True,
        key=_READING,
        persist_state="session",
    )
    return Reading(picked)


def _counted(batch: Batch, desk: Desk) -> None:
    """What the figures rest on, and by name what is not among it."""
    st.markdown(literal(sentences.counted(batch)))
    if desk.synthetic:
        st.caption(
            "These cells are synthetic, drawn by this program: they show how the page works, not how good the model "
            f"is. {EXAMPLE_WRONG} of their labels are wrong on purpose, for label review to find."
        )
    left_out = desk.left_out(batch)
    if not left_out.empty:
        with st.expander(f"{len(left_out):,} files that are not measured", icon=":material/warning:"):
            st.dataframe(
                left_out, hide_index=True, height=min(400, 40 + 35 * len(left_out)), alt="Files left out, and why"
            )


def _views(batch: Batch, desk: Desk, frame: Frame) -> None:
    """The rest, one view at a time; only the open one is worked out. Which one is open is in the address."""
    rates, curves, calibration, patients, readings, two_models = st.tabs(list(_VIEWS), key=_VIEW, bind="query-params")
    if rates.open:
        with rates:
            st.html(tables.rates_table(batch.evaluation))
            st.html(tables.classification_report(batch.evaluation.confusion))
            st.caption(literal(sentences.by_patient_sentence(batch.evaluation)))
    if curves.open:
        with curves:
            _curves(batch)
    if calibration.open:
        with calibration:
            st.markdown(literal(sentences.calibration_sentence(batch.evaluation)))
            charts.reliability(batch.evaluation)
    if patients.open:
        with patients:
            _patients(batch)
    if readings.open:
        with readings:
            _readings(batch, desk, frame)
    if two_models.open:
        with two_models:
            _two_models(batch, desk, frame)


def _curves(batch: Batch) -> None:
    left, right = st.columns(2)
    with left:
        charts.roc(batch.evaluation)
    with right:
        charts.precision_recall(batch.evaluation)
    charts.histogram(batch.evaluation)


def _patients(batch: Batch) -> None:
    st.markdown(literal(sentences.by_patient_sentence(batch.evaluation)))
    if batch.evaluation.by_patient:
        st.html(tables.by_patient_table(batch.evaluation.by_patient, batch.evaluation))
        charts.patients(batch.evaluation.by_patient.each)


def _readings(batch: Batch, desk: Desk, frame: Frame) -> None:
    as_given, corrected, undisputed = (desk.batch(frame, reading).at(batch.threshold) for reading in Reading)
    if not as_given.disputed.any():
        st.markdown(
            "No label of this batch was corrected. Correct them in **label review**, or give a CSV with a column "
            "**corrected_label** beside the zip; then the figures stand here as given, corrected, and undisputed."
        )
        return
    readings = as_given.readings(corrected, undisputed)
    st.markdown(
        f"**{readings.disputed:,} labels were corrected**: {readings.to_parasitized:,} to parasitized, "
        f"{readings.to_uninfected:,} to uninfected. Small figures are the change from the labels as given."
    )
    st.html(tables.readings_table(readings))
    st.caption("Undisputed leaves the corrected cells out. No reading is the truth, which is why all three stand here.")


def _two_models(batch: Batch, desk: Desk, frame: Frame) -> None:
    others = [name for name in frame.cards if name != frame.model_name]
    if not others:
        st.markdown("There is only one model here. Put another model folder into models/ to compare the two.")
        return
    name = st.selectbox(
        "Compare with", others, index=None, placeholder="Choose a model", key="batch.other", persist_state="session"
    )
    if name is None:
        return
    other = frame.of(name)
    if not desk.scoring(other).finished:
        watch(desk.scoring(other), name)
        return
    desk.scoring(other).wait()
    at = st.number_input(
        f"Threshold of {name}",
        0.0,
        1.0,
        other.threshold,
        step=0.001,
        format="%.6g",
        key=f"batch.other.threshold.{name}",
    )
    both = compare(batch, desk.batch(other, batch.reading).at(other.threshold if at is None else at))
    left, right = st.columns(2)
    for place, one in ((left, both.a), (right, both.b)):
        with place:
            st.html(tables.matrix_table(one.evaluation.confusion, f"{one.model} at threshold {one.threshold:g}"))
            st.html(tables.rates_table(one.evaluation))
    st.markdown(literal(sentences.comparison_sentence(both)))
    gallery(
        both.differing, desk, "differing", f"on which they differ, furthest apart first. Shown is p of {batch.model}."
    )
