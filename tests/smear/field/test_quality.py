"""What is wrong with a picture is said with its reason and its mend; a good field raises no concern."""

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.smear import calibrate, concerns, segment


def codes(rgb):
    about = calibrate(rgb)
    return [concern.code for concern in concerns(rgb, about, segment(rgb, about))]


@pytest.mark.parametrize("seed", range(4))
def test_a_good_field_raises_no_concern(seed):
    assert codes(phantom.field(seed=seed).rgb) == []


def blurred(rgb):
    return cv2.GaussianBlur(rgb, (0, 0), 7)


def over_exposed(rgb):
    return np.clip(rgb * 1.5, 0, 255).astype(np.uint8)


def dark(rgb):
    return (rgb * 0.25).astype(np.uint8)


def small_cells(rgb):
    return cv2.resize(rgb, None, fx=0.22, fy=0.22, interpolation=cv2.INTER_AREA)


def not_a_smear(rgb):
    return rgb.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("spoil", [blurred, over_exposed, dark, small_cells, not_a_smear])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_spoilt_field_is_told_for_what_it_is(spoil, seed):
    assert spoil.__name__ in codes(spoil(phantom.field(seed=seed).rgb))


def test_too_few_and_too_many_cells():
    assert "empty" in codes(phantom.field(cells=2, leukocytes=0).rgb)
    assert "dense" in codes(phantom.field(cells=450).rgb)


def test_a_thick_film_is_recognised():
    rng = np.random.default_rng(0)
    rgb = np.full((960, 1280, 3), (205, 190, 200), np.uint8)
    for x, y in zip(rng.integers(60, 1220, 12).tolist(), rng.integers(60, 900, 12).tolist(), strict=True):
        cv2.circle(rgb, (x, y), 24, (80, 40, 130), -1)
        cv2.circle(rgb, (x + 18, y + 8), 24, (80, 40, 130), -1)
    assert "thick_film" in codes(cv2.GaussianBlur(rgb, (0, 0), 1.5))


@pytest.mark.parametrize(
    ("rgb", "code"),
    [
        (np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8), "not_a_smear"),
        (np.zeros((300, 400, 3), np.uint8), "empty"),
        (np.full((300, 400, 3), 255, np.uint8), "empty"),
    ],
    ids=["noise", "black", "white"],
)
def test_what_is_no_smear_is_said_but_never_refused(rgb, code):
    assert code in codes(rgb)


def test_every_concern_says_why_and_what_to_do():
    rgb = blurred(dark(phantom.field(cells=3).rgb))
    about = calibrate(rgb)
    listed = concerns(rgb, about, segment(rgb, about))
    assert len(listed) >= 2
    for concern in listed:
        assert concern.sentence.endswith(".")
        assert concern.sentence.count(". ") >= 1
