"""Overdispersion by maximum likelihood, against scipy's beta-binomial and against simulated slides."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from malaria.errors import SampleError
from malaria.sample import MeasuredRate, fit_overdispersion


def slides(rng: np.random.Generator, rate: float, rho: float, patients: int) -> tuple[np.ndarray, np.ndarray]:
    cells = rng.integers(30, 150, patients)
    precision = 1 / rho - 1
    return rng.binomial(cells, rng.beta(rate * precision, (1 - rate) * precision, patients)), cells


def test_it_finds_what_a_plain_maximisation_finds():
    flagged, cells = slides(np.random.default_rng(1), 0.05, 0.03, 120)

    def minus_log_likelihood(logits: np.ndarray) -> float:
        rate, rho = 1 / (1 + np.exp(-logits))
        precision = 1 / rho - 1
        return -float(stats.betabinom.logpmf(flagged, cells, rate * precision, (1 - rate) * precision).sum())

    found = optimize.minimize(
        minus_log_likelihood, [-3, -3], method="Nelder-Mead", options={"xatol": 1e-8, "fatol": 1e-10}
    )
    rate, rho = 1 / (1 + np.exp(-found.x))
    fit = fit_overdispersion(flagged, cells)
    assert fit.rate == pytest.approx(rate, rel=1e-5)
    assert fit.value == pytest.approx(rho, rel=1e-5)

    def fallen(rho: float) -> float:
        profile = optimize.minimize_scalar(
            lambda logit: minus_log_likelihood(np.array([logit, np.log(rho / (1 - rho))])),
            bounds=(-6, 0),
            method="bounded",
        )
        return float(profile.fun) - float(found.fun)

    half_chi_squared = stats.chi2.ppf(0.95, 1) / 2
    assert [fallen(end) for end in fit.interval] == pytest.approx([half_chi_squared] * 2, abs=1e-3)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(2)
    fits = [fit_overdispersion(*slides(rng, 0.03, 0.02, 60)) for _ in range(100)]
    held = np.mean([fit.interval.low <= 0.02 <= fit.interval.high for fit in fits])
    rate_held = np.mean([fit.rate_interval.low <= 0.03 <= fit.rate_interval.high for fit in fits])
    assert held == pytest.approx(0.95, abs=0.06)
    assert rate_held == pytest.approx(0.95, abs=0.06)


def test_slides_that_are_alike_show_none():
    rng = np.random.default_rng(3)
    cells = rng.integers(30, 150, 150)
    fit = fit_overdispersion(rng.binomial(cells, 0.04), cells)
    assert fit.interval.low == 0
    assert fit.interval.high < 0.01
    assert fit.rate == pytest.approx(fit.events / fit.trials, abs=0.001)


def test_more_regular_than_chance_is_zero():
    fit = fit_overdispersion([5] * 20, [100] * 20)
    assert fit.value == 0
    assert fit.design_effect == 1
    assert fit.rate == pytest.approx(0.05)


def test_one_slide_with_all_the_false_alarms_shows_a_lot():
    fit = fit_overdispersion([40, 0, 0, 0, 0, 0], [50] * 6)
    assert fit.value > 0.3
    assert fit.interval.low > 0.1


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=30))
def test_any_counts_give_a_fit_inside_its_intervals_or_a_reason(counts):
    flagged, unflagged = np.array(counts).T
    try:
        fit = fit_overdispersion(flagged, flagged + unflagged)
    except SampleError:
        return
    assert 0 <= fit.interval.low <= fit.value <= fit.interval.high < 1
    assert 0 <= fit.rate_interval.low <= fit.rate <= fit.rate_interval.high <= 1
    assert fit.design_effect >= 1
    assert fit.measured_rate == MeasuredRate(flagged.sum(), (flagged + unflagged).sum(), fit.design_effect)


@pytest.mark.parametrize(
    ("flagged", "cells", "message"),
    [
        ([1], [10], "at least two patients"),
        ([1, 0], [10, 0], "at least two patients"),
        ([1, 0, 1], [1, 1, 1], "with two cells or more"),
        ([0, 0], [10, 10], "None of the cells are flagged"),
        ([10, 10], [10, 10], "All of the cells are flagged"),
        ([11, 0], [10, 10], "0 <= flagged <= cells"),
        ([1.5, 0], [10, 10], "whole numbers"),
        ([1, 0], [10], "for each patient"),
    ],
)
def test_counts_that_cannot_tell_are_refused(flagged, cells, message):
    with pytest.raises(SampleError, match=message):
        fit_overdispersion(flagged, cells)
