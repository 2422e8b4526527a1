"""A split by image puts cells of one patient on both sides; a split by patient does not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.dataset import split_by_image, split_by_patient

PATIENTS = [f"C{n % 20}" for n in range(400)]


def test_by_image_leaks_every_patient() -> None:
    leak = split_by_image(PATIENTS)
    assert leak.n_held_out == 80
    assert leak.leaked == 80
    assert leak.patients_on_both_sides == 20


def test_by_patient_leaks_nobody() -> None:
    leak = split_by_patient(PATIENTS)
    assert leak.n_held_out == 80
    assert leak.leaked == leak.patients_on_both_sides == 0


@pytest.mark.parametrize("seed", range(10))
def test_by_patient_comes_as_near_to_the_share_as_whole_patients_allow(seed: int) -> None:
    leak = split_by_patient([f"C{n % 10}" for n in range(200)] + ["C10", "C11"], seed=seed)
    assert leak.n_held_out in (40, 41, 42)


def test_counts_say_where_the_cells_of_each_patient_are() -> None:
    leak = split_by_patient(["b", "a", "b", "b"], seed=1)
    assert sum(trained + held for _, trained, held in leak.counts()) == 4
    assert [name for name, _, _ in leak.counts()] == ["a", "b"]
    assert all(0 in (trained, held) for _, trained, held in leak.counts())


@given(st.lists(st.integers(0, 8), min_size=2, max_size=80), st.floats(0.05, 0.95), st.integers(0, 9))
def test_whatever_the_patients(patients: list[int], share: float, seed: int) -> None:
    leak = split_by_patient(patients, share, seed)
    assert leak.leaked == 0
    if len(set(patients)) > 1:
        assert 0 < leak.n_held_out < len(patients)
    by_image = split_by_image(patients, share, seed)
    assert by_image.n_held_out == round(share * len(patients))
    assert 0 <= by_image.leaked <= by_image.n_held_out


@pytest.mark.parametrize("split", [split_by_image, split_by_patient])
def test_the_same_seed_splits_alike(split: type) -> None:
    first, again, other = (split(PATIENTS, seed=seed).held_out for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_one_patient_cannot_be_split() -> None:
    assert split_by_patient(["C1"] * 5).n_held_out == 0
