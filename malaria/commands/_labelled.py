"""Scores a source and joins its labels: what every verb needs that holds a model against labels.

No word is taken for a class by guess. What does not fit together is said on standard error, never dropped in silence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from malaria.cells import FolderLabels, Labels, labels_from_folders, match, read_labels
from malaria.commands._shared import open_sources, say, score_sources
from malaria.errors import LabelsError, UnknownLabelsError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model.classifier import Classifier
from malaria.wording.words import count

_SHOWN = 5


def score_labelled(
    classifier: Classifier,
    path: str,
    labels: Path | None = None,
    label_column: str | None = None,
    threshold: float | None = None,
    meaning: Mapping[str, str | None] | None = None,
) -> pd.DataFrame:
    """Score every image of a source and join its label, from a CSV or the folders' names: the table of cells.

    `meaning` says what words stand for that are no class. The CSV is read before any image is. Raises `LabelsError`
    when no image has a label.
    """
    known = _read_labels(labels, label_column, meaning) if labels else None
    (source,) = open_sources([path])
    folders = None if known else _folders(path, source.files, meaning)
    with source:
        rows = [asdict(row) for row in score_sources(classifier, [source], threshold)]
    table = pd.DataFrame(rows, columns=["file", "patient", "p_parasitized", "label", "error", "image_id"])
    if folders:
        table["given_label"] = table["file"].map(folders.labels)
    elif known:
        _join(table, known, path)
    return table.astype({"given_label": object, "patient": object})


def _read_labels(labels: Path, column: str | None, meaning: Mapping[str, str | None] | None) -> Labels:
    try:
        return read_labels(labels, column=column, mapping=meaning)
    except UnknownLabelsError as error:
        words = [f"{word} ({count(n, 'row')})" for word, n in error.unknown.items()]
        raise UnknownLabelsError(
            f"{labels}: Labels that are none of {', '.join(CLASSES)}: {_listed(words)}. Say what each means, as in "
            f"--meaning {_pair(next(iter(error.unknown)), PARASITIZED)}; with nothing after = the images are left out.",
            error.unknown,
        ) from None


def _folders(path: str, files: list[str], meaning: Mapping[str, str | None] | None) -> FolderLabels:
    """The labels by folder; folders that sound like a class are asked about. Raises `LabelsError` without any."""
    folders = labels_from_folders(files, mapping=meaning)
    asked = [
        f"{question.folder} ({count(question.n, 'image')}): if it means {question.suggested}, add "
        f"--meaning {_pair(question.folder, question.suggested)}."
        for question in folders.questions
    ]
    if not any(folders.labels.values()):
        found = f"no folder is named {PARASITIZED} or {UNINFECTED}"
        if asked:
            raise LabelsError(f"{path}: {found}, but there is {' And '.join(asked)}")
        raise LabelsError(f"{path}: {found}. Rename the folders, or give a CSV with --labels (file, label).")
    for question in asked:
        say(f"Left out: {question}")
    return folders


def _join(table: pd.DataFrame, known: Labels, path: str) -> None:
    """Add `given_label`, and the patient where the CSV names one, and say what does not fit.

    Raises `LabelsError` when nothing does.
    """
    joined = match(table["file"], known, table["image_id"])
    if len(joined.left_out) == len(table) and not joined.ambiguous:
        raise LabelsError(
            f"{path}: None of its {count(len(table), 'image')} is named in the CSV. "
            "Its `file` column must hold their names, with or without folders and extension."
        )
    table["given_label"] = joined.table["given_label"]
    if "patient" in joined.table:
        table["patient"] = joined.table["patient"].fillna(table["patient"])
    if joined.ambiguous:
        say(
            f"Left out: {count(len(joined.ambiguous), 'name')} of the CSV that may be several images "
            f"({_listed(joined.ambiguous)}). Name their folders in the CSV as well."
        )
    if joined.without_image:
        say(
            f"Not there: {count(len(joined.without_image), 'name')} of the CSV that fit no image "
            f"({_listed(joined.without_image)})."
        )


def _pair(word: str, label: str) -> str:
    """An argument as it can be pasted into a shell."""
    return f'"{word}={label}"' if " " in word else f"{word}={label}"


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    more = f" and {len(shown) - _SHOWN} more" if len(shown) > _SHOWN else ""
    return ", ".join(shown[:_SHOWN]) + more
