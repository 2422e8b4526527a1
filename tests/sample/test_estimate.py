"""A parasitaemia from a real count: never negative, honest at zero, with the coverage it claims."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from malaria.errors import SampleError
from malaria.sample import CellRates, at_least, estimate_parasitaemia, exactly, fewer_than

telling = st.builds(
    lambda s, share, rho: CellRates(s, s * share, rho),
    st.floats(0.1, 1),
    st.floats(0, 0.8),
    st.one_of(st.just(0.0), st.floats(1e-5, 0.3)),
)


@given(st.integers(1, 100_000), st.floats(0, 1), telling)
def test_the_estimate_lies_in_its_interval_and_is_never_negative(cells, share, rates):
    estimate = estimate_parasitaemia(round(share * cells), cells, rates)
    assert 0 <= estimate.interval.low <= estimate.interval.high <= 1
    assert 0 <= estimate.parasitaemia <= 1
    if rates.overdispersion == 0:
        assert estimate.interval.low <= estimate.parasitaemia + 1e-12
        assert estimate.parasitaemia <= estimate.interval.high + 1e-12


@given(st.integers(2, 10_000), st.floats(0, 1), telling)
def test_one_more_flagged_cell_never_lowers_anything(cells, share, rates):
    count = min(round(share * cells), cells - 1)
    fewer, more = (estimate_parasitaemia(x, cells, rates) for x in (count, count + 1))
    assume(fewer.as_few_in_healthy > 1e-99)
    assert fewer.parasitaemia <= more.parasitaemia
    assert fewer.interval.low <= more.interval.low + 1e-9
    assert fewer.interval.high <= more.interval.high + 1e-9


@pytest.mark.parametrize(("count", "cells"), [(1, 50), (7, 350), (349, 350), (350, 350), (12, 1_000_000)])
def test_perfect_rates_give_clopper_and_pearson(count, cells):
    exact = stats.binomtest(count, cells).proportion_ci(0.95, method="exact")
    interval = estimate_parasitaemia(count, cells, CellRates(1, 0)).interval
    assert interval == pytest.approx((exact.low, exact.high), rel=1e-8)


@pytest.mark.parametrize("fpr", [0.0, 0.001, 0.028])
def test_an_empty_count_follows_the_rule_of_three(fpr):
    """Also where false alarms were to be expected: that none came is no further evidence against infection."""
    estimate = estimate_parasitaemia(0, 1_000, CellRates(1, fpr))
    assert estimate.parasitaemia == 0
    assert estimate.interval.low == 0
    assert estimate.interval.high == pytest.approx(3 / 1_000, rel=0.01)
    assert estimate.per_ul()[1].high == pytest.approx(15_000, rel=0.01)


@pytest.mark.parametrize(
    "rates", [CellRates(1, 0), CellRates(0.9, 0.03), CellRates(0.9, 0.03, 0.02), CellRates(0.6, 0.1)]
)
def test_the_interval_holds_the_truth_as_often_as_it_says(rates):
    """By summing over every count there can be, no simulation."""
    cells = 90
    intervals = [estimate_parasitaemia(count, cells, rates).interval for count in range(cells + 1)]
    for p in (0.0, 0.005, 0.05, 0.4):
        covered = [count for count, (low, high) in enumerate(intervals) if low <= p <= high]
        assert sum(exactly(count, cells, p, rates) for count in covered) >= 0.95


def test_the_ends_of_the_interval_are_where_the_count_becomes_rare():
    rates = CellRates(0.947, 0.028, 0.02)
    estimate = estimate_parasitaemia(200, 1_000, rates)
    assert at_least(200, 1_000, estimate.interval.low, rates) == pytest.approx(0.025, rel=1e-6)
    as_few = fewer_than(201, 1_000, 0.0, rates)
    assert fewer_than(201, 1_000, estimate.interval.high, rates) == pytest.approx(0.025 * as_few, rel=1e-6)
    assert estimate.as_many_in_healthy == at_least(200, 1_000, 0.0, rates)
    assert estimate.as_few_in_healthy == as_few


def test_a_count_no_infection_can_explain_ends_at_one():
    estimate = estimate_parasitaemia(1_000, 1_000, CellRates(0.5, 0.01))
    assert estimate.parasitaemia == 1
    assert estimate.interval == (1, 1)


def test_a_count_far_below_the_false_alarms_is_said_to_be_one():
    estimate = estimate_parasitaemia(0, 100_000, CellRates(0.9, 0.1))
    assert estimate.as_few_in_healthy < 1e-300
    assert estimate.interval.high == pytest.approx(3 / 100_000 / 0.9, rel=0.01)


@pytest.mark.parametrize("rates", [CellRates(0.5, 0.5), CellRates(0.2, 0.5), CellRates(0, 0)])
def test_rates_that_tell_nothing_are_refused(rates):
    with pytest.raises(SampleError, match="exceeds the cell false-positive rate"):
        estimate_parasitaemia(1, 10, rates)


@pytest.mark.parametrize(("count", "cells"), [(11, 10), (-1, 10), (0, 0), (0.5, 10)])
def test_impossible_counts_are_refused(count, cells):
    with pytest.raises(SampleError):
        estimate_parasitaemia(count, cells, CellRates(1, 0))
