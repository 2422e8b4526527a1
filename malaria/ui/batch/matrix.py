"""The confusion matrix as four buttons, and the gallery of the cells behind each."""

from typing import Final

import pandas as pd
import streamlit as st
from markupsafe import Markup

from malaria.batch import Batch
from malaria.batch.tables import OUTCOMES
from malaria.errors import MalariaError
from malaria.images import ImageFile
from malaria.labels import CLASSES
from malaria.metrics import Confusion
from malaria.ui.parts import links
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.ui.parts.text import literal
from malaria.wording.numbers import DASH, percent
from malaria.wording.words import count, probability

PER_PAGE: Final = 16

_SHOWN: Final = "batch.field"  # the true and the predicted label whose gallery is open
_CLINICAL: Final = {
    "found": "true positive",
    "missed": "false negative",
    "false alarm": "false positive",
    "cleared": "true negative",
}


def draw_matrix(confusion: Confusion) -> None:
    """Draw the matrix, true label down, predicted across; a click on a field opens its gallery, a second closes it."""
    counts = dict(zip(OUTCOMES, (confusion.tp, confusion.fn, confusion.fp, confusion.tn), strict=True))
    shares = []
    with st.container(key="batch-matrix"):
        st.html("<span>True label ↓</span>")
        for predicted in CLASSES:
            st.html(Markup("<b>Predicted {}</b>").format(predicted))
        for true in CLASSES:
            n = sum(counts[true, predicted] for predicted in CLASSES)
            st.html(Markup("<b>{}</b><br>{}").format(true, count(n, "cell")))
            for predicted in CLASSES:
                k = counts[true, predicted]
                _draw_field(true, predicted, k, n)
                shares.append((_key(true, predicted), k / n if n else 0.0))
    # The darker, the larger the share of its row; faint enough for the text on it.
    st.html(
        "<style>" + "".join(f".st-key-{key} button {{ --share: {share:.3f} }}" for key, share in shares) + "</style>"
    )


def get_open_field() -> tuple[str, str] | None:
    """The true and the predicted label of the field that was clicked."""
    field: tuple[str, str] | None = st.session_state.get(_SHOWN)
    return field


def draw_gallery(rows: pd.DataFrame, labelled: LabelledSource, key: str, words: str) -> None:
    """Show the images of a table of cells, a page at a time; a click opens one on the single-cell page.

    `words` say what these are and in which order.
    """
    st.markdown(f"**{count(len(rows), 'cell')}** {words}")
    if rows.empty:
        return
    pages = -(-len(rows) // PER_PAGE)
    page = 1
    if pages > 1:
        page = min(pages, st.pagination(pages, key=f"batch.page.{key}", persist_state="session"))
    with st.container(key=f"batch-gallery-{key}"):
        for place, row in rows.iloc[PER_PAGE * (page - 1) : PER_PAGE * page].iterrows():
            if st.button(_make_face(row, labelled), key=f"batch-cell-{key}-{place}"):
                _open(row["file"], labelled)


def draw_field_gallery(batch: Batch, labelled: LabelledSource) -> None:
    """The gallery of the field that was clicked, or of all mistakes."""
    field = get_open_field()
    if field is None:
        order = "" if batch.errors.empty else ", most confident mistakes first"
        words = f"called other than labelled{order}. Click a field of the matrix for its cells."
        draw_gallery(batch.errors, labelled, "errors", words)
        return
    true, predicted = field
    order = "least sure first" if true == predicted else "most confident mistakes first"
    words = f"labelled {true} and called {predicted} ({OUTCOMES[field]}), {order}. Click one to see it in full."
    draw_gallery(batch.cells(true, predicted), labelled, _key(true, predicted), words)


def _draw_field(true: str, predicted: str, k: int, n: int) -> None:
    outcome = OUTCOMES[true, predicted]
    share = percent(k / n, n=n) if n else DASH
    st.button(
        f"**{k:,}** *{share} of row* {outcome} ({_CLINICAL[outcome]})",
        key=_key(true, predicted),
        type="primary" if get_open_field() == (true, predicted) else "secondary",
        wrap=True,
        width="stretch",
        on_click=_toggle,
        args=(true, predicted),
    )


def _toggle(true: str, predicted: str) -> None:
    st.session_state[_SHOWN] = None if get_open_field() == (true, predicted) else (true, predicted)


def _key(true: str, predicted: str) -> str:
    return f"batch-{OUTCOMES[true, predicted].replace(' ', '-')}"


def _make_face(row: "pd.Series[str]", labelled: LabelledSource) -> str:
    """A cell as a button: its picture, told in words, its p_parasitized, and what that amounts to."""
    outcome = OUTCOMES[str(row["given_label"]), str(row["label"])]
    words = f"{probability(float(row['p_parasitized']))} *{outcome}*"
    if not (uri := labelled.thumbnails[str(row["file"])]):
        return f"{literal(str(row['file']))} {words}"
    return f"![Cell labelled {row['given_label']}, p_parasitized]({uri}) {words}"


def _open(file: str, labelled: LabelledSource) -> None:
    try:
        links.open_cell(ImageFile(file, labelled.source.read(file)))
    except MalariaError as error:
        st.error(literal(str(error)))
