"""The data set page: a set of cells comes in, and what is in it, and wrong with it, comes out."""

from typing import Final

import streamlit as st

from malaria.dataset import Description
from malaria.errors import LabelsError
from malaria.ui.dataset.averages import draw_averages
from malaria.ui.dataset.data_set import DataSet
from malaria.ui.dataset.overview import draw_leak, draw_overview
from malaria.ui.dataset.sources import choose_data_set
from malaria.ui.dataset.twins import draw_duplicates
from malaria.ui.dataset.views import draw_samples, draw_views
from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.progress import say_waiting
from malaria.ui.parts.text import literal
from malaria.wording.words import count

SECTIONS: Final = ("What is in it", "Duplicates", "Samples", "Mean cells", "What the model sees", "Splits")
_KEY: Final = "section"


def show(frame: Frame) -> None:
    """Draw the whole page below its title."""
    address.check_choice(_KEY, SECTIONS)
    data_set = choose_data_set()
    if data_set is None:
        return
    try:
        describing = data_set.describing
    except LabelsError as error:
        st.error(literal(str(error)), icon=":material/label_off:")
        return
    if not describing.finished:
        _watch(data_set)
        return
    found = describing.description()
    if found is None:
        st.warning("Stopped. Part of a set says little about the whole, so no result is shown.")
        if st.button("Start again", icon=":material/play_arrow:"):
            data_set.close()
            st.rerun()
        return
    _draw_section(data_set, found, frame)


def _draw_section(data_set: DataSet, found: Description, frame: Frame) -> None:
    """Only the open section is worked out, and it is in the address."""
    st.markdown(f"**{literal(data_set.name)}**")
    tabs = dict(zip(SECTIONS, st.tabs(list(SECTIONS), key=_KEY, bind="query-params"), strict=True))
    opened = next(name for name, tab in tabs.items() if tab.open)
    with tabs[opened]:
        if opened == SECTIONS[0]:
            draw_overview(data_set, found)
        elif found.readable.empty:
            st.markdown("No image could be read, so there is nothing to show.")
        elif opened == "Duplicates":
            draw_duplicates(data_set, found)
        elif opened == "Samples":
            draw_samples(data_set, found)
        elif opened == "Mean cells":
            draw_averages(found)
        elif opened == "What the model sees":
            draw_views(data_set, found, frame)
        else:
            draw_leak(found)


@st.fragment(run_every=0.5)
def _watch(data_set: DataSet) -> None:
    """Show how far the description is; draw the whole page again when it is done."""
    describing = data_set.describing
    if describing.finished:
        st.rerun()
    progress = describing.progress
    words = f"{progress.done:,} of {count(progress.total, 'image')}"
    if progress.per_second is not None:
        left = f"{progress.seconds_left:.0f} s left" if progress.share < 1 else "looking for duplicates"
        words += f" · {progress.per_second:,.0f} per second · {left}"
    if progress.ahead:
        words = say_waiting(progress.ahead)
    st.progress(progress.share, f"{literal(data_set.name)}: {words}")
    st.button("Stop", icon=":material/stop:", on_click=describing.stop, key="dataset.stop")
