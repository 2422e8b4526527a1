"""A sample's own null: read off the bulk, whatever the laboratory, and how far a cell stands out of it."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from malaria.smear.null import STANDS_OUT, expected_false, false_discoveries, standing_out

SEEDS = st.integers(0, 10_000)


def a_sample(seed, n=2000, middle=-3.0, spread=1.0, parasitized=0.0):
    """Log-odds of uninfected cells of one laboratory, those of parasitized ones last."""
    rng = np.random.default_rng(seed)
    k = round(parasitized * n)
    return np.concatenate([rng.normal(middle, spread, n - k), rng.normal(middle + 9 * spread, spread, k)])


@given(SEEDS, st.floats(-8, 0), st.floats(0.4, 2.5))
@settings(max_examples=30, deadline=None)
def test_laboratories_that_differ_in_level_and_spread_alone_come_to_the_same(seed, middle, spread):
    usual = standing_out(expit(a_sample(seed)), ["a"] * 2000, [0] * 2000)
    other = standing_out(expit(a_sample(seed, middle=middle, spread=spread)), ["a"] * 2000, [0] * 2000)
    np.testing.assert_allclose(other, usual, atol=0.15)


@pytest.mark.parametrize("parasitized", [0.001, 0.01, 0.05, 0.1])
def test_parasitized_cells_hardly_move_the_null_they_stand_out_of(parasitized):
    far = standing_out(expit(a_sample(1, parasitized=parasitized)), ["a"] * 2000, [0] * 2000)
    k = round(parasitized * 2000)
    assert (far[-k:] >= STANDS_OUT).mean() >= 0.9
    assert (far[:-k] >= STANDS_OUT).mean() < 0.001


def test_a_field_stained_darker_than_the_others_is_held_against_itself():
    dark = a_sample(2, 300, middle=-1)
    p = expit(np.concatenate([*(a_sample(seed, 300, middle=-5) for seed in (3, 4, 5)), dark]))
    fields = np.repeat(["a", "b", "c", "dark"], 300)
    far = standing_out(p, fields, [0] * 1200)
    assert abs(np.median(far[-300:])) < 0.6
    assert np.median(standing_out(p, ["all"] * 1200, [0] * 1200)[-300:]) > 1


def test_clumps_are_held_against_clumps():
    p = expit(np.concatenate([a_sample(6, 1000, middle=-6), a_sample(7, 200, middle=-2)]))
    far = standing_out(p, ["a"] * 1200, np.repeat(["whole", "clump"], [1000, 200]))
    assert abs(np.median(far[1000:])) < 1


def test_a_field_of_few_cells_is_held_against_the_sample():
    many, few = a_sample(8, 1000, middle=-5), np.full(3, 1.0)
    far = standing_out(expit(np.concatenate([many, few])), np.repeat(["many", "few"], [1000, 3]), [0] * 1003)
    assert far[-3:].min() >= STANDS_OUT


def test_of_two_cells_suspected_alike_that_with_a_dark_spot_stands_out_farther_but_a_spot_alone_does_not():
    p = expit(np.append(a_sample(9, 1000), [0.0, 0.0, -3.0]))
    dark = np.append(np.random.default_rng(10).normal(0.1, 0.03, 1000), [0.1, 0.4, 5.0])
    far = standing_out(p, ["a"] * 1003, [0] * 1003, dark)
    assert far[-2] > far[-3] + 1
    assert far[-1] < STANDS_OUT / 2


@given(st.lists(st.floats(0, 1), max_size=40), SEEDS)
@settings(deadline=None)
def test_whatever_the_answers_each_cell_gets_a_finite_number_and_a_higher_p_of_one_place_none_lower(p, seed):
    fields = np.random.default_rng(seed).choice(["a", "b"], len(p))
    far = standing_out(p, fields, [0] * len(p))
    assert far.shape == (len(p),)
    assert np.isfinite(far).all()
    for name in set(fields):
        mine = np.argsort(np.array(p)[fields == name], kind="stable")
        assert (np.diff(far[fields == name][mine]) >= -1e-9).all()


def test_the_false_discovery_rate_falls_with_distance_and_is_near_one_where_nothing_stands_out():
    far = np.concatenate([np.linspace(-2, 2, 990), np.full(10, 9.0)])
    rate = false_discoveries(far)
    assert rate[-1] == pytest.approx(expected_false(9.0) * 100)
    assert rate[500] > 0.7
    assert (np.diff(rate[np.argsort(far)]) <= 1e-12).all()


def test_fewer_uninfected_cells_are_expected_the_farther_they_would_stand_out():
    shares = [expected_false(far) for far in np.arange(0, 15, 0.5)]
    assert all(a >= b for a, b in pairwise(shares))
    assert expected_false(STANDS_OUT) < 0.012
