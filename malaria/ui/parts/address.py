"""What of a page's address could not be used: said in one sentence at the top, as long as the page is open."""

from collections.abc import Collection
from typing import Final

import streamlit as st

from malaria.ui.parts.text import literal

_PAGE: Final = "address.page"
_LEFT_OUT: Final = "address.left_out"
_LONGEST: Final = 60  # letters of a value that are repeated


def leave_out(name: str, asked: str, rule: str) -> None:
    """Say that the parameter `name` was left out, since what was `asked` breaks the rule ("must be a number ...")."""
    shown = asked if len(asked) <= _LONGEST else f"{asked[:_LONGEST]}…"
    st.session_state.setdefault(_LEFT_OUT, {})[name] = f"{name}={shown} {rule}"


def forget(*names: str) -> None:
    """Say no more of these parameters, or of any, for the user has chosen since."""
    left_out = st.session_state.get(_LEFT_OUT, {})
    for name in names or tuple(left_out):
        left_out.pop(name, None)


def check_choice(name: str, choices: Collection[str]) -> None:
    """Leave out a parameter that is none of `choices`. To be called before the widget that it is bound to is drawn."""
    asked = st.query_params.get(name)
    if asked in choices:
        forget(name)
    elif asked is not None:
        leave_out(name, asked, f"must be one of {', '.join(choices)}")


def open_page(title: str) -> None:
    """Begin anew where another page was open."""
    if st.session_state.get(_PAGE) != title:
        st.session_state[_PAGE] = title
        forget()


def say_left_out() -> None:
    """Draw the sentence, if there is one to say."""
    if left_out := st.session_state.get(_LEFT_OUT):
        st.warning(f"These parts of the address were ignored: {literal('; '.join(left_out.values()))}.")
