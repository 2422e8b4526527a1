"""The files of a labelled source that count for nothing, by name and with the reason."""

import streamlit as st

from malaria.batch import Batch
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.wording.words import count


def draw_left_out(labelled: LabelledSource, batch: Batch, words: str) -> None:
    """Draw them, headed by `words` and how many they are; nothing where every file counts."""
    left_out = labelled.left_out(batch)
    if left_out.empty:
        return
    with st.expander(f"{words}: {count(len(left_out), 'file')}", icon=":material/warning:"):
        height = min(400, 40 + 35 * len(left_out))
        st.dataframe(left_out, hide_index=True, height=height, alt="Files left out, and why")
