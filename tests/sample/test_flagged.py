"""The distribution of flagged cells, against routes that share no code with it: sums, quadrature and simulation."""

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import integrate, stats

from malaria.errors import SampleError
from malaria.sample import CellRates, at_least, exactly, fewer_than, histogram, quantile

proportions = st.one_of(st.floats(0, 1), st.floats(-9, 0).map(lambda x: 10**x), st.sampled_from([0.0, 1.0]))
overdispersions = st.one_of(st.just(0.0), st.floats(0, 0.5), st.floats(-12, -0.31).map(lambda x: 10**x))
all_rates = st.builds(CellRates, proportions, proportions, overdispersions)


def beta(rates: CellRates) -> tuple[float, float]:
    precision = 1 / rates.overdispersion - 1
    return rates.false_positive_rate * precision, (1 - rates.false_positive_rate) * precision


def by_summing(count: int, cells: int, p: float, rates: CellRates) -> float:
    """P(X >= count) by adding up who is infected and flagged (u), who is uninfected (m) and flagged (the rest)."""
    total = 0.0
    a, b = beta(rates)
    true_alarms = p * rates.sensitivity
    for u in range(cells + 1):
        uninfected = np.arange(cells - u + 1)
        chance = stats.binom.pmf(uninfected, cells - u, (1 - p) / (1 - true_alarms))
        rest = np.array([stats.betabinom.sf(count - u - 1, m, a, b) if m else float(count <= u) for m in uninfected])
        total += stats.binom.pmf(u, cells, true_alarms) * float(chance @ rest)
    return total


@pytest.mark.parametrize(
    ("count", "cells", "p", "rates"),
    [
        (1, 1, 0.3, CellRates(0.9, 0.1, 0.2)),
        (3, 20, 0.1, CellRates(0.9, 0.05, 0.02)),
        (2, 25, 0.02, CellRates(0.98, 0.001, 0.02)),
        (12, 25, 0.4, CellRates(0.5, 0.6, 0.5)),
        (25, 25, 0.9, CellRates(0.99, 0.97, 0.3)),
        (1, 25, 1e-6, CellRates(1.0, 1e-6, 0.5)),
        (20, 25, 0.999, CellRates(0.8, 0.2, 0.1)),
    ],
)
def test_tails_are_those_of_a_sum_over_all_cells(count, cells, p, rates):
    summed = by_summing(count, cells, p, rates)
    assert at_least(count, cells, p, rates) == pytest.approx(summed, rel=1e-9)
    assert fewer_than(count, cells, p, rates) == pytest.approx(1 - summed, rel=1e-9, abs=1e-15)


def beta_binomial(cells: int, rates: CellRates) -> np.ndarray:
    """P(X = 0..cells) without infection, from one count to the next; scipy's own loses digits where a is large."""
    a, b = beta(rates)
    j, x = np.arange(cells), np.arange(cells)
    none = np.log1p(-a / (a + b + j)).sum()
    ratios = np.log((cells - x) / (x + 1)) + np.log(a + x) - np.log(b + cells - x - 1)
    return np.exp(none + np.concatenate([[0.0], np.cumsum(ratios)]))


@pytest.mark.parametrize("cells", [1, 7, 350, 20_000])
@pytest.mark.parametrize("fpr", [1e-5, 0.001, 0.028, 0.6, 0.999])
@pytest.mark.parametrize("rho", [1e-6, 0.003, 0.02, 0.5])
def test_without_infection_it_is_the_beta_binomial(cells, fpr, rho):
    rates = CellRates(0.9, fpr, rho)
    chances = beta_binomial(cells, rates)
    spread = float(np.sqrt(cells * fpr * (1 - fpr) * (1 + (cells - 1) * rho)))
    for count in {int(np.clip(round(cells * fpr + z * spread), 1, cells)) for z in (-2, 0, 1.6, 5)}:
        assert at_least(count, cells, 0.0, rates) == pytest.approx(chances[count:].sum(), rel=1e-8, abs=1e-15)
        assert fewer_than(count, cells, 0.0, rates) == pytest.approx(chances[:count].sum(), rel=1e-8, abs=1e-15)


@pytest.mark.parametrize("count", [1, 30, 76, 150])
def test_without_infection_it_agrees_with_scipy(count):
    rates = CellRates(0.9, 0.028, 0.02)
    model = stats.betabinom(1_000, *beta(rates))
    assert at_least(count, 1_000, 0.0, rates) == pytest.approx(float(model.sf(count - 1)), rel=1e-7)


@pytest.mark.parametrize("cells", [1_000, 300_000, 10_000_000])
@pytest.mark.parametrize(
    "rates", [CellRates(0.947, 0.028, 0.003), CellRates(0.98, 0.2, 0.02), CellRates(0.6, 0.3, 1e-5)]
)
@pytest.mark.parametrize("p", [0.0, 0.001, 0.04, 0.9])
def test_it_is_the_binomial_averaged_over_slides(cells, rates, p):
    """Adaptive quadrature over f of scipy's binomial: the definition, feasible where Beta(a, b) is smooth."""
    a, b = beta(rates)
    slides = stats.beta(a, b)

    def integrand(f: float) -> float:
        return float(stats.binom.sf(count - 1, cells, p * rates.sensitivity + (1 - p) * f) * slides.pdf(f))

    low, high = slides.ppf(1e-15), slides.isf(1e-15)
    for share in (0.02, 0.5, 0.97):
        f = float(slides.ppf(share))
        count = max(1, round(cells * (p * rates.sensitivity + (1 - p) * f)))
        steps = [f + z * float(np.sqrt(f * (1 - f) / cells)) / (1 - p) for z in (-9, -4, -1, 0, 1, 4, 9)]
        points = [step for step in steps if low < step < high]
        expected, _ = integrate.quad(integrand, low, high, points=points, limit=400, epsabs=1e-12, epsrel=1e-10)
        assert at_least(count, cells, p, rates) == pytest.approx(expected, abs=2e-9)


def test_it_is_what_simulated_slides_show():
    rng = np.random.default_rng(20)
    rates, cells, p, slides = CellRates(0.947, 0.028, 0.02), 1_000, 0.05, 200_000
    infected = rng.binomial(cells, p, slides)
    false_alarms = rng.binomial(cells - infected, rng.beta(*beta(rates), slides))
    counts = rng.binomial(infected, rates.sensitivity) + false_alarms
    for count in (50, 76, 110):
        seen = float(np.mean(counts >= count))
        assert at_least(count, cells, p, rates) == pytest.approx(seen, abs=4 * np.sqrt(seen * (1 - seen) / slides))


@given(st.integers(1, 10_000_000), st.floats(0, 1), proportions, all_rates)
@example(10_000_000, 1.0, 0.0, CellRates(0.0, 1 - 1e-9, 0.3))
@example(10_000_000, 1.0, 1e-9, CellRates(1.0, 1e-9, 0.5))
@example(10_000_000, 0.5, 0.5, CellRates(0.5, 0.5, 1e-12))
def test_both_tails_are_probabilities_and_add_up(cells, place, p, rates):
    count = max(1, round(place * cells))
    upper, lower = at_least(count, cells, p, rates), fewer_than(count, cells, p, rates)
    assert 0 <= upper <= 1
    assert 0 <= lower <= 1
    assert upper + lower == pytest.approx(1, abs=1e-9)


@given(st.integers(1, 100_000), st.floats(0, 1), proportions, all_rates)
def test_a_higher_count_is_never_more_likely(cells, place, p, rates):
    count = max(1, round(place * cells))
    assert at_least(count + 1, cells, p, rates) <= at_least(count, cells, p, rates) + 1e-11


@given(st.integers(1, 100_000), st.floats(0, 1), proportions, proportions, all_rates)
def test_more_infected_cells_never_lower_the_count_where_infected_cells_are_always_flagged(cells, place, p, q, rates):
    sure = CellRates(1.0, rates.false_positive_rate, rates.overdispersion)
    count = max(1, round(place * cells))
    low, high = sorted((p, q))
    assert at_least(count, cells, low, sure) <= at_least(count, cells, high, sure) + 1e-10


@given(st.integers(1, 10_000_000), st.floats(0, 1), proportions, all_rates)
def test_overdispersion_sets_in_gently(cells, place, p, rates):
    """Down to an overdispersion that is too small to matter, nothing jumps."""
    count = max(1, round(place * cells))
    assume(0 < rates.false_positive_rate < 1)
    slight = CellRates(rates.sensitivity, rates.false_positive_rate, 1e-9 / cells)
    alike = CellRates(rates.sensitivity, rates.false_positive_rate)
    assert at_least(count, cells, p, slight) == pytest.approx(at_least(count, cells, p, alike), abs=1e-7)


@pytest.mark.parametrize(
    ("rates", "p", "certain"),
    [
        (CellRates(1, 0), 0.0, 0),
        (CellRates(1, 0, 0.5), 0.0, 0),
        (CellRates(1, 1, 0.5), 0.3, 10),
        (CellRates(0, 0), 1.0, 0),
        (CellRates(1, 0.3, 0.4), 1.0, 10),
    ],
)
def test_certain_rates_give_certain_counts(rates, p, certain):
    assert [exactly(x, 10, p, rates) for x in range(11)] == [float(x == certain) for x in range(11)]


def test_a_histogram_holds_all_of_the_distribution():
    rates = CellRates(0.947, 0.028, 0.02)
    shares = histogram([0, 20, 40, 41, 200, 1_001], 1_000, 0.01, rates)
    assert shares.sum() == pytest.approx(1, abs=1e-12)
    assert shares[2] == pytest.approx(exactly(40, 1_000, 0.01, rates), rel=1e-9)


def test_quantiles_are_the_smallest_counts_that_reach_them():
    rates = CellRates(0.947, 0.028, 0.02)
    x = quantile(0.9, 1_000, 0.01, rates)
    assert fewer_than(x, 1_000, 0.01, rates) < 0.9 <= fewer_than(x + 1, 1_000, 0.01, rates)
    assert quantile(1.0, 50, 0.0, CellRates(1, 0)) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1, 0, 0.1, CellRates(1, 0)), "number of cells must be a whole number from 1 to 10,000,000; it is 0"),
        ((1, 10_000_001, 0.1, CellRates(1, 0)), "10000001"),
        ((1, 2.5, 0.1, CellRates(1, 0)), "2.5"),
        ((12, 10, 0.1, CellRates(1, 0)), "count of flagged cells must be a whole number from 0 to 11"),
        ((1, 10, 1.1, CellRates(1, 0)), "parasitaemia must lie between 0 and 1; it is 1.1"),
        ((1, 10, float("nan"), CellRates(1, 0)), "not a number"),
    ],
)
def test_what_is_out_of_range_is_refused_with_the_rule(arguments, message):
    with pytest.raises(SampleError, match=message):
        at_least(*arguments)


@pytest.mark.parametrize(
    "values", [(1.1, 0, 0), (-0.1, 0, 0), (1, 2, 0), (1, 0, 1), (1, 0, -0.1), ("x", 0, 0), (1, 0, float("nan"))]
)
def test_rates_out_of_range_are_refused(values):
    with pytest.raises(SampleError):
        CellRates(*values)
