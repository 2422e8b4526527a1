"""What of the cards an annotator wants to see: a queue, and filters that can be combined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from malaria.review.agreement import do_readers_differ
from malaria.review.queue import SuspectLabel, Which
from malaria.review.state import State


@dataclass(frozen=True)
class Filter:
    """What an annotator wants to see; all that is asked for must hold.

    `contradicted`: the model's answer is not the given label. Of these, the false positives are given as Uninfected
    and the false negatives as Parasitized: `given_label`. `differ`: several have read the cell and not all agree.
    """

    which: Which = "undecided"
    given_label: str | None = None
    patient: str | None = None
    low: float = 0.0
    high: float = 1.0
    contradicted: bool = False
    differ: bool = False

    @property
    def tells_label(self) -> bool:
        """Whether the choice itself gives away the given label, so that no answer under it is blind."""
        return self.given_label is not None


def choose_cards(cards: Iterable[SuspectLabel], wanted: Filter, state: State | None = None) -> list[SuspectLabel]:
    """Return the cards that a filter leaves, whoever has decided them. `state` says on which readers differ."""
    found = (
        card
        for card in cards
        if (card.contradicted or not wanted.contradicted)
        and wanted.given_label in (None, card.given_label)
        and wanted.patient in (None, card.patient)
        and wanted.low <= card.suspicion <= wanted.high
    )
    if not wanted.differ:
        return list(found)
    return [card for card in found if state is not None and do_readers_differ(state, card.image_id)]
