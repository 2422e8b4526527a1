"""The reader test page below its title."""

from pathlib import Path
from typing import Final

import streamlit as st

from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.readers.comparing import draw_comparison
from malaria.ui.readers.dare import draw_dare
from malaria.ui.readers.fields import SECTION as FIELDS
from malaria.ui.readers.fields import draw_fields
from malaria.ui.readers.making import SECTION, TEST
from malaria.ui.readers.taking import draw_test
from malaria.ui.readers.training import draw_training

DARE: Final = "Ten cells"
SECTIONS: Final = {
    DARE: draw_dare,
    TEST: draw_test,
    "Training": draw_training,
    FIELDS: draw_fields,
    "Compare readers": draw_comparison,
}


def show(frame: Frame) -> None:
    """Draw the page; only the open section is worked out, and it is in the address."""
    st.html(Path(__file__).with_name("style.css"))
    address.check_choice(SECTION, SECTIONS)
    for tab, draw in zip(st.tabs(list(SECTIONS), key=SECTION, bind="query-params"), SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                draw(frame)
