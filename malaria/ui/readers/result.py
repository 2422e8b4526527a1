"""What a test gave: the reader beside the network, the level, the mistakes, and files to take away."""

from typing import Final

import streamlit as st

from malaria.readers import (
    OF_SLIDES,
    Grade,
    Group,
    grades_to_csv,
    render_bias,
    render_rates,
)
from malaria.ui.parts import annotator, links
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, draw_tiles
from malaria.ui.readers import sitting
from malaria.ui.readers.making import MadeTest
from malaria.ui.readers.rules import draw_rules
from malaria.ui.readers.sitting import Sitting
from malaria.wording.words import choose_verb, count

SOURCE: Final = "Thresholds: WHO, Malaria microscopy quality assurance manual, version 2 (2016)."
_SHOWN: Final = 60  # mistakes


def draw_result(made: MadeTest, at: Sitting, _frame: Frame) -> None:
    """Draw the result of one reader."""
    if not at.given:
        st.info("There are no answers.")
        return
    answers = sitting.name_readers(at.answers)
    group = made.grade(answers)
    (one,) = group.grades.values()
    level, _, more = one.level.sentence.partition(". ")
    st.header(f"{literal(one.reader)}: {level[0].lower()}{level[1:].removesuffix('.')}", anchor=False)
    if more:
        st.markdown(more)
    st.caption(f"{OF_SLIDES} {SOURCE}")
    st.html(render_rates(one, group.beside[one.reader]))
    if one.bias:
        st.html(render_bias(one.bias))
    for note in one.notes:
        st.caption(literal(note))
    group = draw_rules(made, group, answers)
    _draw_take_away(made, one, group)
    _draw_mistakes(made, one)


def _draw_take_away(made: MadeTest, one: Grade, group: Group) -> None:
    with st.container(horizontal=True):
        offer_download("Certificate", lambda: made.certify(group), "reader_test.html", kind="primary")
        offer_download("Result as CSV", lambda: grades_to_csv([one]), "reader_test.csv")
        found, cleared = one.rates["sensitivity"], one.rates["specificity"]
        if found.n and cleared.n and st.button("Use these rates for a sample", icon=":material/rule:"):
            links.open_sample_with_rates(found.numerator or 0, found.n, cleared.n - (cleared.numerator or 0), cleared.n)
        st.button("Another reader", icon=":material/person_add:", on_click=_change_reader, args=(made,))


def _change_reader(made: MadeTest) -> None:
    annotator.forget()
    sitting.leave(made.key)


def _draw_mistakes(made: MadeTest, one: Grade) -> None:
    n = len(one.mistakes)
    st.subheader("Mistakes", anchor=False)
    if not n:
        st.markdown("None.")
        return
    st.markdown(f"{count(n, 'cell')} {choose_verb(n, 'was', 'were')} answered differently from the reference.")
    cells = made.key.cells
    draw_tiles(
        [
            Tile(
                made.picture(mistake.image_id),
                f"Card {mistake.position}: the reference is {mistake.reference}, you said {mistake.answer}. "
                f"The network: {cells[mistake.image_id].call or 'no answer'}.",
                f"{mistake.reference}\nyou: {mistake.answer}\nnetwork: {cells[mistake.image_id].call or '–'}",
            )
            for mistake in one.mistakes[:_SHOWN]
        ],
        side=130,
    )
    if n > _SHOWN:
        st.caption(f"The first {_SHOWN} of {n}. The certificate has all.")
