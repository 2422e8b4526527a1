"""Controls that show one value between them, such as a slider and the exact entry beside it.

Once one of them is used, the page sets the other. Until the browser has drawn that, it still sends the other's old
value with whatever is clicked next, and Streamlit would take it for a choice that undoes the user's own. So a control
whose value came from elsewhere is drawn under a new key: what is sent for the old one is no longer heard.
"""

from typing import Any, Final

import streamlit as st

_DRAWN: Final = "mirrored.drawn"  # by control: how often it was set from elsewhere, and the value it shows


def set_control(name: str, value: object) -> str:
    """Have the control `name` show `value`; return the key to draw it with, `name` itself until set from elsewhere."""
    drawn: dict[str, tuple[int, object]] = st.session_state.setdefault(_DRAWN, {})
    times, shown = drawn.get(name, (0, value))
    drawn[name] = (times + (shown != value), value)
    key = _get_key(name)
    st.session_state[key] = value
    return key


def read_control(name: str) -> Any:
    """Return what the user has just set the control `name` to, to be called when it changes."""
    value = st.session_state[_get_key(name)]
    drawn = st.session_state[_DRAWN]
    drawn[name] = (drawn[name][0], value)
    return value


def _get_key(name: str) -> str:
    times = st.session_state[_DRAWN][name][0]
    return f"{name}.{times}" if times else name
