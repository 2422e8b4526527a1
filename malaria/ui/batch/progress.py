"""A scoring while it runs: how far, how fast, how long still, and a way to stop it."""

import streamlit as st

from malaria.batch import Scoring
from malaria.ui.frame import boundary


@st.fragment(run_every=0.5)
def watch(scoring: Scoring, model: str) -> None:
    """Show how far `model` is; draw the whole page again when it is done."""
    with boundary():
        _watch(scoring, model)


def _watch(scoring: Scoring, model: str) -> None:
    if scoring.finished:
        st.rerun()
    progress = scoring.progress
    words = f"{progress.done:,} of {progress.total:,} images"
    if progress.per_second is not None and progress.seconds_left is not None:
        words += f" · {progress.per_second:,.0f} per second · {_duration(progress.seconds_left)} left"
    st.progress(progress.share, f"{model}: {words}")
    st.caption("You may look at other pages meanwhile: this goes on, for as long as the app is open in your browser.")
    st.button("Stop, and keep what is done", icon=":material/stop:", on_click=scoring.stop, key=f"batch.stop.{model}")


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
