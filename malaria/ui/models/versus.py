"""Two models: their answers to one cell, and to the built-in batch of synthetic cells."""

from typing import Final

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from malaria import phantom
from malaria.batch import Batch, Comparison, compare
from malaria.labels import CLASSES
from malaria.model.verdict import verdict
from malaria.ui.models.inside import choose_cell
from malaria.ui.parts import charts as answers
from malaria.ui.parts import gallery
from malaria.ui.parts.comparison import draw_comparison, pick_other_model
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.grounds import say_grounds
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, draw_tiles
from malaria.wording.words import count, probability

CELLS: Final = 200
_SHOWN: Final = 24


def versus(frame: Frame) -> None:
    """Draw the comparison of the picked model with another."""
    other = pick_other_model(frame, "models.other", f"Compare **{literal(frame.model_name or '')}** with")
    if other is None:
        return
    st.header("On one cell", anchor=False)
    _draw_one_cell((frame, other))
    st.header(f"On {CELLS} synthetic cells", anchor=False)
    both = compare(_answer_batch(frame), _answer_batch(other))
    draw_comparison(both)
    st.caption(
        "These cells are synthetic, and every label is right. They show how the two models differ, not how good either "
        "one is. To see how good they are, use the leaderboard, or upload your own cells on the batch page."
    )
    _draw_differing(both)


def _draw_one_cell(both: tuple[Frame, Frame]) -> None:
    cell = choose_cell()
    if cell is None:
        return
    image, rgb = cell
    for column, frame in zip(st.columns(2, gap="large"), both, strict=True):
        with column:
            st.markdown(f"**{literal(frame.card.name)}**")
            answers.draw_answer(float(frame.classifier.predict([rgb])[0]), frame.threshold)
            evidence = frame.find_evidence(image.image_id or "", rgb)
            where = say_grounds(evidence, frame.threshold).where
            picture = gallery.overlay(gallery.enlarge(rgb, 280), evidence.heat, 0.7)
            alt = f"The cell under the evidence for a parasite, according to {frame.card.name}: {where}."
            gallery.draw_picture(picture, alt, side=280)
            st.caption(f"Evidence for a parasite: {where}.")


def _answer_batch(frame: Frame) -> Batch:
    """The picked model's answers to the synthetic cells, by their true labels."""
    cells = _make_cells()
    p = _ask(frame.card.name, frame.card.version, frame)
    table = pd.DataFrame(
        {
            "file": list(cells),
            "given_label": [cell.true_label for cell in cells.values()],
            "p_parasitized": p,
            "label": np.where(p >= frame.threshold, *CLASSES),
            "error": None,
        }
    )
    read = {file: cell.png for file, cell in cells.items()}.__getitem__
    return Batch("synthetic cells", table, frame.card, frame.threshold, read, len(table), synthetic=True)


def _draw_differing(both: Comparison) -> None:
    """The cells that the two call differently, largest difference first."""
    if both.differing.empty:
        st.markdown("Both give the same answer for every cell of this batch.")
        return
    more = "" if len(both.differing) == 1 else ", largest difference first"
    counted = count(len(both.differing), "cell")
    st.markdown(f"**Different answers: {counted}{more}.** Below each cell: the truth, then both answers.")
    pictures = []
    for row in both.differing.head(_SHOWN).to_dict("records"):
        cell = _make_cells()[row["file"]]
        lines = [cell.true_label]
        for p, one in ((row["p_parasitized"], both.a), (row["p_parasitized_other"], both.b)):
            lines.append(f"{answers.MARKS[verdict(p, one.threshold)]} {probability(p)}")
        alt = f"{cell.true_label}, {cell.form}; {both.a.model} says {lines[1]}, {both.b.model} {lines[2]}"
        pictures.append(Tile(cell.rgb, alt.replace("_", " "), "\n".join(lines)))
    draw_tiles(pictures, side=96)


@st.cache_resource(show_spinner="Drawing synthetic cells …")
def _make_cells() -> dict[str, phantom.Phantom]:
    return {cell.file: cell for cell in phantom.batch(CELLS)}


@st.cache_resource(max_entries=16, show_spinner="Answering the batch …")
def _ask(model_name: str, version: str, _frame: Frame) -> NDArray[np.float64]:
    return _frame.classifier.predict([cell.rgb for cell in _make_cells().values()])
