"""Figures of networks for any number of classes: a probability that can be believed, and when there is no answer."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import softmax

from malaria.training.multiclass import SURE, calibrate_classes, find_sure_threshold, measure_classes

CLASSES = ("ant", "bee", "cow")


def held_out(n: int = 3000, overconfident: float = 1.0, seed: int = 0) -> pd.DataFrame:
    """Answers whose probabilities are true ones, their logarithms then multiplied by `overconfident`."""
    random = np.random.default_rng(seed)
    true = softmax(random.normal(0, 2, (n, 3)), axis=1)
    labels = [CLASSES[random.choice(3, p=one)] for one in true]
    given = softmax(overconfident * np.log(true), axis=1)
    patients = [f"C{number % 40}" for number in range(n)]
    return pd.DataFrame(
        {"label": labels, "patient": patients, **{f"p_{c}": given[:, i] for i, c in enumerate(CLASSES)}}
    )


@pytest.mark.parametrize("overconfident", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_too_much_and_too_little_confidence(overconfident: float) -> None:
    raw = held_out(overconfident=overconfident)
    table, temperature = calibrate_classes(raw, CLASSES)
    assert temperature == pytest.approx(overconfident, rel=0.1)
    p = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    right = np.asarray(CLASSES)[p.argmax(axis=1)] == table["label"]
    assert p.max(axis=1).mean() == pytest.approx(right.mean(), abs=0.02)
    assert (p.argmax(axis=1) == raw[[f"p_{name}" for name in CLASSES]].to_numpy().argmax(axis=1)).all()


def test_above_the_threshold_as_many_answers_are_right_as_promised() -> None:
    table = held_out()
    figures = measure_classes(table, CLASSES)["as_given"]
    p = table[[f"p_{name}" for name in CLASSES]].to_numpy()
    given = p.max(axis=1) >= figures.threshold
    right = np.asarray(CLASSES)[p.argmax(axis=1)] == table["label"]
    assert figures.accuracy == pytest.approx(right.mean())
    assert figures.ece == pytest.approx(0, abs=0.03), "these answers are honest"
    assert figures.answered == pytest.approx(given.mean())
    assert figures.accuracy_answered == pytest.approx(right[given].mean())
    assert figures.accuracy_answered >= SURE > figures.accuracy
    low, high = figures.intervals["accuracy_answered"]
    assert low < figures.accuracy_answered < high
    assert np.sum(figures.confusion_matrix) == figures.n == len(table)


@pytest.mark.parametrize(
    ("p", "right", "threshold"),
    [
        ([0.6, 0.9], [True, True], 0.01),
        ([0.6, 0.9], [False, True], 0.61),
        ([0.6, 0.9], [True, False], 0.99),
        ([0.5] * 5 + [0.8] * 19 + [0.9], [False] * 5 + [True] * 19 + [False], 0.51),
    ],
    ids=["all right", "the less likely wrong", "the likelier wrong", "19 of 20 right"],
)
def test_the_threshold_is_the_lowest_that_will_do(p: list[float], right: list[bool], threshold: float) -> None:
    assert find_sure_threshold(np.array(p), np.array(right)) == threshold
