"""The notebook's calculation, to its digits, and what it would mean."""

import pytest

from malaria.errors import SampleError
from malaria.sample import CellRates, at_least, notebook_requirements, required_cell_specificity


def test_its_digits():
    numbers = notebook_requirements()
    assert round(numbers.required_cell_sensitivity, 6) == 0.991477
    assert round(numbers.required_cell_specificity, 6) == 0.999536


def test_its_specificity_is_right_for_slides_that_are_alike():
    numbers = notebook_requirements(1_000, 0.9, 0.7)
    assert numbers.required_cell_specificity == pytest.approx(required_cell_specificity(1_000, target_specificity=0.7))


@pytest.mark.parametrize("parasitaemia", [0.001, 0.01, 0.1])
def test_its_sensitivity_gives_the_promised_one_at_no_parasitaemia_in_particular(parasitaemia):
    numbers = notebook_requirements()
    reached = at_least(1, 350, parasitaemia, CellRates(numbers.required_cell_sensitivity, 0))
    assert reached != pytest.approx(0.95, abs=0.01)


def test_its_sensitivity_is_the_share_of_cells_that_may_go_unflagged():
    unflagged = notebook_requirements().required_cell_sensitivity
    assert at_least(1, 350, 1.0, CellRates(1 - unflagged, 0)) == pytest.approx(0.95)


@pytest.mark.parametrize("arguments", [(0, 0.95, 0.85), (350, 1, 0.85), (350, 0.95, 0)])
def test_numbers_out_of_range_are_refused(arguments):
    with pytest.raises(SampleError):
        notebook_requirements(*arguments)
