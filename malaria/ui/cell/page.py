"""The single-cell page: cells come in by example, by upload or from elsewhere, and each gets one honest answer."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import pandas as pd
import streamlit as st

from malaria.cells import to_csv
from malaria.errors import SourceError
from malaria.images import RGB, ImageFile, decode
from malaria.labels import name_reading
from malaria.model.evidence import Evidence
from malaria.model.provenance import Figures
from malaria.model.verdict import verdict
from malaria.ui.cell.cell_answer import CellAnswer, answer_cells, insist, to_table
from malaria.ui.parts import charts, examples, gallery, links
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.grounds import say_grounds
from malaria.ui.parts.public_cells import open_public_set
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import read_uploader
from malaria.wording.numbers import DASH, estimate, percent
from malaria.wording.words import count, probability, say_which_picture

MAX_UPLOAD_MB: Final = 100

_UPLOADER: Final = "single_cell.uploader"  # counts the uploaders shown so far: a new one is an empty one
_READINGS_SHOWN: Final = ("as_given", "undisputed")


def _take_cells(images: Sequence[ImageFile]) -> None:
    """Take the place of what was uploaded. The address stays: each change of it is a step on the browser's way back."""
    links.bring_cells(images)
    st.session_state[_UPLOADER] = st.session_state.get(_UPLOADER, 0) + 1


def _take_example(name: str) -> None:
    _take_cells([])
    st.query_params["example"] = name


# Where cells come from


def choose_cells() -> list[ImageFile]:
    """Draw the ways in (examples, upload, public set) and return the images that are to be answered now."""
    chosen = st.query_params.get("example")
    examples.draw_strip(chosen, _take_example)
    with st.container(key="source"):
        _draw_uploader()
        _offer_public_cells()
    if chosen is None:
        return list(st.session_state.get(links.CELLS, []))
    image = examples.get_example(chosen)
    if image is None:
        st.warning(f"There is no example called {literal(chosen)}. Click one of the examples above.")
    return [image] if image else []


def _draw_uploader() -> None:
    key = f"{_UPLOADER}.{st.session_state.get(_UPLOADER, 0)}"

    def take() -> None:
        links.bring_cells([ImageFile(file.name, file.getvalue()) for file in read_uploader(key)])
        st.query_params.pop("example", None)

    st.file_uploader(
        "Your own cells, one or more. They stay in memory and are never stored.",
        accept_multiple_files=True,
        key=key,
        on_change=take,
        max_upload_size=MAX_UPLOAD_MB,
    )


def _offer_public_cells() -> None:
    if not st.button("Fetch real cells from the public NIH set", icon=":material/cloud_download:"):
        return
    try:
        with st.spinner("Fetching a few cells from the public zip …"):
            cells = open_public_set().fetch()
    except SourceError as error:
        st.warning(literal(str(error)), icon=":material/cloud_off:")
        return
    _take_cells(cells)
    st.query_params.pop("example", None)
    st.rerun()


# What is said of them


def draw_answers(images: Sequence[ImageFile], frame: Frame) -> None:
    """Show what the picked model says of `images`: one cell in full, several as a table with one picked out of it."""
    if not images:
        st.info("The answer appears here once you click an example or upload a cell.", icon=":material/touch_app:")
        return
    cell_answers = answer_cells(images, frame)
    _draw_one(cell_answers[0] if len(cell_answers) == 1 else _pick(cell_answers, frame.threshold), frame)


def _pick(cell_answers: Sequence[CellAnswer], threshold: float) -> CellAnswer:
    """Show several images as a table that sorts, and return the one picked in it, at first one with an answer."""
    answered = [one.in_words(threshold) for one in cell_answers]
    _count_answers(cell_answers, answered)
    cells = to_table(cell_answers, threshold)
    drawn: Any = cells.assign(cell=[one.thumbnail for one in cell_answers], answer=answered).style
    event = st.dataframe(
        drawn.format(probability, subset=["p_parasitized"], na_rep=""),
        hide_index=True,
        row_height=64,
        height=min(424, 40 + 64 * len(cell_answers)),
        column_order=["cell", "answer", "p_parasitized", "given_label", "file", "patient", "picture", "error"],
        column_config={"cell": st.column_config.ImageColumn(width=64)},
        placeholder="–",
        on_select="rerun",
        selection_mode="single-cell",
        key="single_cell.table",
        alt="The uploaded cells, each with its answer",
    )
    offer_download("Download as CSV", lambda: to_csv(cells), "cells.csv")
    row = next((row for row, _ in event["selection"]["cells"]), len(cell_answers))
    if row < len(cell_answers):
        return cell_answers[row]
    return next((one for one in cell_answers if one.p_parasitized is not None), cell_answers[0])


def _count_answers(cell_answers: Sequence[CellAnswer], answered: Sequence[str]) -> None:
    """Count the answers, and name the images that got none."""
    counted = ", ".join(f"{n} {words}" for words, n in pd.Series(answered).value_counts().items())
    st.markdown(f"**{count(len(cell_answers), 'image')}:** {counted}.")
    if unanswered := [one.why for one in cell_answers if one.why]:
        listed = "".join(f"\n- {literal(why)}" for why in unanswered[:5])
        more = f"\n- and {len(unanswered) - 5} more, in the table" if len(unanswered) > 5 else ""
        st.warning(f"Without an answer:\n{listed}{more}", icon=":material/warning:")
    st.caption(
        "Click a cell in the table, or move through the table with the arrow keys, to see the cell in full below."
    )


def _draw_one(one: CellAnswer, frame: Frame) -> None:
    """Show one image in full: why there is no answer, or the answer and what it rests on."""
    image = one.image
    _lead_back(image)
    if one.error or image.data is None:
        st.error(literal(one.error or f"{image.file}: It could not be read."), icon=":material/broken_image:")
        if image.file.lower().endswith(".zip"):
            st.page_link(links.BATCH, label="Upload a zip of cells on the batch page", icon=":material/grid_view:")
        return
    rgb = decode(image.data, image.file)
    if one.picture:
        st.info(say_which_picture(one.picture), icon=":material/layers:")
    if one.doubt:
        st.warning(literal(one.doubt), icon=":material/help:")
    if one.p_parasitized is None:
        gallery.draw_picture(rgb, "The uploaded image", side=320, caption=literal(image.file))
        if st.button("It is a cell: ask the model anyway"):
            insist(image)
            st.rerun()
        return
    with st.container(key="answer"):
        left, right = st.columns([2, 3], gap="large")
        with left:
            words = verdict(one.p_parasitized, frame.threshold)
            gallery.draw_picture(
                rgb, f"The cell, enlarged. To the model it {words}.", side=360, caption=literal(image.file)
            )
        with right:
            charts.draw_answer(one.p_parasitized, frame.threshold)
            _draw_measured_rates(frame)
    _draw_grounds(rgb, image.image_id or "", frame)


def _lead_back(image: ImageFile) -> None:
    """Say what a cell that came from a batch was labelled there, and lead back to it."""
    if origin := links.get_origin(image):
        st.markdown(
            f"From **{literal(origin.batch)}**: the given label is **{origin.given_label}**, and the model says "
            f"**{origin.called}**."
        )
        st.page_link(links.BATCH, label="Back to the batch", icon=":material/arrow_back:")


def _draw_measured_rates(frame: Frame) -> None:
    """Say which model answered, and how good it is on patients it had not seen."""
    card = frame.card
    by_patient = card.metrics["as_given"].patients
    patients = by_patient.n if by_patient else 0
    unseen = "cells of patients it had not seen" if patients else "cells it had not seen"
    st.markdown(f"Model **{literal(card.name)}** {literal(card.version)}, on {unseen}:")
    lines = ["| labels | parasitized cells found | uninfected cells cleared |", "|---|---|---|"]
    for name in _READINGS_SHOWN:
        if figures := card.metrics.get(name):
            rates = f"{_format_rate(figures, 'sensitivity')} | {_format_rate(figures, 'specificity')}"
            lines.append(f"| {name_reading(name)}, {count(figures.n, 'cell')} | {rates} |")
    st.markdown("\n".join(lines))
    st.caption("The 95 % intervals are in brackets" + (f", over {count(patients, 'patient')}." if patients else "."))


def _format_rate(figures: Figures, name: str) -> str:
    """One measured rate with its interval: that over patients, which is the wider and the one to believe."""
    value, by_patient = figures.rate(name), figures.patients and figures.patients.interval(name)
    interval = by_patient or figures.interval(name)
    if value is None or interval is None:
        return DASH
    return estimate(value, interval, write=partial(percent, n=figures.n))


@st.fragment
def _draw_grounds(rgb: RGB, image_id: str, frame: Frame) -> None:
    """Show what the answer rests on. Moving the slider redraws only this."""
    left, right = st.columns([2, 3], gap="large")
    with right:  # first, for the map takes longer
        st.header("What the network saw", anchor=False)
        view = frame.classifier.network_view(rgb)
        alt = "The cell as the network receives it: smaller, with every pixel a square"
        size = f"{view.shape[1]} × {view.shape[0]} pixels"
        gallery.draw_picture(view, alt, side=256, pixels=True, caption=size)
    with left:
        st.header("Evidence for a parasite", anchor=False)
        _draw_evidence(rgb, frame.find_evidence(image_id, rgb), frame)


def _draw_evidence(rgb: RGB, evidence: Evidence, frame: Frame) -> None:
    strength = st.slider("Fade the map over the cell", 0, 100, 70, format="%d %%", key="single_cell.fade")
    where, said = say_grounds(evidence, frame.threshold)
    alt = f"The cell under a map of the evidence for a parasite: {where}."
    gallery.draw_picture(gallery.overlay(gallery.enlarge(rgb), evidence.heat, strength / 100), alt, caption=said)
