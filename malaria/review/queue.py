"""The cards in their order: which one comes next for whom, and how long it will take."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice, pairwise
from statistics import median
from typing import Final, Literal

import pandas as pd

from malaria.labels import PARASITIZED
from malaria.review.agreement import is_disputed
from malaria.review.decisions import Decision
from malaria.review.state import State
from malaria.review.store import Log

REPEAT_EVERY: Final = 20
"""After so many cells of one's own, one of them comes back unannounced, if repeats are asked for."""

REPEAT_AFTER: Final = 10
"""A cell comes back only when so many others have been decided since."""

_TOGETHER_SECONDS: Final = 0.05  # between the rows of one answer to several cells

PAUSE_SECONDS: Final = 120
"""A longer time between two decisions is a pause, and no measure of pace."""

_CLAIMED_AT_ONCE: Final = 200  # cards offered to the store in one go; more annotators than this do not work at once

Which = Literal["undecided", "mine", "adjudication"]
"""undecided: to be answered; mine: answered by the annotator; adjudication: others disagree, for a third reader."""


@dataclass(frozen=True, slots=True)
class SuspectLabel:
    """One card: a cell whose label may be wrong. `suspicion` and `p_parasitized` from 0 to 1, `rank` from 1.

    `contradicted` says whether the model's answer, at its threshold, is not the given label.
    """

    rank: int
    image_id: str
    file: str
    patient: str | None
    given_label: str
    p_parasitized: float
    suspicion: float
    contradicted: bool = False


def make_cards(ranked: pd.DataFrame, threshold: float = 0.5) -> list[SuspectLabel]:
    """Return a card for each image of a ranked table (with image_id); the same bytes twice are one card, the first.

    The model calls a cell parasitized when p_parasitized >= `threshold` (0 to 1).
    """
    cards: dict[str, SuspectLabel] = {}
    names = ("rank", "image_id", "file", "patient", "given_label", "p_parasitized", "suspicion")
    for rank, image_id, file, patient, label, p, doubt in zip(*(ranked[name].tolist() for name in names), strict=True):
        known = patient if isinstance(patient, str) else None
        against = (p >= threshold) != (label == PARASITIZED)
        cards.setdefault(image_id, SuspectLabel(rank, image_id, file, known, label, float(p), float(doubt), against))
    return list(cards.values())


def list_waiting(
    cards: Iterable[SuspectLabel], log: Log, annotator: str, *, sharing: bool, which: Which = "undecided"
) -> Iterator[SuspectLabel]:
    """Yield the cards that are still to be shown to an annotator, those passed over last.

    Undecided is, when `sharing` the queue, what nobody has answered; else what the annotator has not.
    """
    state = log.state
    later = []
    for card in cards:
        opinions = state.opinions.get(card.image_id, {})
        if which == "mine":
            wanted = annotator in opinions
        elif which == "adjudication":
            wanted = annotator not in opinions and is_disputed(state, card.image_id)
        else:
            wanted = not log.everyone.opinions.get(card.image_id) if sharing else annotator not in opinions
        if wanted and state.is_skipped(card.image_id, annotator):
            later.append(card)
        elif wanted:
            yield card
    order = {row.image_id: at for at, row in enumerate(state.in_force.get(annotator, []))} if later else {}
    yield from sorted(later, key=lambda card: order[card.image_id])


def next_card(
    cards: Sequence[SuspectLabel], log: Log, annotator: str, *, sharing: bool, which: Which = "undecided"
) -> SuspectLabel | None:
    """Return the next card to be answered and hold it for the annotator; None when there is none left for them.

    When sharing, nobody gets a card that another is on. Raises JournalError.
    """

    def wait(of: Iterable[SuspectLabel]) -> Iterator[SuspectLabel]:
        if sharing:
            log.refresh()
        return list_waiting(of, log, annotator, sharing=sharing, which=which)

    if not sharing:
        return next(wait(cards), None)
    while offered := list(islice(wait(cards), _CLAIMED_AT_ONCE)):
        claimed = log.store.claim([card.image_id for card in offered], annotator)
        if claimed is None:
            return None
        for card in wait([card for card in offered if card.image_id == claimed]):
            return card  # unless another decided it just before the claim
    return None


def find_repeat(cards: Iterable[SuspectLabel], state: State, annotator: str) -> SuspectLabel | None:
    """Return a cell of the annotator's own that should come back now to be read afresh; None most of the time.

    Which one does not depend on what was answered, and is the same after a reload.
    """
    read: dict[str, int] = {}  # image_id -> how many opinions it has, in the order of the first
    for row in state.in_force.get(annotator, []):
        if opinions := state.opinions.get(row.image_id, {}).get(annotator):
            read[row.image_id] = len(opinions)
    repeated = sum(count > 1 for count in read.values())
    if len(read) < REPEAT_EVERY * (repeated + 1):
        return None
    old = {image_id for image_id in list(read)[:-REPEAT_AFTER] if read[image_id] == 1}
    return min(
        (card for card in cards if card.image_id in old),
        key=lambda card: hashlib.sha256(f"{annotator} {card.image_id}".encode()).digest(),
        default=None,
    )


def seconds_per_card(rows: Sequence[Decision], last: int = 30) -> float | None:
    """Return the median time between an annotator's latest decisions; None where it is too early.

    Pauses are left out, and what was answered together counts once.
    """
    moments = [datetime.fromisoformat(row.decided_at) for row in rows[-last:] if not row.supersedes]
    gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    steady = [gap for gap in gaps if _TOGETHER_SECONDS < gap <= PAUSE_SECONDS]
    return median(steady) if len(steady) >= 3 else None
