"""The batch page: a labelled set comes in, and what the model gets right and wrong on it comes out."""

from pathlib import Path

import streamlit as st

from malaria.batch import Scoring
from malaria.ui.batch.results import VIEW, VIEWS, draw_results
from malaria.ui.batch.threshold import take_address
from malaria.ui.parts import address
from malaria.ui.parts.choose_source import SOURCE, choose_source
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.ui.parts.progress import wait_or_watch
from malaria.wording.words import count


def show(frame: Frame) -> None:
    """Draw the whole page below its title."""
    st.html(Path(__file__).with_name("style.css"))
    take_address(frame)
    address.check_choice(VIEW, VIEWS)
    top = st.container()
    if SOURCE not in st.session_state:
        st.markdown("Upload labelled cells to see how accurate the model is and where it fails.")
    labelled = choose_source()
    if labelled is not None:
        with top:
            _show(labelled, frame)


def _show(labelled: LabelledSource, frame: Frame) -> None:
    """Draw the progress of the scoring, and what has come of it so far."""
    scoring = labelled.scoring(frame)
    if not wait_or_watch(scoring, frame.card.name):
        return
    if not scoring.complete:
        _offer_to_go_on(scoring)
    if scoring.progress.done:
        draw_results(labelled, frame)


def _offer_to_go_on(scoring: Scoring) -> None:
    progress = scoring.progress
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"**Stopped after {progress.done:,} of {count(progress.total, 'image')}.** The images were taken in random "
            "order, so the figures are fair but their intervals are wider."
        )
        if st.button("Go on", icon=":material/play_arrow:"):
            scoring.start()
            st.rerun()
