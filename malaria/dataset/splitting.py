"""Two ways to hold cells out for testing, and what the first leaks: cells of patients that were trained on."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

HELD_OUT: Final = 0.2


@dataclass(frozen=True, eq=False)
class Leak:
    """A split of n cells: `held_out` is bool (n,), `patients` names the patient of each."""

    held_out: NDArray[np.bool_]
    patients: NDArray[np.str_]

    @property
    def n_held_out(self) -> int:
        """Cells held out."""
        return int(self.held_out.sum())

    @property
    def leaked(self) -> int:
        """Cells held out whose patient has cells in training as well: the network has seen that smear."""
        trained = np.unique(self.patients[~self.held_out])
        return int(np.isin(self.patients[self.held_out], trained).sum())

    @property
    def patients_on_both_sides(self) -> int:
        """Patients with cells on both sides."""
        return len(np.intersect1d(self.patients[self.held_out], self.patients[~self.held_out]))

    def counts(self) -> list[tuple[str, int, int]]:
        """For each patient in the order of names: the name, cells in training, cells held out."""
        names, number = np.unique(self.patients, return_inverse=True)
        trained, held = (np.bincount(number[side], minlength=len(names)) for side in (~self.held_out, self.held_out))
        return list(zip(names.tolist(), trained.tolist(), held.tolist(), strict=True))


def split_by_image(patients: Sequence[Hashable], share: float = HELD_OUT, seed: int = 0) -> Leak:
    """Hold out a `share` (0 to 1) of the cells at random, whoever they belong to: the split that flatters."""
    held_out = np.zeros(len(patients), np.bool_)
    chosen = np.random.default_rng(seed).permutation(len(patients))[: round(share * len(patients))]
    held_out[chosen] = True
    return Leak(held_out, np.array([str(patient) for patient in patients], np.str_))


def split_by_patient(patients: Sequence[Hashable], share: float = HELD_OUT, seed: int = 0) -> Leak:
    """Hold out whole patients in random order, as many as come nearest to a `share` (0 to 1) of cells; never all."""
    names = np.array([str(patient) for patient in patients], np.str_)
    distinct, counts = np.unique(names, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(distinct))
    held_out = np.cumsum(counts[order])[:-1]  # by so many patients; the last one is trained on
    chosen = order[: 1 + np.abs(held_out - share * len(names)).argmin()] if held_out.size else order[:0]
    return Leak(np.isin(names, distinct[chosen]), names)
