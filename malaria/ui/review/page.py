"""The label review page: suspected label errors come one by one, and what annotators decide is kept."""

from pathlib import Path
from typing import Final

import streamlit as st

from malaria.ui.parts import account
from malaria.ui.parts.annotator import get_annotator
from malaria.ui.parts.choose_source import choose_source
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.journal import open_log
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.ui.parts.left_out import draw_left_out
from malaria.ui.parts.progress import wait_or_watch
from malaria.ui.parts.text import literal
from malaria.ui.review import settings
from malaria.ui.review.card import card
from malaria.ui.review.label_review import get_review
from malaria.ui.review.outcome import draw_outcome
from malaria.ui.review.queues import get_asked, say_rule
from malaria.wording.words import count

SYNTHETIC: Final = " These cells are synthetic, and one label in twenty is wrong on purpose."


def show(frame: Frame) -> None:
    """Draw the whole page below its title: the card first, then what came of it and where the cells come from."""
    st.html(Path(__file__).with_name("style.css"))
    top = st.container()
    labelled = choose_source("The labels that are probably wrong, cell by cell,", "Review something else")
    if labelled is None:
        with top:
            _welcome_back()
        return
    with top:
        _review(labelled, frame)


def _welcome_back() -> None:
    """Say what is kept of whoever was here before: of their own decisions only."""
    if n := len(open_log().state.decided_by(get_annotator())):
        kept = "your decisions are" if account.tells_by_name() else f"{count(n, 'decision')}"
        st.success(f"Welcome back, {kept} kept. Upload the same zip to continue.", icon=":material/history:")


def _review(labelled: LabelledSource, frame: Frame) -> None:
    if not wait_or_watch(labelled.scoring(frame), frame.card.name):
        return
    review = get_review(labelled, frame)
    review.session.change(*settings.draw_row(review))
    kept = len(review.session.log.state.decided_by(review.session.annotator))
    if kept and not review.session.latest(1):
        words = "None of your earlier decisions is about these cells. Is this the same zip?"
        st.info(words, icon=":material/history:")
    if review.basis.warning:
        st.warning(literal(review.basis.warning), icon=":material/warning:")
    card(review)
    st.caption(
        f"{say_rule(review, get_asked(review))} "
        + literal(review.basis.sentence)
        + (SYNTHETIC if labelled.synthetic else "")
    )
    draw_left_out(labelled, labelled.batch(frame), "Not reviewed")
    draw_outcome(review)
