"""Kappa with the reference: its interval holds the truth at least 95 times in 100, over all results."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from malaria.metrics import exact_kappa
from malaria.metrics._exact_kappa import order_results
from malaria.metrics._rates import Rate, kappa_at, kappa_of

RATES = (0.99, 0.95, 0.9, 0.8, 0.7)


def rough(found: int, parasitized: int, cleared: int, uninfected: int) -> Rate:
    """The interval as networks with thousands of cells get it."""
    n = parasitized + uninfected
    shares = Rate.exact_share(found, parasitized, "-"), Rate.exact_share(cleared, uninfected, "-")
    return kappa_of(*shares, parasitized / n, n)


@pytest.fixture(scope="module")
def results() -> dict[tuple[int, int], Rate]:
    """Of thirty cells of either class, all that a reader with the rates above gets but once in a million times."""
    return {(a, b): exact_kappa(a, 30, b, 30) for a in range(9, 31) for b in range(9, a + 1)}


@pytest.mark.parametrize("sensitivity", RATES)
@pytest.mark.parametrize("specificity", RATES)
def test_the_interval_holds_the_truth_and_is_no_wider_than_the_rough_one(results, sensitivity, specificity):
    truth, chance = (
        kappa_at(0.5, sensitivity, specificity),
        np.outer(*(binom.pmf(np.arange(31), 30, rate) for rate in (sensitivity, specificity))),
    )
    held = width = before = 0.0
    for (a, b), rate in results.items():
        p = chance[a, b] + chance[b, a] * (a != b)
        held += p * (rate.low <= truth + 1e-9 and truth - 1e-9 <= rate.high)
        width += p * (rate.high - rate.low)
        old = rough(a, 30, b, 30)
        before += p * (old.high - old.low)
    assert held >= 0.95
    assert width <= before


@given(st.data(), st.integers(1, 40), st.integers(1, 40))
def test_the_limits_are_around_the_value_and_rise_with_both_counts(data, parasitized, uninfected):
    low, high = order_results(parasitized, uninfected)
    assert all((np.diff(limit, axis=axis) > -1e-9).all() for limit in (low, high) for axis in (0, 1))
    found, cleared = data.draw(st.integers(0, parasitized)), data.draw(st.integers(0, uninfected))
    one = exact_kappa(found, parasitized, cleared, uninfected)
    n = parasitized + uninfected
    assert one.value == pytest.approx(kappa_at(parasitized / n, found / parasitized, cleared / uninfected))
    assert -1 <= one.low <= one.value <= one.high <= 1
    assert one.n == n
    mirrored = exact_kappa(cleared, uninfected, found, parasitized)
    assert (mirrored.low, mirrored.high) == (pytest.approx(one.low, abs=2e-3), pytest.approx(one.high, abs=2e-3))


def test_without_an_error_only_the_low_limit_is_uncertain():
    one = exact_kappa(30, 30, 30, 30)
    assert (one.value, one.high) == (1, 1)
    assert one.low == pytest.approx(2 * 0.025 ** (1 / 60) - 1, abs=1e-4)
