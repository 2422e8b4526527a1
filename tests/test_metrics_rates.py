"""Rates of a confusion matrix: scikit-learn's values, statsmodels' intervals, and a reason for what is missing."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    cohen_kappa_score,
    confusion_matrix,
    f1_score,
    matthews_corrcoef,
    precision_score,
    recall_score,
)
from statsmodels.stats.proportion import proportion_confint

import malaria.metrics
from malaria.errors import LabelsError, MetricsError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.metrics import Confusion, Rate, wilson

counts = st.integers(0, 60)


def labels_of(confusion: Confusion) -> tuple[list[str], list[str]]:
    """Labels and answers that give these counts."""
    true = [PARASITIZED] * (confusion.tp + confusion.fn) + [UNINFECTED] * (confusion.fp + confusion.tn)
    called = [PARASITIZED] * confusion.tp + [UNINFECTED] * confusion.fn
    return true, called + [PARASITIZED] * confusion.fp + [UNINFECTED] * confusion.tn


def test_the_public_surface_is_what_is_exported():
    public = {name for name in vars(malaria.metrics) if not name.startswith("_")}
    assert public == set(malaria.metrics.__all__)


@given(st.integers(1, 5000), st.data())
def test_wilson_interval_agrees_with_statsmodels_and_scipy(n, data):
    k = data.draw(st.integers(0, n))
    low, high = wilson(k, n)
    assert (low, high) == pytest.approx(proportion_confint(k, n, method="wilson"), abs=1e-12)
    assert (low, high) == pytest.approx(tuple(binomtest(k, n).proportion_ci(0.95, "wilson")), abs=1e-12)
    assert 0 <= low <= k / n <= high <= 1
    assert low < high


def test_wilson_takes_arrays_and_has_nothing_to_say_about_no_cells():
    low, high = wilson([0, 5, 10, 0], [10, 10, 10, 0])
    assert low.shape == high.shape == (4,)
    assert low[0] == 0
    assert high[2] == 1
    assert np.isnan([low[3], high[3]]).all()


@given(tp=st.integers(1, 60), fn=counts, fp=counts, tn=st.integers(1, 60))
def test_rates_agree_with_scikit_learn(tp, fn, fp, tn):
    confusion = Confusion(tp, fn, fp, tn)
    true, called = labels_of(confusion)
    assert confusion_matrix(true, called, labels=CLASSES).ravel().tolist() == [tp, fn, fp, tn]
    assert Confusion.from_labels(true, called) == confusion
    expected = {
        "accuracy": accuracy_score(true, called),
        "sensitivity": recall_score(true, called, pos_label=PARASITIZED),
        "specificity": recall_score(true, called, pos_label=UNINFECTED),
        "precision": precision_score(true, called, pos_label=PARASITIZED),
        "negative_predictive_value": precision_score(true, called, pos_label=UNINFECTED),
        "f1": f1_score(true, called, pos_label=PARASITIZED),
        "mcc": matthews_corrcoef(true, called),
        "kappa": cohen_kappa_score(true, called),
    }
    assert {name: rate.value for name, rate in confusion.rates.items()} == pytest.approx(expected, abs=1e-12)
    assert confusion.false_positive_rate.value == pytest.approx(1 - expected["specificity"])


@given(tp=st.integers(1, 60), fn=counts, fp=counts, tn=st.integers(1, 60))
def test_the_report_is_scikit_learns(tp, fn, fp, tn):
    confusion = Confusion(tp, fn, fp, tn)
    theirs = classification_report(*labels_of(confusion), labels=CLASSES, output_dict=True)
    for name, row in confusion.report().items():
        assert row["recall"].n == theirs[name]["support"]
        assert row["precision"].value == pytest.approx(theirs[name]["precision"])
        assert row["recall"].value == pytest.approx(theirs[name]["recall"])
        assert row["f1"].value == pytest.approx(theirs[name]["f1-score"])


@given(tp=counts, fn=counts, fp=counts, tn=counts)
@example(tp=0, fn=1, fp=4, tn=0)  # all wrong, where rounding once went below -1
def test_a_rate_is_a_number_inside_its_interval_or_none_with_a_reason(tp, fn, fp, tn):
    confusion = Confusion(tp, fn, fp, tn)
    for rate in (*confusion.rates.values(), *(cell for row in confusion.report().values() for cell in row.values())):
        if rate.value is None:
            assert rate.interval is None
            assert rate.reason
            assert rate.reason.endswith(".")
        else:
            assert rate.interval is not None
            assert -1 <= rate.low <= rate.value <= rate.high <= 1
            assert rate.low < rate.high


@pytest.mark.parametrize(
    ("confusion", "missing"),
    [
        pytest.param(Confusion(0, 0, 0, 0), set(Confusion(1, 1, 1, 1).rates), id="no cells"),
        pytest.param(Confusion(9, 1, 0, 0), {"specificity", "mcc", "kappa"}, id="no uninfected cell, both answers"),
        pytest.param(
            Confusion(0, 0, 1, 9), {"sensitivity", "f1", "mcc", "kappa"}, id="no parasitized cell, both answers"
        ),
        pytest.param(Confusion(5, 0, 5, 0), {"negative_predictive_value", "mcc"}, id="all called parasitized"),
        pytest.param(Confusion(0, 5, 0, 5), {"precision", "mcc"}, id="all called uninfected"),
        pytest.param(
            Confusion(1, 0, 0, 0), {"specificity", "negative_predictive_value", "mcc", "kappa"}, id="one cell, found"
        ),
        pytest.param(
            Confusion(0, 0, 0, 1), {"sensitivity", "precision", "f1", "mcc", "kappa"}, id="one cell, nothing to find"
        ),
        pytest.param(Confusion(50, 0, 0, 50), set(), id="no error at all"),
        pytest.param(Confusion(0, 50, 50, 0), set(), id="nothing right"),
    ],
)
def test_what_cannot_be_computed_is_a_dash_with_its_reason(confusion, missing):
    assert {name for name, rate in confusion.rates.items() if rate.value is None} == missing
    assert all(rate.reason for rate in confusion.rates.values() if rate.value is None)


def test_the_reason_names_what_is_absent():
    assert Confusion(9, 1, 0, 0).specificity.reason == "No cell is labelled uninfected."
    assert Confusion(0, 0, 1, 9).kappa.reason == "No cell is labelled parasitized."
    assert Confusion(0, 5, 0, 5).precision.reason == "No cell is called parasitized at this threshold."
    assert Confusion(0, 0, 0, 0).accuracy.reason == "There are no labelled cells."


@pytest.mark.parametrize("figure", ["f1", "mcc", "kappa"])
@pytest.mark.parametrize("sens_spec", [(0.9, 0.8), (0.99, 0.995), (0.6, 0.97)])
def test_intervals_of_f1_mcc_and_kappa_cover_the_truth_as_often_as_they_say(figure, sens_spec):
    """400 batches of 300 cells; 95 % coverage, within what 400 batches can tell."""
    rng = np.random.default_rng(7)
    true, (sens, spec) = Confusion(300_000, 0, 0, 700_000), sens_spec
    tp, tn = round(true.tp * sens), round(true.tn * spec)
    target = getattr(Confusion(tp, true.tp - tp, true.tn - tn, tn), figure).value
    covered = 0
    for _ in range(400):
        tp, tn = rng.binomial(90, sens), rng.binomial(210, spec)
        rate = getattr(Confusion(int(tp), int(90 - tp), int(210 - tn), int(tn)), figure)
        covered += rate.low <= target <= rate.high
    assert 0.92 <= covered / 400 <= 1


def test_mcc_and_kappa_keep_a_wide_interval_when_a_few_cells_are_all_right():
    few, many = Confusion(5, 0, 0, 5), Confusion(5000, 0, 0, 5000)
    for figure in ("mcc", "kappa", "f1"):
        assert getattr(few, figure).value == getattr(many, figure).value == 1
        assert getattr(few, figure).low < 0.8
        assert getattr(many, figure).low > 0.998


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), max_size=40), st.floats(0, 1))
def test_a_cell_is_called_parasitized_when_p_is_at_least_the_threshold(cells, threshold):
    true, p = [c[0] for c in cells], [c[1] for c in cells]
    confusion = Confusion.from_scores(np.array(true, dtype=bool), p, threshold)
    assert confusion.n == len(cells)
    assert confusion.tp == sum(t and q >= threshold for t, q in cells)
    assert confusion.tn == sum(not t and q < threshold for t, q in cells)


@pytest.mark.parametrize(
    ("labels", "error", "said"),
    [
        (["parasitized", UNINFECTED], LabelsError, "'parasitized'"),
        ([0, 1], LabelsError, "np.int64|0 "),
        ([PARASITIZED, None], LabelsError, "None"),
        ([[PARASITIZED, UNINFECTED]], MetricsError, "shape"),
        ([PARASITIZED], MetricsError, "2"),
    ],
)
def test_labels_that_are_not_the_two_classes_are_refused(labels, error, said):
    with pytest.raises(error, match=said):
        Confusion.from_scores(labels, [0.1, 0.9], 0.5)


@pytest.mark.parametrize("p", [math.nan, math.inf, -0.01, 1.01, "a", None])
def test_probabilities_outside_0_to_1_are_refused(p):
    with pytest.raises(MetricsError, match="Probabilities must be"):
        Confusion.from_scores([PARASITIZED, UNINFECTED], [0.5, p], 0.5)


@pytest.mark.parametrize("threshold", [math.nan, -0.1, 1.1])
def test_a_threshold_outside_0_to_1_is_refused(threshold):
    with pytest.raises(MetricsError, match="threshold"):
        Confusion.from_scores([PARASITIZED], [0.5], threshold)


def test_impossible_counts_and_rates_are_refused():
    with pytest.raises(MetricsError, match="negative"):
        Confusion(1, -1, 0, 0)
    with pytest.raises(MetricsError, match="never NaN"):
        Rate(math.nan, None, None, None, 3, "why")
    with pytest.raises(MetricsError, match="reason"):
        Rate(None, None, None, None, 0)
