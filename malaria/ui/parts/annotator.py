"""Who decides: everyone has a name of their own from the first moment on, so that no two visitors are one annotator.

Where the host has set up sign-in, it is the account, and neither a box nor the address says otherwise.
"""

import secrets
from typing import Final

import streamlit as st

from malaria.ui.parts import account
from malaria.ui.parts.text import literal

ANNOTATOR: Final = "annotator"
"""The annotator's name in the address."""

_NAME: Final = "annotator.name"  # outlives a visit to another page, and an address without it
_GUEST: Final = "annotator.guest"
_SEEN: Final = "annotator.seen"  # what the address last said
_BOX: Final = "annotator.box"
_LONGEST: Final = 60


def get_annotator() -> str:
    """Return who decides: the account; else whom the address names anew, else who it was before, else a new guest."""
    guest = str(st.session_state.setdefault(_GUEST, f"guest-{secrets.token_hex(3)}"))
    if account.has_sign_in():
        signed_in = account.get_account()
        return signed_in.subject if signed_in else guest
    asked = st.query_params.get(ANNOTATOR, "").strip()[:_LONGEST]
    if asked and asked not in (guest, st.session_state.get(_SEEN)):  # who gave a name is no guest on the way back
        st.session_state[_NAME] = asked
    return str(st.session_state.setdefault(_NAME, guest))


def forget() -> None:
    """Let go of who it was: somebody else comes, at first as a new guest."""
    for known in (_NAME, _GUEST, _SEEN):
        st.session_state.pop(known, None)
    st.query_params.pop(ANNOTATOR, None)


def draw_box(*, compact: bool = False, who: str = "Annotator", disabled: bool = False) -> str:
    """Draw the box that names the annotator, and return who decides. The name goes into the address: a reload keeps it.

    `compact` leaves out the words above the box, which say `who` it is; `disabled` lets nobody change it now.
    """
    name = get_annotator()
    if account.has_sign_in():
        shown = account.name_annotator(name) if account.get_account() else "Not signed in"
        st.markdown(f":material/person: {literal(shown)}", width="content", help=account.say_what_is_seen())
        return name
    st.session_state[_BOX] = name  # also where it was emptied
    st.text_input(
        who,
        key=_BOX,
        on_change=_take_name,
        max_chars=_LONGEST,
        disabled=disabled,
        width=180 if compact else "stretch",
        label_visibility="collapsed" if compact else "visible",
        icon=":material/person:",
        placeholder="Your name",
        help=None if compact else f"What you decide is kept under this name. {account.say_what_is_seen()}",
    )
    if st.query_params.get(ANNOTATOR) != name:
        st.query_params[ANNOTATOR] = name
    st.session_state[_SEEN] = name
    return name


def _take_name() -> None:
    if name := str(st.session_state[_BOX]).strip():
        st.session_state[_NAME] = name
