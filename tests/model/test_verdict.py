"""The answer in words, and the band in which there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.model.verdict import LOOKS_PARASITIZED, LOOKS_UNINFECTED, TOO_CLOSE, band, verdict


@pytest.mark.parametrize(
    ("threshold", "low", "high"),
    [(0.5, 0.25, 0.75), (0.2, 1 / 13, 3 / 7), (0.01, 1 / 298, 3 / 102), (0, 0, 0), (1, 1, 1)],
)
def test_band_is_three_to_one_around_the_threshold(threshold: float, low: float, high: float) -> None:
    assert band(threshold) == pytest.approx((low, high))


@pytest.mark.parametrize(
    ("p", "threshold", "words"),
    [
        (1.0, 0.5, LOOKS_PARASITIZED),
        (0.75, 0.5, LOOKS_PARASITIZED),
        (0.74, 0.5, TOO_CLOSE),
        (0.5, 0.5, TOO_CLOSE),
        (0.26, 0.5, TOO_CLOSE),
        (0.25, 0.5, LOOKS_UNINFECTED),
        (0.0, 0.5, LOOKS_UNINFECTED),
        (0.5, 0.1, LOOKS_PARASITIZED),
        (0.0, 0.0, LOOKS_PARASITIZED),
        (0.999, 1.0, LOOKS_UNINFECTED),
    ],
)
def test_words(p: float, threshold: float, words: str) -> None:
    assert verdict(p, threshold) == words


@given(st.floats(0.001, 0.999))
def test_band_holds_the_threshold_and_mirrors(threshold: float) -> None:
    low, high = band(threshold)
    assert 0 < low < threshold < high < 1
    assert band(1 - threshold) == pytest.approx((1 - high, 1 - low))
