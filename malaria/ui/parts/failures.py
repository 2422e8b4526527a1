"""Whatever goes wrong in the app is told in one sentence: in a page, in a fragment, in a callback.

Streamlit brings every exception that nobody caught to one place and draws it with its traceback. `tell_failures` puts
ours there, once, so no page, fragment or callback has to think of it. Streamlit's own hook for this
(`on_script_error`) belongs to another way of starting an app, and it logs a traceback for every file that a user broke.
"""

import logging
import secrets
from collections.abc import Callable
from functools import wraps
from inspect import unwrap
from typing import Any, Final

import streamlit as st
from streamlit import error_util
from streamlit.runtime.state.session_state import SessionState

from malaria.errors import MalariaError
from malaria.ui.parts.text import literal

_log = logging.getLogger(__name__)

_TOLD: Final = "failures.told"
_run_callback = unwrap(SessionState._run_callback_and_record_rerun)  # all callbacks pass there


def tell_failures() -> None:
    """Have every exception told so from now on, whichever session it comes from. Calling it again changes nothing."""
    error_util._log_uncaught_app_exception = lambda ex: None  # `_say` logs what is a fault of ours
    error_util.show_uncaught_app_exception = _draw
    SessionState._run_callback_and_record_rerun = _run_guarded  # type: ignore[assignment, method-assign]


def draw_told() -> None:
    """Draw what went wrong in a callback, which runs before the page and has no place of its own."""
    if told := st.session_state.pop(_TOLD, None):
        st.error(told, icon=":material/error:")


def _draw(ex: BaseException) -> None:
    st.error(_say(ex), icon=":material/error:")


@wraps(_run_callback)
def _run_guarded(state: SessionState, votes: Any, run: Callable[[], None]) -> None:
    """Run one callback as Streamlit does. If it fails, the page is drawn all the same, and says so at its top."""

    def run_or_tell() -> None:
        try:
            run()
        except Exception as error:  # Streamlit's own stop and rerun signals are no Exception, and pass
            st.session_state[_TOLD] = _say(error)
            st.rerun()

    _run_callback(state, votes, run_or_tell)


def _say(error: BaseException) -> str:
    """Return the sentence; the details of a fault of ours go to the server's log."""
    if isinstance(error, MalariaError):
        return literal(str(error))
    reference = secrets.token_hex(4)
    _log.error("Page stopped, reference %s", reference, exc_info=error)
    return (
        "This page stopped because of an error in the app. Reload the page and try again. If it happens again, send "
        f"the reference **{reference}** to whoever runs this app: the details are next to it in the server's log."
    )
