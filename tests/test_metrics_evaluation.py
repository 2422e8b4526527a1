"""Everything measured on a batch: its JSON, patients as the unit of chance, calibration, the three readings."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import t
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss, roc_auc_score

from malaria.errors import LabelsError, MetricsError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.metrics import (
    Confusion,
    apply_temperature,
    brier,
    evaluate,
    expected_calibration_error,
    fit_temperature,
    readings,
    reliability,
)

JSON_KEYS = [
    *("n", "left_out", "unreadable", "model", "threshold", "confusion", "accuracy", "sensitivity", "specificity"),
    *("precision", "f1", "mcc", "kappa", "auc", "brier", "ece", "intervals", "patients", "reasons"),
]


def batch(n=400, patients=12, seed=0, patient_effect=0.0):
    """Labels, scores and patients, each patient's scores shifted by a normal `patient_effect` on the logit scale."""
    rng = np.random.default_rng(seed)
    true = rng.random(n) < 0.5
    patient = rng.integers(0, patients, n)
    shift = rng.normal(0, patient_effect, patients)[patient]
    p = expit(rng.normal(np.where(true, 2, -2), 1.2) + shift)
    return np.where(true, PARASITIZED, UNINFECTED), p, [f"C{i}P{i}" for i in patient]


def strict(value):
    return json.loads(json.dumps(value, allow_nan=False))


def test_the_json_has_what_others_rely_on():
    labels, p, patients = batch()
    evaluation = evaluate(labels, p, 0.5, patients, model="m", left_out=3, unreadable=2)
    written = strict(evaluation.to_dict())
    assert [key for key in written if key in JSON_KEYS] == JSON_KEYS
    assert (written["n"], written["left_out"], written["unreadable"], written["model"]) == (400, 3, 2, "m")
    assert set(written["confusion"]) == {"tp", "fn", "fp", "tn"}
    assert sum(written["confusion"].values()) == 400
    for name, (low, high) in written["intervals"].items():
        assert low <= written[name] <= high
    assert written["patients"]["n"] == 12
    assert written["reasons"] == {}
    assert written["brier"] == pytest.approx(brier_score_loss(labels == PARASITIZED, p))


@given(
    cells=st.lists(
        st.tuples(st.booleans(), st.sampled_from([0, 0.2, 0.5, 0.5000001, 1]), st.sampled_from(["A", "B", None])),
        max_size=12,
    ),
    threshold=st.sampled_from([0, 0.5, 1]),
)
@settings(max_examples=60, deadline=None)
def test_the_json_is_strict_and_says_why_whatever_the_batch(cells, threshold):
    true = np.array([c[0] for c in cells], dtype=bool)
    evaluation = evaluate(true, [c[1] for c in cells], threshold, [c[2] for c in cells], resamples=50)
    written = strict(evaluation.to_dict())
    for part in (written, written["patients"]):
        for name, interval in part["intervals"].items():
            assert (part[name] is not None) or name in part["reasons"]
            assert (interval is not None) or name in part["reasons"]
            if interval is not None:
                assert -1 <= interval[0] <= part[name] <= interval[1] <= 1
    assert written["patients"]["n"] == len({c[2] for c in cells} - {None})


def test_no_cells_at_all_are_measured_without_an_error():
    written = strict(evaluate([], [], 0.5, []).to_dict())
    assert written["n"] == 0
    assert written["accuracy"] is written["auc"] is written["brier"] is written["ece"] is None
    assert written["reasons"]["accuracy"] == written["reasons"]["brier"] == "There are no labelled cells."


def test_moving_the_threshold_is_measuring_anew():
    labels, p, patients = batch()
    moved, anew = evaluate(labels, p, 0.5, patients).at(0.8), evaluate(labels, p, 0.8, patients)
    assert moved.to_dict() == anew.to_dict()


@pytest.mark.parametrize(
    ("labels", "p", "patients", "error", "said"),
    [
        (["infected"], [0.5], None, LabelsError, "infected"),
        ([PARASITIZED], [float("nan")], None, MetricsError, "finite"),
        ([PARASITIZED], [0.5, 0.6], None, MetricsError, "2 for 1"),
        ([PARASITIZED], [0.5], ["A", "B"], MetricsError, "2 for 1"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_a_sentence(labels, p, patients, error, said):
    with pytest.raises(error, match=said):
        evaluate(labels, p, 0.5, patients)


def test_pandas_columns_are_taken_as_they_are():
    labels, p, patients = batch(50)
    table = pd.DataFrame({"y": labels, "p": p, "patient": patients}, index=range(100, 150))
    table.loc[100, "patient"] = None
    evaluation = evaluate(table["y"], table["p"], 0.5, table["patient"])
    assert evaluation.confusion == Confusion.from_scores(labels, p, 0.5)
    assert evaluation.by_patient.without == 1


# Patients


def test_resampled_patients_give_what_resampling_the_cells_gives():
    """The same drawings, worked out the long way: every cell repeated as often as its patient was drawn."""
    labels, p, patients = batch(120, 6, seed=4, patient_effect=1)
    evaluation = evaluate(labels, np.round(p, 1), 0.5, patients, resamples=200, seed=3)
    names, code = np.unique(patients, return_inverse=True)
    long_way = {"accuracy": [], "sensitivity": [], "specificity": [], "auc": []}
    for weight in np.random.default_rng(3).multinomial(6, np.full(6, 1 / 6), size=200):
        cells = np.repeat(np.arange(120), weight[code])
        confusion = Confusion.from_scores(labels[cells], np.round(p, 1)[cells], 0.5)
        for name in ("accuracy", "sensitivity", "specificity"):
            long_way[name].append(getattr(confusion, name).value)
        long_way["auc"].append(roc_auc_score(labels[cells] == PARASITIZED, np.round(p, 1)[cells]))
    for name, drawn in long_way.items():
        rate = getattr(evaluation.by_patient, name)
        spread = t.ppf(0.975, 5) * np.std(drawn, ddof=1) * (6 / 5) ** 0.5 / (rate.value * (1 - rate.value))
        expected = expit([logit(rate.value) - spread, logit(rate.value) + spread])
        assert rate.interval == pytest.approx(expected.tolist(), abs=1e-12)
    assert evaluation.by_patient.names == tuple(names)


def test_intervals_by_patient_are_wider_when_patients_differ_and_alike_when_they_do_not():
    for effect, wider in ((0.0, False), (2.5, True)):
        evaluation = evaluate(*batch(3000, 40, 1, effect)[:2], 0.5, batch(3000, 40, 1, effect)[2])
        for name, rate in evaluation.by_patient.rates.items():
            plain = evaluation.rates[name]
            ratio = (rate.high - rate.low) / (plain.high - plain.low)
            assert ratio > 1.3 if wider else 0.6 < ratio < 1.6


def test_intervals_by_patient_cover_the_truth_where_those_by_cell_do_not():
    """150 batches of 15 patients who differ; what coverage 150 batches can tell from 95 %."""
    rng, by_patient, by_cell = np.random.default_rng(0), 0, 0
    truth = expit(3 + np.random.default_rng(1).normal(0, 1.2, 100_000)).mean()
    for _ in range(150):
        found = rng.random((15, 40)) < expit(3 + rng.normal(0, 1.2, (15, 1)))
        p, patients = np.where(found.ravel(), 0.9, 0.1), np.repeat([f"P{i}" for i in range(15)], 40)
        evaluation = evaluate(np.ones(600, dtype=bool), p, 0.5, patients, resamples=200)
        for_patients, for_cells = evaluation.by_patient.sensitivity, evaluation.confusion.sensitivity
        by_patient += for_patients.low <= truth <= for_patients.high
        by_cell += for_cells.low <= truth <= for_cells.high
    assert by_patient / 150 >= 0.9
    assert by_cell / 150 < 0.75


def test_the_same_seed_gives_the_same_interval():
    labels, p, patients = batch()
    one, same, other = (evaluate(labels, p, 0.5, patients, seed=seed).by_patient.rates for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_patients_without_any_error_leave_an_interval_as_wide_as_their_number():
    labels = [PARASITIZED, UNINFECTED] * 500
    evaluation = evaluate(labels, [0.9, 0.1] * 500, 0.5, [f"P{i // 200}" for i in range(1000)])
    assert evaluation.confusion.sensitivity.low > 0.99
    for rate in evaluation.by_patient.rates.values():
        assert rate.value == rate.high == 1
        assert rate.low < 0.7


def test_one_patient_gives_no_interval_and_no_name_gives_no_figure():
    labels, p, _ = batch(60)
    alone = evaluate(labels, p, 0.5, ["P"] * 60).by_patient
    assert alone.accuracy.value is not None
    assert alone.accuracy.interval is None
    assert alone.auc.reason == "An interval by patient needs at least two patients."
    assert evaluate(labels, p, 0.5, [None] * 60).by_patient is None
    assert evaluate(labels, p, 0.5).by_patient is None


def test_each_patient_is_counted():
    labels, p, patients = batch(300, 7)
    by_patient = evaluate(labels, p, 0.4, patients).by_patient
    for one in by_patient.each:
        mine = np.array(patients) == one.patient
        expected = Confusion.from_scores(labels[mine], p[mine], 0.4)
        assert one.n == expected.n
        assert one.sensitivity.interval == expected.sensitivity.interval
        assert one.false_positive_rate.value == expected.false_positive_rate.value
    assert by_patient.counts.sum() == 300


# Calibration


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=60), st.integers(1, 20))
@settings(deadline=None)
def test_bins_hold_every_cell_once_where_it_belongs(cells, bins):
    true, p = np.array([c[0] for c in cells], dtype=bool), np.array([c[1] for c in cells])
    diagram = reliability(true, p, bins)
    assert sum(one.n for one in diagram) == len(cells)
    for one in diagram:
        if one.n:
            assert one.low - 1e-12 <= one.mean_p <= one.high + 1e-12
            assert one.observed.low <= one.observed.value <= one.observed.high
        else:
            assert one.mean_p is None
            assert one.observed.reason
    assert 0 <= expected_calibration_error(diagram) <= 1


def test_bins_agree_with_scikit_learn():
    labels, p, _ = batch(2000)
    filled = [one for one in reliability(labels, p, 15) if one.n]
    observed, mean_p = calibration_curve(labels == PARASITIZED, p, n_bins=15)
    assert [one.observed.value for one in filled] == pytest.approx(observed.tolist())
    assert [one.mean_p for one in filled] == pytest.approx(mean_p.tolist())


def test_calibration_error_is_what_it_says():
    true = np.array([True] * 7 + [False] * 3 + [False] * 10)
    p = np.array([0.9] * 10 + [0.05] * 10)  # the upper ten are 0.2 too sure, the lower ten 0.05
    assert expected_calibration_error(reliability(true, p)) == pytest.approx((0.2 + 0.05) / 2)
    assert brier(true, p) == pytest.approx((7 * 0.01 + 3 * 0.81 + 10 * 0.0025) / 20)


@pytest.mark.parametrize("temperature", [0.5, 1, 2.5])
def test_temperature_scaling_finds_how_overconfident_scores_are(temperature):
    rng = np.random.default_rng(0)
    honest = rng.normal(0, 3, 20_000)
    true = rng.random(20_000) < expit(honest)
    overconfident = expit(honest * temperature)
    fitted = fit_temperature(overconfident, true)
    assert fitted == pytest.approx(temperature, rel=0.05)
    scaled = apply_temperature(overconfident, fitted)
    assert brier(true, scaled) <= brier(true, overconfident)
    assert scaled == pytest.approx(expit(logit(overconfident) / fitted))


def test_temperature_keeps_order_and_certainty_and_refuses_nonsense():
    assert apply_temperature([0, 0.5, 1], 3).tolist() == [0, 0.5, 1]
    assert np.all(np.diff(apply_temperature(np.linspace(0, 1, 50), 7)) > 0)
    assert fit_temperature([1.0, 0.0, 1.0], [PARASITIZED, UNINFECTED, PARASITIZED]) > 0
    for wrong in (0, -1, float("nan")):
        with pytest.raises(MetricsError, match="above 0"):
            apply_temperature([0.5], wrong)
    with pytest.raises(MetricsError, match="both classes"):
        fit_temperature([0.5, 0.6], [PARASITIZED, PARASITIZED])


# The three readings


def test_three_readings_replace_or_leave_out_what_is_disputed():
    given_ = [PARASITIZED, PARASITIZED, UNINFECTED, UNINFECTED, UNINFECTED]
    expert = [PARASITIZED, UNINFECTED, UNINFECTED, PARASITIZED, None]
    p = [0.9, 0.1, 0.2, 0.8, 0.6]
    three = readings(given_, expert, p, 0.5, ["A", "A", "B", "B", "B"])
    assert three.as_given.confusion == Confusion(1, 1, 2, 1)
    assert three.corrected.confusion == Confusion(2, 0, 1, 2)
    assert three.undisputed.confusion == Confusion(1, 0, 1, 1)
    assert (three.disputed, three.to_parasitized, three.to_uninfected) == (2, 1, 1)
    accuracy = three.changes[0]
    assert accuracy.name == "accuracy"
    assert accuracy.by_correcting == pytest.approx(0.8 - 0.4)
    assert accuracy.by_leaving_out == pytest.approx(2 / 3 - 0.4)
    assert three.at(0.7).to_dict() == readings(given_, expert, p, 0.7, ["A", "A", "B", "B", "B"]).to_dict()
    assert set(strict(three.to_dict())) >= {"as_given", "expert", "undisputed", "disputed"}


def test_nothing_disputed_changes_nothing():
    labels, p, patients = batch(80)
    three = readings(labels, labels, p, 0.5, patients, name="corrected")
    assert three.disputed == 0
    assert all(change.by_correcting in (0, None) and change.by_leaving_out in (0, None) for change in three.changes)


def test_other_labels_must_be_classes_for_the_same_cells():
    with pytest.raises(LabelsError, match="unsure"):
        readings([PARASITIZED], ["unsure"], [0.5], 0.5)
    with pytest.raises(MetricsError, match="2 other labels for 1"):
        readings([PARASITIZED], [None, None], [0.5], 0.5)
