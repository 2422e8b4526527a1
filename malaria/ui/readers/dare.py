"""The dare: ten synthetic cells in thirty seconds, then the reader, the network, and where they differed."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import streamlit as st
from markupsafe import Markup

from malaria.errors import MalariaError
from malaria.images import RGB, decode
from malaria.labels import CLASSES
from malaria.metrics import Rate
from malaria.readers import Key, KeyCell, Settings, make_phantom_test
from malaria.ui.parts import links
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import draw_picture, enlarge, overlay, to_png_uri
from malaria.ui.parts.grounds import say_grounds
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, draw_tiles
from malaria.ui.readers import making
from malaria.ui.readers.cards import Deck, Given, draw_cards
from malaria.ui.readers.real_cells import make_real_test
from malaria.wording.numbers import interval, keep_together, percent
from malaria.wording.words import probability

CELLS: Final = 10
SECONDS: Final = 30
NOTHING: Final = "no answer"
_REAL: Final = "readers.dare.real"
_GAP: Final = 8  # pixels between a cell and its map


@dataclass(eq=False)
class Dare:
    """Ten cells before one reader; `given` is None until it is over."""

    key: Key
    pictures: Mapping[str, RGB]
    real: bool = False
    given: dict[int, Given] | None = None

    def take(self, answers: list[Given], over: bool) -> None:
        """Keep the answers, by position from 1. What was not answered in time is not there."""
        if self.given is None and over:
            self.given = {one.position: one for one in answers}


def draw_dare(frame: Frame) -> None:
    """Draw the ten cells, or what came of them."""
    name, begun = st.session_state.get(links.DARE, (None, None))
    if begun is None or name != frame.card.name:
        begun = _draw_lots(frame)
        st.session_state[links.DARE] = (frame.card.name, begun)
    if begun.given is None:
        _draw_game(begun)
    else:
        _draw_result(begun, begun.given, frame)


def _draw_lots(frame: Frame) -> Dare:
    if st.session_state.get(_REAL):
        try:
            return _fetch_lots(frame)
        except MalariaError as error:
            st.session_state[_REAL] = False
            st.warning(f"{literal(str(error))} Here are synthetic cells.", icon=":material/cloud_off:")
    seed = secrets.randbelow(2**31)
    settings = Settings(cells=CELLS, parasitized=(0.4, 0.5, 0.6)[seed % 3], difficulty="hard", seed=seed)
    with st.spinner("Drawing ten cells …"):
        key, files = make_phantom_test(settings, frame.classifier)
    return Dare(key, {name: decode(png, name) for name, png in files.items()})


def _fetch_lots(frame: Frame) -> Dare:
    """Real cells, easy and hard ones alike: there are too few here to choose."""
    seed = secrets.randbelow(2**31)
    settings = Settings(cells=CELLS, parasitized=(0.4, 0.5, 0.6)[seed % 3], seed=seed)
    with st.spinner("Fetching cells from the public NIH set …"):
        key, files = make_real_test(settings, frame)
    return Dare(key, {name: decode(data, key.cells[name].file) for name, data in files.items()}, real=True)


def _draw_game(begun: Dare) -> None:
    cards = begun.key.test.cards
    draw_cards(
        Deck(
            token=begun.key.test.id,
            total=len(cards),
            cards=[(card, to_png_uri(begun.pictures[card.image_id])) for card in cards],
            told=(
                f"Ten red blood cells, {SECONDS} seconds. Which of them hold a parasite? The network reads the same "
                "ten."
            ),
            answers=CLASSES,
            seconds=SECONDS,
        ),
        begun.take,
    )
    st.caption(f"{_say_where_from(begun)} Your answers are not kept.")
    if begun.real:
        st.button("Ten synthetic cells instead", icon=":material/draw:", on_click=_take, args=(False,))
    else:
        st.button("Ten real cells instead", icon=":material/cloud_download:", on_click=_take, args=(True,))


def _draw_result(begun: Dare, given: Mapping[int, Given], frame: Frame) -> None:
    told = [
        (card, begun.key.cells[card.image_id], given[place].answer if place in given else NOTHING)
        for place, card in enumerate(begun.key.test.cards, start=1)
    ]
    mine = sum(answer == cell.reference for _, cell, answer in told)
    its = sum(cell.call == cell.reference for _, cell, _ in told)
    st.header(_say_winner(mine, its), anchor=False)
    _draw_scores(mine, its, sum(one.seconds for one in given.values()), len(given))
    with st.container(horizontal=True):
        st.button("Ten other cells", type="primary", icon=":material/replay:", on_click=_forget)
        st.button("A real test: 60 cells", icon=":material/fact_check:", on_click=_go_on)
    differ = [place for place, (_, cell, answer) in enumerate(told, start=1) if answer != cell.call]
    if differ:
        st.subheader("Where you differed", anchor=False)
        st.caption("Each cell is shown next to a map of the evidence for a parasite, in yellow.")
        for start in range(0, len(differ), 2):  # row by row, so that they keep their order on a phone
            for column, place in zip(st.columns(2, gap="large"), differ[start : start + 2], strict=False):
                card, cell, answer = told[place - 1]
                with column:
                    _draw_cell(place, cell, answer, card.image_id, begun.pictures[card.image_id], frame)
    else:
        st.markdown("**You and the network agreed on every cell.**")
    st.subheader("All ten", anchor=False)
    draw_tiles(
        [
            Tile(
                begun.pictures[card.image_id],
                f"Cell {place}, {_name_form(cell)}. You: {answer}. The network: {cell.call}.",
                f"{_name_form(cell)}\n{_mark(answer, cell)} you {_mark(str(cell.call), cell)} network",
            )
            for place, (card, cell, answer) in enumerate(told, start=1)
        ],
        side=110,
    )
    st.caption(
        f"✓ right, ✗ wrong. {_say_where_from(begun)}"
        + ("" if begun.real else " This does not show how good you or the network are on real cells.")
    )
    for note in begun.key.notes if begun.real else ():
        st.caption(literal(note))


def _say_where_from(begun: Dare) -> str:
    if begun.real:
        return "The cells are real, from the public NIH set. The given label counts as right."
    return "The cells are synthetic, drawn by this program."


def _take(real: bool) -> None:
    st.session_state[_REAL] = real
    _forget()


def _forget() -> None:
    st.session_state.pop(links.DARE, None)


def _go_on() -> None:
    st.session_state[making.SECTION] = making.TEST
    making.ask_for(Settings(repeats=10, seed=secrets.randbelow(1000)))


def _say_winner(mine: int, its: int) -> str:
    if mine == its:
        return f"A draw: {mine} to {its}"
    return f"You win, {mine} to {its}" if mine > its else f"The network wins, {its} to {mine}"


def _draw_scores(mine: int, its: int, seconds: float, answered: int) -> None:
    one = Markup("<p>{}<strong>{} of {}</strong><small>right: {}</small><small>{}</small></p>")
    time = f"{answered} answered in {seconds:.0f} s" if answered else "nothing answered"
    parts = [
        one.format(who, right, CELLS, keep_together(_say_share(right)), note)
        for who, right, note in (("You", mine, time), ("The network", its, "the same ten"))
    ]
    st.html(Markup('<div class="versus" role="status">{}</div>').format(Markup("").join(parts)))
    st.caption("The 95 % intervals are in brackets: ten cells say little about anyone.")


def _say_share(right: int) -> str:
    share = Rate.exact_share(right, CELLS, "")
    ends = interval(*share.interval) if share.interval else ""
    return f"{percent(right / CELLS)} ({ends})"


def _draw_cell(place: int, cell: KeyCell, answer: str, image_id: str, rgb: RGB, frame: Frame) -> None:
    """One cell enlarged, beside it what speaks for a parasite, and below it who said what."""
    evidence = frame.find_evidence(image_id, rgb)
    where, said = say_grounds(evidence, frame.threshold)
    plain = enlarge(rgb, 240)
    both = np.hstack([plain, np.zeros((plain.shape[0], _GAP, 3), np.uint8), overlay(plain, evidence.heat, 0.7)])
    alt = f"Cell {place}, and the same cell under a map of the evidence for a parasite: {where}."
    draw_picture(both, alt, side=2 * 240 + _GAP)
    p = "" if cell.p_parasitized is None else f" (p: {probability(cell.p_parasitized)})"
    st.markdown(
        f"**Cell {place} is {cell.reference.lower()}**{_add_form(cell)}.  \n"
        f"{_mark(answer, cell)} You: {answer}  \n{_mark(str(cell.call), cell)} The network: {cell.call}{p}"
    )
    st.caption(said)


def _mark(answer: str, cell: KeyCell) -> str:
    return "✓" if answer == cell.reference else "✗"


def _add_form(cell: KeyCell) -> str:
    """What was drawn, of a synthetic cell."""
    return f": {_name_form(cell)}" if "form" in cell.facts else ""


def _name_form(cell: KeyCell) -> str:
    return name_form(cell.facts.get("form", cell.reference))


def name_form(form: str) -> str:
    """Say in words what was drawn (`malaria.phantom.FORMS`)."""
    return {
        "artefact_platelet": "a platelet on the cell",
        "artefact_debris": "dirt on the cell",
        "uninfected": "a clear cell",
    }.get(form, form.replace("_", " "))
