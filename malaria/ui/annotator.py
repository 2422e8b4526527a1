"""Who decides: everyone has a name of their own from the first moment on, so that no two visitors are one annotator."""

import secrets
from typing import Final

import streamlit as st

ANNOTATOR: Final = "annotator"
"""The annotator's name in the address and in the session's state."""

_NAME: Final = "annotator.name"  # outlives a visit to another page and an emptied box, which the box itself does not
_LONGEST: Final = 60


def annotator() -> str:
    """Return who decides: who is named in the address, else who it was before, else a new guest."""
    named = _named()
    if named or _NAME not in st.session_state:
        st.session_state[_NAME] = named or f"guest-{secrets.token_hex(3)}"
    return str(st.session_state[_NAME])


def box(*, compact: bool = False) -> str:
    """Draw the box that names the annotator, and return who decides. The name goes into the address: a reload keeps it.

    `compact` leaves out the words above the box.
    """
    if not _named() or not st.query_params.get(ANNOTATOR):  # the browser's way back may lead to an address without it
        name = annotator()
        st.session_state.pop(ANNOTATOR, None)  # as long as there is a box, only it may change the address
        st.query_params[ANNOTATOR] = st.session_state[ANNOTATOR] = name
    st.text_input(
        "Annotator",
        key=ANNOTATOR,
        bind="query-params",
        max_chars=_LONGEST,
        width=180 if compact else "stretch",
        label_visibility="collapsed" if compact else "visible",
        icon=":material/person:",
        placeholder="Your name",
        help=None if compact else "Decisions are kept under this name.",
    )
    return annotator()


def _named() -> str:
    return str(st.session_state.get(ANNOTATOR, st.query_params.get(ANNOTATOR)) or "").strip()[:_LONGEST]
