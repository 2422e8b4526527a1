"""The suspect on view with the keys that decide on it, and the ranked list of all."""

from collections.abc import Callable
from typing import Final

import numpy as np
import streamlit as st

from malaria.errors import JournalError
from malaria.review import to_csv
from malaria.smear import Cell
from malaria.smear.readings import is_one_place
from malaria.smear.sentences import SAID, each
from malaria.smear.session import Bench
from malaria.ui.parts.answer_keys import KEYS, WORDS
from malaria.ui.parts.frame import PARTS
from malaria.ui.parts.gallery import data_uri, picture, place
from malaria.ui.parts.text import literal
from malaria.ui.smear.desk import Desk
from malaria.ui.smear.view import look_closer, surroundings
from malaria.wording.words import probability

_PAGE: Final = 40  # suspects listed at once
_KINDS: Final = {"leukocyte": "a leukocyte", "platelet": "a platelet", "artefact": "dirt"}

# What Streamlit's shortcuts lack: a key held down answers once.
_keys = st.components.v2.component("smear_keys", js=(PARTS / "keys.js").read_text())


def card(desk: Desk, bench: Bench) -> None:
    """Draw the chosen cell and what can be said of it."""
    total, left = len(bench.asked), len(bench.undecided)
    more = total - len(bench.suspects)
    others = f", {more:,} of them picked out by another reader" if more else ""
    words = f"**{total - left:,} of {total:,}** suspects decided{others}"
    st.progress((total - left) / total if total else 1.0, words)
    if bench.log.unsaved:
        _stopped(bench)
    elif bench.chosen is None:
        words = "Every suspect is decided." if total else "No red cell reaches the threshold."
        fit = not any(one.concerns for one in bench.triage.fields)
        told, icon = (st.success, ":material/check:") if fit else (st.info, ":material/info:")
        told(f"{words} Click any cell in the field to judge it too.", icon=icon)
        _undo(bench)
    else:
        _on_view(desk, bench, bench.chosen)
    if bench.error:
        st.warning(literal(bench.error), icon=":material/warning:")
    _keys(key="smear-keys")


def listed(desk: Desk, bench: Bench) -> None:
    """Draw the suspects, the most suspicious first; a click brings one on view."""
    if not bench.suspects:
        return
    rank = bench.chosen.rank if bench.chosen and bench.chosen.rank else 1
    start = (min(rank, len(bench.suspects)) - 1) // _PAGE * _PAGE
    shown = bench.suspects[start : start + _PAGE]
    answers = bench.answers
    st.markdown(f"**Suspects {start + 1:,} to {start + len(shown):,} of {len(bench.suspects):,}**")
    with st.container(height=300, key="smear-list", gap="xsmall"):
        for cell in shown:
            said = answers.get(cell)
            st.button(
                f"![Suspect]({_face(desk, bench, cell)}) **{cell.rank}** · p {probability(cell.p_parasitized or 0)} · "
                f"{where(bench, cell)}{f' · **{SAID[said]}**' if said else ''}",
                key=f"smear-suspect-{cell.image_id}",
                type="primary" if cell == bench.chosen else "secondary",
                width="stretch",
                on_click=_choose,
                args=(bench, cell),
            )
    if len(bench.suspects) > _PAGE:
        with st.container(horizontal=True):
            for words, at in (("Earlier", start - _PAGE), ("Later", start + _PAGE)):
                there = 0 <= at < len(bench.suspects)
                args = (bench, bench.suspects[at]) if there else None
                st.button(words, disabled=not there, key=f"smear-{words}", on_click=_choose, args=args)


def where(bench: Bench, cell: Cell) -> str:
    """Where in its field a cell lies, in words, after the field's number if there are several."""
    about = bench.cells.fields[cell.field]
    ninths = np.zeros((3, 3), np.float32)
    x, y = cell.box.centre
    ninths[min(2, max(0, int(3 * y / about.height))), min(2, max(0, int(3 * x / about.width)))] = 1
    fields = list(bench.cells.fields)
    return (f"field {fields.index(cell.field) + 1}, " if len(fields) > 1 else "") + place(ninths)


def _on_view(desk: Desk, bench: Bench, cell: Cell) -> None:
    with st.container(key="smear-card", horizontal=True, vertical_alignment="center"):
        picture(surroundings(desk, bench, cell), "The cell to be decided, enlarged", side=160)
        _told(bench, cell)
    _answers(bench)
    _note(bench)
    _undo(bench)


def _told(bench: Bench, cell: Cell) -> None:
    said = bench.compared.said.get(cell, {})
    with st.container():
        if cell.rank is None or cell.p_parasitized is None:
            by = "you marked" if bench.annotator in said else "another reader marked" if cell in bench.asked else ""
            what = f"**A cell that {by}**" if by else "**A cell that was missed**"
            st.markdown(f"{what}, {where(bench, cell)}." + ("" if by else " Confirm or reject it to add it."))
            if kind := bench.cells.kind_at(cell.field, *cell.box.centre):
                st.caption(f"The machine takes it for {_KINDS[kind]}, and still does if you add a red cell here.")
        else:
            name = "Suspect" if cell.p_parasitized >= bench.triage.threshold else "Not suspected: rank"
            st.markdown(f"**{name} {cell.rank:,}**  \np {probability(cell.p_parasitized)}, {where(bench, cell)}")
            if cell.outline is not None and cell.outline.is_clump:
                st.caption("Cells that could not be told apart, or a piece of one.")
            if same := [other.rank for other in bench.suspects if other != cell and is_one_place(cell, other)]:
                ranks = ", ".join(f"{rank:,}" for rank in same)
                st.caption(f"Shows the same place as suspect {ranks}: confirmed in both, it counts once.")
        if mine := said.get(bench.annotator):
            st.markdown(f"You: **{SAID[mine.final_answer]}**")
            if others := {name: one for name, one in said.items() if name != bench.annotator}:
                st.caption(literal(each(others)))


def _answers(bench: Bench) -> None:
    mine = bench.mine
    with st.container(key="smear-answers"):
        for answer, key in KEYS.items():
            st.button(
                WORDS[answer],
                key=f"smear-{key}-{bench.token}",
                shortcut=key,
                type="primary" if mine and answer == mine.final_answer else "secondary",
                width="stretch",
                on_click=_do,
                args=(bench, lambda token=bench.token, given=answer: bench.answer(token, given, _noted(bench))),
            )


def _note(bench: Bench) -> None:
    with st.container(key="smear-note"):
        st.text_input(
            "Note",
            value=bench.mine.note if bench.mine else "",
            key=_note_key(bench),
            placeholder="Note: T to write, Enter to go back to the keys",
            max_chars=500,
            label_visibility="collapsed",
            on_change=_do,
            args=(bench, lambda token=bench.token: bench.annotate(token, _noted(bench))),
        )


def _note_key(bench: Bench) -> str:
    return f"smear.note.{bench.token}"


def _noted(bench: Bench) -> str:
    return str(st.session_state.get(_note_key(bench), bench.mine.note if bench.mine else ""))


def _undo(bench: Bench) -> None:
    def undo(token: int = bench.token) -> None:
        if not bench.undo(token) and token == bench.token:
            bench.error = "There is nothing left to undo in this sample."

    st.button("Undo", key=f"smear-undo-{bench.token}", shortcut="Z", width="stretch", on_click=_do, args=(bench, undo))


def _stopped(bench: Bench) -> None:
    """The journal refused: nothing goes on before every decision is safe."""
    n = len(bench.log.unsaved)
    st.error(f"Nothing goes on: {n:,} {'decision is' if n == 1 else 'decisions are'} not kept yet.")
    with st.container(horizontal=True):
        st.button("Try again", type="primary", shortcut="Enter", on_click=_do, args=(bench, bench.save_again))
        rows = [*bench.log.state.rows, *bench.log.unsaved]
        st.download_button("Download the journal", lambda: to_csv(rows), "corrections.csv", "text/csv")


def _do(bench: Bench, act: Callable[[], object]) -> None:
    """Do what a key stands for; what the journal refuses is told on the card."""
    bench.error = None
    try:
        act()
    except JournalError as error:
        bench.error = str(error)


def _choose(bench: Bench, cell: Cell) -> None:
    bench.choose(cell)
    look_closer()


def _face(desk: Desk, bench: Bench, cell: Cell) -> str:
    """The crop of a suspect, small, drawn once."""
    if cell.image_id not in desk.faces:
        crop = bench.triage.suspects[(cell.rank or 1) - 1].crop
        desk.faces[cell.image_id] = data_uri(surroundings(desk, bench, cell) if crop is None else crop, 64)
    return desk.faces[cell.image_id]
