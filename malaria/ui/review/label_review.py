"""What one browser session reviews: the queue made of its batch, who is before it, and what is shown beside it."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

import pandas as pd
import streamlit as st

from malaria.background import Background
from malaria.errors import ModelError, NoHeldOutError
from malaria.images import RGB
from malaria.labels import CLASSES
from malaria.review import (
    Answered,
    Basis,
    Filter,
    LookAlikes,
    ReviewSession,
    SuspectLabel,
    choose_cards,
    list_waiting,
    make_cards,
    out_of_sample,
    rank,
)
from malaria.ui.parts.annotator import get_annotator
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_answers
from malaria.ui.parts.journal import open_log
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.ui.parts.thumbnails import Thumbnails
from malaria.ui.review.pictures import Pictures

NEIGHBOURS: Final = 4
"""Cells of the same patient that are shown of each class."""
NEXT: Final = 20
"""Look-alikes that come next when they are asked for."""

_FILTERS: Final = 32  # whose cards are kept
_REVIEW: Final = "review.label_review"


@dataclass(eq=False)
class LabelReview:
    """One batch under review."""

    labelled: LabelledSource
    table: pd.DataFrame
    """The table of cells, with the answers that the ranking rests on."""
    basis: Basis
    session: ReviewSession
    threshold: float
    pictures: Pictures
    thumbnails: Thumbnails
    added: str | None = None
    """What came of the earlier journal that was given last, unless it is an error."""
    answered: Answered | None = None
    """What came of the last answer to several cells."""
    downloaded: int = 0
    """Rows of the journal when it was last downloaded."""
    patients: list[str] = field(init=False)
    """The patients of these cells, in the order of their names."""
    _neighbours: dict[str, dict[str, list[SuspectLabel]]] = field(default_factory=dict)
    _chosen: dict[Filter, tuple[int, list[SuspectLabel]]] = field(default_factory=dict)
    _waiting: dict[tuple[Filter, str, bool], tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.patients = sorted({card.patient for card in self.session.cards if card.patient})
        self._neighbours = _group_by_patient(self.session.cards)
        find = partial(_find_alike, self.session.cards, self.labelled.source.read)
        self._looking = Background(find, 1, "look-alikes")

    @property
    def answers(self) -> str:
        """Whose answer it is that a label is held against."""
        return "held-out answer" if self.basis.held_out else "model’s answer"

    def choose(self, wanted: Filter) -> list[SuspectLabel]:
        """The cards that a filter leaves, whoever has decided them, found once."""
        state = self.session.log.state
        key = replace(wanted, which="undecided")
        rows = len(state.rows) if wanted.differ else 0
        if key not in self._chosen or self._chosen[key][0] != rows:
            while len(self._chosen) >= _FILTERS:
                del self._chosen[next(iter(self._chosen))]
            self._chosen[key] = (rows, choose_cards(self.session.cards, wanted, state))
        return self._chosen[key][1]

    def count(self, wanted: Filter) -> int:
        """How many cards a filter leaves."""
        return len(self.choose(wanted))

    def count_waiting(self, wanted: Filter) -> int:
        """How many cards still wait for this annotator, counted once for each row of the journal."""
        session = self.session
        sharing, log = session.settings.sharing, session.log
        key = (wanted, session.annotator, sharing)
        if key not in self._waiting or self._waiting[key][0] != len(log.everyone.rows):
            cards = list_waiting(self.choose(wanted), log, session.annotator, sharing=sharing, which=wanted.which)
            self._waiting[key] = (len(log.everyone.rows), sum(1 for _ in cards))
        return self._waiting[key][1]

    def neighbours(self, card: SuspectLabel) -> dict[str, list[SuspectLabel]]:
        """Cells of the same patient by their given labels, those little suspect first; empty without a patient."""
        found = self._neighbours.get(card.patient or "", {})
        return {
            label: [other for other in cards if other.image_id != card.image_id][:NEIGHBOURS]
            for label, cards in found.items()
        }

    def look_alikes(self, card: SuspectLabel, rgb: RGB) -> dict[str, list[SuspectLabel]] | None:
        """Cells that look most like this one, by their given labels; None while they are still being looked through."""
        alike = self._looking.results
        return alike[0].of(rgb, NEIGHBOURS, but=card.image_id) if alike else None

    def look_alikes_next(self) -> None:
        """Have the suspects come next that look most like the card on the table."""
        card = self.session.current
        rgb = self.pictures[card.file].rgb if card else None
        alike = self._looking.results
        if card and rgb is not None and alike:
            self.session.prefer(alike[0].suspects(rgb, NEXT, but=card.image_id))


def get_review(labelled: LabelledSource, frame: Frame) -> LabelReview:
    """Return the review of a labelled source by the picked model, begun anew where either has changed."""
    scored = labelled.scoring(frame).progress.done
    key = (labelled, labelled.labelling, frame.model_name, frame.card.version, scored, open_log())
    known, review = st.session_state.get(_REVIEW, (None, None))
    if known != key:
        with st.spinner("Ranking the labels …"):
            review = _begin(labelled, frame)
        st.session_state[_REVIEW] = (key, review)
    begun: LabelReview = review
    return begun


def _begin(labelled: LabelledSource, frame: Frame) -> LabelReview:
    name, held_out = frame.card.name, read_answers(frame)
    if isinstance(held_out, ModelError) and not isinstance(held_out, NoHeldOutError):
        raise ModelError(str(held_out))  # a ranking without them would pass for one with them
    table, basis = out_of_sample(labelled.batch(frame).table, held_out, name)
    cards = make_cards(rank(table), frame.threshold)
    session = ReviewSession(cards, open_log(), get_annotator(), model=name, threshold=frame.threshold)
    return LabelReview(
        labelled, table, basis, session, frame.threshold, Pictures(labelled.source.read), labelled.thumbnails
    )


def _group_by_patient(cards: list[SuspectLabel]) -> dict[str, dict[str, list[SuspectLabel]]]:
    """patient -> given label -> the cells with the least suspect labels, one more than is shown."""
    found: dict[str, dict[str, list[SuspectLabel]]] = defaultdict(lambda: {label: [] for label in CLASSES})
    for card in reversed(cards):
        if card.patient and len(found[card.patient][card.given_label]) <= NEIGHBOURS:
            found[card.patient][card.given_label].append(card)
    return dict(found)


def _find_alike(
    cards: list[SuspectLabel], read: Callable[[str], bytes], done: int, stop: threading.Event
) -> Iterator[LookAlikes]:
    """Describe cells in the background; holds no `LabelReview`, so that one can be let go of."""
    alike = LookAlikes.among(cards, read, stop.is_set)
    if not stop.is_set():
        yield alike
