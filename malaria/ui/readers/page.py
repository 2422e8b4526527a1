"""The reader test page below its title."""

from pathlib import Path

import streamlit as st

from malaria.ui.parts.frame import Frame
from malaria.ui.readers.dare import dare


def show(frame: Frame) -> None:
    """Draw the page."""
    st.html(Path(__file__).with_name("style.css"))
    dare(frame)
