"""What the cells must be read with, or how many: closed forms, definitions, and a plain scan as the other route."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.errors import SampleError
from malaria.sample import (
    CellRates,
    at_least,
    count_threshold,
    limit_of_detection,
    required_cell_sensitivity,
    required_cell_specificity,
    required_cells,
)

rhos = st.one_of(st.just(0.0), st.floats(1e-6, 0.5))


def test_any_flagged_cell_of_350_at_one_percent_needs_this_sensitivity():
    assert round(required_cell_sensitivity(350, 1, parasitaemia=0.01), 4) == 0.8523


def test_at_half_a_percent_no_sensitivity_is_enough():
    assert required_cell_sensitivity(350, 1, parasitaemia=0.005) is None
    assert required_cell_sensitivity(350, 1, parasitaemia=0.005, false_positive_rate=0.005) is not None


def test_any_flagged_cell_of_350_needs_this_specificity():
    assert round(required_cell_specificity(350, 1, target_specificity=0.85), 6) == 0.999536
    assert required_cell_specificity(1, 1, target_specificity=0.85) == pytest.approx(0.85)


@given(st.integers(1, 1_000_000), st.floats(0, 1), st.floats(0.5, 0.999), rhos)
def test_the_required_specificity_is_just_enough(cells, place, target, rho):
    count = max(1, round(place * cells))
    specificity = required_cell_specificity(cells, count, target_specificity=target, overdispersion=rho)
    assert 0 <= specificity <= 1
    reached = at_least(count, cells, 0.0, CellRates(1.0, 1 - specificity, rho))
    assert reached == pytest.approx(1 - target, rel=1e-6, abs=1e-9)


@given(st.integers(1, 100_000), st.floats(0, 1), st.floats(1e-6, 1), st.floats(0.5, 0.99), st.floats(0, 0.2), rhos)
def test_the_required_sensitivity_is_just_enough(cells, place, p, target, fpr, rho):
    count = max(1, round(place * cells))
    sensitivity = required_cell_sensitivity(
        cells, count, parasitaemia=p, target_sensitivity=target, false_positive_rate=fpr, overdispersion=rho
    )
    if sensitivity is None:
        assert at_least(count, cells, p, CellRates(1.0, fpr, rho)) < target
    elif sensitivity == 0:
        assert at_least(count, cells, p, CellRates(0.0, fpr, rho)) >= target
    else:
        assert at_least(count, cells, p, CellRates(sensitivity, fpr, rho)) == pytest.approx(target, rel=1e-6)


@pytest.mark.parametrize(
    ("p", "rates"),
    [
        (0.05, CellRates(0.947, 0.028)),
        (0.2, CellRates(0.947, 0.028, 0.02)),
        (0.02, CellRates(1, 0)),
        (0.03, CellRates(0.98, 0.001, 0.003)),
        (0.9, CellRates(0.5, 0.3, 0.02)),
        (1.0, CellRates(1, 0.04)),
        (0.3, CellRates(0.6, 0.1, 0.1)),
    ],
)
def test_the_required_number_is_the_first_that_does_it(p, rates):
    def does_it(cells: int) -> bool:
        return at_least(count_threshold(cells, rates), cells, p, rates) >= 0.95

    scanned = next((cells for cells in range(1, 130) if does_it(cells)), None)
    found = required_cells(p, rates)
    assert found == scanned if scanned else found is None or found >= 130


@given(st.floats(0.05, 1), st.floats(0, 0.8), st.floats(0.0005, 1))
def test_the_required_number_detects_what_it_is_required_for(sensitivity, share, p):
    rates = CellRates(sensitivity, sensitivity * share)
    cells = required_cells(p, rates)
    if cells:
        assert limit_of_detection(count_threshold(cells, rates), cells, rates) <= p * (1 + 1e-9)


@given(st.floats(0.05, 1), st.floats(0, 0.8), st.floats(0.0005, 0.5), st.floats(1, 2))
def test_a_heavier_infection_never_needs_more_cells(sensitivity, share, p, times):
    rates = CellRates(sensitivity, sensitivity * share)
    fewer, more = required_cells(p * times, rates), required_cells(p, rates)
    assert more is None or fewer <= more


@pytest.mark.parametrize(
    ("p", "rates"),
    [
        (0.0, CellRates(1, 0)),
        (0.01, CellRates(0, 0)),
        (0.01, CellRates(0.3, 0.5)),
        (0.01, CellRates(1, 1)),
        (0.03, CellRates(0.947, 0.028, 0.02)),  # overdispersion keeps this out of reach of any number of cells
    ],
)
def test_some_things_no_number_of_cells_detects(p, rates):
    assert required_cells(p, rates) is None


def test_even_perfect_reading_needs_many_cells_at_200_per_microlitre():
    assert required_cells(200 / 5_000_000, CellRates(1, 0)) == 74_892


@pytest.mark.parametrize("arguments", [(0, 1), (10, 0), (10, 11), (10.5, 1)])
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(SampleError):
        required_cell_specificity(*arguments)
    with pytest.raises(SampleError):
        required_cell_sensitivity(*arguments, parasitaemia=0.01)


def test_no_sensitivity_finds_what_is_not_there():
    with pytest.raises(SampleError, match="above 0"):
        required_cell_sensitivity(10, 1, parasitaemia=0)
