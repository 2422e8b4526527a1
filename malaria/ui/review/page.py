"""The label review page: suspected label errors come one by one, and what annotators decide is kept."""

from pathlib import Path
from typing import Final

import streamlit as st

from malaria.ui.batch import sources
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.labelled_source import EXAMPLE, Desk
from malaria.ui.parts.progress import watch
from malaria.ui.parts.text import literal
from malaria.ui.review import settings
from malaria.ui.review.card import card
from malaria.ui.review.outcome import outcome
from malaria.ui.review.work import work_on

SYNTHETIC: Final = " These cells are synthetic, and one label in twenty was made wrong on purpose."


def show(frame: Frame) -> None:
    """Draw the whole page below its title: the card first, then what came of it and where the cells come from."""
    st.html(Path(__file__).with_name("style.css"))
    top = st.container()
    desk = sources.choose("The labels that are probably wrong, cell by cell,", "Review something else")
    if desk is None:
        return
    if desk.synthetic and st.query_params.get("example") != EXAMPLE:
        st.query_params["example"] = EXAMPLE
    with top:
        _review(desk, frame)


def _review(desk: Desk, frame: Frame) -> None:
    scoring = desk.scoring(frame)
    if not scoring.finished:
        watch(scoring, frame.card.name)
        return
    scoring.wait()
    work = work_on(desk, frame)
    work.session.change(*settings.row(work.session.cards))
    if work.basis.warning:
        st.warning(literal(work.basis.warning), icon=":material/warning:")
    card(work)
    st.caption(literal(work.basis.sentence) + (SYNTHETIC if desk.synthetic else ""))
    outcome(work)
