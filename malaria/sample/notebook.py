"""The calculation of the notebook this project grew out of, to its digits, and what it leaves out.

The notebook asked how well cells must be read for a sample of N to have sensitivity S and specificity C. It answered

    cell specificity = C ** (1 / N)            0.85 ** (1 / 350) = 0.999536
    cell sensitivity = (1 - S) ** (1 / N)      0.05 ** (1 / 350) = 0.991477

The first is right where one flagged cell makes a sample positive and slides are alike: all N cells must stay unflagged.
The second solves 1 - x ** N = S. There x ** N is the probability that none of the N cells is flagged, so x is the
largest share of cells that may go *unflagged*, infected or not, and 1 - x = 0.008523 the share of all cells that must
be flagged. A sensitivity is a share of the infected cells, so it cannot be had without the parasitaemia p, which the
formula never uses: p * sensitivity = 0.008523 gives 0.8523 at p = 1 %, and at 0.5 % more than 1, which no reader has
(`malaria.sample.required_cell_sensitivity`).
"""

from dataclasses import dataclass

from malaria.sample import _checks


@dataclass(frozen=True)
class NotebookRequirements:
    """What the notebook asks of the cells; see the module for why its sensitivity is not one."""

    required_cell_sensitivity: float
    required_cell_specificity: float


def notebook_requirements(
    cells: int = 350, target_sensitivity: float = 0.95, target_specificity: float = 0.85
) -> NotebookRequirements:
    """Return the notebook's two numbers for `cells` cells (1 to 10,000,000); both targets lie between 0 and 1.

    Raises SampleError.
    """
    cells = _checks.cells(cells)
    missed = 1 - _checks.target("The target sensitivity", target_sensitivity)
    cleared = _checks.target("The target specificity", target_specificity)
    return NotebookRequirements(missed ** (1 / cells), cleared ** (1 / cells))
