"""Several cells at once: a page of them to choose from, and one answer for those that were chosen."""

from pathlib import Path
from typing import Any, Final

import streamlit as st

from malaria.review import AS_GIVEN, Answered, SuspectLabel, answer_several, list_page
from malaria.ui.parts.answer_keys import KEYS, LABELS, AnswerKeys
from malaria.ui.parts.component import load_component
from malaria.ui.review.label_review import LabelReview
from malaria.wording.words import choose_verb, count

SEVERAL: Final = "review.several"
"""Where the session's state says that several cells are shown at once."""

_GRID: Final = "review-grid"
_grid = load_component("review_grid", Path(__file__).with_name("grid.js"))


def draw_switch(several: bool) -> None:
    """Draw the button that leads from one cell to several, or back."""

    def switch() -> None:
        st.session_state[SEVERAL] = not several

    words, icon = ("One at a time", "crop_square") if several else ("Several at once", "apps")
    st.button(words, icon=f":material/{icon}:", key="review-several", on_click=switch)


def draw_several(work: LabelReview, keys: AnswerKeys) -> None:
    """Draw the cells that come next, to be answered together."""
    session = work.session
    cards = list_page(session)
    hidden = [session.hides(card) for card in cards]
    answers = [{"answer": answer, "words": LABELS[answer], "key": key} for answer, key in KEYS.items()]
    if not any(hidden):
        answers.insert(0, {"answer": AS_GIVEN, "words": "Right as given", "key": "G"})
    _grid(
        key=_GRID,
        data={
            "page": session.token,
            "cells": [_describe(work, card, hide) for card, hide in zip(cards, hidden, strict=True)],
            "answers": answers,
            "hint": "Choose cells with a click, or with the arrow keys and Space. A chooses all.",
        },
        on_answered_change=lambda: _answer(work),
    )
    if any(hidden):
        st.caption("Blind: given labels are hidden. Turn Blind off under “How you work” to answer “Right as given”.")
    group = session.last_group
    if work.answered and list(work.answered.kept) == group:  # not any more when it was undone
        st.success(_tell(work.answered), icon=":material/check:")
    with st.container(horizontal=True, vertical_alignment="center"):
        draw_switch(several=True)
        with st.container(width=160):
            keys.draw_undo()
        if len(group) > 1:
            st.caption(f"Undo takes back all {len(group):,}. After a reload, it takes them back one at a time.")


def _answer(work: LabelReview) -> None:
    given: dict[str, Any] | None = st.session_state[_GRID].answered
    session = work.session
    if not given or given["page"] != session.token:
        return

    def keep() -> None:
        work.answered = answer_several(session, given["cells"], given["answer"])

    work.answered = None
    session.attempt(keep)


def _describe(work: LabelReview, card: SuspectLabel, hidden: bool) -> dict[str, str]:
    """A cell for the browser; what is hidden is not sent."""
    label = {} if hidden else {"label": card.given_label}
    told = f"Suspect {card.rank:,}" + ("" if hidden else f", labelled {card.given_label}")
    return {"id": card.image_id, "picture": work.thumbnails[card.file], "told": told} | label


def _tell(answered: Answered) -> str:
    """Say what was kept, and what had been hidden."""
    n = len(answered.kept)
    given = ", ".join(f"{number:,} {label}" for label, number in sorted(answered.given.items()))
    words = f"{count(n, 'decision')} kept." + (f" Their given labels: {given}." if given else "")
    if answered.left_out:
        verb = choose_verb(answered.left_out, "was", "were")
        words += f" {answered.left_out:,} {verb} answered by others meanwhile and left out."
    return words
