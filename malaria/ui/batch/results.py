"""What a batch comes to: the answer, the matrix and its cells, the rates, and what else one may want to know."""

import json
from typing import Final

import streamlit as st

from malaria.batch import Batch, Reading, Relabelled, compare, report, sentences, tables
from malaria.cells import to_csv
from malaria.errors import SampleError
from malaria.export import format_label_studio
from malaria.ui.batch import card, charts, threshold
from malaria.ui.batch.corrected import draw_corrected
from malaria.ui.batch.gallery import draw_gallery, open_in_full
from malaria.ui.batch.matrix import draw_matrix, get_picked, name_cells
from malaria.ui.parts import links
from malaria.ui.parts.comparison import draw_comparison, pick_other_model
from malaria.ui.parts.curves import draw_precision_recall, draw_reliability, draw_roc
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.labelled_source import BATCH, EXAMPLE_WRONG, LabelledSource
from malaria.ui.parts.left_out import draw_left_out
from malaria.ui.parts.progress import wait_or_watch
from malaria.ui.parts.text import literal
from malaria.wording.words import choose_verb, count

_READING: Final = "batch.reading"
_ELSEWHERE: Final = "For figures on patients it had not seen, see the Models page."


@st.fragment
def draw_results(labelled: LabelledSource, frame: Frame) -> None:
    """Everything that follows from the answers. Moving the threshold draws only this again, and asks no model."""
    at = threshold.get_threshold(frame)
    with st.spinner("Measuring …", show_time=False):
        as_given = labelled.batch(frame).at(at)
    reading = _get_reading(as_given)
    batch = as_given if reading == Reading.AS_GIVEN else labelled.batch(frame, reading).at(at)
    st.session_state[BATCH] = batch
    st.header(sentences.summarise(batch.evaluation), anchor=False)
    _say_what_counts(batch, labelled)
    relabelled = _draw_board(batch, as_given, labelled, frame)
    _say_which_pictures(batch)
    draw_left_out(labelled, batch, "Not measured")
    _draw_views(batch, labelled, frame)
    offer_next_steps(batch, labelled, frame, relabelled)


def _draw_board(batch: Batch, as_given: Batch, labelled: LabelledSource, frame: Frame) -> Relabelled | None:
    """The matrix, what moves its threshold, what relabelling has changed, and at their side pictures or one card."""
    answers = card.get_answers(as_given)
    relabelled = Relabelled.measure(as_given, answers)
    with st.container(key="batch-board"):
        with st.container(key="batch-left"):
            draw_matrix(batch)
        with st.container(key="batch-side"):
            _draw_side(batch, as_given, labelled, answers)
        with st.container(key="batch-below"):
            if relabelled:
                draw_corrected(relabelled, as_given, labelled)
            threshold.draw_control(batch, frame)
            _draw_readings_choice(as_given)
    return relabelled


def _draw_side(batch: Batch, as_given: Batch, labelled: LabelledSource, answers: dict[str, str]) -> None:
    """The cells that were picked in the matrix, else all mistakes: as pictures, or one after the other."""
    picked = get_picked()
    rows = batch.cells(*picked) if picked else batch.errors
    rows = rows.assign(given_label=as_given.table["given_label"].reindex(rows.index))
    what = name_cells(picked, len(rows))
    if card.is_open() and not rows.empty:
        card.draw_card(rows, what, batch, labelled)
        return
    order = "the least sure first" if picked and picked[0] == picked[1] else "the most confident mistakes first"
    st.markdown(f"**{what}**" + (f", {order}. Click one to relabel it." if len(rows) else "."))
    draw_gallery(rows, labelled, "-".join(picked).lower() if picked else "errors", card.open_at, answers)


VIEW: Final = "view"
"""What the address calls the view that is open, one of `VIEWS`."""
VIEWS: Final = ("Rates", "Curves", "Calibration", "Patients", "Readings", "Two models")


def _get_reading(batch: Batch) -> Reading:
    """Which labels count, where some were corrected."""
    return Reading(st.session_state.get(_READING) or Reading.AS_GIVEN) if batch.disputed.any() else Reading.AS_GIVEN


def _draw_readings_choice(batch: Batch) -> None:
    """Have the labels chosen that count, where some were corrected."""
    if batch.disputed.any():
        st.segmented_control(
            "Measured against labels",
            list(Reading),
            default=Reading.AS_GIVEN,
            required=True,
            key=_READING,
            persist_state="session",
        )


def _say_what_counts(batch: Batch, labelled: LabelledSource) -> None:
    """What the figures rest on, and why they may flatter the model."""
    counted = f"**{literal(batch.name)}**, {literal(batch.model)}: {sentences.say_what_counts(batch)}"
    if labelled.synthetic:
        st.markdown(
            f"{counted} {batch.caution} {EXAMPLE_WRONG} of their labels are wrong on purpose. Can you find them?"
        )
        return
    st.markdown(counted)
    if batch.caution:
        st.warning(f"**{literal(batch.caution)}** {_ELSEWHERE}", icon=":material/school:")


def _say_which_pictures(batch: Batch) -> None:
    """Say of each file that holds several pictures which was read."""
    if "picture" not in batch.table or batch.table["picture"].isna().all():
        return
    several = batch.table.dropna(subset="picture")[["file", "picture"]]
    with st.expander(f"One picture read of several: {count(len(several), 'file')}", icon=":material/layers:"):
        st.dataframe(
            several,
            hide_index=True,
            height=min(400, 40 + 35 * len(several)),
            alt="Files and the picture read",
        )


def _draw_views(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    """The rest, one view at a time; only the open one is worked out. Which one is open is in the address."""
    drawn = (_draw_rates, _draw_curves, _draw_calibration, _draw_patients, _draw_readings, _draw_two_models)
    for draw, tab in zip(drawn, st.tabs(list(VIEWS), key=VIEW, bind="query-params"), strict=True):
        if tab.open:
            with tab:
                draw(batch, labelled, frame)


def _draw_rates(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    st.html(tables.rates_table(batch.evaluation))
    st.html(tables.classification_report(batch.evaluation.confusion))
    st.caption(sentences.by_patient_sentence(batch.evaluation))


def _draw_curves(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    left, right = st.columns(2)
    with left:
        draw_roc(batch.evaluation)
    with right:
        draw_precision_recall(batch.evaluation)
    charts.draw_histogram(batch.evaluation)


def _draw_calibration(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    st.markdown(sentences.calibration_sentence(batch.evaluation))
    draw_reliability(batch.evaluation)


def _draw_patients(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    st.markdown(sentences.by_patient_sentence(batch.evaluation))
    if batch.evaluation.by_patient:
        st.html(tables.by_patient_table(batch.evaluation.by_patient, batch.evaluation))
        charts.draw_patients(batch.evaluation.by_patient.each)


def _draw_readings(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    readings = labelled.readings(frame, batch.threshold)
    if readings is None:
        st.markdown(
            "This batch has no corrected labels. Upload a CSV with a column **corrected_label** with the zip, or bring "
            "them from **label review**. You then see the figures here in three readings: as given, re-read and "
            "undisputed."
        )
        return
    st.markdown(
        f"**{_count_labels(readings.disputed)} corrected**: {readings.to_parasitized:,} to parasitized, "
        f"{readings.to_uninfected:,} to uninfected. The small figures show the change from the labels as given."
    )
    st.html(tables.readings_table(readings))
    st.caption(
        "*Re-read* uses the corrected labels. *Undisputed* leaves the corrected cells out. None of the three is the "
        "truth."
    )


def _count_labels(n: int) -> str:
    return f"{count(n, 'label')} {choose_verb(n, 'was', 'were')}"


def _draw_two_models(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    left, right = st.columns(2)
    with left:
        other = pick_other_model(frame, "batch.other", index=None, placeholder="Choose a model")
    if other is None:
        return
    name = other.card.name
    if not wait_or_watch(labelled.scoring(other), name):
        return
    key = f"batch.other.threshold.{name}"
    at = right.number_input(f"Threshold of {name}", 0.0, 1.0, other.threshold, step=0.001, format="%.6g", key=key)
    both = compare(batch, labelled.batch(other, batch.reading).at(other.threshold if at is None else at))
    draw_comparison(both)
    differing = count(len(both.differing), "cell")
    st.markdown(
        f"**{differing}** on which they differ, the largest difference first. The p shown is from "
        f"{literal(batch.model)}."
    )
    clicked = draw_gallery(both.differing, labelled, "differing")
    if clicked is not None:
        open_in_full(clicked, labelled, batch.name)


def offer_next_steps(batch: Batch, labelled: LabelledSource, frame: Frame, relabelled: Relabelled | None) -> None:
    """Draw the downloads and the ways to other pages; where the figures flatter the model, say so there, too."""
    st.header("Next steps", anchor=False)
    if batch.caution:
        st.caption(
            f":material/warning: {literal(batch.caution)} The report, the figures and the sample page repeat this "
            "warning."
        )
    readings = labelled.readings(frame, batch.threshold)  # now: a file is made outside of the visit
    with st.container(horizontal=True):
        offer_download("Predictions (CSV)", lambda: to_csv(batch.table), "predictions.csv")
        offer_download("Label Studio (JSON)", lambda: write_tasks(batch), "label_studio.json")
        offer_download("Figures (JSON)", lambda: write_figures(batch), "evaluation.json")
        offer_download("Report (HTML)", lambda: report(batch, readings, relabelled=relabelled), "report.html")
    with st.container(horizontal=True):
        wrong = len(batch.errors)
        if st.button(
            f"Review the labels, {count(wrong, 'mistake')} among them", icon=":material/rule:", disabled=not wrong
        ):
            links.open_review()
        if st.button("What this means for a whole sample", icon=":material/bloodtype:"):
            _open_sample(batch, labelled, frame)


def _open_sample(batch: Batch, labelled: LabelledSource, frame: Frame) -> None:
    """Open the sample threshold page on these cells, at this threshold."""
    try:
        cells = labelled.batch(frame).table.drop(columns="label")  # there a column of that name is a second label
        links.open_sample(cells, f"{batch.name} by {batch.model}", batch.threshold, batch.caution)
    except SampleError as error:
        st.error(literal(str(error)), icon=":material/error:")


def write_tasks(batch: Batch) -> str:
    """Return the images as tasks for Label Studio: labelled as they are, the model's answers as predictions."""
    read = batch.table[batch.table["p_parasitized"].notna()]
    return format_label_studio(read.assign(corrected_label=read["given_label"], model=batch.model))


def write_figures(batch: Batch) -> str:
    """Return what `python -m malaria evaluate --json` writes, with a `warning` where it flatters the model."""
    warning = {"warning": batch.caution} if batch.caution else {}
    return json.dumps(batch.evaluation.to_dict() | warning, indent=2, allow_nan=False) + "\n"
