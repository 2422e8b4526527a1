"""Training: which cell comes next, so that a reader meets what they err on, and how far they have come."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from malaria.labels import CLASSES
from malaria.metrics import Rate

GAPS: Final = (3, 8, 20)
"""A cell that was answered wrongly comes again after so many cards, the next gap after every right answer."""
PROBE_EVERY: Final = 4
"""One new card in so many is drawn by lot from all, whatever the reader errs on: the learning curve is of these."""
_PRIOR: Final = (1.0, 3.0)
"""What is thought of errors before any was seen: a beta distribution with a mean of one in four."""


@dataclass(frozen=True)
class PracticeCell:
    """A cell to train on: its reference, and facts (`form`, `stain`, `size`, ...) by which errors are sorted."""

    image_id: str
    reference: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PracticeCard:
    """The card that comes next; `probe`: a new cell drawn by lot, `again`: one that was answered wrongly before."""

    image_id: str
    probe: bool = False
    again: bool = False


@dataclass(frozen=True)
class Attempt:
    """A card that was answered, rightly or not."""

    card: PracticeCard
    right: bool


@dataclass(frozen=True)
class Step:
    """The share of right answers to the probes among cards `first` to `last`, from 1."""

    first: int
    last: int
    right: Rate


def next_card(cells: Sequence[PracticeCell], history: Sequence[Attempt], seed: int = 0) -> PracticeCard | None:
    """Choose the card that comes next; None when every cell was seen and none is left to be learned.

    First what is due again (`GAPS`), the longest overdue first. Else a new cell: of either class alike; one in four by
    lot, the others where this reader's errors are likely: the likelihood of each fact is drawn from what is known of it
    so far (Thompson, Biometrika 25 (1933) 285), so that what was rarely seen is tried, too. The same history gives the
    same card.
    """
    rng = np.random.default_rng([seed, len(history)])
    due = _due(history)
    overdue = {name: late for name, late in due.items() if late >= 0}
    if overdue:
        return PracticeCard(max(overdue, key=lambda name: (overdue[name], name)), again=True)
    seen = {attempt.card.image_id for attempt in history}
    new = [cell for cell in cells if cell.image_id not in seen]
    if not new:
        return PracticeCard(max(due, key=lambda name: (due[name], name)), again=True) if due else None
    wished = CLASSES[int(rng.integers(len(CLASSES)))]
    new = [cell for cell in new if cell.reference == wished] or new
    if sum(not attempt.card.again for attempt in history) % PROBE_EVERY == 0:
        return PracticeCard(new[int(rng.integers(len(new)))].image_id, probe=True)
    likely: dict[tuple[str, str], float] = {}
    for fact, rate in sorted(_count_errors(cells, history).items()):
        likely[fact] = float(rng.beta(_PRIOR[0] + rate[0], _PRIOR[1] + rate[1] - rate[0]))
    untried = float(rng.beta(*_PRIOR))
    doubt = [np.mean([likely.get(fact, untried) for fact in _facts(cell)]) for cell in new]
    best = np.flatnonzero(np.isclose(doubt, max(doubt)))
    return PracticeCard(new[int(rng.choice(best))].image_id)


def find_weak_spots(cells: Sequence[PracticeCell], history: Sequence[Attempt]) -> dict[tuple[str, str], Rate]:
    """(fact, its value) -> the share of wrong answers at first looks, the weakest first by the low end of its interval.

    Cells are chosen where a reader errs, so these compare what a reader errs on; they are no error rates of the reader.
    """
    rates = {
        fact: Rate.exact_share(wrong, n, "None was read.") for fact, (wrong, n) in _count_errors(cells, history).items()
    }
    return dict(sorted(rates.items(), key=lambda item: (-(item[1].low or 0), -(item[1].value or 0), item[0])))


def learning_curve(history: Sequence[Attempt], probes: int = 20) -> list[Step]:
    """The share of right answers to probes, in steps of so many (the last may be shorter), with exact intervals.

    Probes are new cells drawn by lot, so the curve is not bent by the choice of what a reader errs on, nor by cells
    that were seen before.
    """
    places = [place for place, attempt in enumerate(history, start=1) if attempt.card.probe]
    steps = []
    for start in range(0, len(places), probes):
        block = places[start : start + probes]
        right = sum(history[place - 1].right for place in block)
        steps.append(Step(block[0], block[-1], Rate.exact_share(right, len(block), "No probe was read.")))
    return steps


def _due(history: Sequence[Attempt]) -> dict[str, int]:
    """image_id -> for how many cards it has been due; of cells answered wrongly that are not learned yet."""
    last: dict[str, int] = {}
    streak: dict[str, int] = {}
    for place, attempt in enumerate(history):
        name = attempt.card.image_id
        last[name] = place
        if not attempt.right:
            streak[name] = 0
        elif name in streak:
            streak[name] += 1
    return {name: len(history) - last[name] - 1 - GAPS[right] for name, right in streak.items() if right < len(GAPS)}


def _count_errors(cells: Sequence[PracticeCell], history: Sequence[Attempt]) -> dict[tuple[str, str], tuple[int, int]]:
    """(fact, value) -> (wrong answers, answers) at first looks."""
    by_id = {cell.image_id: cell for cell in cells}
    counts: dict[tuple[str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for attempt in history:
        if attempt.card.again or attempt.card.image_id not in by_id:
            continue
        for fact in _facts(by_id[attempt.card.image_id]):
            wrong, n = counts[fact]
            counts[fact] = wrong + (not attempt.right), n + 1
    return dict(counts)


def _facts(cell: PracticeCell) -> list[tuple[str, str]]:
    """What is known of a cell; its class is a fact as well."""
    return [*cell.facts.items(), ("label", cell.reference)]
