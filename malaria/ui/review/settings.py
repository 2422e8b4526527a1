"""Who reviews, how, and which cards: the row above the card."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import streamlit as st

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import Filter, Settings, SuspectLabel
from malaria.review.queue import Which
from malaria.ui.parts import annotator

_WHICH: Final[dict[Which, str]] = {"undecided": "Undecided", "mine": "Mine", "disagreements": "Disagreements"}
_SUSPECTED: Final[dict[str | None, str]] = {
    None: "Either direction",
    PARASITIZED: "Labelled Parasitized, perhaps uninfected",
    UNINFECTED: "Labelled Uninfected, perhaps parasitized",
}
_ALL: Final = "All patients"


def draw_row(cards: Sequence[SuspectLabel]) -> tuple[str, Settings]:
    """Draw who reviews these cards, how, and which of them, and return it."""
    with st.container(horizontal=True, vertical_alignment="center", key="review-settings"):
        name = annotator.draw_box(compact=True)
        with st.popover("How you work", icon=":material/settings:"):
            how = _ask_how()
        with st.popover("Which cards", icon=":material/filter_alt:"):
            wanted = _ask_which(cards)
    return name, replace(how, wanted=wanted)


def _ask_how() -> Settings:
    blind = st.toggle(
        "Blind: hide given label and model’s view until I have answered",
        True,
        key="review.blind",
        help="The journal says of each answer whether it was blind.",
    )
    wait = st.toggle("Stay on a card until I have seen what was hidden", True, key="review.wait")
    sharing = st.toggle(
        "Share the queue: nobody gets a card that another has or had",
        False,
        key="review.sharing",
        help="Off: everyone reads everything, so that agreement can be measured.",
    )
    repeats = st.toggle("Bring a few cards back unannounced", True, key="review.repeats")
    return Settings(blind, wait, sharing, repeats)


def _ask_which(cards: Sequence[SuspectLabel]) -> Filter:
    which = st.segmented_control(
        "Cards", _WHICH, default="undecided", required=True, format_func=lambda one: _WHICH[one], key="review.which"
    )
    label = st.selectbox(
        "Direction",
        _SUSPECTED,
        format_func=lambda one: _SUSPECTED[one],
        key="review.direction",
        help="Choosing one tells you the given label, so answers are then not recorded as blind.",
    )
    patients = sorted({card.patient for card in cards if card.patient})
    patient = st.selectbox("Patient", [_ALL, *patients], key="review.patient")
    low, high = st.slider("Suspicion", 0.0, 1.0, (0.0, 1.0), 0.01, key="review.suspicion")
    return Filter(which or "undecided", label, None if patient == _ALL else patient, low, high)
