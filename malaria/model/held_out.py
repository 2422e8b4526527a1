"""What a model folder says of cells whose patients its networks had not seen: read here alone, or told why not."""

import csv
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from posixpath import basename, splitext
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.errors import ModelError, NoHeldOutError, SampleError
from malaria.labels import CLASSES
from malaria.model.card import read_file

if TYPE_CHECKING:
    from malaria.sample import Scores

FILE: Final = "held_out.csv.gz"
"""Every cell the model learned from, with its labels and the answer of a network that had not seen its patient."""
COLUMNS: Final = ("file", "patient", "label", "given_label", "p_parasitized")
"""What it holds at least; a column `image_id` is read, too."""
PLAIN_FILE: Final = "held_out.csv"
"""The same, unpacked by somebody."""
Stamp: TypeAlias = tuple[tuple[int, int] | None, ...]
_MAX_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Cells that the model called `model` learned from, and what networks said that had not seen their patients.

    One entry a cell, all of shape (n,), in the file's order. `files`, `image_ids` and `patients` are text, "" where
    the file does not say; `labels` (those learned) and `given_labels` are class names, or None. `p_parasitized` is
    float64, 0 to 1, NaN where no network answered. Out of sample, so fit for ranking labels and for rates.
    """

    model: str
    files: tuple[str, ...]
    image_ids: tuple[str, ...]
    patients: tuple[str, ...]
    labels: tuple[str | None, ...]
    given_labels: tuple[str | None, ...]
    p_parasitized: NDArray[np.float64]

    @cached_property
    def by_id(self) -> dict[str, float | None]:
        """image_id -> p_parasitized, None where no network answered."""
        return {name: answer for name, answer in zip(self.image_ids, self._answers(), strict=True) if name}

    @cached_property
    def by_stem(self) -> dict[str, float | None]:
        """`stem` of a file -> p_parasitized; without those that name several cells.

        The original image and a smaller copy of it have different ids and one stem.
        """
        stems = [stem(file) for file in self.files]
        times = Counter(stems)
        return {name: answer for name, answer in zip(stems, self._answers(), strict=True) if times[name] == 1}

    @cached_property
    def known_patients(self) -> frozenset[str]:
        """Patients that the model has learned from."""
        return frozenset(self.patients) - {""}

    def table(self) -> pd.DataFrame:
        """Return the cells that were answered and have a given label: patient, given_label, label, p_parasitized.

        Where no other label was learned, `label` is the one given.
        """
        patients = [name or None for name in self.patients]
        named = {"patient": patients, "given_label": self.given_labels, "label": self.labels}
        cells = pd.DataFrame(named, dtype=object).assign(p_parasitized=self.p_parasitized)
        cells = cells.dropna(subset=["given_label", "p_parasitized"])
        return cells.assign(label=cells["label"].fillna(cells["given_label"])).reset_index(drop=True)

    def scores(self) -> "Scores":
        """Return the cells as the calculations of a sample take them. Raises `ModelError` where they give no rates."""
        from malaria.sample import Scores  # only here: it needs 70 MB of statistics that rankings do without

        scores = Scores(f"the held-out patients of {self.model}", self.table())
        try:
            scores.cells(scores.readings[0])
        except SampleError as problem:
            raise ModelError(f"{self.model}: {FILE} gives no rates of cells. {problem}") from None
        return scores

    def _answers(self) -> Iterator[float | None]:
        return (None if p != p else p for p in self.p_parasitized.tolist())


def read_held_out(folder: Path) -> HeldOut:
    """Read a model folder's held-out answers.

    Raises `NoHeldOutError` for a folder without them, `ModelError` for a file that is cut short, lacks a column, or
    holds what is no class or no probability; either says what to do.
    """
    name = next((name for name in (FILE, PLAIN_FILE) if (folder / name).is_file()), None)
    if name is None:
        raise NoHeldOutError(
            f"{folder.name}: has no {FILE}. Copy the whole folder that `python -m malaria train` wrote."
        )
    return read_held_out_file(folder / name)


def stamp_held_out(folder: Path) -> Stamp:
    """Return what changes with the held-out answers of a model folder: whoever keeps them reads them anew then."""
    found = [path.stat() if (path := folder / name).is_file() else None for name in (FILE, PLAIN_FILE)]
    return tuple(about and (about.st_mtime_ns, about.st_size) for about in found)


def read_held_out_file(path: Path) -> HeldOut:
    """Read the file by itself; raises `ModelError` as `read_held_out` does."""
    folder, name = path.parent, path.name
    raw = io.BytesIO(read_file(folder, name, _MAX_BYTES))
    try:
        with gzip.open(raw) if path.suffix == ".gz" else raw as data:
            return _parsed(folder.name, io.TextIOWrapper(data, encoding="utf-8", newline=""))
    except (EOFError, zlib.error, gzip.BadGzipFile):
        reason = "it is cut short or damaged"
    except (ValueError, csv.Error) as problem:
        reason = str(problem)
    raise ModelError(
        f"{folder.name}: {name} cannot be read ({reason}). Copy the whole folder again that `python -m malaria train` "
        "wrote."
    )


def stem(file: str) -> str:
    """Return a file's name without folders and extension."""
    return splitext(basename(file))[0]  # pathlib would keep every name it has seen for good


def _parsed(model: str, text: io.TextIOWrapper) -> HeldOut:
    # Not with pandas: its columns of text cost 20 MB that stay, and a batch of cells is in memory already.
    table = csv.DictReader(text)
    if not table.fieldnames:
        raise ValueError("it is empty")
    if missing := [name for name in COLUMNS if name not in table.fieldnames]:
        raise ValueError(f"it has no column {' or '.join(missing)}")
    known: dict[str, str] = {}  # a patient has many cells and one name
    cells: list[tuple[str, str, str, str | None, str | None]] = []
    answers: list[float] = []
    for row in table:
        file, patient, *labels, written = (row[name] for name in COLUMNS)
        if written is None:
            raise ValueError(f"line {table.line_num} is cut short")
        if wrong := [label for label in labels if label and label not in CLASSES]:
            raise ValueError(f"line {table.line_num} has the label {wrong[0]!r}, which is not a class")
        p = float(written) if written else np.nan
        if not (0 <= p <= 1 or p != p):
            raise ValueError(f"line {table.line_num} has p_parasitized {written}, which is not between 0 and 1")
        label, given = (known.setdefault(label, label) or None for label in labels)
        cells.append((file, row.get("image_id") or "", known.setdefault(patient, patient), label, given))
        answers.append(p)
    if not cells:
        raise ValueError("it has no cells")
    files, ids, patients, learned, as_given = zip(*cells, strict=True)
    return HeldOut(model, files, ids, patients, learned, as_given, np.array(answers, np.float64))
