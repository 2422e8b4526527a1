"""Who reviews, how, and which labels: the row above the card."""

from dataclasses import replace

import streamlit as st

from malaria.review import Settings
from malaria.ui.parts import annotator
from malaria.ui.review.label_review import LabelReview
from malaria.ui.review.queues import count_filters, draw_filters, draw_queue, get_asked


def draw_row(review: LabelReview) -> tuple[str, Settings]:
    """Draw who reviews these labels, how, and which of them, and return it."""
    asked = get_asked(review)
    with st.container(horizontal=True, vertical_alignment="center", key="review-settings"):
        name = annotator.draw_box(compact=True)
        with st.popover("How you work", icon=":material/settings:"):
            how = _ask_how()
        draw_queue(review, asked)
        n = count_filters(asked)
        with st.popover(f"Filters · {n} on" if n else "Filters", icon=":material/filter_alt:", key="review.filters"):
            draw_filters(review, asked)
    return name, replace(how, wanted=asked.filter)


def _ask_how() -> Settings:
    blind = st.toggle(
        "Blind: hide the given label and the model’s answer until I have answered",
        True,
        key="review.blind",
        help="The journal records whether each answer was blind.",
    )
    wait = st.toggle("After my answer, stay on the card to see what was hidden", True, key="review.wait")
    sharing = st.toggle(
        "Share the queue: each card goes to one reader only",
        False,
        key="review.sharing",
        help="When off, everyone reads every card, so that agreement can be measured.",
    )
    repeats = st.toggle("Bring back a few cards unannounced, to check my consistency", True, key="review.repeats")
    return Settings(blind, wait, sharing, repeats)
