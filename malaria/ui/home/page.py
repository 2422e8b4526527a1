"""The home page below its title: the story in one screen, then every page by what one comes for."""

from pathlib import Path
from typing import Final

import streamlit as st
from markupsafe import Markup
from streamlit.delta_generator import DeltaGenerator

from malaria.model import classifier as model
from malaria.model.held_out import stamp_held_out
from malaria.smear.sample import ONE_FIELD
from malaria.ui.home import field, figures
from malaria.ui.parts import examples, links
from malaria.ui.parts.frame import GROUPS, Frame, PageEntry
from malaria.ui.parts.held_out import read_scores
from malaria.wording.numbers import keep_together
from malaria.wording.words import count

_STORY: Final = (
    "A small neural network looks at **every red cell** in a microscope field, says how likely each one is to hold a "
    "malaria parasite, and outlines the suspects. **You decide** on each suspect and get the result for the sample."
)
_FOR_WHOM: Final = (
    "**For** microscopists who check suspects, annotators who correct labels, data scientists who measure a network, "
    "and anyone who plans how many cells to read."
)


def show(frame: Frame) -> None:
    """Draw the page. What takes longest comes last, into a place kept for it."""
    st.html(Path(__file__).with_name("style.css"))
    st.markdown(_STORY)
    if frame.cards:
        left, right = st.columns([6, 5], gap="medium")
        with left:
            picture, told = st.empty(), st.empty()
            picture.html('<div class="home-waits"></div>')
            told.caption("A synthetic field, drawn by this program.")
            with st.container(horizontal=True):
                if st.button("Triage this field", type="primary", icon=":material/play_arrow:"):
                    links.open_triage(ONE_FIELD)
                if st.button("Ten cells: you vs. the network", icon=":material/timer:"):
                    links.open_dare()
        with right:
            numbers = st.container(key="home-figures")
            st.markdown(_FOR_WHOM)
    _draw_pages()
    st.header("Or look at one cell", anchor=False)
    if clicked := examples.draw_strip():
        links.open_example(clicked)
    if frame.cards:
        with numbers:
            _draw_figures(frame)
        _draw_field(frame, picture, told)


def _draw_figures(frame: Frame) -> None:
    card = frame.card
    found = _measure(card.name, card.version, card.threshold, stamp_held_out(model.MODELS_DIR / card.name), frame)
    if found is None:
        st.caption(f"{card.name} has no measured figures.")
        return
    one = Markup("<p><strong>{}</strong> {}<small>{}</small></p>")
    told = ((each.value, each.means, f"{each.name}, {each.ends}, {each.basis}") for each in found.all)
    st.html(Markup("").join(one.format(*map(keep_together, said)) for said in told))
    st.caption(keep_together(found.source))


def _draw_field(frame: Frame, picture: DeltaGenerator, told: DeltaGenerator) -> None:
    shown = _mark(frame.card.name, frame.card.version, frame.threshold, frame)
    with picture.container():
        field.draw(shown)
    told.caption(
        f"A synthetic field, drawn by this program, with {count(shown.parasitized, 'parasitized cell')}. The network "
        f"found {count(shown.red_cells, 'red cell')} and outlined {count(len(shown.marks), 'suspect')}."
    )


def _draw_pages() -> None:
    groups = {group: entries for group, entries in GROUPS.items() if group}
    with st.container(key="home-pages"):
        for column, (group, entries) in zip(st.columns(len(groups), gap="medium"), groups.items(), strict=True):
            with column:
                st.header(group, anchor=False)
                for entry in entries:
                    _draw_page(entry)


def _draw_page(entry: PageEntry) -> None:
    with st.container(border=True, gap="xxsmall"):
        st.page_link(entry.file, label=f"**{entry.title}**", icon=entry.icon)
        st.markdown(entry.line)


@st.cache_resource(max_entries=8, show_spinner=False)
def _measure(name: str, version: str, threshold: float, stamp: object, _frame: Frame) -> figures.Figures | None:
    return figures.measure(_frame.card, read_scores(_frame))


@st.cache_resource(max_entries=8, show_spinner=False)
def _mark(name: str, version: str, threshold: float, _frame: Frame) -> field.MarkedField:
    return field.mark_field(_frame.classifier, threshold)
