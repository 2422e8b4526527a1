"""The count threshold that costs least: against every count tried, against Bayes' rule, and at its edges."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.errors import SampleError
from malaria.sample import CellRates, cost_at, exactly, least_cost

shares = st.floats(0.001, 0.999)
ratios = st.floats(0.01, 1_000)
rhos = st.one_of(st.just(0.0), st.floats(1e-5, 0.5))


@given(st.integers(1, 120), shares, shares, shares, rhos, shares, ratios)
def test_no_count_costs_less(cells, p, sensitivity, fpr, rho, prevalence, ratio):
    rates = CellRates(sensitivity, fpr, rho)
    decision = {"prevalence": prevalence, "cost_of_missed": ratio}
    least = least_cost(cells, p, rates, **decision)
    every = [cost_at(count, cells, p, rates, **decision).expected_cost for count in range(cells + 2)]
    assert least.expected_cost == pytest.approx(min(every), rel=1e-9, abs=1e-15)
    assert least == cost_at(least.count_threshold, cells, p, rates, **decision)


@pytest.mark.parametrize("rho", [0.0, 0.002, 0.02, 0.2])
@pytest.mark.parametrize("p", [0.002, 0.02])
@pytest.mark.parametrize(("prevalence", "ratio"), [(0.01, 5), (0.1, 10), (0.4, 100)])
def test_nor_in_a_sample_of_thousands(rho, p, prevalence, ratio):
    rates = CellRates(0.95, 0.01, rho)
    decision = {"prevalence": prevalence, "cost_of_missed": ratio}
    least = least_cost(3_000, p, rates, **decision)
    every = [cost_at(count, 3_000, p, rates, **decision).expected_cost for count in range(0, 3_002, 7)]
    assert least.expected_cost <= min(every) * (1 + 1e-9)


@given(st.integers(2, 5_000), st.floats(0.005, 0.3), st.floats(0.6, 0.99), st.floats(0.001, 0.3), shares, ratios)
def test_on_slides_alike_it_is_bayes_rule(cells, p, sensitivity, fpr, prevalence, ratio):
    rates = CellRates(sensitivity, fpr)
    count = least_cost(cells, p, rates, prevalence=prevalence, cost_of_missed=ratio).count_threshold
    for flagged, positive in ((count - 1, False), (count, True)):
        if 0 <= flagged <= cells:
            gain = prevalence * ratio * exactly(flagged, cells, p, rates)
            loss = (1 - prevalence) * exactly(flagged, cells, 0.0, rates)
            assert (gain > loss) == positive or abs(gain - loss) < 1e-9 * (1 + ratio)


@given(st.integers(1, 2_000), shares, st.floats(0.3, 1), st.floats(0, 0.2), rhos, shares, ratios)
def test_a_dearer_miss_never_raises_the_threshold(cells, p, sensitivity, fpr, rho, prevalence, ratio):
    rates = CellRates(sensitivity, fpr, rho)
    cheap = least_cost(cells, p, rates, prevalence=prevalence, cost_of_missed=ratio)
    dear = least_cost(cells, p, rates, prevalence=prevalence, cost_of_missed=ratio * 3)
    assert dear.sensitivity >= cheap.sensitivity - 1e-9


def test_the_formula_worked_by_hand():
    # One cell, half infected: missed 1 - 0.5 * 0.9 = 0.55, false alarm 0.1.
    cost = cost_at(1, 1, 0.5, CellRates(0.8, 0.1), prevalence=0.2, cost_of_missed=10)
    assert cost.expected_cost == pytest.approx(0.2 * 10 * (1 - 0.45) + 0.8 * 0.1)
    assert (cost.sensitivity, cost.specificity) == pytest.approx((0.45, 0.9))


def test_rules_that_look_at_no_cell():
    rates = CellRates(0.6, 0.5)
    assert least_cost(5, 0.01, rates, prevalence=0.9, cost_of_missed=1_000).count_threshold == 0
    assert least_cost(5, 0.01, rates, prevalence=0.01, cost_of_missed=0.1).count_threshold == 6


def test_ten_million_cells_are_answered_soon():
    before = time.monotonic()
    least = least_cost(10_000_000, 0.0005, CellRates(0.95, 0.01, 0.003), prevalence=0.1, cost_of_missed=10)
    assert 0 < least.count_threshold <= 10_000_000
    assert time.monotonic() - before < 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"prevalence": 0},
        {"prevalence": 1},
        {"cost_of_missed": 0},
        {"cost_of_missed": float("nan")},
        {"cost_of_missed": 2_000_000},
        {"parasitaemia": 0},
    ],
)
def test_what_is_no_decision_is_refused_in_a_sentence(wrong):
    given_ = {"parasitaemia": 0.01, "prevalence": 0.1, "cost_of_missed": 10} | wrong
    with pytest.raises(SampleError):
        least_cost(100, given_.pop("parasitaemia"), CellRates(0.9, 0.01), **given_)
