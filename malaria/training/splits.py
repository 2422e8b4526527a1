"""Which cells are trained on, which stop the training and which are kept for measuring: always by patient."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from malaria.errors import TrainingError
from malaria.wording.words import count

VALIDATION_FOLDS = 8
"""One part in this many of the cells not held out stops the training; it is never measured on."""


@dataclass(frozen=True)
class Fold:
    """Positions of cells: int arrays without overlap."""

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    held_out: NDArray[np.int64]


def split_folds(labels: NDArray[np.int64], patients: NDArray[np.object_], folds: int, seed: int) -> Iterator[Fold]:
    """Yield `folds` splits; every cell is held out exactly once, and no patient stands on two sides of a split.

    `labels` and `patients` have shape (n,). Classes are balanced over the folds as far as whole patients allow
    (scikit-learn's StratifiedGroupKFold). The same seed gives the same splits. Raises `TrainingError` when a class has
    too few patients.
    """
    for rest, held_out in _make_folds(labels, patients, folds, seed):
        yield Fold(*split_validation(rest, labels, patients, seed), held_out)


def split_validation(
    positions: NDArray[np.int64], labels: NDArray[np.int64], patients: NDArray[np.object_], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split `positions` by patient into those trained on and those that stop the training, one in eight."""
    parts = min(VALIDATION_FOLDS, _count_fewest(labels, patients, positions))
    if parts < 2:
        raise TrainingError(
            f"Where a part of the patients is held out, one class keeps {parts}, and needs two: one to learn from and "
            "one that stops the training. Use more patients of each class, or hold out fewer with more --folds."
        )
    train, validation = next(_make_folds(labels[positions], patients[positions], parts, seed + 1))
    return positions[train], positions[validation]


def _count_fewest(labels: NDArray[np.int64], patients: NDArray[np.object_], positions: NDArray[np.int64]) -> int:
    """How many patients the class with the fewest has at `positions`."""
    return min(len(set(patients[positions][labels[positions] == label])) for label in set(labels))


def _make_folds(
    labels: NDArray[np.int64], patients: NDArray[np.object_], folds: int, seed: int
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    fewest = _count_fewest(labels, patients, np.arange(len(labels)))
    if fewest < folds:
        raise TrainingError(
            f"{count(folds, 'fold')} by patient need at least {count(folds, 'patient')} of each class, and one class "
            f"has {fewest}. Use fewer folds or more patients."
        )
    folder = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    for rest, part in folder.split(np.zeros(len(labels)), labels, patients):
        yield rest.astype(np.int64), part.astype(np.int64)
