"""Two models: their answers to one cell, and to the built-in batch of synthetic cells."""

from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from malaria import phantom
from malaria.batch import tables
from malaria.images import RGB
from malaria.metrics import Evaluation, McNemar, evaluate, mcnemar
from malaria.model.verdict import verdict
from malaria.report.html import table
from malaria.ui.models.inside import chosen_cell, occluded
from malaria.ui.parts import charts as answers
from malaria.ui.parts import gallery
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, tiles
from malaria.wording.words import probability

CELLS: Final = 200
_SHOWN: Final = 24


def versus(frame: Frame) -> None:
    """Draw the comparison of the picked model with another."""
    others = [name for name in frame.cards if name != frame.model_name]
    if not others:
        st.markdown("There is only one model here. Put another model folder into `models/` to compare the two.")
        return
    name = st.selectbox(
        f"Compare **{literal(frame.card.name)}** with", others, key="models.other", persist_state="session"
    )
    both = (frame, frame.of(name))
    st.subheader("On one cell", anchor=False)
    _one_cell(both)
    st.subheader(f"On {CELLS} synthetic cells", anchor=False)
    _batch(both)


def _one_cell(both: tuple[Frame, Frame]) -> None:
    cell = chosen_cell()
    if cell is None:
        return
    image, rgb = cell
    for column, frame in zip(st.columns(2, gap="large"), both, strict=True):
        with column:
            st.markdown(f"**{literal(frame.card.name)}**")
            answers.answer(float(frame.classifier.predict([rgb])[0]), frame.threshold)
            heat = occluded(image.image_id or "", frame.card.name, frame.card.version, rgb, frame)
            where = gallery.place(heat) if heat.max() >= gallery.OUTLINED else "nothing"
            picture = gallery.overlay(gallery.enlarged(rgb, 280), heat, 0.7)
            alt = f"The cell under what speaks for a parasite to {frame.card.name}: {where}."
            gallery.picture(picture, alt, side=280)
            st.caption(f"Covering changes its answer most: {where}.")


def _batch(both: tuple[Frame, Frame]) -> None:
    first, second = (_answers(frame.card.name, frame.card.version, frame) for frame in both)
    true = [cell.true_label for cell in _cells()]
    evaluations = [evaluate(true, p, frame.threshold) for p, frame in ((first, both[0]), (second, both[1]))]
    for column, frame, evaluation in zip(st.columns(2, gap="large"), both, evaluations, strict=True):
        with column:
            title = f"{frame.card.name}, threshold {evaluation.threshold:g}, n = {evaluation.n}"
            st.html(tables.matrix_table(evaluation.confusion, title))
    _rates(evaluations, both)
    test = mcnemar(true, first >= both[0].threshold, second >= both[1].threshold)
    st.markdown(_test_in_words(test, both))
    st.caption(
        "These cells are drawn by this program, and every label is right, while the example of the batch page has one "
        "in twenty wrong on purpose. They show how the two differ, not how good either is: for that see the "
        "leaderboard, or give cells of your own on the batch page."
    )
    _differing(first, second, both)


def _rates(evaluations: list[Evaluation], both: tuple[Frame, Frame]) -> None:
    """Every rate of both, with its 95 % interval."""
    rows = []
    for name in evaluations[0].rates:
        figures = [evaluation.rates[name] for evaluation in evaluations]
        said = [f"{tables.value(name, rate)} ({tables.interval(name, rate)})" for rate in figures]
        rows.append([tables.NAMES[name], *said])
    title = f"Rates with 95 % intervals, on {CELLS} synthetic cells"
    table(title, ["", *(frame.card.name for frame in both)], rows)


def _test_in_words(test: McNemar, both: tuple[Frame, Frame]) -> str:
    a, b = (literal(frame.card.name) for frame in both)
    return (
        f"Of {test.n} cells both are right on {test.both_right}, only {a} on {test.only_a}, only {b} on {test.only_b}, "
        f"neither on {test.both_wrong}. Exact McNemar test of whether they are equally often right: p = "
        f"{test.p_value:.3g}."
    )


def _differing(first: NDArray[np.float64], second: NDArray[np.float64], both: tuple[Frame, Frame]) -> None:
    """The cells that the two call differently, furthest apart first."""
    calls = [p >= frame.threshold for p, frame in ((first, both[0]), (second, both[1]))]
    apart = np.flatnonzero(calls[0] != calls[1])
    if not apart.size:
        st.markdown("They call no cell of this batch differently.")
        return
    apart = apart[np.argsort(-np.abs(first[apart] - second[apart]), kind="stable")]
    names = [frame.card.name for frame in both]
    counted = "one cell" if apart.size == 1 else f"{apart.size} cells, furthest apart first"
    st.markdown(f"**Called differently: {counted}.** Below each: its truth, then both answers.")
    cells = _cells()
    pictures = []
    for place in apart[:_SHOWN].tolist():
        cell = cells[place]
        lines = [cell.true_label]
        for p, frame in ((first[place], both[0]), (second[place], both[1])):
            lines.append(f"{answers.MARKS[verdict(p, frame.threshold)]} {probability(p)}")
        alt = f"{cell.true_label}, {cell.form}; {names[0]} says {lines[1]}, {names[1]} {lines[2]}"
        pictures.append(Tile(cell.rgb, alt.replace("_", " "), "\n".join(lines)))
    tiles(pictures, side=96)


@st.cache_resource(show_spinner="Drawing synthetic cells …")
def _cells() -> list[phantom.Phantom]:
    return phantom.batch(CELLS)


@st.cache_resource(max_entries=16, show_spinner="Answering the batch …")
def _answers(model_name: str, version: str, _frame: Frame) -> NDArray[np.float64]:
    images: list[RGB] = [cell.rgb for cell in _cells()]
    return _frame.classifier.predict(images)
