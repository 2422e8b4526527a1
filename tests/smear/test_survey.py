"""Which cells a reader gets, and what the answers tell of the rest."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malaria.smear.survey import BLOCK, BY_LOT, Survey, chances, reading_order

CELLS = 3000


def a_sample(seed, share, *, missed=0.05, cells=CELLS):
    """(how far each cell stands out, whether it is parasitized), the farthest first; parasites clustered by field."""
    rng = np.random.default_rng(seed)
    field = rng.integers(0, 24, cells)
    infected = rng.random(cells) < np.minimum(rng.gamma(0.7, 1 / 0.7, 24) * share, 0.9)[field]
    null = np.abs(rng.standard_t(3, cells)) * np.where(rng.random(cells) < 0.5, 1, -1)
    seen = infected & (rng.random(cells) >= missed)
    far = np.where(seen, np.maximum(null, rng.gamma(4, 1.8, cells)), null)
    order = np.argsort(-far)
    return far[order], infected[order]


def decide(far, truth, order, decided):
    shown = order[:decided]
    return Survey(far).estimate(shown[truth[shown]], shown[~truth[shown]])


@given(st.integers(0, 300), st.text(max_size=20))
def test_every_cell_comes_once_and_a_sample_always_in_the_same_order(n, seed):
    ranking = np.random.default_rng(n).permutation(n)
    order = reading_order(ranking, seed)
    assert sorted(order.tolist()) == list(range(n))
    assert (order == reading_order(ranking, seed)).all()


@pytest.mark.parametrize("blocks", [1, 3, 10])
def test_the_first_ranks_are_shown_for_certain_and_all_others_as_often_as_is_said(blocks):
    n, shown, samples = 400, Counter(), 400
    certain, chance = chances(n, blocks * BLOCK)
    for seed in range(samples):
        first = reading_order(np.arange(n), str(seed))[: blocks * BLOCK].tolist()
        assert set(range(certain)) <= set(first)
        shown.update(first)
    others = np.array([shown[cell] for cell in range(certain, n)]) / samples
    assert others[100:].mean() == pytest.approx(chance, abs=0.01)
    assert others.min() > 0


def test_the_order_does_not_tell_which_cells_were_drawn_by_lot():
    places = [np.flatnonzero(reading_order(np.arange(2000), str(seed))[:BLOCK] >= 100) for seed in range(400)]
    share = np.bincount(np.concatenate(places), minlength=BLOCK) / 400
    assert np.abs(share - BY_LOT / BLOCK).max() < 0.1


@pytest.mark.parametrize("share", [0.0001, 0.001, 0.01, 0.1])
@pytest.mark.parametrize("missed", [0.0, 0.1])
def test_the_interval_holds_the_truth_wherever_the_reader_stops(share, missed):
    """At 0.01, 0.1, 1 and 10 %, clustered by field, with parasites that the machine does not see at all."""
    held = dict.fromkeys((30, 100, 200, 400), 0)
    samples = 20
    for seed in range(samples):
        far, truth = a_sample(seed, share, missed=missed)
        survey, order = Survey(far), reading_order(np.arange(len(far)), str(seed))
        for stop in held:
            shown = order[:stop]
            found = survey.estimate(shown[truth[shown]], shown[~truth[shown]])
            held[stop] += found.low <= truth.sum() <= found.high
    assert min(held.values()) >= 0.9 * samples, held
    assert sum(held.values()) >= 0.95 * samples * len(held), held


def test_more_decisions_bring_a_narrower_interval_and_all_of_them_the_truth():
    far, truth = a_sample(1, 0.02)
    order = reading_order(np.arange(len(far)), "sample")
    found = [decide(far, truth, order, stop) for stop in (60, 200, 800, CELLS)]
    widths = [one.high - one.low for one in found]
    assert widths == sorted(widths, reverse=True)
    assert (found[-1].low, found[-1].value, found[-1].high) == (truth.sum(),) * 3


def test_where_no_parasite_is_seen_the_upper_end_is_not_none():
    far, _ = a_sample(2, 0)
    found = decide(far, np.zeros(CELLS, bool), reading_order(np.arange(CELLS), "sample"), 200)
    assert found.low == 0
    assert 0 < found.high < 30
    assert 0 < found.value < found.high


def test_cells_of_which_a_reader_is_not_sure_are_as_good_as_not_decided():
    far, truth = a_sample(3, 0.02)
    order = reading_order(np.arange(CELLS), "sample")[:200]
    sure = order[5:]
    found = Survey(far).estimate(sure[truth[sure]], sure[~truth[sure]])
    assert found.decided == 195


def test_the_forecast_comes_close_to_what_is_found_later():
    off = []
    for seed in range(12):
        far, truth = a_sample(seed, 0.02)
        order = reading_order(np.arange(CELLS), str(seed))
        shown = order[:100]
        told = Survey(far).forecast(shown[truth[shown]], shown[~truth[shown]], [], order[100:300])
        later = decide(far, truth, order, 300)
        off.append((told.high - told.low) / (later.high - later.low))
        assert told.decided == later.decided
    assert 0.5 < np.median(off) < 2


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_an_estimate_is_never_less_than_what_was_confirmed_nor_more_than_what_is_left(n, decided, seed):
    rng = np.random.default_rng(seed)
    far, truth = rng.normal(0, 3, n), rng.random(n) < 0.3
    order = rng.permutation(n)
    found = decide(far, truth, order, min(n, decided))
    assert found.confirmed <= found.low <= found.high <= found.confirmed + n - found.decided
    assert found.low - 1e-9 <= found.value <= found.high + 1e-9 or found.decided < 10
    assert found.cells == n
