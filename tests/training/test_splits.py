"""No patient stands on two sides of a split, and a seed fixes it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malaria.errors import TrainingError
from malaria.training.splits import split_folds


@settings(max_examples=30)
@given(st.integers(8, 30), st.integers(2, 4), st.integers(0, 100))
def test_patients_never_cross_and_every_cell_is_held_out_once(patients: int, folds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    names = np.repeat(np.array([f"C{n}" for n in range(patients)], object), 6)
    labels = rng.integers(0, 2, names.size)
    labels[::6], labels[1::6] = 0, 1  # every patient has both
    splits = list(split_folds(labels, names, folds, seed))
    assert sorted(np.concatenate([split.held_out for split in splits])) == list(range(names.size))
    for split in splits:
        sides = [set(names[part]) for part in (split.train, split.validation, split.held_out)]
        assert len(set.union(*sides)) == sum(map(len, sides))
        assert set(labels[split.train]) == {0, 1}
    again = list(split_folds(labels, names, folds, seed))
    assert all(np.array_equal(a.train, b.train) for a, b in zip(splits, again, strict=True))


def test_a_class_that_holding_out_leaves_with_too_few_patients_is_refused() -> None:
    labels, names = np.tile([0, 1], 3), np.repeat(np.array(["A", "B", "C"], object), 2)
    with pytest.raises(TrainingError, match=r"one class keeps 1, and needs two: .* more --folds"):
        list(split_folds(labels, names, 2, 0))
    assert len(list(split_folds(labels, names, 3, 0))) == 3


def test_too_few_patients_are_refused() -> None:
    labels, names = np.array([0, 0, 1, 1]), np.array(["A", "B", "A", "A"], object)
    with pytest.raises(TrainingError, match="one class has 1"):
        list(split_folds(labels, names, 2, 0))
