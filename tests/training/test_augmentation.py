"""Augmentation changes cells as asked, and nothing else."""

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.errors import TrainingError
from malaria.model.preprocessing import Preprocessing
from malaria.training.augmentation import Augment, Augmentation, to_hsv

CELLS = np.stack(
    [
        Preprocessing(height=40, width=40).fit_to_input(phantom.cell(form, slide=n, seed=n))
        for n, form in enumerate(phantom.FORMS)
    ]
)
FLOATS = CELLS.astype(np.float32) / 255


def changed(settings: Augmentation, seed: int = 0) -> np.ndarray:
    return np.asarray(Augment(settings, seed)(FLOATS))


def test_switched_off_it_changes_nothing() -> None:
    np.testing.assert_allclose(changed(Augmentation.none()), FLOATS, atol=1e-5)


@pytest.mark.parametrize("name", list(vars(Augmentation())))
def test_each_change_alone_changes_something_and_stays_in_range(name: str) -> None:
    others = [other for other in vars(Augmentation()) if other != name]
    several = np.stack([changed(Augmentation().without(*others), seed) for seed in range(6)])
    assert np.abs(several - FLOATS).max() > 0.01
    assert several.min() >= 0
    assert several.max() <= 1


@pytest.mark.parametrize("name", ["hue", "saturation", "stain", "brightness", "contrast"])
def test_colour_changes_leave_the_surround_black(name: str) -> None:
    others = [other for other in vars(Augmentation()) if other != name]
    assert changed(Augmentation().without(*others))[FLOATS.max(axis=-1) == 0].max() == 0


def test_flips_and_quarter_turns_lose_nothing() -> None:
    others = [name for name in vars(Augmentation()) if name not in ("flip", "quarter_turn")]
    turned = changed(Augmentation().without(*others), seed=2)
    for cell, result in zip(FLOATS, turned, strict=True):
        possible = [np.rot90(side, turns) for side in (cell, cell[:, ::-1]) for turns in range(4)]
        assert min(np.abs(one - result).max() for one in possible) < 1e-3


def test_the_same_seed_gives_the_same_changes() -> None:
    np.testing.assert_array_equal(changed(Augmentation(), 7), changed(Augmentation(), 7))
    assert np.abs(changed(Augmentation(), 7) - changed(Augmentation(), 8)).max() > 0.1


def test_hsv_is_that_of_opencv() -> None:
    expected = np.stack([cv2.cvtColor(cell, cv2.COLOR_RGB2HSV) for cell in CELLS]).astype(np.float32)
    difference = np.abs(np.asarray(to_hsv(FLOATS)) * 255 - expected)
    difference[..., 0] = np.minimum(difference[..., 0], 180 - difference[..., 0])  # hue is a circle
    assert difference.max() <= 1


def test_an_unknown_change_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=r"no augmentation named 'glitter'.*hue"):
        Augmentation().without("glitter")
