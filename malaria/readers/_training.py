"""Synthetic cells to train on, in rounds, and a reader's training brought back from the answers that were kept."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from malaria import phantom
from malaria.images import RGB, decode, image_id
from malaria.readers._answers import Answer
from malaria.readers._practice import Attempt, PracticeCard, PracticeCell, next_card

TRAINING_CELLS: Final = 200
_FIRST_SEED: Final = 2**53  # none that a test can have been given
_MOST: Final = 2000
"""Answers of one round that are brought back; there are only so many cells, each comes a few times."""


@dataclass(frozen=True, eq=False)
class Round:
    """Cells to train on; who begins anew gets those of the next `number`. `id` is what answers call it."""

    number: int
    cells: Mapping[str, PracticeCell]
    pictures: Mapping[str, RGB]

    @property
    def id(self) -> str:
        """16 hexadecimal digits, as a test has."""
        return name_round(self.number)

    def choose(self, history: Sequence[Attempt]) -> PracticeCard | None:
        """The card that comes next after these."""
        return next_card(list(self.cells.values()), history, self.number)


def name_round(number: int) -> str:
    """What answers call the round of this number."""
    return hashlib.sha256(f"training {number}".encode()).hexdigest()[:16]


def draw_round(number: int, cells: int = TRAINING_CELLS) -> Round:
    """Draw the cells of a round, each with its form and, compared with the others, its stain and size."""
    drawn = {image_id(one.png): one for one in phantom.batch(cells, seed=_FIRST_SEED + number, artefacts=0.25)}
    pictures = {name: decode(one.png, one.file) for name, one in drawn.items()}
    stain = _in_thirds([_redness(rgb) for rgb in pictures.values()], ("bluish", "middling", "reddish"))
    size = _in_thirds([float(max(rgb.shape[:2])) for rgb in pictures.values()], ("small", "middling", "large"))
    facts = zip(drawn.items(), stain, size, strict=True)
    return Round(
        number,
        {
            name: PracticeCell(name, one.true_label, {"form": one.form, "stain": hue, "size": third})
            for (name, one), hue, third in facts
        },
        pictures,
    )


def replay_training(training: Round, answers: Iterable[Answer]) -> list[Attempt]:
    """The history that a reader's answers to a round make, in the order of their positions; the first to each counts.

    What each card was is found by choosing again. Answers to cells that the round does not have are passed over, as
    after a change of how cells are drawn; a card that would not have been chosen now counts for no learning curve.
    """
    first: dict[int, Answer] = {}
    for answer in answers:
        if answer.test == training.id and answer.image_id in training.cells:
            first.setdefault(answer.position, answer)
    history: list[Attempt] = []
    seen: set[str] = set()
    for position in sorted(first)[:_MOST]:
        answer = first[position]
        card = training.choose(history)
        if card is None or card.image_id != answer.image_id:
            card = PracticeCard(answer.image_id, again=answer.image_id in seen)
        history.append(Attempt(card, answer.answer == training.cells[answer.image_id].reference))
        seen.add(answer.image_id)
    return history


def _redness(rgb: RGB) -> float:
    """How much redder than blue a cell is, on average over its pixels: those that are not black."""
    pixels = rgb[rgb.max(axis=2) > 0].astype(np.float64)
    return float((pixels[:, 0] - pixels[:, 2]).mean()) if pixels.size else 0.0


def _in_thirds(values: Sequence[float], names: tuple[str, str, str]) -> list[str]:
    low, high = np.quantile(values, (1 / 3, 2 / 3)) if values else (0.0, 0.0)
    return [names[0] if value <= low else names[1] if value <= high else names[2] for value in values]
