"""What a run keeps on disk so that it can go on: written whole or not at all, and what is broken told in a sentence."""

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from malaria.errors import TrainingError

BEST = "best.weights.h5"
"""The best weights of one fold, beside its other files."""


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Give a file to write, of the same kind, that then becomes `path` in one step: a kill leaves no half of it."""
    partial = path.with_name(f"partial-{path.name}")
    yield partial
    os.replace(partial, path)


@contextmanager
def _read(path: Path) -> Iterator[None]:
    """Raise `TrainingError` for a file that is absent or torn."""
    try:
        yield
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile):
        raise TrainingError(
            f"{path} is missing or broken, perhaps because the run was killed. Remove {path.parent} and continue its "
            "run with --resume."
        ) from None


def write_json(value: Any, path: Path) -> None:
    """Write JSON that `read_json` reads."""
    with whole(path) as partial:
        partial.write_text(json.dumps(value, indent=1))


def read_json(path: Path) -> Any:
    """Return what `write_json` wrote. Raises `TrainingError` if the file is absent or torn."""
    with _read(path):
        return json.loads(path.read_text())


def write_answers(folder: Path, positions: NDArray[np.int64], answers: NDArray[np.float64]) -> None:
    """Keep the answers of one fold for the cells at `positions`, both of shape (n, ...)."""
    with whole(answers_file(folder)) as partial:
        np.savez(partial, positions=positions, answers=answers)


def read_answers(folder: Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the positions and answers that `write_answers` kept. Raises `TrainingError` if there are none."""
    with _read(answers_file(folder)), answers_file(folder).open("rb") as file, np.load(file) as saved:
        return saved["positions"], saved["answers"]


def answers_file(folder: Path) -> Path:
    """The file of a fold's answers; where it is, the fold is done."""
    return folder / "held_out.npz"


def load_best(network: keras.Model, folder: Path) -> None:
    """Give a network the best weights of a fold. Raises `TrainingError` if the file is absent or torn."""
    with _read(folder / BEST):
        network.load_weights(folder / BEST)
