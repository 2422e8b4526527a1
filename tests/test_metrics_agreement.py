"""Two models on the same cells, and readers with one another: against statsmodels, worked examples, resampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar as statsmodels_mcnemar
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from malaria.errors import LabelsError, MetricsError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.metrics import cohen, fleiss, mcnemar

ANSWERS = (*CLASSES, "unsure")
WORKED_EXAMPLE = [  # the worked example of ten subjects, fourteen raters and five answers; kappa 0.210
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=80))
@settings(deadline=None)
def test_mcnemar_agrees_with_statsmodels(cells):
    true, a, b = np.array(cells, dtype=bool).T
    test = mcnemar(true, a, b)
    table = [[test.both_right, test.only_a], [test.only_b, test.both_wrong]]
    assert test.n == len(cells)
    assert test.only_a == sum((x == t) and (y != t) for t, x, y in cells)
    assert test.p_value == pytest.approx(float(statsmodels_mcnemar(table, exact=True).pvalue))
    assert mcnemar(true, b, a).p_value == pytest.approx(test.p_value)


def test_models_that_never_differ_cannot_be_told_apart():
    test = mcnemar([PARASITIZED, UNINFECTED], [PARASITIZED, PARASITIZED], [PARASITIZED, PARASITIZED])
    assert (test.both_right, test.only_a, test.only_b, test.both_wrong, test.p_value) == (1, 0, 0, 1, 1)


def test_mcnemar_refuses_other_cells_and_other_words():
    with pytest.raises(MetricsError, match=r"for 1 label\."):
        mcnemar([PARASITIZED], [PARASITIZED], [PARASITIZED, UNINFECTED])
    with pytest.raises(LabelsError, match="unsure"):
        mcnemar([PARASITIZED], ["unsure"], [PARASITIZED])


@given(st.lists(st.tuples(st.sampled_from(ANSWERS), st.sampled_from(ANSWERS)), min_size=2, max_size=80))
@settings(deadline=None)
def test_cohens_kappa_agrees_with_statsmodels(cells):
    a, b = zip(*cells, strict=True)
    agreement = cohen(a, b, ANSWERS)
    table = np.array([[sum((x, y) == (row, column) for x, y in cells) for column in ANSWERS] for row in ANSWERS])
    assert agreement.raw.value == pytest.approx(np.trace(table) / len(cells))
    if len(set(a) | set(b)) == 1:
        assert agreement.kappa.value is None
        assert agreement.kappa.reason
        return
    assert agreement.kappa.low <= agreement.kappa.value <= agreement.kappa.high
    with np.errstate(all="ignore"):  # statsmodels divides by zero where no reading varies
        theirs = cohens_kappa(table)
    assert agreement.kappa.value == pytest.approx(theirs.kappa, abs=1e-12)
    if theirs.var_kappa > 1e-12:
        assert agreement.kappa.low == pytest.approx(max(-1, theirs.kappa_low), abs=1e-6)
        assert agreement.kappa.high == pytest.approx(min(1, theirs.kappa_upp), abs=1e-6)


def test_full_agreement_on_few_cells_is_not_certain():
    few, many = (cohen(list(CLASSES) * n, list(CLASSES) * n).kappa for n in (3, 300))
    assert few.value == many.value == 1
    assert few.low < 0.5 < 0.98 < many.low


def test_fleiss_kappa_gives_the_worked_example():
    agreement = fleiss(WORKED_EXAMPLE)
    assert agreement.raw.value == pytest.approx(0.378, abs=5e-4)
    assert agreement.kappa.value == pytest.approx(0.210, abs=5e-4)
    assert agreement.kappa.low < 0.21 < agreement.kappa.high


@given(st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), min_size=2, max_size=40))
@settings(deadline=None)
def test_fleiss_kappa_agrees_with_statsmodels(readings_):
    counts = np.array([np.bincount(cell, minlength=3) for cell in readings_])
    kappa = fleiss(counts).kappa
    if (counts.sum(axis=0) > 0).sum() == 1:
        assert kappa.value is None
        assert kappa.reason
    else:
        assert kappa.value == pytest.approx(fleiss_kappa(counts), abs=1e-9)
        assert -1 <= kappa.low <= kappa.value <= kappa.high <= 1


def readers(n, right, seed):
    """Counts of two answers by three readers, each right with probability `right`; some cells are read by two only."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, n)
    answers = np.where(rng.random((n, 3)) < right, truth[:, None], 1 - truth[:, None])
    answers[rng.random(n) < 0.3, 2] = -1
    return np.stack([(answers == k).sum(axis=1) for k in (0, 1)], axis=1)


def test_the_interval_of_fleiss_kappa_agrees_with_resampling_the_cells():
    counts, rng = readers(400, 0.85, 0), np.random.default_rng(1)
    drawn = [fleiss(counts[rng.integers(0, 400, 400)]).kappa.value for _ in range(500)]
    kappa = fleiss(counts).kappa
    assert kappa.interval == pytest.approx(np.percentile(drawn, [2.5, 97.5]).tolist(), abs=0.02)


def test_cells_read_once_are_passed_over():
    counts = readers(50, 0.8, 3)
    assert fleiss(np.vstack([counts, [[1, 0], [0, 0]]])) == fleiss(counts)


@pytest.mark.parametrize("counts", [np.empty((0, 2)), [[1, 0]]])
def test_nothing_read_twice_is_said(counts):
    assert fleiss(counts).kappa.reason == fleiss(counts).raw.reason == "No cell was read twice."
    assert cohen([], []).kappa.reason == "No cell was read twice."


def test_one_cell_has_no_interval():
    kappa = fleiss([[2, 1]]).kappa
    assert kappa.interval is None
    assert kappa.reason == "An interval needs at least two cells."


def test_readings_outside_the_answers_and_unequal_readers_are_refused():
    with pytest.raises(MetricsError, match="'maybe'"):
        cohen([PARASITIZED], ["maybe"])
    with pytest.raises(MetricsError, match="same cells"):
        cohen([PARASITIZED], [PARASITIZED, UNINFECTED])
    for wrong in ([1, 2], [[-1, 3]], [["a", "b"]]):
        with pytest.raises(MetricsError, match="shape"):
            fleiss(wrong)
