"""Two models side by side: which other one, their matrices and rates, and whether they differ more than by chance."""

from typing import Any

import streamlit as st

from malaria.batch import Comparison, sentences, tables
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal


def pick_other_model(frame: Frame, key: str, label: str = "Compare with", **options: Any) -> Frame | None:
    """Have another model picked than that of `frame`; `options` are those of the box. None while there is none."""
    others = [name for name in frame.cards if name != frame.model_name]
    if not others:
        st.markdown("There is only one model here. To compare two, put another model folder into `models/`.")
        return None
    name = st.selectbox(label, others, key=key, persist_state="session", **options)
    return frame.of(name) if name else None


def draw_comparison(both: Comparison) -> None:
    """Draw what McNemar's test says, both confusion matrices, and the rates of both with their intervals."""
    st.markdown(literal(sentences.comparison_sentence(both)))
    for place, one in zip(st.columns(2), (both.a, both.b), strict=True):
        with place:
            title = f"{one.model} at threshold {one.threshold:g}, n = {one.evaluation.n:,}"
            st.html(tables.matrix_table(one.evaluation.confusion, title))
    st.html(tables.comparison_table(both.a.evaluation, both.b.evaluation))
