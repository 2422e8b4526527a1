"""Charts that pages share: drawn from numbers that others computed, readable in both themes and without colour."""

from typing import Final

import streamlit as st

from malaria.model.verdict import LOOKS_PARASITIZED, LOOKS_UNINFECTED, TOO_CLOSE, band, verdict
from malaria.wording.words import probability

MARKS: Final = {LOOKS_PARASITIZED: "●", LOOKS_UNINFECTED: "○", TOO_CLOSE: "◐"}
"""A shape for each answer, so that colour is never the only sign."""

_CLASSES: Final = {LOOKS_PARASITIZED: "parasitized", LOOKS_UNINFECTED: "uninfected", TOO_CLOSE: "undecided"}


def answer(p_parasitized: float, threshold: float) -> None:
    """Show one cell's answer in words, as a number, and on a scale with `threshold` and its band (all 0 to 1)."""
    words = verdict(p_parasitized, threshold)
    st.html(
        f'<p class="answer {_CLASSES[words]}" role="status">{MARKS[words]} {words.capitalize()}'
        f'<span class="number">Probability that it is parasitized: <b>{probability(p_parasitized)}</b></span></p>'
    )
    st.html(_scale(p_parasitized, threshold, _CLASSES[words]))
    if words == TOO_CLOSE:
        st.markdown("So near the threshold the model is often wrong: decide by eye.")


def _scale(p: float, threshold: float, kind: str) -> str:
    low, high = band(threshold)
    described = (
        f"A scale from 0, uninfected, to 1, parasitized. This cell is at {probability(p)}. The threshold is at "
        f"{threshold:.2f}; from {low:.2f} to {high:.2f} an answer is too close to call."
    )
    ends = f"threshold {threshold:.2f}, too close to call {low:.2f} to {high:.2f}"
    lean = "first" if threshold < 0.15 else "last" if threshold > 0.85 else ""
    return f"""
        <div class="scale" role="img" aria-label="{described}">
            <span class="pointer {kind}" style="left:{100 * p:.2f}%">▼</span>
            <span class="bar"></span>
            <span class="band" style="left:{100 * low:.2f}%;width:{100 * (high - low):.2f}%"></span>
            <span class="threshold" style="left:{100 * threshold:.2f}%"></span>
            <span class="tick first" style="left:0">0 uninfected</span>
            <span class="tick last" style="left:100%">parasitized 1</span>
            <span class="tick below {lean}" style="left:{100 * threshold:.2f}%">{ends}</span>
        </div>"""
