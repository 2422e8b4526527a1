"""The data set page: a set of cells comes in, and what is in it, and wrong with it, comes out."""

from typing import Final

import streamlit as st

from malaria.dataset import Description
from malaria.errors import LabelsError
from malaria.ui.dataset.averages import averages
from malaria.ui.dataset.desk import Desk
from malaria.ui.dataset.overview import leak, overview
from malaria.ui.dataset.sources import choose
from malaria.ui.dataset.twins import duplicates
from malaria.ui.dataset.views import samples, views
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal

SECTIONS: Final = ("What is in it", "Duplicates", "Samples", "Mean cells", "What the model sees", "Splits")
_KEY: Final = "section"


def show(frame: Frame) -> None:
    """Draw the whole page below its title."""
    desk = choose()
    if desk is None:
        return
    try:
        job = desk.job
    except LabelsError as error:
        st.error(literal(str(error)), icon=":material/label_off:")
        return
    if not job.finished:
        _watch(desk)
        return
    found = job.description()
    if found is None:
        st.warning("Stopped. What a part of the set holds says little about the whole, so nothing is shown.")
        if st.button("Begin again", icon=":material/play_arrow:"):
            desk.close()
            st.rerun()
        return
    _sections(desk, found, frame)


def _sections(desk: Desk, found: Description, frame: Frame) -> None:
    """Only the open section is worked out, and it is in the address."""
    st.markdown(f"**{literal(desk.name)}**")
    tabs = dict(zip(SECTIONS, st.tabs(list(SECTIONS), key=_KEY, bind="query-params"), strict=True))
    opened = next(name for name, tab in tabs.items() if tab.open)
    with tabs[opened]:
        if opened == SECTIONS[0]:
            overview(desk, found)
        elif found.readable.empty:
            st.markdown("No image could be read, so there is nothing to show.")
        elif opened == "Duplicates":
            duplicates(desk, found)
        elif opened == "Samples":
            samples(desk, found)
        elif opened == "Mean cells":
            averages(found)
        elif opened == "What the model sees":
            views(desk, found, frame)
        else:
            leak(found)


@st.fragment(run_every=0.5)
def _watch(desk: Desk) -> None:
    """Show how far the description is; draw the whole page again when it is done."""
    job = desk.job
    if job.finished:
        st.rerun()
    progress = job.progress
    words = f"{progress.done:,} of {progress.total:,} images"
    if progress.per_second is not None:
        left = f"{progress.seconds_left:.0f} s left" if progress.share < 1 else "looking for duplicates"
        words += f" · {progress.per_second:,.0f} per second · {left}"
    st.progress(progress.share, f"{literal(desk.name)}: {words}")
    st.button("Stop", icon=":material/stop:", on_click=job.stop, key="dataset.stop")
