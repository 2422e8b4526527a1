"""Mean pictures: exact, whatever the order and however they are put together, and hue is an angle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.dataset import Means, find_difference
from malaria.images import RGB

SIDE = 8


def plain(*colour: int, height: int = SIDE, width: int = SIDE) -> RGB:
    return np.full((height, width, 3), colour, np.uint8)


def means_of(*pictures: RGB) -> Means:
    means = Means(SIDE)
    for picture in pictures:
        means.add(picture)
    return means


def test_mean_of_plain_pictures_is_known() -> None:
    means = means_of(plain(10, 20, 30), plain(20, 40, 60), plain(60, 0, 0))
    assert means.n == 3
    assert means.rgb == pytest.approx(np.broadcast_to([30.0, 20.0, 30.0], (SIDE, SIDE, 3)))


def test_mean_is_that_of_a_stack() -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (50, SIDE, SIDE, 3), np.uint8)
    assert means_of(*pictures).rgb == pytest.approx(pictures.mean(axis=0))


def test_a_smaller_picture_lies_centred_on_black() -> None:
    mean = means_of(plain(100, 100, 100, width=4)).rgb
    assert (mean[:, 2:6] == 100).all()
    assert (mean[:, [0, 1, 6, 7]] == 0).all()


@given(st.integers(0, 6), st.integers(0, 6), st.integers(0, 2**16))
def test_merged_sums_are_those_of_all(first: int, second: int, seed: int) -> None:
    pictures = np.random.default_rng(seed).integers(0, 256, (first + second, SIDE, SIDE, 3), np.uint8)
    merged = means_of(*pictures[:first])
    merged.merge(means_of(*pictures[first:]))
    together = means_of(*pictures)
    assert merged.n == together.n
    assert merged.rgb == pytest.approx(together.rgb)
    assert merged.hsv == pytest.approx(together.hsv)


def test_before_the_first_picture_all_is_zero() -> None:
    assert not Means(SIDE).rgb.any()
    assert not Means(SIDE).hsv.any()


@pytest.mark.parametrize(
    ("pictures", "hue"),
    [
        ([plain(255, 0, 0)], 0),
        ([plain(0, 255, 0)], 60),
        ([plain(0, 0, 255)], 120),
        ([plain(255, 0, 0), plain(0, 255, 0)], 30),
        ([plain(255, 0, 20), plain(255, 20, 0)], 0),  # hues of 178 and 2: the mean goes the short way
        ([plain(255, 0, 0), plain(90, 90, 90)], 0),  # grey has no say
    ],
)
def test_mean_hue(pictures: list[RGB], hue: float) -> None:
    found = means_of(*pictures).hsv[0, 0, 0]
    assert min(abs(found - hue), 180 - abs(found - hue)) < 0.6
    assert 0 <= found < 180


def test_mean_saturation_and_value_are_plain_means() -> None:
    hsv = means_of(plain(255, 0, 0), plain(100, 100, 100)).hsv[0, 0]
    assert hsv[1:] == pytest.approx([127.5, 177.5])


def test_absolute_difference_goes_the_short_way_round_in_hue() -> None:
    a, b = np.full((1, 1, 3), [175.0, 10, 20]), np.full((1, 1, 3), [5.0, 30, 15])
    assert find_difference(a, b, hue=True).ravel() == pytest.approx([10, 20, 5])
    assert find_difference(a, b).ravel() == pytest.approx([170, 20, 5])
