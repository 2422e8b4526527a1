"""Measured rates: their interval, and what a rate of zero is worth."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from malaria.errors import SampleError
from malaria.sample import MeasuredRate


@pytest.mark.parametrize(("events", "trials"), [(1, 20), (118, 4_200), (4_199, 4_200)])
def test_the_interval_is_jeffreys(events, trials):
    expected = proportion_confint(events, trials, 0.05, method="jeffreys")
    assert MeasuredRate(events, trials).interval() == pytest.approx(expected, rel=1e-9)


def test_no_events_and_nothing_but_events_reach_the_ends():
    assert MeasuredRate(0, 100).interval().low == 0
    assert MeasuredRate(100, 100).interval().high == 1


@given(st.integers(0, 1_000), st.integers(1, 1_000), st.floats(1, 50))
def test_cells_of_one_slide_say_less_than_independent_ones(events, more, effect):
    alike, apart = MeasuredRate(events, events + more, effect), MeasuredRate(events, events + more)
    assert alike.estimate == apart.estimate
    assert alike.interval().low <= apart.interval().low + 1e-9
    assert alike.interval().high >= apart.interval().high - 1e-9


def test_a_rate_of_zero_is_not_believed():
    assert MeasuredRate(0, 999).cautious == pytest.approx(0.0005)
    assert MeasuredRate(999, 999).cautious == pytest.approx(0.9995)


@pytest.mark.parametrize("values", [(2, 1), (-1, 1), (0, 0), (0, 1, 0.5), (float("nan"), 1)])
def test_impossible_measurements_are_refused(values):
    with pytest.raises(SampleError):
        MeasuredRate(*values)
