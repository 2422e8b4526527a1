"""Thresholds: the counts at any one, the best for a wanted rate (against trying all); curves, AUC and its interval."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score, roc_curve

from malaria.errors import MetricsError
from malaria.metrics import Confusion, Curve, evaluate

# Scores from a coarse grid tie often; floats seldom do.
scores = st.one_of(st.integers(0, 10).map(lambda i: i / 10), st.floats(0, 1))
batches = st.lists(st.tuples(st.booleans(), scores), min_size=1, max_size=40)
targets = st.one_of(st.floats(0, 1), st.sampled_from([0, 0.07, 0.29, 0.5, 0.7, 0.9, 0.95, 0.999, 1]))


def split(cells):
    return np.array([c[0] for c in cells], dtype=bool), np.array([c[1] for c in cells])


def candidates(p):
    """Every threshold that calls other cells than its neighbours: each score, just above each, and the ends."""
    return sorted({0.0, 1.0, *p.tolist(), *(float(np.nextafter(q, 2)) for q in p if q < 1)})


@given(batches, st.floats(0, 1))
def test_counts_at_a_threshold_are_those_of_counting(cells, threshold):
    true, p = split(cells)
    assert Curve.from_scores(true, p).at(threshold) == Confusion.from_scores(true, p, threshold)


@given(batches, targets)
def test_threshold_for_specificity_is_the_smallest_that_reaches_it(cells, target):
    true, p = split(cells)
    curve = Curve.from_scores(true, p)
    found = curve.threshold_for_specificity(target)
    if true.all():
        assert found is None
        return
    reach = [t for t in candidates(p) if curve.at(t).specificity.value >= target]
    if found is None:
        assert not reach
    else:
        assert curve.at(found) == curve.at(min(reach))
        assert found >= min(reach)


@given(batches, targets)
def test_threshold_for_sensitivity_is_the_largest_that_reaches_it(cells, target):
    true, p = split(cells)
    curve = Curve.from_scores(true, p)
    found = curve.threshold_for_sensitivity(target)
    if not true.any():
        assert found is None
        return
    best = max(t for t in candidates(p) if curve.at(t).sensitivity.value >= target)
    assert curve.at(found) == curve.at(best)
    assert found <= best


def test_a_chosen_threshold_is_a_number_one_can_read():
    curve = Curve(np.array([0.61234567, 0.9]), np.array([0.1, 0.31234567]))
    assert curve.threshold_for_specificity(1) == 0.3124
    assert curve.threshold_for_sensitivity(1) == 0.6123


def test_a_chosen_threshold_has_as_many_decimals_as_it_takes_to_part_the_cells():
    curve = Curve(np.array([0.99999992]), np.array([0.99999991]))
    threshold = curve.threshold_for_specificity(1)
    assert 0.99999991 < threshold <= 0.99999992
    assert curve.at(threshold) == Confusion(1, 0, 0, 1)


def test_no_threshold_reaches_a_specificity_when_uninfected_cells_score_1():
    curve = Curve(np.array([0.5]), np.array([0.2, 1.0]))
    assert curve.threshold_for_specificity(0.5) == 0.2001
    assert curve.threshold_for_specificity(0.9) is None
    assert curve.sensitivity_at_specificity(0.9).reason


@given(batches, st.floats(0, 1), st.floats(0, 1))
def test_raising_the_threshold_never_raises_sensitivity_nor_lowers_specificity(cells, one, other):
    curve = Curve.from_scores(*split(cells))
    low, high = curve.at(min(one, other)), curve.at(max(one, other))
    assert low.tp >= high.tp
    assert low.tn <= high.tn


@given(batches, st.floats(0, 1))
def test_order_of_the_cells_does_not_matter(cells, threshold):
    true, p = split(cells)
    shuffled = np.random.default_rng(len(cells)).permutation(len(cells))
    one, other = Curve.from_scores(true, p), Curve.from_scores(true[shuffled], p[shuffled])
    assert one.at(threshold) == other.at(threshold)
    assert evaluate(true, p, threshold).auc == evaluate(true[shuffled], p[shuffled], threshold).auc


@given(batches)
def test_areas_agree_with_scikit_learn(cells):
    true, p = split(cells)
    assume(0 < true.sum() < true.size)
    auc = evaluate(true, p, 0.5).auc
    assert auc.value == pytest.approx(roc_auc_score(true, p), abs=1e-12)
    assert 0 <= auc.low <= auc.value <= auc.high <= 1
    assert auc.low < auc.high


def test_areas_of_one_class_are_missing_with_the_reason():
    auc = evaluate(np.ones(3, dtype=bool), [0.1, 0.2, 0.3], 0.5).auc
    assert (auc.value, auc.interval) == (None, None)
    assert auc.reason == "No cell is labelled uninfected."


def rating_data():
    """Hanley & McNeil, Radiology 143 (1982) 29: ratings 1 to 5 of 109 CT images, 58 normal and 51 abnormal."""
    normal = np.repeat([1, 2, 3, 4, 5], [33, 6, 6, 11, 2]) / 5
    abnormal = np.repeat([1, 2, 3, 4, 5], [3, 2, 2, 11, 33]) / 5
    return Curve(abnormal, normal)


def test_delong_gives_the_published_standard_error():
    """Stata's manual (roctab) prints for these data: area 0.8932, DeLong 0.0307, normal interval 0.83295 to 0.95339."""
    from malaria.metrics._auc import delong

    area, variance = delong(rating_data())
    assert area == pytest.approx(0.8932, abs=5e-5)
    assert area - 1.959964 * variance**0.5 == pytest.approx(0.83295, abs=6e-6)
    assert area + 1.959964 * variance**0.5 == pytest.approx(0.95339, abs=6e-6)


def test_delong_interval_agrees_with_the_bootstrap():
    curve, rng = rating_data(), np.random.default_rng(1)
    true = np.repeat([True, False], [curve.positives.size, curve.negatives.size])
    areas = [
        roc_auc_score(true, np.concatenate([rng.choice(s, s.size) for s in (curve.positives, curve.negatives)]))
        for _ in range(700)
    ]
    auc = evaluate(true, np.concatenate([curve.positives, curve.negatives]), 0.5).auc
    assert auc.interval == pytest.approx(np.percentile(areas, [2.5, 97.5]).tolist(), abs=0.02)


@pytest.mark.parametrize(
    ("positives", "negatives"),
    [([0.9] * 20, [0.1] * 20), ([0.9], [0.1]), ([0.5] * 5, [0.5] * 5), ([0.1] * 20, [0.9] * 20), ([0.9], [0.1, 0.95])],
)
def test_the_interval_of_an_area_has_width_where_delong_has_none(positives, negatives):
    auc = evaluate(np.repeat([True, False], [len(positives), len(negatives)]), positives + negatives, 0.5).auc
    assert 0 <= auc.low <= auc.value <= auc.high <= 1
    assert auc.high - auc.low > 0.05


def test_perfect_separation_of_more_cells_is_better_evidence():
    lows = [evaluate(np.repeat([True, False], n), np.repeat([0.9, 0.1], n), 0.5).auc.low for n in (1, 10, 100, 1000)]
    assert lows == sorted(lows)
    assert lows[0] < 0.5
    assert lows[-1] > 0.99


def test_newcombes_interval_covers_the_truth_as_often_as_it_says():
    """Area 0.98 from 15 and 15 cells: often perfectly separated, where a wrong method shows."""
    from scipy.stats import norm

    from malaria.metrics._auc import newcombe

    rng, truth, covered = np.random.default_rng(5), 0.98, 0
    for _ in range(400):
        high, low = norm.cdf(rng.normal(norm.ppf(truth) * 2**0.5, 1, 15)), norm.cdf(rng.normal(0, 1, 15))
        interval = newcombe(float((high[:, None] > low).mean()), 15, 15)
        covered += interval[0] <= truth <= interval[1]
    assert covered / 400 >= 0.93


def test_curves_drawn_are_scikit_learns_to_the_dot():
    rng = np.random.default_rng(3)
    true = rng.random(5000) < 0.5
    p = np.where(true, rng.beta(5, 1, 5000), rng.beta(1, 3, 5000))
    curve = Curve.from_scores(true, p)
    roc, (fpr, tpr, _) = curve.roc(), roc_curve(true, p)
    assert roc.x.size < 2500
    grid = np.linspace(0, 1, 999)
    assert np.abs(np.interp(grid, roc.x, roc.y) - np.interp(grid, fpr, tpr)).max() < 0.002
    assert (roc.x[0], roc.y[0], roc.x[-1], roc.y[-1]) == (0, 0, 1, 1)
    for i in range(1, roc.x.size, 97):  # each point says which threshold it belongs to
        here = curve.at(roc.threshold[i])
        assert (here.false_positive_rate.value, here.sensitivity.value) == pytest.approx((roc.x[i], roc.y[i]))
    pr = curve.precision_recall()
    for i in range(0, pr.x.size, 97):
        here = curve.at(pr.threshold[i])
        assert (here.sensitivity.value, here.precision.value) == pytest.approx((pr.x[i], pr.y[i]))


def test_curves_of_one_class_are_empty():
    only = Curve(np.array([0.2, 0.4]), np.array([]))
    assert only.roc().x.size == 0
    assert only.precision_recall().y.tolist() == [1, 1]
    assert Curve(np.array([]), np.array([0.3])).precision_recall().x.size == 0


@given(batches, targets)
def test_sensitivity_at_a_specificity_is_that_of_its_threshold(cells, target):
    curve = Curve.from_scores(*split(cells))
    rate, threshold = curve.sensitivity_at_specificity(target), curve.threshold_for_specificity(target)
    if rate.value is None:
        assert rate.reason
    else:
        assert rate.value == curve.at(threshold).sensitivity.value
        assert 0 <= rate.low <= rate.value <= rate.high <= 1


def test_sensitivity_at_a_specificity_is_unsure_of_its_threshold():
    """Coverage over 300 batches; the interval of a threshold given beforehand would cover the truth less often."""
    from scipy.stats import norm

    rng, target, covered, naive = np.random.default_rng(2), 0.98, 0, 0
    truth = 1 - norm.cdf(norm.ppf(target) - 3)
    for _ in range(300):
        curve = Curve(np.sort(norm.cdf(rng.normal(3, 1, 400))), np.sort(norm.cdf(rng.normal(0, 1, 400))))
        rate = curve.sensitivity_at_specificity(target)
        plain = curve.at(curve.threshold_for_specificity(target)).sensitivity
        covered += rate.low <= truth <= rate.high
        naive += plain.low <= truth <= plain.high
    assert covered / 300 >= 0.93
    assert naive < covered


def test_too_few_uninfected_cells_leave_a_high_specificity_unproven():
    rng = np.random.default_rng(0)
    curve = Curve(np.sort(rng.beta(9, 1, 300)), np.sort(rng.beta(1, 9, 300)))
    assert curve.sensitivity_at_specificity(0.9995).low == 0


def test_unsorted_scores_and_impossible_targets_are_refused():
    with pytest.raises(MetricsError, match="ascend"):
        Curve(np.array([0.9, 0.1]), np.array([0.5]))
    with pytest.raises(MetricsError, match="specificity"):
        Curve(np.array([0.9]), np.array([0.5])).threshold_for_specificity(1.5)
