"""Rates, the best threshold and the real check from held-out scores; the cells are made up, their laws known."""

import numpy as np
import pytest
from scipy import stats

from malaria.errors import SampleError
from malaria.sample import (
    CellRates,
    MeasuredRate,
    OperatingPoint,
    ScoredCells,
    best_threshold,
    count_threshold,
    real_check,
    sample_rule,
    threshold_choices,
)


def made_up(patients: int = 60, healthy: int = 20, spread: float = 0.6, seed: int = 0) -> ScoredCells:
    """Cells whose log-odds are normal about +3 or -3, the uninfected ones shifted by something of their slide."""
    rng = np.random.default_rng(seed)
    patient = np.repeat(np.arange(patients), 100)
    infected = (rng.random(patient.size) < 0.5) & (patient >= healthy)
    shift = rng.normal(0, spread, patients)[patient]
    log_odds = rng.normal(np.where(infected, 3, -3 + shift), 1.5)
    return ScoredCells(
        1 / (1 + np.exp(-log_odds)), infected, np.array([f"p{number}" for number in patient], dtype=object)
    )


def test_rates_at_a_threshold_are_counts_of_cells():
    held_out = made_up()
    point = held_out.at(0.7)
    hit = held_out.p_parasitized >= 0.7
    assert point.sensitivity.estimate == np.mean(hit[held_out.infected])
    assert point.false_positive_rate.estimate == np.mean(hit[~held_out.infected])
    assert point.rates.sensitivity == point.sensitivity.estimate
    assert point.overdispersion > 0
    assert point.false_positive_rate.design_effect > 1


def test_slides_that_are_alike_show_no_overdispersion():
    assert made_up(spread=0).at(0.5).overdispersion < 0.003


def test_the_curve_trades_sensitivity_for_false_alarms():
    curve = made_up().curve()
    assert len(curve) >= 25
    assert np.all(np.diff([point.threshold for point in curve]) > 0)
    assert np.all(np.diff([point.sensitivity.estimate for point in curve]) <= 0)
    assert np.all(np.diff([point.false_positive_rate.estimate for point in curve]) <= 0)
    assert curve[-1].false_positive_rate.events == 0


def test_where_too_few_cells_are_flagged_to_tell_the_overdispersion_is_that_of_the_last_threshold_that_could():
    held_out = made_up()
    tenth = np.sort(held_out.p_parasitized[~held_out.infected])[-10]
    last, telling = held_out.at(0.999999), held_out.at(tenth)
    assert (last.false_positive_rate.events, telling.false_positive_rate.events) == (0, 10)
    assert last.overdispersion == telling.overdispersion > 0
    assert last.false_positive_rate.design_effect > 1


def test_the_best_threshold_has_the_lowest_limit_of_detection():
    choices = threshold_choices(made_up().curve(), 1_000)
    best = best_threshold(choices)
    limits = [choice.rule.limit_of_detection for choice in choices if choice.rule.limit_of_detection is not None]
    assert best.rule.limit_of_detection == min(limits)
    assert best.rule.limit_of_detection < 0.5 * max(limits)
    assert best.rule == sample_rule(1_000, best.point.cautious_rates)


def test_without_a_false_alarm_the_rate_is_still_not_taken_for_zero():
    point = OperatingPoint(0.99, MeasuredRate(90, 100), MeasuredRate(0, 200), 0.0)
    assert best_threshold(threshold_choices([point], 1_000)).rule.count_threshold > 1


def test_a_curve_without_any_use_has_no_best_threshold():
    useless = OperatingPoint(0.5, MeasuredRate(10, 100), MeasuredRate(50, 100), 0.0)
    assert best_threshold(threshold_choices([useless], 1_000)) is None
    assert best_threshold([]) is None


def test_a_rate_of_zero_is_not_calculated_with():
    held_out = made_up()
    point = held_out.curve()[-1]
    assert point.false_positive_rate.estimate == 0
    assert 0 < point.rates.false_positive_rate < 1 / (~held_out.infected).sum()


def test_sensitivity_differs_between_patients_by_more_than_the_average_shows():
    held_out = made_up()
    shares = held_out.sensitivity_by_patient(0.9)
    assert len(shares) == 40
    assert shares[0] < held_out.at(0.9).sensitivity.estimate < shares[-1]
    assert len(held_out.sensitivity_by_patient(0.9, fewest=1_000)) == 0


def test_the_real_check_decides_every_patient_by_the_rule():
    held_out = made_up()
    rates = held_out.at(0.5).rates
    check = real_check(held_out, 0.5, rates)
    assert len(check.patients) == 60
    assert check.patients["infected"].sum() == 40
    row = check.patients.iloc[0]
    of_patient = held_out.patient == row["patient"]
    assert row["flagged"] == np.sum(held_out.p_parasitized[of_patient] >= 0.5)
    assert row["count_threshold"] == count_threshold(100, rates)
    assert check.sensitivity.observed.estimate == 1
    called = check.patients[~check.patients["infected"]]["called_positive"]
    assert check.specificity.observed.estimate == 1 - called.mean()


def test_prediction_and_observation_agree_where_the_model_is_true():
    """Many healthy slides whose false-positive rates are beta-distributed: the observed specificity is as predicted."""
    rng = np.random.default_rng(7)
    rates = CellRates(1.0, 0.05, 0.03)
    precision = 1 / 0.03 - 1
    patient = np.repeat(np.arange(4_000), 50)
    rate = rng.beta(0.05 * precision, 0.95 * precision, 4_000)[patient]
    infected = patient == 0
    score = np.where(infected | (rng.random(patient.size) < rate), 0.9, 0.1)
    check = real_check(ScoredCells(score, infected, patient.astype(object)), 0.5, rates)
    error = 4 * np.sqrt(check.specificity.predicted * (1 - check.specificity.predicted) / 4_000)
    assert check.specificity.observed.estimate == pytest.approx(check.specificity.predicted, abs=error)
    model = stats.betabinom(50, 0.05 * precision, 0.95 * precision)
    assert check.specificity.predicted == pytest.approx(model.cdf(count_threshold(50, rates) - 1), rel=1e-6)


def test_who_is_infected_can_be_known_better_than_from_the_cells():
    """A few uninfected cells mislabelled as infected do not make their patient one."""
    held_out = made_up()
    check = real_check(held_out, 0.5, held_out.at(0.5).rates, infected_patients=["p30", "p31"])
    assert check.patients["infected"].sum() == 2
    assert check.sensitivity.observed.trials == 2
    assert check.specificity.observed.trials == 58


def test_without_healthy_patients_there_is_no_specificity():
    check = real_check(made_up(healthy=0), 0.5, CellRates(0.95, 0.05))
    assert check.specificity is None
    assert check.sensitivity is not None


@pytest.mark.parametrize(
    ("scores", "infected", "patient", "message"),
    [
        ([0.1, 0.9], [False, True], ["a"], "one patient each"),
        ([0.1, np.nan], [False, True], ["a", "b"], "score between 0 and 1"),
        ([0.1, 1.9], [False, True], ["a", "b"], "score between 0 and 1"),
        ([0.1, 0.9], [True, True], ["a", "b"], "both classes"),
        ([], [], [], "both classes"),
    ],
)
def test_cells_that_cannot_be_used_are_refused(scores, infected, patient, message):
    with pytest.raises(SampleError, match=message):
        ScoredCells(np.array(scores), np.array(infected, dtype=bool), np.array(patient, dtype=object))
