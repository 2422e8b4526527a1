"""The jitter of a source is as strong as it is written there, on the whole picture."""

import colorsys

import numpy as np
import pytest

from malaria.training.jitter import Jitter, shift_hue

COLOURS = np.random.default_rng(0).random((1, 8, 8, 3), np.float32)


@pytest.mark.parametrize("share", [-0.2, 0.0, 0.1, 0.5])
def test_the_hue_goes_round_the_circle(share: float) -> None:
    shifted = np.asarray(shift_hue(COLOURS, np.float32(share))).reshape(-1, 3)
    for before, after in zip(COLOURS.reshape(-1, 3).tolist(), shifted.tolist(), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*before)
        assert after == pytest.approx(colorsys.hsv_to_rgb((hue + share) % 1, saturation, value), abs=1e-4)


def test_brightness_goes_up_and_down_by_the_amount_the_surround_too() -> None:
    greys = np.asarray(Jitter(0.2, seed=1)(np.full((500, 4, 4, 3), 0.5, np.float32)))[:, 0, 0, 0]
    assert (greys.min(), greys.max()) == pytest.approx((0.3, 0.7), abs=0.01)
    black = np.asarray(Jitter(0.2)(np.zeros((500, 4, 4, 3), np.float32)))[:, 0, 0, 0]
    assert (black == 0).mean() == pytest.approx(0.5, abs=0.1), "half go down, and are clipped"
    assert black.max() == pytest.approx(0.2, abs=0.01)


def test_hue_is_shifted_by_the_amount_of_the_circle_at_most() -> None:
    red = np.asarray(Jitter(0.2, seed=2)(np.full((500, 2, 2, 3), (0.6, 0.3, 0.3), np.float32)))[:, 0, 0]
    hues = np.array([(colorsys.rgb_to_hsv(*one)[0] + 0.5) % 1 - 0.5 for one in red.tolist()])
    assert (hues.min(), hues.max()) == pytest.approx((-0.2, 0.2), abs=0.01)


def test_contrast_changes_by_the_amount_and_nothing_leaves_the_range() -> None:
    halves = np.full((2000, 2, 2, 3), 0.45, np.float32)
    halves[:, 0] = 0.55
    changed = np.asarray(Jitter(0.2, seed=3)(halves))
    spread = changed[:, 0, 0, 0] - changed[:, 1, 0, 0]
    assert (spread.min(), spread.max()) == pytest.approx((0.08, 0.12), abs=0.002)
    loud = np.asarray(Jitter(0.2)(np.repeat(COLOURS, 50, axis=0)))
    assert loud.min() >= 0
    assert loud.max() <= 1
