"""The models page: which networks there are, how good and how dear, and what is inside one of them."""

from typing import Final

import streamlit as st

from malaria.ui.models.board import board
from malaria.ui.models.inside import inside
from malaria.ui.models.one import one
from malaria.ui.models.versus import versus
from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal

SECTIONS: Final = ("Leaderboard", "This model", "Inside", "Two models", "Add a model")
_KEY: Final = "section"

_ADDING: Final = """
1. Train one: `python -m malaria train PATH --architecture NAME --output models/NAME` splits by patient and measures it.
   Or copy a folder that somebody else trained this way. The folder's name is the model's name.
2. Put the folder into `models/`. It holds `card.json` (what the model expects and how good it is), `model.tflite` (the
   network that answers), `model.keras` (to look inside) and `history.json`.
3. Within half a minute the model is in the picker and in `python -m malaria models`. You need not restart anything.
4. A folder that cannot be used is listed below with the reason. Pickles and `.h5` files are refused. A `.keras`
   file is read in safe mode, so no code in it runs.
"""


def show(frame: Frame) -> None:
    """Draw the whole page below its title; only the open section is worked out, and it is in the address."""
    address.check_choice(_KEY, SECTIONS)
    drawn = dict(zip(SECTIONS, (board, one, inside, versus, _explain_adding), strict=True))
    for tab, draw in zip(st.tabs(list(SECTIONS), key=_KEY, bind="query-params"), drawn.values(), strict=True):
        if tab.open:
            with tab:
                draw(frame)


def _explain_adding(frame: Frame) -> None:
    """Explain in four lines how a model is added, and list the folders with what became of them."""
    st.markdown(_ADDING)
    rows = [
        {"Folder": name, "State": "● can be used", "What it says": card.about} for name, card in frame.cards.items()
    ]
    rows += [{"Folder": name, "State": "⚠ cannot be used", "What it says": why} for name, why in frame.broken.items()]
    if rows:
        st.dataframe(rows, hide_index=True, alt="Every folder of models, and whether it can be used")
    for why in frame.broken.values():
        st.markdown(f":material/warning: {literal(why)}")
