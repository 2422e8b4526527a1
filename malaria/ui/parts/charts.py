"""Charts that pages share: drawn from numbers that others computed, readable in both themes and without colour."""

from typing import Final

import streamlit as st

from malaria.model.verdict import LOOKS_PARASITIZED, LOOKS_UNINFECTED, TOO_CLOSE, band, verdict
from malaria.report.html import render
from malaria.wording.words import probability

MARKS: Final = {LOOKS_PARASITIZED: "●", LOOKS_UNINFECTED: "○", TOO_CLOSE: "◐"}
"""A shape for each answer, so that colour is never the only sign."""

_CLASSES: Final = {LOOKS_PARASITIZED: "parasitized", LOOKS_UNINFECTED: "uninfected", TOO_CLOSE: "undecided"}


def draw_answer(p_parasitized: float, threshold: float) -> None:
    """Show one cell's answer in words, as a number, and on a scale with `threshold` and its band (all 0 to 1)."""
    words = verdict(p_parasitized, threshold)
    low, high = band(threshold)
    scale = render(
        "ui/parts/scale.html",
        kind=_CLASSES[words],
        mark=MARKS[words],
        words=words.capitalize(),
        p=p_parasitized,
        p_in_words=probability(p_parasitized),
        threshold=threshold,
        low=low,
        high=high,
        lean="first" if threshold < 0.15 else "last" if threshold > 0.85 else "",
    )
    st.html(scale)
    if words == TOO_CLOSE:
        st.markdown("This close to the threshold, the model is often wrong. Decide by eye.")
