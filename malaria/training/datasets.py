"""Cells for training: read from a folder or zip, with the labels to learn, as arrays that fit the network."""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.cells import count_once, join_labels, labels_from_folders, match, read_labels
from malaria.errors import ImageError, LabelsError, TrainingError
from malaria.images import ImageFile, decode, open_source
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.review import relabel
from malaria.training.architectures import Recipe
from malaria.wording.words import count

MOST_UNREADABLE = 0.01
"""Share of unreadable images above which training is refused: something is wrong with the data."""
FEWEST_PATIENTS = 3
"""Of each class: one is held out, one stops the training, one is learned from."""

FOLDERS = "folder names"


@dataclass(frozen=True)
class Dataset:
    """Labelled cells, in one order throughout.

    `table` has a row per cell: `file`, `patient`, `given_label`, `label` (what is learned), `disputed` (the two
    differ), `image_id`. `training` holds the cells as they are augmented, fitted RGB, `serving` as the served network
    sees them; both uint8 (n, height, width, 3). `classes` are the class names; with two, the second is the positive
    one.
    """

    table: pd.DataFrame
    training: NDArray[np.uint8]
    serving: NDArray[np.uint8]
    classes: tuple[str, ...]
    unreadable: int
    left_out: int
    learned_from: str = FOLDERS
    """Where the labels stood before any corrections: the folders' names, or a column of the labels' CSV."""

    @property
    def outputs(self) -> int:
        """How many numbers a network answers with: one for two classes, else one a class."""
        return 1 if len(self.classes) == 2 else len(self.classes)

    @property
    def targets(self) -> NDArray[np.int64]:
        """Class indices of `label`, shape (n,)."""
        return pd.Categorical(self.table["label"], categories=list(self.classes)).codes.astype(np.int64)

    @property
    def patients(self) -> NDArray[np.object_]:
        """Patients, shape (n,)."""
        return self.table["patient"].to_numpy(dtype=object)

    @property
    def fingerprint(self) -> dict[str, str]:
        """SHA-256 of what a split rests on, in the order of the cells: `images`, their `labels`, their `patients`."""
        columns = {"images": ["image_id"], "labels": ["label", "given_label"], "patients": ["patient"]}
        return {
            name: hashlib.sha256(self.table[parts].to_csv(index=False).encode()).hexdigest()
            for name, parts in columns.items()
        }


def load_dataset(
    path: Path,
    recipe: Recipe,
    *,
    labels: Path | None = None,
    label_column: str | None = None,
    corrections: Path | None = None,
    by_image: bool = False,
    report: Callable[[str], None] = print,
) -> Dataset:
    """Read a folder or zip of labelled cells, each decoded once, as `recipe` wants them.

    Labels come from the folder names, or from the column `label_column` of the CSV `labels`, where none is named from
    the one that `read_labels` finds; `corrections` (a review's
    journal, or a CSV with `corrected_label`, by `image_id` or file) replace them, and leave out cells whose readers
    did not arrive at a class. Cells whose patient cannot be told from the file name are refused unless `by_image`.
    Raises `TrainingError` for one class, a class of fewer than three patients, labels or corrections that fit no image,
    more than 1 % unreadable images, or a column without a CSV.
    """
    if label_column and labels is None:
        raise TrainingError(f"--label-column {label_column} is a column of a CSV. Name that, too, with --labels.")
    files, readable, training, serving = _decode_all(path, recipe)
    unreadable = len(files) - len(readable)
    if unreadable > MOST_UNREADABLE * len(files):
        raise TrainingError(
            f"{unreadable} of {count(len(files), 'image')} in {path} cannot be read, more than 1 %. Run `python -m "
            "malaria predict` on it to see which and why, and repair or remove them."
        )
    table, learned_from = _label([files[position] for position in readable], labels, label_column)
    left_out = int(table["label"].isna().sum())
    if corrections:
        table["label"] = _correct(table, corrections, report)
    once = count_once(table, "label")
    for sentence in once.sentences:
        report(sentence)
    kept = table.index.isin(once.table.index[once.table["label"].notna()])
    used = readable[kept]
    if len(used) < len(files):  # elsewhere a copy would only cost memory
        training, serving = training[used], serving[used]
    table = table[kept].reset_index(drop=True)
    table["disputed"] = table["label"] != table["given_label"].fillna(table["label"])
    classes = _order_classes(table["label"])
    if by_image:
        table["patient"] = table["image_id"]
    _check(table, classes, by_image)
    report(
        f"{count(len(table), 'cell')} of {count(table['patient'].nunique(), 'patient')}, {unreadable} unreadable, "
        f"{left_out} unlabelled"
    )
    return Dataset(table, training, serving, classes, unreadable, left_out, learned_from)


def _decode_all(
    path: Path, recipe: Recipe
) -> tuple[list[ImageFile], NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the files, the positions of those that can be read, and every file's pixels for training and serving."""
    with open_source(path) as source:
        files = list(source)
    large, small = recipe.training_size(), recipe.preprocessing
    training = np.empty((len(files), large.height, large.width, 3), np.uint8)
    serving = np.empty((len(files), small.height, small.width, 3), np.uint8)

    def put(position: int) -> bool:
        try:
            rgb = decode(files[position].data or b"", files[position].file)
        except ImageError:
            return False
        training[position], serving[position] = large.fit_to_input(rgb), small.pixels(rgb)
        return True

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        readable = np.flatnonzero(list(pool.map(put, range(len(files)))))
    return files, readable, training, serving


def _label(files: list[ImageFile], labels: Path | None, column: str | None) -> tuple[pd.DataFrame, str]:
    """The table of cells with what is to be learned in `label`, None where there is none; and where that stood."""
    names, ids = [file.file for file in files], [file.image_id for file in files]
    table = pd.DataFrame({"file": names, "patient": [file.patient for file in files], "image_id": ids}, dtype=object)
    if labels is None:
        folders = labels_from_folders(names, classes=None).labels
        return table.assign(label=table["file"].map(folders), given_label=table["file"].map(folders)), FOLDERS
    known = read_labels(labels, column=column, classes=None)
    table, learned = join_labels(table, known, "label")
    if len(learned.left_out) == len(table):
        raise LabelsError(
            f"No image clearly matches a name in {labels.name}. Its `file` column must hold the images' names, with or "
            "without extension, and with their folders if two have the same name."
        )
    try:
        given = match(names, read_labels(labels, column="given_label", classes=None), ids).table["given_label"]
    except LabelsError:  # the CSV has only what is learned
        given = table["label"]
    return table.assign(given_label=given), known.column


def _correct(table: pd.DataFrame, corrections: Path, report: Callable[[str], None]) -> list[str | None]:
    """The labels after the corrections, and a word on what they did."""
    labels = relabel(table, corrections)
    there = pd.Series(labels, index=table.index, dtype=object)
    changed = (there.notna() & (there != table["label"])).sum()
    lost = (there.isna() & table["label"].notna()).sum()
    report(f"{corrections.name}: {count(changed, 'label')} changed, {count(lost, 'cell')} left out")
    return labels


def _order_classes(labels: "pd.Series[str]") -> tuple[str, ...]:
    found = set(labels)
    return (UNINFECTED, PARASITIZED) if found == set(CLASSES) else tuple(sorted(found))


def _check(table: pd.DataFrame, classes: tuple[str, ...], by_image: bool) -> None:
    if len(classes) < 2:
        raise TrainingError(f"All cells have the same label, {classes}. Training needs at least two classes.")
    if table["patient"].isna().any():
        nameless = table["file"][table["patient"].isna()]
        raise TrainingError(
            f"The names of {count(len(nameless), 'image')} do not show the patient, for example {nameless.iloc[0]}. "
            "Add a CSV with a `patient` column (--labels), or use --by-image, whose figures flatter."
        )
    for name in classes:
        there = table["patient"][table["label"] == name].nunique()
        if there < FEWEST_PATIENTS:
            raise TrainingError(
                f"The class {name} has cells of {count(there, 'image' if by_image else 'patient')}, and needs "
                f"{FEWEST_PATIENTS} or more: one to hold out, one to stop the training, and one to train on."
            )
