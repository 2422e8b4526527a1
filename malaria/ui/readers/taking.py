"""Taking a test: blind, timed card by card, with no feedback until the end."""

from typing import Final

import streamlit as st

from malaria.images import RGB
from malaria.readers import to_csv
from malaria.ui.parts import annotator
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import enlarge, to_png_uri
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import draw_uploader, go_on_with_uploads
from malaria.ui.readers import making, sitting
from malaria.ui.readers.cards import Deck, draw_cards
from malaria.ui.readers.making import MadeTest
from malaria.ui.readers.result import draw_result
from malaria.ui.readers.sitting import Sitting
from malaria.wording.words import count

_TOLD: Final = (
    "You read one cell after another and see your results at the end: sensitivity, specificity and more, each with its "
    "interval, next to the network's on the same cells. Everyone who opens the test’s link gets the same test."
)
EVERY: Final = 5
"""Answers go to the server after so many cards."""
_AHEAD: Final = 12
"""Pictures that lie ready in the browser."""
_LARGEST: Final = 400  # pixels of a picture's longer side
_WIDE: Final = 544  # pixels, as the cards
_UPLOADS: Final = "readers.answers"


def draw_test(frame: Frame) -> None:
    """Draw the form, the cards, or the result, whichever it is time for."""
    made = making.choose_test(frame, _TOLD)
    if made is None:
        return
    at = sitting.get_sitting(made.key)
    if at.over:
        draw_result(made, at, frame)
        _draw_more(made, at)
        return
    _draw_ready(made, at)
    _draw_more(made, at)


def _draw_ready(made: MadeTest, at: Sitting) -> None:
    with st.container(width=_WIDE):  # stays when answers are there: what is above the cards must not move them
        reader = annotator.draw_box(who="Reader", disabled=bool(at.given))
    if not at.given:
        if why := sitting.check_name(reader):
            st.warning(why)
            return
        at.seat(reader)
    if at.over:  # by what was kept before
        st.rerun()
    if at.problem:
        st.warning(literal(at.problem))
    draw_cards(_deal(made, at), at.take)
    if sitting.keeps_answers():
        st.caption(sitting.say_who_sees())
    for note in made.key.notes:
        st.caption(literal(note))


def _deal(made: MadeTest, at: Sitting) -> Deck:
    """The cards that come next, with the pictures of the first few."""
    cards = made.key.test.cards
    calls = any(card.call for card in cards)
    told = f"{count(at.total, 'cell')}, each timed. Choose Can’t tell if you cannot. You get the results at the end."
    if at.kept:
        told = f"Go on at cell {at.kept + 1:,}."
    elif calls:
        told += " Some cards show what the network says. It is sometimes wrong. Start if you agree to that."
    return Deck(
        token=f"{made.key.test.id}.{id(at)}",
        total=at.total,
        cards=[(card, to_png_uri(_fit(made, card.image_id))) for card in cards[at.kept : at.kept + _AHEAD]],
        told=told,
        begin="Go on" if at.kept else "I agree: start" if calls else "Start",
        kept=at.kept,
        every=EVERY,
        calls=calls,
    )


def _fit(made: MadeTest, image_id: str) -> RGB:
    rgb = made.picture(image_id)
    return enlarge(rgb, _LARGEST) if max(rgb.shape[:2]) > _LARGEST else rgb


def _draw_more(made: MadeTest, at: Sitting) -> None:
    """The link for others, the answers so far, and the ways out."""
    with st.expander("Link, answers, another test", icon=":material/more_horiz:"):
        set_too = " They need the same set of cells." if making.is_labelled() else ""
        st.markdown(f"**The same test for other readers.**{set_too}")
        st.code(making.make_link(made), language=None, wrap_lines=True)
        with st.container(horizontal=True):
            if at.given:
                offer_download(
                    "Answers so far" if not at.over else "Answers",
                    lambda: to_csv(at.answers),
                    "reader_answers.csv",
                    key="readers.answers.csv",
                )
            if at.given and not at.over:
                st.button("Stop here and see the result", icon=":material/flag:", on_click=_stop, args=(at,))
            making.draw_change()
        if not at.over:
            draw_uploader(_UPLOADS, "Continue with answers that you downloaded before (CSV).")
    go_on_with_uploads(_UPLOADS, at.bring)


def _stop(at: Sitting) -> None:
    at.stopped = True
