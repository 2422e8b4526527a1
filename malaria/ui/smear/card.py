"""The suspect on view with the keys that decide on it, and the ranked list of all."""

from collections.abc import Callable
from typing import Final

import numpy as np
import streamlit as st

from malaria.errors import JournalError
from malaria.review import to_csv
from malaria.smear import Cell
from malaria.smear.decisions import is_one_place
from malaria.smear.sample import Sample
from malaria.smear.sentences import SAID, each
from malaria.smear.session import TriageSession
from malaria.ui.parts.answer_keys import KEYS, WORDS
from malaria.ui.parts.frame import PARTS
from malaria.ui.parts.gallery import data_uri, picture, place
from malaria.ui.parts.text import literal
from malaria.ui.smear.view import look_closer, surroundings
from malaria.wording.words import probability

_PAGE: Final = 40  # suspects listed at once
_KINDS: Final = {"leukocyte": "a leukocyte", "platelet": "a platelet", "artefact": "dirt"}

# What Streamlit's shortcuts lack: a key held down answers once.
_keys = st.components.v2.component("smear_keys", js=(PARTS / "keys.js").read_text())


def card(sample: Sample, session: TriageSession) -> None:
    """Draw the chosen cell and what can be said of it."""
    total, left = len(session.asked), len(session.undecided)
    more = total - len(session.suspects)
    others = f", {more:,} of them picked out by another reader" if more else ""
    words = f"**{total - left:,} of {total:,}** suspects decided{others}"
    st.progress((total - left) / total if total else 1.0, words)
    if session.log.unsaved:
        _stopped(session)
    elif session.chosen is None:
        words = "Every suspect is decided." if total else "No red cell reaches the threshold."
        fit = not any(one.concerns for one in session.triage.fields)
        told, icon = (st.success, ":material/check:") if fit else (st.info, ":material/info:")
        told(f"{words} Click any cell in the field to judge it too.", icon=icon)
        _undo(session)
    else:
        _on_view(sample, session, session.chosen)
    if session.error:
        st.warning(literal(session.error), icon=":material/warning:")
    _keys(key="smear-keys")


def list_suspects(sample: Sample, session: TriageSession) -> None:
    """Draw the suspects, the most suspicious first; a click brings one on view."""
    if not session.suspects:
        return
    rank = session.chosen.rank if session.chosen and session.chosen.rank else 1
    start = (min(rank, len(session.suspects)) - 1) // _PAGE * _PAGE
    shown = session.suspects[start : start + _PAGE]
    answers = session.answers
    st.markdown(f"**Suspects {start + 1:,} to {start + len(shown):,} of {len(session.suspects):,}**")
    with st.container(height=300, key="smear-list", gap="xsmall"):
        for cell in shown:
            said = f" · **{SAID[answers[cell]]}**" if cell in answers else ""
            st.button(
                f"![Suspect]({_face(sample, session, cell)}) **{cell.rank}** · "
                f"p {probability(cell.p_parasitized or 0)} · {where(session, cell)}{said}",
                key=f"smear-suspect-{cell.image_id}",
                type="primary" if cell == session.chosen else "secondary",
                width="stretch",
                on_click=_choose,
                args=(session, cell),
            )
    if len(session.suspects) > _PAGE:
        with st.container(horizontal=True):
            for words, at in (("Earlier", start - _PAGE), ("Later", start + _PAGE)):
                there = 0 <= at < len(session.suspects)
                args = (session, session.suspects[at]) if there else None
                st.button(words, disabled=not there, key=f"smear-{words}", on_click=_choose, args=args)


def where(session: TriageSession, cell: Cell) -> str:
    """Where in its field a cell lies, in words, after the field's number if there are several."""
    about = session.cells.fields[cell.field]
    ninths = np.zeros((3, 3), np.float32)
    x, y = cell.box.centre
    ninths[min(2, max(0, int(3 * y / about.height))), min(2, max(0, int(3 * x / about.width)))] = 1
    fields = list(session.cells.fields)
    return (f"field {fields.index(cell.field) + 1}, " if len(fields) > 1 else "") + place(ninths)


def _on_view(sample: Sample, session: TriageSession, cell: Cell) -> None:
    with st.container(key="smear-card", horizontal=True, vertical_alignment="center"):
        picture(surroundings(sample, session, cell), "The cell to be decided, enlarged", side=160)
        _told(session, cell)
    _answers(session)
    _note(session)
    _undo(session)


def _told(session: TriageSession, cell: Cell) -> None:
    said = session.compared.said.get(cell, {})
    with st.container():
        if cell.rank is None or cell.p_parasitized is None:
            by = "you marked" if session.annotator in said else "another reader marked" if cell in session.asked else ""
            what = f"**A cell that {by}**" if by else "**A cell that was missed**"
            st.markdown(f"{what}, {where(session, cell)}." + ("" if by else " Confirm or reject it to add it."))
            if kind := session.cells.kind_at(cell.field, *cell.box.centre):
                st.caption(f"The machine takes it for {_KINDS[kind]}, and still does if you add a red cell here.")
        else:
            name = "Suspect" if cell.p_parasitized >= session.triage.threshold else "Not suspected: rank"
            st.markdown(f"**{name} {cell.rank:,}**  \np {probability(cell.p_parasitized)}, {where(session, cell)}")
            if cell.outline is not None and cell.outline.is_clump:
                st.caption("Cells that could not be told apart, or a piece of one.")
            if same := [other.rank for other in session.suspects if other != cell and is_one_place(cell, other)]:
                ranks = ", ".join(f"{rank:,}" for rank in same)
                st.caption(f"Shows the same place as suspect {ranks}: confirmed in both, it counts once.")
        if mine := said.get(session.annotator):
            st.markdown(f"You: **{SAID[mine.final_answer]}**")
            if others := {name: one for name, one in said.items() if name != session.annotator}:
                st.caption(literal(each(others)))


def _answers(session: TriageSession) -> None:
    mine = session.mine
    with st.container(key="smear-answers"):
        for answer, key in KEYS.items():
            st.button(
                WORDS[answer],
                key=f"smear-{key}-{session.token}",
                shortcut=key,
                type="primary" if mine and answer == mine.final_answer else "secondary",
                width="stretch",
                on_click=_do,
                args=(session, lambda token=session.token, given=answer: session.answer(token, given, _noted(session))),
            )


def _note(session: TriageSession) -> None:
    with st.container(key="smear-note"):
        st.text_input(
            "Note",
            value=session.mine.note if session.mine else "",
            key=_note_key(session),
            placeholder="Note: T to write, Enter to go back to the keys",
            max_chars=500,
            label_visibility="collapsed",
            on_change=_do,
            args=(session, lambda token=session.token: session.annotate(token, _noted(session))),
        )


def _note_key(session: TriageSession) -> str:
    return f"smear.note.{session.token}"


def _noted(session: TriageSession) -> str:
    return str(st.session_state.get(_note_key(session), session.mine.note if session.mine else ""))


def _undo(session: TriageSession) -> None:
    def undo(token: int = session.token) -> None:
        if not session.undo(token) and token == session.token:
            session.error = "There is nothing left to undo in this sample."

    st.button(
        "Undo", key=f"smear-undo-{session.token}", shortcut="Z", width="stretch", on_click=_do, args=(session, undo)
    )


def _stopped(session: TriageSession) -> None:
    """The journal refused: nothing goes on before every decision is safe."""
    n = len(session.log.unsaved)
    st.error(f"Nothing goes on: {n:,} {'decision is' if n == 1 else 'decisions are'} not kept yet.")
    with st.container(horizontal=True):
        st.button("Try again", type="primary", shortcut="Enter", on_click=_do, args=(session, session.save_again))
        rows = [*session.log.state.rows, *session.log.unsaved]
        st.download_button("Download the journal", lambda: to_csv(rows), "corrections.csv", "text/csv")


def _do(session: TriageSession, act: Callable[[], object]) -> None:
    """Do what a key stands for; what the journal refuses is told on the card."""
    session.error = None
    try:
        act()
    except JournalError as error:
        session.error = str(error)


def _choose(session: TriageSession, cell: Cell) -> None:
    session.choose(cell)
    look_closer()


def _face(sample: Sample, session: TriageSession, cell: Cell) -> str:
    """The crop of a suspect, small, drawn once."""
    if cell.image_id not in sample.faces:
        crop = session.triage.suspects[(cell.rank or 1) - 1].crop
        sample.faces[cell.image_id] = data_uri(surroundings(sample, session, cell) if crop is None else crop, 64)
    return sample.faces[cell.image_id]
