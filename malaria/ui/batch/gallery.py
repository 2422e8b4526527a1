"""The pictures of cells of a batch, a page at a time: those behind the matrix, and those on which two models differ."""

from collections.abc import Callable, Mapping
from typing import Final

import pandas as pd
import streamlit as st

from malaria.batch.tables import OUTCOMES
from malaria.errors import MalariaError
from malaria.images import ImageFile
from malaria.ui.parts import links
from malaria.ui.parts.answer_keys import LABELS
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.ui.parts.text import literal
from malaria.wording.words import probability

PER_PAGE: Final = 16


def draw_gallery(
    rows: pd.DataFrame,
    labelled: LabelledSource,
    key: str,
    on_click: Callable[[str], None] | None = None,
    answers: Mapping[str, str] | None = None,
) -> "pd.Series[str] | None":
    """Show the images of a table of cells, a page at a time, and return the row of one that was clicked.

    `on_click` is called with its image_id before anything is drawn anew; `answers` (image_id to answer) are what the
    annotator has said of some cells.
    """
    if rows.empty:
        return None
    pages = -(-len(rows) // PER_PAGE)
    page = 1
    if pages > 1:
        page = min(pages, st.pagination(pages, key=f"batch.page.{key}", persist_state="session"))
    with st.container(key=f"batch-gallery-{key}"):
        for place, row in rows.iloc[PER_PAGE * (page - 1) : PER_PAGE * page].iterrows():
            image_id = str(row["image_id"])
            face = _make_face(row, labelled, (answers or {}).get(image_id))
            if st.button(face, key=f"batch-cell-{key}-{place}", on_click=on_click, args=(image_id,)):
                return row
    return None


def open_in_full(row: "pd.Series[str]", labelled: LabelledSource, batch: str) -> None:
    """Open a cell of the batch called `batch` on the single-cell page, or say why it cannot be read."""
    try:
        image = ImageFile(row["file"], labelled.source.read(row["file"]))
    except MalariaError as error:
        st.error(literal(str(error)))
    else:
        links.open_cell(image, links.Origin(image.image_id, batch, row["given_label"], row["label"]))


def _make_face(row: "pd.Series[str]", labelled: LabelledSource, said: str | None) -> str:
    """A cell as a button: its picture, told in words, its p_parasitized, and what that amounts to or what one said."""
    outcome = f"**{LABELS[said]}**" if said else f"*{OUTCOMES[str(row['given_label']), str(row['label'])]}*"
    words = f"{probability(float(row['p_parasitized']))} {outcome}"
    if not (uri := labelled.thumbnails[str(row["file"])]):
        return f"{literal(str(row['file']))} {words}"
    return f"![Cell labelled {row['given_label']}, p_parasitized]({uri}) {words}"
