"""Training: cells with the answer after each, chosen where this reader errs, and how far they have come."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
import streamlit as st

from malaria.errors import JournalError, ReaderTestError
from malaria.labels import CLASSES
from malaria.readers import (
    Answer,
    Attempt,
    Card,
    PracticeCard,
    Round,
    Step,
    describe,
    draw_round,
    find_weak_spots,
    learning_curve,
    name_round,
    read_answers,
    replay_training,
    tidy_name,
    to_csv,
)
from malaria.report.html import render_table
from malaria.review.moments import next_moment
from malaria.ui.parts import annotator, plots
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import enlarge, overlay, to_png_uri
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import draw_uploader, go_on_with_uploads
from malaria.ui.readers import sitting
from malaria.ui.readers.cards import Deck, Given, Lesson, draw_cards
from malaria.ui.readers.dare import name_form
from malaria.wording.words import count

STEP: Final = 10
"""So many cells drawn by lot make one step of the curve."""
_PRACTICE: Final = "readers.practice"
_UPLOADS: Final = "readers.training"
_SIDE: Final = 300
_WIDE: Final = 544
_WORST: Final = 4
_ROUNDS: Final = 100
"""Nobody begins anew more often than that."""


@dataclass(eq=False)
class Practice:
    """One reader's training on the cells of a round; `due` comes next."""

    round: Round
    reader: str = ""
    answers: list[Answer] = field(default_factory=list)
    history: list[Attempt] = field(default_factory=list)
    due: PracticeCard | None = None
    problem: str = ""
    """Why answers are in the session only."""

    def __post_init__(self) -> None:
        self.go_on(self.answers)

    def go_on(self, answers: list[Answer]) -> None:
        """Begin where these answers end."""
        self.answers = answers
        self.history = replay_training(self.round, answers)
        self.due = self.round.choose(self.history)

    def take(self, answers: list[Given], _over: bool) -> None:
        """Keep the answer to the card that is due, and choose the next."""
        for one in answers:
            if self.due is None or one.position != len(self.history) + 1:
                continue
            name = self.due.image_id
            self.history.append(Attempt(self.due, one.answer == self.round.cells[name].reference))
            position = max((answer.position for answer in self.answers), default=0) + 1
            self.answers.append(
                Answer(self.round.id, self.reader, position, name, one.answer, one.seconds, next_moment())
            )
            self.due = self.round.choose(self.history)
            self.problem = sitting.keep(self.answers)


def draw_training(frame: Frame) -> None:
    """Draw the card that is due, and below it what was learned."""
    at = _get_practice()
    if at is None:
        return
    if at.problem:
        st.warning(literal(at.problem))
    if at.due is None:
        st.success("You have read every cell, and those you got wrong until you knew them.")
    else:
        draw_cards(_deal(at, at.due, frame), at.take)
    kept = (
        f"You can go on another day. {sitting.say_who_sees()}"
        if sitting.keeps_answers()
        else "Your answers stay in this visit. Download them to go on another day."
    )
    st.caption(f"Synthetic cells: the right answer is how each was drawn. {kept}")
    if at.history:
        _draw_progress(at)
    _draw_more(at)


def _get_practice() -> Practice | None:
    """This session's training; before its first card, that of whoever the box names."""
    at: Practice | None = st.session_state.get(_PRACTICE)
    if at is not None and at.history:
        return at
    with st.container(width=_WIDE):
        reader = annotator.draw_box(who="Reader")
    if why := sitting.check_name(reader):
        st.warning(why)
        return None
    reader = tidy_name(reader)
    if at is None or at.reader != reader:
        at = st.session_state[_PRACTICE] = _seat(reader)
    return at


def _seat(reader: str) -> Practice:
    """The training that a reader has begun here: of their last round."""
    try:
        store = sitting.open_answers()
        last, own = 0, []
        while store and last < _ROUNDS:
            there = [one for one in store.read(name_round(last)).answers if one.reader == reader]
            if not there:
                break
            last, own = last + 1, there
    except JournalError as error:
        return Practice(_draw_round(0), reader, problem=str(error))
    return Practice(_draw_round(max(last - 1, 0)), reader, own)


def _deal(at: Practice, due: PracticeCard, frame: Frame) -> Deck:
    cell, rgb = at.round.cells[due.image_id], at.round.pictures[due.image_id]
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
    st.markdown(f"**{literal(at.reader)}: {right:,} of {len(at.history):,} right**, cells that came again among them.")
    steps = learning_curve(at.history, STEP)
    named = [
        (f"Cards {step.first} to {step.last}" if step.last > step.first else f"Card {step.first}", describe(step.right))
        for step in steps
    ]
    if len(steps) > 1:
        _draw_curve(steps, "; ".join(f"{name}: {share}" for name, share in named))
    if named:
        st.html(render_table("Your progress: right, among new cells drawn at random", (), named))
    weak = [
        (_name_fact(fact, value), describe(rate))
        for (fact, value), rate in find_weak_spots(list(at.round.cells.values()), at.history).items()
        if rate.value
    ]
    if weak:
        st.html(render_table("Where you go wrong, at first sight", (), weak[:_WORST]))


def _draw_curve(steps: Sequence[Step], told: str) -> None:
    value, low, high = (
        np.array([getattr(step.right, end) for step in steps], np.float64) for end in ("value", "low", "high")
    )
    figure = plots.new_figure("Cards answered", "Right, among new cells", 240)
    figure.add_scatter(
        x=[step.last for step in steps],
        y=value,
        mode="lines+markers",
        line={"color": plots.BLUE},
        marker={"size": 9},
        error_y=plots.error_bars(value, low, high, color=plots.GREY, thickness=1.5, width=4),
        hovertemplate="up to card %{x}: %{y:.0%}<extra></extra>",
    )
    figure.update_xaxes(rangemode="tozero")
    figure.update_yaxes(range=[-0.02, 1.02], tickformat=".0%")
    plots.show(figure, "readers.curve", f"Learning curve. {told}.")


def _name_fact(fact: str, value: str) -> str:
    return {"form": name_form(value), "stain": f"{value} stain", "size": f"{value} cells"}.get(fact, value)


def _draw_more(at: Practice) -> None:
    """The answers so far, a way to go on with them, and a new beginning."""
    with st.expander("Answers, new cells", icon=":material/more_horiz:"):
        with st.container(horizontal=True):
            if at.answers:
                offer_download(
                    "Answers so far", lambda: to_csv(at.answers), "training_answers.csv", key="readers.training.csv"
                )
            st.button("Begin anew with other cells", icon=":material/replay:", on_click=_begin_anew, args=(at,))
        draw_uploader(_UPLOADS, "Go on with answers that you downloaded before (CSV).")

    def go_on(data: bytes) -> None:
        st.session_state[_PRACTICE] = _bring(data, at)

    go_on_with_uploads(_UPLOADS, go_on)


def _begin_anew(at: Practice) -> None:
    st.session_state[_PRACTICE] = Practice(_draw_round((at.round.number + 1) % _ROUNDS), at.reader)


def _bring(data: bytes, at: Practice) -> Practice:
    """The training that a file holds. Raises ReaderTestError where it holds none, or that of several readers."""
    rows = read_answers(data)
    by_round = {name_round(number): number for number in range(_ROUNDS)}
    rounds = {by_round[row.test] for row in rows if row.test in by_round}
    if not rounds:
        raise ReaderTestError("The file holds no answers of a training. Use the file that this page gave you.")
    number = max(rounds)
    if (n := len({row.reader for row in rows})) > 1:
        raise ReaderTestError(f"The file holds the training of {count(n, 'reader')}. Upload that of one.")
    rows = [replace(row, reader=at.reader) for row in rows if row.test == name_round(number)]
    brought = Practice(_draw_round(number), at.reader, rows)
    if not brought.history:
        raise ReaderTestError("The cells of this training are drawn in another way now. Begin anew.")
    brought.problem = sitting.keep(rows)
    return brought


@st.cache_resource(max_entries=4, show_spinner="Drawing cells to train on …")
def _draw_round(number: int) -> Round:
    return draw_round(number)
