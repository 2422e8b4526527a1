"""Training shows what a reader errs on, brings back what was wrong, and draws a curve that neither bends."""

from collections import Counter
from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from malaria.labels import CLASSES
from malaria.readers import (
    GAPS,
    Answer,
    Attempt,
    PracticeCell,
    draw_round,
    find_weak_spots,
    learning_curve,
    next_card,
    replay_training,
)

CELLS = [
    PracticeCell(f"{n:03d}", CLASSES[n % 2], {"form": "ring" if n % 4 == 0 else "other", "stain": str(n % 3)})
    for n in range(240)
]
BY_ID = {cell.image_id: cell for cell in CELLS}


def train(errs, cards, seed=0, cells=CELLS):
    """The history of a reader who errs where `errs(cell, times seen)` says."""
    history, seen = [], Counter()
    for _ in range(cards):
        card = next_card(cells, history, seed)
        if card is None:
            break
        history.append(Attempt(card, not errs(BY_ID[card.image_id], seen[card.image_id])))
        seen[card.image_id] += 1
    return history


def test_the_same_history_gives_the_same_card():
    history = train(lambda cell, _: cell.facts["form"] == "ring", 40)
    assert next_card(CELLS, history) == next_card(list(CELLS), list(history))
    assert train(lambda *_: False, 40, seed=1) != train(lambda *_: False, 40, seed=2)


def test_cells_are_chosen_where_the_reader_errs():
    history = train(lambda cell, times: cell.facts["form"] == "ring" and times == 0, 120)
    new = [a.card for a in history if not a.card.again and not a.card.probe]
    probes = [a.card for a in history if a.card.probe]
    rings, by_lot = (np.mean([BY_ID[c.image_id].facts["form"] == "ring" for c in cards]) for cards in (new, probes))
    assert rings > by_lot + 0.1
    assert next(iter(find_weak_spots(CELLS, history))) == ("form", "ring")


def test_a_wrong_cell_comes_again_with_growing_gaps_until_it_is_learned():
    first = next_card(CELLS, []).image_id
    history = train(lambda cell, times: cell.image_id == first and times == 0, 60)
    places = [place for place, attempt in enumerate(history) if attempt.card.image_id == first]
    assert [b - a - 1 for a, b in pairwise(places)] == list(GAPS)


def test_both_classes_come_alike():
    history = train(lambda cell, _: cell.reference == CLASSES[0], 150)
    share = np.mean([BY_ID[a.card.image_id].reference == CLASSES[0] for a in history if not a.card.again])
    assert 0.3 < share < 0.7


@settings(deadline=None, max_examples=20)
@given(wrong=st.sets(st.integers(0, 11)), seed=st.integers(0, 99))
def test_training_ends_when_all_is_learned(wrong, seed):
    few = CELLS[:12]
    names = {few[n].image_id for n in wrong}
    history = train(lambda cell, times: cell.image_id in names and times == 0, 500, seed, few)
    assert len(history) == 12 + len(GAPS) * len(wrong)
    assert {a.card.image_id for a in history} == {cell.image_id for cell in few}


def test_the_curve_is_of_probes_alone_and_rises_with_learning():
    rng = np.random.default_rng(0)
    history = []
    for n in range(240):
        card = next_card(CELLS, history)
        history.append(Attempt(card, bool(rng.random() < (0.5 if n < 120 else 0.95))))
    steps = learning_curve(history, probes=10)
    assert sum(step.right.n for step in steps) == sum(a.card.probe for a in history)
    assert all(step.right.n == 10 for step in steps[:-1])
    assert steps[-2].right.value > steps[0].right.value
    assert all(step.right.low <= step.right.value <= step.right.high for step in steps)
    assert learning_curve([]) == []


def test_a_training_is_brought_back_from_its_answers_and_what_is_not_of_it_is_passed_over():
    training = draw_round(3, 60)
    history, answers = [], []
    for place in range(1, 40):
        card = training.choose(history)
        reference = training.cells[card.image_id].reference
        wrong = training.cells[card.image_id].facts["size"] == "small"
        said = next(name for name in CLASSES if (name != reference) == wrong)
        answers.append(Answer(training.id, "Ann", place, card.image_id, said))
        history.append(Attempt(card, not wrong))
    assert replay_training(training, answers) == history
    assert replay_training(training, [*answers, *reversed(answers)]) == history
    foreign = [
        Answer("0" * 16, "Ann", 99, answers[0].image_id, "Unsure"),
        Answer(training.id, "Ann", 98, "0" * 64, "Unsure"),
    ]
    assert replay_training(training, [*foreign, *answers]) == history
    cut = replay_training(training, answers[1:])
    assert [attempt.right for attempt in cut] == [attempt.right for attempt in history[1:]]
    assert {fact for cell in training.cells.values() for fact in cell.facts} == {"form", "stain", "size"}
    assert len({cell.facts["stain"] for cell in training.cells.values()}) == 3
