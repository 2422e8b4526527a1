"""Training: cells with the answer after each, chosen where this reader errs, and how far they have come."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import streamlit as st

from malaria import phantom
from malaria.images import RGB, decode, image_id
from malaria.labels import CLASSES
from malaria.readers import (
    Attempt,
    Card,
    PracticeCard,
    PracticeCell,
    describe,
    find_weak_spots,
    learning_curve,
    next_card,
)
from malaria.report.html import render_table
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import enlarge, overlay, to_png_uri
from malaria.ui.readers.cards import Deck, Given, Lesson, draw_cards
from malaria.ui.readers.dare import name_form

CELLS: Final = 200
STEP: Final = 10
"""So many cells drawn by lot make one step of the curve."""
_PRACTICE: Final = "readers.practice"
_SIDE: Final = 300
_WORST: Final = 4


@dataclass(eq=False)
class Practice:
    """One reader's training on a pool of cells; `due` comes next."""

    cells: Mapping[str, PracticeCell]
    pictures: Mapping[str, RGB]
    seed: int
    history: list[Attempt] = field(default_factory=list)
    due: PracticeCard | None = None

    def __post_init__(self) -> None:
        self.choose()

    def choose(self) -> None:
        """Choose the card that comes next."""
        self.due = next_card(list(self.cells.values()), self.history, self.seed)

    def take(self, answers: list[Given], _over: bool) -> None:
        """Keep the answer to the card that is due, and choose the next."""
        for one in answers:
            if self.due and one.position == len(self.history) + 1:
                right = one.answer == self.cells[self.due.image_id].reference
                self.history.append(Attempt(self.due, right))
                self.choose()


def draw_training(frame: Frame) -> None:
    """Draw the card that is due, and below it what was learned."""
    at = st.session_state.get(_PRACTICE)
    if at is None:
        cells, pictures = _draw_pool()
        at = st.session_state[_PRACTICE] = Practice(cells, pictures, secrets.randbelow(2**31))
    if at.due is None:
        st.success("You have read every cell, and those you got wrong until you knew them.")
    else:
        draw_cards(_deal(at, at.due, frame), at.take)
    st.caption("Synthetic cells: the right answer is how each was drawn. Nothing is kept.")
    if at.history:
        _draw_progress(at)
        st.button("Begin anew", icon=":material/replay:", on_click=lambda: st.session_state.pop(_PRACTICE, None))


def _deal(at: Practice, due: PracticeCard, frame: Frame) -> Deck:
    cell, rgb = at.cells[due.image_id], at.pictures[due.image_id]
    plain = enlarge(rgb, _SIDE)
    heat = frame.find_evidence(due.image_id, rgb).heat
    lesson = Lesson(
        cell.reference,
        f"{cell.reference}: {name_form(cell.facts['form'])}. Yellow is what speaks for a parasite to the network.",
        to_png_uri(overlay(plain, heat, 0.45)),
    )
    return Deck(
        token=f"practice.{id(at)}",
        total=0,
        cards=[(Card(image_id=due.image_id), to_png_uri(rgb))],
        lessons=[lesson],
        told="You see the right answer after each cell. Cells that you get wrong come back, with more like them.",
        begin="Go on" if at.history else "Start",
        answers=CLASSES,
        kept=len(at.history),
        every=1,
    )


def _draw_progress(at: Practice) -> None:
    right = sum(attempt.right for attempt in at.history)
    st.markdown(f"**{right:,} of {len(at.history):,}** right, cells that came again among them.")
    steps = [(f"Cards {step.first} to {step.last}", describe(step.right)) for step in learning_curve(at.history, STEP)]
    if steps:
        st.html(render_table("How you come on: right, of new cells drawn by lot", (), steps))
    cells = list(at.cells.values())
    weak = [
        (name_form(value) if fact == "form" else value, describe(rate))
        for (fact, value), rate in find_weak_spots(cells, at.history).items()
        if fact in ("form", "label") and rate.value
    ]
    if weak:
        st.html(render_table("Where you err: wrong at first sight", (), weak[:_WORST]))


@st.cache_resource(show_spinner="Drawing cells to train on …")
def _draw_pool() -> tuple[dict[str, PracticeCell], dict[str, RGB]]:
    """Cells of no test: their seed is none that a test can have been given."""
    drawn = {image_id(one.png): one for one in phantom.batch(CELLS, seed=2**53, artefacts=0.25)}
    cells = {
        name: PracticeCell(name, one.true_label, {"form": one.form, "slide": one.patient})
        for name, one in drawn.items()
    }
    return cells, {name: decode(one.png, one.file) for name, one in drawn.items()}
