"""The suspect on view with the keys that decide on it, and the ranked list of all."""

from itertools import islice, takewhile
from typing import Final

import streamlit as st

from malaria.smear import Cell
from malaria.smear.decisions import is_one_place
from malaria.smear.sample import Sample
from malaria.smear.sample_survey import MORE
from malaria.smear.sentences import SAID, each
from malaria.smear.session import TriageSession
from malaria.ui.parts.answer_keys import FINDINGS, AnswerKeys, Shown
from malaria.ui.parts.gallery import enlarge, name_place, to_data_uri, to_png_uri
from malaria.ui.parts.text import literal
from malaria.ui.smear.view import choose_closely, is_at_hand, surroundings
from malaria.wording.words import count, probability

_PAGE: Final = 40  # suspects listed at once
_CUT_AHEAD: Final = 12  # cells of the decoded field that are cut out before they are on view
_KINDS: Final = {"leukocyte": "a leukocyte", "platelet": "a platelet", "artefact": "dirt"}


def card(sample: Sample, session: TriageSession) -> None:
    """Draw the chosen cell and what can be said of it."""
    total, left = len(session.asked), len(session.undecided)
    more = total - len(session.chosen_cells)
    others = f", including {more:,} that another reader picked out" if more else ""
    words = f"**{total - left:,} of {count(total, 'cell' if session.is_survey else 'suspect')}** decided{others}"
    st.progress((total - left) / total if total else 1.0, words)
    keys = AnswerKeys("smear", session, FINDINGS, "sample")
    if session.log.unsaved:
        keys.draw_stopped()
        keys.draw_card()
    elif session.current is None:
        words = "You have decided on every suspect." if total else "No red cell reaches the threshold."
        if session.is_survey:
            words = (
                f"You have decided on all {count(total, 'cell')}."
                if session.is_all_asked
                else f"You have decided on these {total:,}."
            )
        fit = not any(one.concerns for one in session.triage.fields)
        told, icon = (st.success, ":material/check:") if fit else (st.info, ":material/info:")
        told(f"{words} You can also click any other cell in the field to judge it.", icon=icon)
        if session.is_survey and not session.is_all_asked:
            st.button(f"Decide on {MORE:,} more", icon=":material/add:", on_click=session.go_further)
        keys.draw_undo()
        keys.draw_card()
    else:
        _on_view(sample, session, session.current, keys)
        keys.draw_answers()
        keys.draw_note(at_once=True)
        keys.draw_undo()
    if session.error and not session.log.unsaved:
        st.warning(literal(session.error), icon=":material/warning:")


def list_suspects(sample: Sample, session: TriageSession) -> None:
    """Draw the cells to choose from, in the order in which they come; a click brings one on view."""
    listed = session.listed
    if not listed:
        return
    at = listed.index(session.current) if session.current in listed else 0
    start = at // _PAGE * _PAGE
    shown = listed[start : start + _PAGE]
    answers, suspects = session.answers, set(session.suspects)
    what = "Cells" if session.is_survey else "Suspects" if session.suspects else "No suspect: the highest,"
    st.markdown(f"**{what} {start + 1:,} to {start + len(shown):,} of {len(listed):,}**")
    with st.container(height=300, key="smear-list", gap="xsmall"):
        for cell in shown:
            said = f" · **{SAID[answers[cell]]}**" if cell in answers else ""
            p = f"p {probability(cell.p_parasitized or 0)} · "
            below = "" if session.is_survey or cell in suspects else " · below the usual level"
            st.button(
                f"![Suspect]({_face(sample, session, cell)}) **{cell.number}** · "
                f"{'' if session.is_survey else p}{where(session, cell)}{below}{said}",
                key=f"smear-suspect-{cell.image_id}",
                type="primary" if cell == session.current else "secondary",
                width="stretch",
                on_click=choose_closely,
                args=(session, cell),
            )
    if len(listed) > _PAGE:
        with st.container(horizontal=True):
            for words, place in (("Earlier", start - _PAGE), ("Later", start + _PAGE)):
                there = 0 <= place < len(listed)
                args = (session, listed[place]) if there else None
                st.button(words, disabled=not there, key=f"smear-{words}", on_click=choose_closely, args=args)


def where(session: TriageSession, cell: Cell) -> str:
    """Where in its field a cell lies, in words; after the field's letter, where no number begins with it."""
    about = session.cells.fields[cell.field]
    x, y = cell.box.centre
    field = "" if cell.number else f"field {session.triage.letters[cell.field]}, "
    return field + name_place(x / about.width, y / about.height)


def _on_view(sample: Sample, session: TriageSession, cell: Cell, keys: AnswerKeys) -> None:
    with st.container(key="smear-card", horizontal=True, vertical_alignment="center"):
        keys.draw_card(
            [_show(sample, session, one) for one in _foresee(sample, session, cell)], "The cell to be decided"
        )
        _told(session, cell)


def _foresee(sample: Sample, session: TriageSession, cell: Cell) -> list[Cell]:
    """The cell on view, and those to come as far as they can be shown at once: to decode a field takes its time."""
    surroundings(sample, session, cell)
    for near in islice((one for one in session.undecided if is_at_hand(sample, session, one)), _CUT_AHEAD):
        surroundings(sample, session, near)  # kept for when another field is decoded
    return [cell, *takewhile(lambda one: is_at_hand(sample, session, one), session.look_ahead())]


def _show(sample: Sample, session: TriageSession, cell: Cell) -> Shown:
    def draw() -> str:
        return to_png_uri(enlarge(surroundings(sample, session, cell), 160))

    return Shown(cell.image_id, cell.image_id, "The cell to be decided, enlarged", draw)


def _told(session: TriageSession, cell: Cell) -> None:
    said = session.compared.said.get(cell, {})
    with st.container():
        if cell.rank is None or cell.p_parasitized is None:
            by = "you marked" if session.annotator in said else "another reader marked" if cell in session.asked else ""
            what = f"**A cell that {by}**" if by else "**A cell that was missed**"
            st.markdown(f"{what}, {where(session, cell)}." + ("" if by else " Confirm or reject the cell to add it."))
            if kind := session.cells.kind_at(cell.field, *cell.box.centre):
                still = (
                    "If you confirm it, it counts as a parasitized cell and no longer as a leukocyte."
                    if kind == "leukocyte"
                    else "It still counts as one if you add a red cell here."
                )
                st.caption(f"The machine says it is {_KINDS[kind]}. {still}")
        elif session.is_survey and session.annotator not in said:  # its rank would tell
            st.markdown(f"**{session.name(cell)}**  \n{where(session, cell)}")
        else:
            st.markdown(
                f"**{session.name(cell)}**  \np {probability(cell.p_parasitized)}, {where(session, cell)}"
                + (f", rank {cell.rank:,}" if session.is_survey else "")
            )
        if cell.outline is not None and cell.outline.is_clump:
            st.caption("Several cells that could not be separated, or part of one.")
        if cell.outline is not None and cell.outline.may_be_parasite:
            st.caption(
                "Found as a leukocyte, but it may be a gametocyte. If you confirm it, it no longer counts as a "
                "leukocyte."
            )
        if same := [str(other.number) for other in session.suspects if other != cell and is_one_place(cell, other)]:
            alike = "another card" if session.is_survey else f"suspect {', '.join(same)}"
            st.caption(f"Shows the same place as {alike}. If you confirm both, it counts once.")
        if mine := said.get(session.annotator):
            st.markdown(f"You: **{SAID[mine.final_answer]}**")
            if others := {name: one for name, one in said.items() if name != session.annotator}:
                st.caption(literal(each(others)))


def _face(sample: Sample, session: TriageSession, cell: Cell) -> str:
    """The crop of a suspect, small, drawn once."""
    if cell.image_id not in sample.faces:
        crop = session.cells.crop(cell)
        sample.faces[cell.image_id] = to_data_uri(surroundings(sample, session, cell) if crop is None else crop, 64)
    return sample.faces[cell.image_id]
