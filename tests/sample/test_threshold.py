"""The count threshold and the limit of detection: published check values, definitions, monotonicity, edges."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.errors import SampleError
from malaria.sample import CellRates, at_least, count_threshold, limit_of_detection, sample_rule

CHECK_VALUES = [
    (0.947, 0.028, 0.0, 38, 2.219),
    (0.947, 0.028, 0.003, 48, 4.050),
    (0.947, 0.028, 0.02, 76, 8.327),
    (0.98, 0.001, 0.0, 4, 0.688),
    (0.98, 0.001, 0.003, 6, 1.010),
    (0.98, 0.001, 0.02, 6, 1.048),
]
"""Sensitivity, false-positive rate, overdispersion, count threshold, limit of detection in percent, for 1,000 cells."""

rates_that_tell = st.builds(
    lambda s, share, rho: CellRates(s, s * share, rho),
    st.floats(0.05, 1),
    st.one_of(st.floats(0, 0.9), st.floats(-8, -1).map(lambda x: 10**x)),
    st.one_of(st.just(0.0), st.floats(-6, -0.31).map(lambda x: 10**x)),
)
alike = rates_that_tell.map(lambda rates: CellRates(rates.sensitivity, rates.false_positive_rate))
targets = st.floats(0.5, 0.9999)


@pytest.mark.parametrize(("sensitivity", "fpr", "rho", "count", "percent"), CHECK_VALUES)
def test_check_values(sensitivity, fpr, rho, count, percent):
    rule = sample_rule(1_000, CellRates(sensitivity, fpr, rho))
    assert rule.count_threshold == count
    assert round(100 * rule.limit_of_detection, 3) == percent
    assert rule.limit_of_detection_per_ul() == pytest.approx(rule.limit_of_detection * 5_000_000)


@given(st.integers(1, 10_000_000), rates_that_tell, targets)
def test_the_count_threshold_is_the_smallest_that_keeps_the_specificity(cells, rates, specificity):
    count = count_threshold(cells, rates, specificity)
    assert count == cells + 1 or at_least(count, cells, 0.0, rates) <= (1 - specificity) * (1 + 1e-9)
    assert at_least(count - 1, cells, 0.0, rates) > (1 - specificity) * (1 - 1e-9)


@given(st.integers(1, 1_000_000), rates_that_tell, targets)
def test_the_limit_of_detection_is_the_smallest_parasitaemia_that_keeps_the_sensitivity(cells, rates, sensitivity):
    count = count_threshold(cells, rates)
    limit = limit_of_detection(count, cells, rates, sensitivity)
    if limit is None:
        assert at_least(count, cells, 1.0, rates) < sensitivity
    elif limit > 0:
        assert at_least(count, cells, limit, rates) == pytest.approx(sensitivity, rel=1e-6)
        below = [at_least(count, cells, limit * share, rates) for share in (0.3, 0.9, 0.999)]
        assert max(below) < sensitivity


@given(st.integers(1, 1_000_000), rates_that_tell, targets, targets)
def test_more_specificity_never_lowers_the_count_threshold(cells, rates, one, other):
    low, high = sorted((one, other))
    assert count_threshold(cells, rates, low) <= count_threshold(cells, rates, high)


@given(st.integers(1, 1_000_000), rates_that_tell, st.floats(0, 1))
def test_fewer_false_alarms_never_raise_the_count_threshold(cells, rates, share):
    fewer = CellRates(rates.sensitivity, rates.false_positive_rate * share, rates.overdispersion)
    assert count_threshold(cells, fewer) <= count_threshold(cells, rates)


@given(st.integers(1, 1_000_000), rates_that_tell, st.floats(0, 1), targets)
def test_a_more_sensitive_reader_never_raises_the_limit(cells, rates, share, wanted):
    better = CellRates(
        rates.sensitivity + share * (1 - rates.sensitivity), rates.false_positive_rate, rates.overdispersion
    )
    count = count_threshold(cells, rates)
    limit, lower = (limit_of_detection(count, cells, r, wanted) for r in (rates, better))
    assert limit is None or lower <= limit * (1 + 1e-9)


@given(st.integers(1, 1_000_000), st.integers(1, 1_000_000), alike, st.integers(1, 50))
def test_at_one_count_more_cells_never_raise_the_limit(cells, more, rates, count):
    count = min(count, cells)
    limit = limit_of_detection(count, cells, rates)
    assert limit is None or limit_of_detection(count, cells + more, rates) <= limit


@given(st.integers(1, 1_000_000), alike)
def test_four_times_the_cells_never_raise_the_limit(cells, rates):
    """One cell more can: the count threshold moves in whole cells, and that costs more than one cell brings."""
    limit = sample_rule(cells, rates).limit_of_detection
    assert limit is None or sample_rule(4 * cells, rates).limit_of_detection <= limit


def test_overdispersion_puts_a_floor_under_the_limit():
    limits = [sample_rule(10**n, CellRates(0.947, 0.028, 0.02)).limit_of_detection for n in (3, 5, 7)]
    assert all(later < earlier for earlier, later in itertools.pairwise(limits))
    assert limits[-1] > 0.99 * limits[-2]


@pytest.mark.parametrize(
    ("cells", "rates", "count", "limit"),
    [
        (1, CellRates(1, 0), 1, 0.95),
        (1, CellRates(1, 0.05), 1, (0.95 - 0.05) / 0.95),
        (1, CellRates(1, 0.06), 2, None),
        (1_000, CellRates(1, 0), 1, 1 - 0.05 ** (1 / 1_000)),
        (1_000, CellRates(0, 0), 1, None),
        (1_000, CellRates(1, 1), 1_001, None),
        (1_000, CellRates(0.5, 0.5), 527, None),
        (1_000, CellRates(0.2, 0.5), 527, None),
        (1_000, CellRates(0.2, 0.5, 0.1), 763, None),
        (1_000, CellRates(0.01, 0), 1, (1 - 0.05 ** (1 / 1_000)) / 0.01),
        (10_000_000, CellRates(1, 0), 1, 1 - 0.05 ** (1 / 10_000_000)),
    ],
)
def test_edges(cells, rates, count, limit):
    rule = sample_rule(cells, rates)
    assert rule.count_threshold == count
    assert rule.limit_of_detection == (None if limit is None else pytest.approx(limit, rel=1e-9))
    assert rule.sample_specificity >= 0.95 - 1e-12


def test_a_rule_that_calls_everything_positive_detects_everything():
    assert limit_of_detection(0, 100, CellRates(0.9, 0.1)) == 0
    assert limit_of_detection(1, 100, CellRates(0.9, 0.5)) == 0


@pytest.mark.parametrize("target", [0, 1, -1, 2, float("nan"), "high"])
def test_targets_out_of_range_are_refused(target):
    with pytest.raises(SampleError, match="target"):
        sample_rule(100, CellRates(1, 0), target_specificity=target)
    with pytest.raises(SampleError, match="target"):
        sample_rule(100, CellRates(1, 0), target_sensitivity=target)


def test_review_keeps_what_the_person_keeps():
    reviewed = CellRates(0.95, 0.02, 0.01).reviewed(0.98, 0.1)
    assert (reviewed.sensitivity, reviewed.false_positive_rate, reviewed.overdispersion) == pytest.approx(
        (0.931, 0.002, 0.01)
    )
