"""The uncertainty of the cell rates, carried through."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.sample import CellRates, MeasuredRate, rule_interval, sample_rule


@given(st.integers(1, 20_000), st.integers(1, 60), st.integers(0, 40), st.sampled_from([0.0, 0.01]), st.data())
def test_every_pair_of_rates_in_the_box_gives_a_rule_inside(cells, missed, false_alarms, rho, data):
    sensitivity, fpr = MeasuredRate(1_000 - missed, 1_000), MeasuredRate(false_alarms, 1_000)
    interval = rule_interval(cells, sensitivity, fpr, rho)
    each = np.sqrt(0.95)
    s = data.draw(st.floats(*sensitivity.interval(each)))
    f = data.draw(st.floats(*fpr.interval(each)))
    limit = sample_rule(cells, CellRates(s, f, rho)).limit_of_detection
    low, high = interval.limit_of_detection
    if limit is None:
        assert high is None
    else:
        assert low is not None
        assert low * (1 - 1e-6) <= limit
        assert high is None or limit <= high * (1 + 1e-6)


def test_the_count_threshold_has_the_interval_of_the_false_positive_rate():
    fpr = MeasuredRate(28, 1_000)
    interval = rule_interval(1_000, MeasuredRate(947, 1_000), fpr)
    ends = [sample_rule(1_000, CellRates(1, end)).count_threshold for end in fpr.interval()]
    assert list(interval.count_threshold) == ends


def test_more_cells_measured_narrow_it():
    wide = rule_interval(1_000, MeasuredRate(95, 100), MeasuredRate(3, 100))
    narrow = rule_interval(1_000, MeasuredRate(9_500, 10_000), MeasuredRate(300, 10_000))
    assert wide.count_threshold[0] < narrow.count_threshold[0] <= narrow.count_threshold[1] < wide.count_threshold[1]
    assert wide.limit_of_detection[0] < narrow.limit_of_detection[0]
    assert narrow.limit_of_detection[1] < wide.limit_of_detection[1]


def test_it_holds_the_true_limit_of_detection_at_least_as_often_as_it_says():
    rng = np.random.default_rng(4)
    truth = sample_rule(1_000, CellRates(0.947, 0.028)).limit_of_detection
    held = 0
    for _ in range(300):
        sensitivity, fpr = MeasuredRate(rng.binomial(400, 0.947), 400), MeasuredRate(rng.binomial(900, 0.028), 900)
        low, high = rule_interval(1_000, sensitivity, fpr).limit_of_detection
        held += low <= truth <= high
    assert held / 300 == pytest.approx(0.98, abs=0.02)
