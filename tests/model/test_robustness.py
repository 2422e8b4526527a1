"""A changed cell is the cell: amounts that change nothing change nothing, turns lose nothing, black stays black."""

from pathlib import Path

import numpy as np
import pytest

from malaria import phantom
from malaria.model import classifier as model
from malaria.model.robustness import KINDS, Kind, blur, brighten, robustness, shift_hue, turn
from tests.models import write_model

CELL = phantom.cell("trophozoite", seed=2)
BLACK = CELL.max(axis=2) == 0


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_neutral_amount_changes_nothing(kind: Kind) -> None:
    changed = kind.apply(CELL, kind.neutral).astype(int)
    rows, columns = np.flatnonzero(~BLACK.all(axis=1)), np.flatnonzero(~BLACK.all(axis=0))
    cut = CELL[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    whole = CELL if changed.shape == CELL.shape else cut
    assert np.abs(changed - whole).max() <= 1
    assert kind.neutral in kind.amounts


def test_a_quarter_turn_turns_anticlockwise() -> None:
    square = np.zeros((9, 9, 3), np.uint8)
    square[:] = 40
    square[0, 0] = (255, 0, 0)
    assert turn(square, 90)[8, 0].tolist() == [255, 0, 0]


@pytest.mark.parametrize("degrees", [30, 45, 135, 200])
def test_nothing_is_cut_off_by_a_turn(degrees: float) -> None:
    plain = np.full((40, 70, 3), 120, np.uint8)
    after = turn(plain, degrees)
    assert float(after.sum()) == pytest.approx(float(plain.sum()), rel=0.03)


def test_brightness_is_a_factor() -> None:
    grey = np.full((4, 4, 3), (100, 50, 250), np.uint8)
    assert brighten(grey, 1.2)[0, 0].tolist() == [120, 60, 255]
    assert (brighten(CELL, 1.3)[BLACK] == 0).all()


def test_a_blur_keeps_the_edge_and_the_mean() -> None:
    after = blur(CELL, 0.05)
    assert (after[BLACK] == 0).all()
    assert after[~BLACK].mean() == pytest.approx(CELL[~BLACK].mean(), rel=0.02)
    assert after[~BLACK].std() < CELL[~BLACK].std()


@pytest.mark.parametrize(("degrees", "colour"), [(120, (0, 200, 0)), (-120, (0, 0, 200)), (60, (200, 200, 0))])
def test_hue_goes_round(degrees: float, colour: tuple[int, int, int]) -> None:
    red = np.full((4, 4, 3), (200, 0, 0), np.uint8)
    assert shift_hue(red, degrees)[0, 0].tolist() == list(colour)


def test_every_change_is_answered(tmp_path: Path) -> None:
    write_model(tmp_path)
    classifier = model.load("tiny", tmp_path)
    red = np.full((20, 20, 3), (255, 0, 0), np.uint8)
    answers = robustness(classifier, red)
    assert list(answers) == [kind.name for kind in KINDS]
    for kind in KINDS:
        assert [changed.amount for changed in answers[kind.name]] == list(kind.amounts)
    said = {changed.amount: changed.p_parasitized for changed in answers["Hue"]}
    assert said[0] > 0.99, "the model knows red"
    assert said[-40] < said[0]
    assert said[30] < said[0]
