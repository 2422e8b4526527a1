"""Whether a sample is like the patients that the model was measured on."""

import shutil

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from malaria.model.card import read_card
from malaria.model.classifier import MODELS_DIR
from malaria.model.held_out import read_held_out
from malaria.smear.shift import Home, home_of

PATIENTS = 60
THRESHOLD = 0.5


def patients(seed=0, n=PATIENTS, middle=-8.0):
    """Log-odds of the uninfected cells of patients who differ by half a unit."""
    rng = np.random.default_rng(seed)
    return [rng.normal(rng.normal(middle, 0.5), 1.0, 65) for _ in range(n)]


@pytest.fixture(scope="module")
def home():
    each = patients()
    return Home.of(expit(np.concatenate(each)), np.repeat(np.arange(PATIENTS), 65), THRESHOLD)


def look(home, *fields):
    return home.look(expit(np.concatenate(fields)), np.repeat(np.arange(len(fields)), [len(one) for one in fields]))


def test_another_patient_of_home_is_not_shifted(home):
    told = [look(home, one) for one in patients(seed=1, n=300)]
    assert sum(one.shifted for one in told) <= 9, "3 %, of 60 patients at home"
    assert all(one.is_known and (one.reason is None) != one.shifted for one in told)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3, 0.6])
def test_no_number_of_parasites_makes_a_shift(home, share):
    cells = np.concatenate(
        [np.full(round(200 * share), 6.0), patients(seed=2)[0].repeat(4)[: round(200 * (1 - share))]]
    )
    assert not look(home, cells).shifted


@pytest.mark.parametrize("cells", [20, 65, 2000])
def test_another_laboratory_is_told_in_a_sentence(home, cells):
    found = look(home, np.random.default_rng(3).normal(-3, 1.5, cells))
    assert found.shifted
    assert found.is_known
    assert "not like those of the 60 patients" in found.reason
    assert found.reason.endswith(".")
    assert found.middle > found.limit


def test_a_sample_that_nearly_all_looks_parasitized_is_shifted(home):
    assert look(home, np.full(200, 3.0)).shifted


def test_two_fields_unlike_home_are_enough_among_ten(home):
    rng = np.random.default_rng(4)
    usual = [rng.normal(-8, 1, 100) for _ in range(8)]
    assert not look(home, *usual).shifted
    found = look(home, *usual, rng.normal(-4, 1, 100), rng.normal(-4, 1, 100))
    assert found.shifted
    assert "2 of 10 fields" in found.reason


def test_with_too_few_cells_or_patients_nothing_is_told(home):
    few = look(home, np.full(19, 3.0))
    assert (few.shifted, few.is_known) == (False, False)
    assert "Too few red cells, 19," in few.reason
    unknown = look(Home.of([], [], THRESHOLD), np.full(100, 3.0))
    assert (unknown.shifted, unknown.is_known) == (False, False)
    assert unknown.reason


@given(st.lists(st.floats(0, 1), max_size=60), st.integers(0, 100))
@settings(max_examples=50, deadline=None)
def test_any_sample_is_answered_and_a_shift_has_its_reason(home, p, seed):
    found = home.look(p, np.random.default_rng(seed).integers(0, 3, len(p)))
    assert not found.shifted or found.reason
    assert found.is_known or found.reason


@pytest.mark.parametrize("model", ["cell-resnet", "mini-resnet", "seed-cnn-48", "seed-cnn-6"])
def test_of_the_patients_of_a_shipped_model_left_out_fewer_than_one_in_a_hundred_are_called_shifted(model):
    """Each patient against all others; a network measured anew has to keep this."""
    held_out = read_held_out(MODELS_DIR / model).scores().cells("undisputed")
    p, patient = (values[~held_out.infected] for values in (held_out.p_parasitized, held_out.patient))
    names = np.unique(patient)
    shifted = 0
    for left_out in np.array_split(np.random.default_rng(0).permutation(names), 10):
        mine = np.isin(patient, left_out)
        others = Home.of(p[~mine], patient[~mine], THRESHOLD)
        shifted += sum(others.look(p[patient == name], np.zeros((patient == name).sum())).shifted for name in left_out)
    assert shifted <= 0.01 * len(names)


def test_held_out_answers_that_are_put_right_are_read_anew(tmp_path, monkeypatch):
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path)
    folder = shutil.copytree(MODELS_DIR / "cell-resnet", tmp_path / "cell-resnet")
    card, file = read_card(folder), folder / "held_out.csv.gz"
    whole = file.read_bytes()
    file.write_bytes(whole[:1000])
    assert home_of(card) is None
    file.write_bytes(whole)
    assert home_of(card) is not None
