"""One cell of the batch beside the matrix, enlarged, with the keys that relabel it: the engine of label review."""

from functools import partial
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from malaria.batch import Batch
from malaria.errors import JournalError, MalariaError
from malaria.images import decode
from malaria.report.html import render
from malaria.review import ReviewSession, Settings, SuspectLabel, make_cards, suspicion
from malaria.ui.batch.gallery import open_in_full
from malaria.ui.parts import account, annotator
from malaria.ui.parts.answer_keys import LABELS, AnswerKeys, Shown
from malaria.ui.parts.gallery import enlarge, to_png_uri
from malaria.ui.parts.journal import open_log
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.ui.parts.text import literal
from malaria.wording.words import probability

_SHOWN: Final = "batch.card"  # None, the image_id to begin with, or "" for the first that is undecided
_SESSION: Final = "batch.relabelling"  # the cells that are gone through, and the session that does
_HOW: Final = Settings(blind=False, wait=False, repeats=False)  # the matrix has told label and answer already
_SIDE: Final = 420  # pixels of the picture, twice what it measures on the page


def open_next() -> None:
    """Have the card drawn, at the first cell that is not decided on."""
    open_at("")


def open_at(image_id: str) -> None:
    """Have the card drawn at one cell."""
    st.session_state[_SHOWN] = image_id


def close() -> None:
    """Have the gallery drawn instead."""
    if is_open():
        st.session_state[_SHOWN] = None


def is_open() -> bool:
    """Whether the card is to be drawn."""
    return st.session_state.get(_SHOWN) is not None


def get_answers(batch: Batch) -> dict[str, str]:
    """What this session's annotator says of the cells of a batch, by image_id.

    What others say stays with them: a batch is one visitor's own. The journal is not read for those who decide nothing.
    """
    if _SHOWN not in st.session_state and annotator.ANNOTATOR not in st.query_params:
        return {}
    try:
        state, name = open_log().state, annotator.get_annotator()
    except JournalError:
        return {}  # the card says why
    said = ((image_id, state.mine(image_id, name)) for image_id in batch.table["image_id"] if image_id)
    return {image_id: decision.final_answer for image_id, decision in said if decision}


def draw_card(rows: pd.DataFrame, what: str, batch: Batch, labelled: LabelledSource) -> None:
    """Draw the card over the cells in `rows` (their labels as given), which are called `what`."""
    with st.container(key="batch-card"):
        with st.container(horizontal=True, vertical_alignment="center"):
            name = annotator.draw_box(compact=True)
            st.button("All pictures", icon=":material/grid_view:", type="tertiary", on_click=close)
        try:
            session = _get_session(rows, batch, labelled)
            session.change(name, _HOW)
        except JournalError as error:
            st.error(literal(str(error)), icon=":material/error:")
            return
        moves = {"Left": ("previous", partial(_step, session, -1)), "Right": ("next", partial(_step, session, 1))}
        keys = AnswerKeys("batch", session, LABELS, "list", moves)
        current = session.current
        if session.log.unsaved:
            keys.draw_stopped()
            keys.draw_card()
        elif current is None:
            st.success(f"You have decided on all {what}.", icon=":material/check:")
            _draw_moves(keys)
            keys.draw_card()
        else:
            row = rows[rows["image_id"] == current.image_id].iloc[0]
            place = f"**{session.cards.index(current) + 1:,} of {what}**"
            st.markdown(f"{place}, {session.progress.done:,} decided")
            with st.container(key="batch-cell", horizontal=True):
                deck = [_show(card, labelled) for card in (current, *session.look_ahead())]
                keys.draw_card(deck, "The cell to be judged")
                _tell(row, session)
            keys.draw_answers()
            _draw_moves(keys)
            if st.button("See where the model looked", icon=":material/search:", type="tertiary"):
                open_in_full(row, labelled, batch.name)
        if session.error and not session.log.unsaved:
            st.warning(literal(session.error), icon=":material/warning:")
        if not session.log.store.survives:
            lost = "This host loses decisions when it restarts." if account.is_kept() else account.say_what_is_seen()
            st.caption(f"{lost} Download them before you leave.")


def _show(card: SuspectLabel, labelled: LabelledSource) -> Shown:
    """A cell as the screen draws it; it is decoded only where the screen does not have it."""

    def draw() -> str:
        try:
            return to_png_uri(enlarge(decode(labelled.source.read(card.file), card.file), _SIDE))
        except MalariaError:
            return ""

    return Shown(card.image_id, card.image_id, "The cell to be judged, enlarged", draw)


def _tell(row: "pd.Series[str]", session: ReviewSession) -> None:
    """Its label, what the model says, and what one has said so far."""
    mine = session.mine
    told = render(
        "ui/batch/card.html",
        given=row["given_label"],
        called=row["label"],
        p=probability(float(row["p_parasitized"])),
        mine=mine and LABELS[mine.final_answer],
    )
    st.html(told)


def _draw_moves(keys: AnswerKeys) -> None:
    with st.container(key="batch-moves"):
        keys.draw_move("Previous", "Left")
        keys.draw_move("Next", "Right")
        keys.draw_undo()


def _step(session: ReviewSession, by: int, token: int, note: str) -> None:
    """Go to the cell before or after; from the last one to the first."""
    if not session.is_stale(token):
        cards = session.cards
        at = cards.index(session.current) + by if session.current else min(by, 0)
        _go_to(session, cards[at % len(cards)].image_id)


def _go_to(session: ReviewSession, image_id: str) -> None:
    """Put a cell on view, and have those after it come next."""
    cards = session.cards
    at = next((place for place, card in enumerate(cards) if card.image_id == image_id), None)
    if at is not None:
        session.prefer(cards[at:] + cards[:at])
        session.edit(image_id)


def _get_session(rows: pd.DataFrame, batch: Batch, labelled: LabelledSource) -> ReviewSession:
    """The session over these cells, begun anew where they, the model or its threshold have changed."""
    key = (labelled, batch.model, batch.card.version, batch.threshold, rows["image_id"].tolist(), open_log())
    known, old = st.session_state.get(_SESSION, (None, None))
    if old is not None and known == key:
        session: ReviewSession = old
    else:
        p, given = rows["p_parasitized"].to_numpy(np.float64), rows["given_label"].to_numpy(object)
        cards = make_cards(rows.assign(rank=range(1, len(rows) + 1), suspicion=suspicion(p, given)))
        name = annotator.get_annotator()
        session = ReviewSession(cards, open_log(), name, model=batch.model, threshold=batch.threshold, settings=_HOW)
        if old is not None:
            session.token += old.token  # a key that was meant for the list before is stale
            if old.current:
                _go_to(session, old.current.image_id)
        st.session_state[_SESSION] = (key, session)
    if wanted := st.session_state[_SHOWN]:
        st.session_state[_SHOWN] = ""
        _go_to(session, wanted)
    return session
