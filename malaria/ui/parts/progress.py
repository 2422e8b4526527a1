"""Work in the background while it runs: how far, how fast, how long still, and a way to stop it."""

from collections.abc import Callable
from typing import Any, Final

import streamlit as st

from malaria.background import Background
from malaria.wording.words import duration

_KEPT: Final = "What is done so far is kept."
_MEANWHILE: Final = "You can use other pages meanwhile: this keeps running while the app is open in your browser."


def wait_or_watch(work: Background[Any], title: str) -> bool:
    """Return whether the work called `title` has ended; while it has not, show how far it is. Raises what ended it."""
    if work.finished:
        work.wait()
        return True
    watch(work, title)
    return False


def say_waiting(ahead: int) -> str:
    """Return what is said of work that waits for `ahead` others."""
    return f"waiting in line, {ahead:,} ahead. It starts by itself."


@st.fragment(run_every=0.5)
def watch(
    work: Background[Any],
    title: str,
    unit: str = "images",
    hint: str = _MEANWHILE,
    news: Callable[[], bool] = lambda: False,
) -> None:
    """Show how far the work called `title` is, in `unit`; when it is done or has `news`, draw the whole page again."""
    if work.finished or news():
        st.rerun()
    progress = work.progress
    words = f"{progress.done:,} of {progress.total:,} {unit}"
    if progress.per_second is not None and progress.seconds_left is not None:
        speed = f"{progress.per_second:,.0f} per second · " if progress.per_second >= 10 else ""
        words += f" · {speed}{duration(progress.seconds_left)} left"
    if progress.ahead:
        words = say_waiting(progress.ahead)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(progress.share, f"{title}: {words}", width="stretch")
        st.button("Stop", icon=":material/stop:", on_click=work.stop, key=f"batch.stop.{title}", help=_KEPT)
    if hint:
        st.caption(hint)
