"""Several cards of a queue at once: a page of cells to choose from, and one answer for those that were chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from malaria.errors import JournalError
from malaria.review.decisions import ANSWERS, Decision
from malaria.review.queue import SuspectLabel
from malaria.review.session import ReviewSession

PAGE: Final = 24
"""Cells on a page."""

AS_GIVEN: Final = "As given"
"""The answer that each of the chosen cells is what its given label says. Only where that label is shown."""


@dataclass(frozen=True)
class Answered:
    """What came of one answer for several cells: the rows kept, and how many cells somebody had answered meanwhile."""

    kept: tuple[Decision, ...]
    left_out: int

    @property
    def given(self) -> Counter[str]:
        """How many of the cells had each given label."""
        return Counter(str(row.given_label) for row in self.kept)


def list_page(session: ReviewSession, n: int = PAGE) -> list[SuspectLabel]:
    """Return the next `n` cards that wait in a session's queue."""
    return list(islice(session.waiting(), n))


def answer_several(session: ReviewSession, image_ids: Sequence[str], answer: str) -> Answered:
    """Keep one answer, of `malaria.review.ANSWERS` or `AS_GIVEN`, for several cells of a session's queue.

    Each is a row of the journal as if made singly, blind where the cell's given label was hidden; all are kept or none.
    Cells that the annotator has answered before, and in a shared queue anybody, are left out: so nothing is answered
    twice, whatever is pressed twice. `session.undo` takes all back at once. Raises JournalError for what is no answer,
    for `AS_GIVEN` where a label is hidden, and where the rows cannot be kept.
    """
    if answer not in (*ANSWERS, AS_GIVEN):
        raise JournalError(f"Choose one of: {', '.join((*ANSWERS, AS_GIVEN))}.")
    if session.log.unsaved:
        return Answered((), 0)
    session.log.refresh()
    asked = set(image_ids)
    open_cards = [card for card in session.waiting() if card.image_id in asked]
    if answer == AS_GIVEN and any(session.hides(card) for card in open_cards):
        raise JournalError("Show the given labels first: turn Blind off under “How you work”.")
    kept = session.keep_group([(card, card.given_label if answer == AS_GIVEN else answer) for card in open_cards])
    return Answered(tuple(kept), len(asked) - len(kept))
