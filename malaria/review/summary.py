"""What a review came to: how many labels stood, what it changed for the model, and how good the ranking was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review.agreement import Consensus, consensus
from malaria.review.decisions import UNSURE, UNUSABLE
from malaria.review.queue import SuspectLabel
from malaria.review.state import State

if TYPE_CHECKING:
    from malaria.metrics import Rate, Readings

POSITIONS: Final = (50, 100, 200, 500, 1000, 2000, 5000, 10000)
"""Where the queue is cut to show how good its order was; beyond the last it is one piece."""


@dataclass(frozen=True)
class Piece:
    """A stretch of the queue, from rank `first` to `last`: how many were read, and the share whose label changed."""

    first: int
    last: int
    n_read: int
    changed: Rate


@dataclass(frozen=True, eq=False)
class Summary:
    """What a review came to. Counts are of cells; `readings` is None where nothing can be measured.

    Only suspected labels were looked at, so figures after correcting flatter the model that did the suspecting:
    errors it shares with the given labels are still in there.
    """

    n_cells: int
    n_read: int
    confirmed: int
    to_parasitized: int
    to_uninfected: int
    unsure: int
    unusable: int
    no_consensus: int
    readings: Readings | None
    pieces: tuple[Piece, ...]

    @property
    def changed(self) -> int:
        """Cells whose label was changed, either way."""
        return self.to_parasitized + self.to_uninfected


@dataclass(frozen=True)
class Decided:
    """What one annotator made of the given labels of a queue. Counts are of cells."""

    confirmed: int
    to_parasitized: int
    to_uninfected: int
    unsure: int
    unusable: int

    @property
    def n(self) -> int:
        """Cells with an answer."""
        return self.confirmed + self.to_parasitized + self.to_uninfected + self.unsure + self.unusable

    @property
    def changed(self) -> Rate:
        """The share of the answered cells whose label the annotator would change, with its interval."""
        from malaria.metrics import Rate

        return Rate.share(self.to_parasitized + self.to_uninfected, self.n, "There are no decisions here.")


def count_decided(cards: Sequence[SuspectLabel], state: State, annotator: str) -> Decided:
    """Return what an annotator says of the cards of a queue, by answer."""
    said = Counter(
        "confirmed" if mine.final_answer == card.given_label else mine.final_answer
        for card in cards
        if (mine := state.mine(card.image_id, annotator))
    )
    return Decided(said["confirmed"], said[PARASITIZED], said[UNINFECTED], said[UNSURE], said[UNUSABLE])


def summarise(cards: Sequence[SuspectLabel], state: State, threshold: float) -> Summary:
    """Return what the readers made of the cards of a queue, in rank order; `threshold` (0 to 1) is the model's."""
    found = [consensus(state.of_cell(card.image_id).values()) for card in cards]
    outcomes = Counter(_outcome(card, one) for card, one in zip(cards, found, strict=True))
    n_read = sum(one.n_readers > 0 for one in found)
    return Summary(
        n_cells=len(cards),
        n_read=n_read,
        confirmed=outcomes["confirmed"],
        to_parasitized=outcomes[PARASITIZED],
        to_uninfected=outcomes[UNINFECTED],
        unsure=outcomes[UNSURE],
        unusable=outcomes[UNUSABLE],
        no_consensus=outcomes["no consensus"],
        readings=_readings(cards, found, threshold) if n_read else None,
        pieces=tuple(_pieces(cards, found)),
    )


def _outcome(card: SuspectLabel, found: Consensus) -> str:
    """The word for what became of a label."""
    if not found.n_readers:
        return "unread"
    if found.answer is None:
        return "no consensus"
    return "confirmed" if found.answer == card.given_label else found.answer


def _readings(cards: Sequence[SuspectLabel], found: Sequence[Consensus], threshold: float) -> Readings | None:
    """The model measured against the given and the corrected labels, cells that lost their label left out."""
    from malaria.metrics import readings

    kept = [
        (card, one.corrected_label if one.n_readers else card.given_label)
        for card, one in zip(cards, found, strict=True)
        if not one.n_readers or one.corrected_label
    ]
    if not kept:
        return None
    return readings(
        [card.given_label for card, _ in kept],
        [str(label) for _, label in kept],
        [card.p_parasitized for card, _ in kept],
        threshold,
        [card.patient for card, _ in kept] if all(card.patient for card, _ in kept) else None,
        name="corrected",
    )


def _pieces(cards: Sequence[SuspectLabel], found: Sequence[Consensus]) -> Iterator[Piece]:
    from malaria.metrics import Rate

    start = 0
    for end in (*(cut for cut in POSITIONS if cut < len(cards)), len(cards)):
        read = [(card, one) for card, one in zip(cards[start:end], found[start:end], strict=True) if one.n_readers]
        changed = sum(one.corrected_label not in (None, card.given_label) for card, one in read)
        if read:
            yield Piece(start + 1, end, len(read), Rate.share(changed, len(read), "Nothing was read here."))
        start = end
