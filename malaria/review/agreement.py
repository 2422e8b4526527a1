"""How far annotators agree, with one another and with themselves, and what they decide together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Final, Literal

from malaria.labels import CLASSES
from malaria.review.decisions import ANSWERS, Decision
from malaria.review.state import Opinion, State

if TYPE_CHECKING:
    from malaria.metrics import Agreement

RULE: Final = (
    "The consensus is the answer that more than half of a cell's readers gave, each reader's latest counting once and "
    "Unsure and Unusable counting as answers. Without such a majority, or if the majority answer is not a class, a "
    "cell has no corrected label and is left out of measuring and training."
)
"""How several readings become one label, in words for the page and the documentation."""

Answers = Literal["first", "final"]
"""first: given before the given label and the model's view were shown, so independent where blind; final: in force."""


@dataclass(frozen=True)
class Consensus:
    """What the readers of one cell say together: the majority's `answer`, or None without one.

    `agreement` is the share of readers, 0 to 1, who gave the most frequent answer; None without readers.
    """

    answer: str | None
    n_readers: int
    agreement: float | None

    @property
    def corrected_label(self) -> str | None:
        """The answer where it is a class."""
        return self.answer if self.answer in CLASSES else None


@dataclass(frozen=True)
class Pair:
    """Two annotators on the cells that both have read."""

    a: str
    b: str
    agreement: Agreement


def consensus(decisions: Iterable[Decision]) -> Consensus:
    """Return what several annotators' decisions about one cell come to, by `RULE`."""
    votes = Counter(decision.final_answer for decision in decisions)
    if not votes:
        return Consensus(None, 0, None)
    n = votes.total()
    answer, most = votes.most_common(1)[0]
    return Consensus(answer if 2 * most > n else None, n, most / n)


def compare_pairs(state: State, answers: Answers = "first") -> list[Pair]:
    """Return raw agreement and Cohen's kappa, with intervals and n, of every two annotators."""
    from malaria.metrics import cohen  # only here: statistics that reading a journal does not need

    said = _by_annotator(state, answers)
    found = []
    for a, b in combinations(sorted(said), 2):
        both = sorted(said[a].keys() & said[b].keys())
        compared = cohen([said[a][cell] for cell in both], [said[b][cell] for cell in both], ANSWERS)
        found.append(Pair(a, b, compared))
    return found


def compare_all(state: State, answers: Answers = "first") -> Agreement:
    """Return raw agreement and Fleiss' kappa of all annotators, over the cells that two or more have read."""
    from malaria.metrics import fleiss

    said = _by_annotator(state, answers)
    counts = Counter((cell, answer) for cells in said.values() for cell, answer in cells.items())
    cells = sorted({cell for cell, _ in counts})
    return fleiss([[counts[cell, answer] for answer in ANSWERS] for cell in cells] or [[0] * len(ANSWERS)])


def compare_with_oneself(state: State, annotator: str) -> Agreement:
    """Return how an annotator's first opinions agree with the repeats of the same cells, both before any reveal."""
    from malaria.metrics import cohen

    twice = [cell[annotator] for cell in state.opinions.values() if len(cell.get(annotator, ())) > 1]
    return cohen([one[0].first_answer for one in twice], [one[1].first_answer for one in twice], ANSWERS)


def is_disputed(state: State, image_id: str) -> bool:
    """Whether several have read a cell without a majority for one answer: a case for adjudication."""
    return len(state.opinions.get(image_id, ())) > 1 and consensus(state.of_cell(image_id).values()).answer is None


def do_readers_differ(state: State, image_id: str) -> bool:
    """Whether several have read a cell and do not all say the same now, settled by a majority or not."""
    cell = state.opinions.get(image_id, {})
    return len(cell) > 1 and len({opinions[0].decision.final_answer for opinions in cell.values()}) > 1


def _by_annotator(state: State, answers: Answers) -> dict[str, dict[str, str]]:
    """annotator -> image_id -> answer; repeats do not count."""
    said: dict[str, dict[str, str]] = {}
    for image_id, cell in state.opinions.items():
        for annotator, opinions in cell.items():
            said.setdefault(annotator, {})[image_id] = _answer(opinions[0], answers)
    return said


def _answer(reading: Opinion, answers: Answers) -> str:
    return reading.first_answer if answers == "first" else reading.decision.final_answer
