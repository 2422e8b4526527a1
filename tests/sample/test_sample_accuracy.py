"""How far a called sample can be trusted: ROC, predictive values, post-test probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.errors import SampleError
from malaria.sample import CellRates, at_least, exactly, post_test_probability, predictive_values, sample_roc

RATES = CellRates(0.947, 0.028, 0.02)


def test_the_roc_runs_from_always_to_never_positive():
    roc = sample_roc(1_000, 0.05, RATES)
    assert (roc.sensitivity[0], roc.false_positive_rate[0]) == (1, 1)
    assert (roc.sensitivity[-1], roc.false_positive_rate[-1]) == (0, 0)
    assert np.all(np.diff(roc.counts) > 0)
    assert np.all(np.diff(roc.sensitivity) <= 0)
    assert np.all(np.diff(roc.false_positive_rate) <= 0)
    middle = len(roc.counts) // 2
    assert roc.sensitivity[middle] == pytest.approx(at_least(int(roc.counts[middle]), 1_000, 0.05, RATES))


@pytest.mark.parametrize("cells", [1, 2, 350, 10_000_000])
def test_the_roc_has_few_points_however_many_cells(cells):
    roc = sample_roc(cells, 0.05, RATES)
    assert len(roc.counts) <= 42
    assert roc.counts[-1] == cells + 1


def test_predictive_values_by_counting_patients():
    """Of 1,000 patients 100 are infected; 90 of them and 45 of the 900 others are called positive."""
    positive, negative = predictive_values(0.1, 0.9, 0.95)
    assert positive == pytest.approx(90 / 135)
    assert negative == pytest.approx(855 / 865)


@given(st.floats(0.01, 0.99), st.floats(0.01, 0.99), st.floats(0.01, 0.98))
def test_more_prevalence_raises_one_predictive_value_and_lowers_the_other(sensitivity, specificity, prevalence):
    positive, negative = predictive_values([prevalence, prevalence + 0.01], sensitivity, specificity)
    assert positive[0] < positive[1]
    assert negative[0] > negative[1]


def test_a_sample_that_is_never_called_positive_has_no_positive_predictive_value():
    positive, negative = predictive_values([0.0, 0.3], 0.0, 1.0)
    assert np.isnan(positive).all()
    assert negative == pytest.approx([1.0, 0.7])


def test_post_test_probability_is_bayes():
    infected, healthy = exactly(80, 1_000, 0.05, RATES), exactly(80, 1_000, 0.0, RATES)
    expected = 0.2 * infected / (0.2 * infected + 0.8 * healthy)
    assert post_test_probability(0.2, 80, 1_000, 0.05, RATES) == pytest.approx(expected)


def test_more_flagged_cells_speak_for_infection():
    after = [post_test_probability(0.2, count, 1_000, 0.05, RATES) for count in (0, 20, 60, 90, 150)]
    assert after == sorted(after)
    assert after[0] < 0.001
    assert after[-1] > 3 * 0.2


def test_post_test_probability_far_from_both_distributions_is_still_a_probability():
    assert 0 < post_test_probability(0.2, 1_000, 1_000, 0.05, RATES) < 1
    assert post_test_probability(0.2, 0, 1_000, 0.3, CellRates(0.947, 0.028)) < 1e-100
    assert np.isnan(post_test_probability(0.2, 5, 10, 0.0, CellRates(1, 0)))


@pytest.mark.parametrize("prevalence", [0.0, 1.0])
def test_certainty_before_is_certainty_after(prevalence):
    assert post_test_probability(prevalence, 60, 1_000, 0.05, RATES) == prevalence


def test_out_of_range_is_refused():
    with pytest.raises(SampleError):
        predictive_values([0.1, 1.1], 0.9, 0.9)
    with pytest.raises(SampleError):
        predictive_values(0.1, 1.9, 0.9)
    with pytest.raises(SampleError):
        post_test_probability(0.1, 11, 10, 0.1, RATES)
