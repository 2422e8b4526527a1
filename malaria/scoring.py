"""A model answers for images, and is held against their labels: what `malaria.predict` and `malaria.evaluate` do.

No word is taken for a class by guess. What does not fit together is said, never dropped in silence.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from malaria.cells import (
    FolderLabels,
    Labels,
    count_once,
    evaluate_cells,
    join_labels,
    labels_from_folders,
    read_labels,
    say_no_match,
)
from malaria.errors import LabelsError, ModelError, UnknownLabelsError
from malaria.images import Image, Opened, Source, open_images, open_source
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED, check_threshold
from malaria.model import classifier as models
from malaria.model.classifier import Classifier, Row, tabulate
from malaria.model.held_out import read_held_out
from malaria.review import out_of_sample
from malaria.wording.saying import Say, Watch, warn
from malaria.wording.words import NAMED, count, list_some, say_which_picture

if TYPE_CHECKING:
    from malaria.metrics import Evaluation  # statistics take half a second to load, and only `evaluate` needs them

_SHOWN = 5


def predict(
    images: Image | Iterable[Image],
    model: str | Classifier | None = None,
    threshold: float | None = None,
    *,
    watch: Watch | None = None,
) -> pd.DataFrame:
    """Say of every image how likely the cell is parasitized: the table of cells, one row an image, in their order.

    Columns: file, patient (by the NIH naming rules, else None), p_parasitized (float64, 0 to 1), label (parasitized
    from `threshold` on, the card's unless given), error, image_id (SHA-256 of the file). What cannot be read keeps its
    row, with the reason in `error` and NaN for p_parasitized. Where a file holds several pictures, a column `picture`
    says which was read. Bytes and arrays are called "image 1", by their place in `images`; an array is judged, and
    known, as its PNG file. `model` is a name, the default without one, or what `load` gave.

    Raises SourceError when nothing of all that was given can be opened, ModelError for a model that cannot be used,
    MetricsError for a threshold that does not lie between 0 and 1.
    """
    check_threshold(threshold)
    opened = open_images(images)
    return score(models.load(model), opened, threshold, watch)


def score(
    classifier: Classifier, opened: Iterable[Opened], threshold: float | None = None, watch: Watch | None = None
) -> pd.DataFrame:
    """Score every image of what was opened, in its order: the table that `predict` returns."""
    opened = list(opened)
    rows: Iterable[Row] = classifier.score(chain.from_iterable(opened), threshold)
    if watch is not None:
        rows = watch(rows, total=sum(map(len, opened)))
    return tabulate(rows)


def tell_pictures(table: pd.DataFrame, say: Say) -> None:
    """Tell `say` which picture was read of each file that holds several: the first ten by name, the rest by number."""
    if "picture" not in table:
        return
    several = table.dropna(subset="picture")
    for file, picture in several[["file", "picture"]][:NAMED].itertuples(index=False):
        say(f"{file}: {say_which_picture(picture)}")
    if len(several) > NAMED:
        say(f"{count(len(several) - NAMED, 'more file')} hold several pictures: see the column picture.")


def evaluate(
    path: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    label_column: str | None = None,
    model: str | Classifier | None = None,
    threshold: float | None = None,
    *,
    meaning: Mapping[str, str | None] | None = None,
    watch: Watch | None = None,
    say: Say = warn,
) -> "Evaluation":
    """Measure a model on a folder or zip of labelled cells: every rate with its n and 95 % interval, by patient, too.

    Labels come from the folders' names, or from the column `label_column` of the CSV `labels` (found by its name
    unless given), which needs a column `file`. `meaning` maps words that are no class to one, or to None to leave them
    out. What is left out, and a model that has learned from these very cells, is told to `say`, as a warning unless
    given. Raises SourceError, LabelsError, ModelError or MetricsError, each with what to do.
    """
    classifier = models.load(model)
    table = score_labelled(classifier, path, labels, label_column, threshold, meaning, watch=watch, say=say)
    if warning := flattery(table, classifier):
        say(warning)
    return measure(table, classifier, threshold)


def measure(table: pd.DataFrame, classifier: Classifier, threshold: float | None = None) -> "Evaluation":
    """Measure a labelled table of cells that `classifier` answered, at its card's threshold unless one is given."""
    at = classifier.card.threshold if threshold is None else threshold
    return evaluate_cells(table, at, model=classifier.card.name)


def flattery(table: pd.DataFrame, classifier: Classifier) -> str | None:
    """Return what is to be said when the model has learned from cells, or patients, that it is measured on.

    Also where its held-out answers cannot be read, so that nobody can tell.
    """
    name = classifier.card.name
    try:
        _, basis = out_of_sample(table, read_held_out(models.MODELS_DIR / name), name)
    except ModelError as why:
        return (
            f"Warning: {why} So it is not known whether {name} was trained on these cells. If it was, the figures "
            "flatter it."
        )
    learned = basis.held_out + basis.seen
    if not learned + basis.known_patient:
        return None
    what = f"on {learned:,} of these cells" if learned else "on other cells of these patients"
    return (
        f"Warning: {name} was trained {what}, so these figures flatter it. For figures on patients it had not seen: "
        "python -m malaria models"
    )


def score_labelled(
    classifier: Classifier,
    path: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    label_column: str | None = None,
    threshold: float | None = None,
    meaning: Mapping[str, str | None] | None = None,
    *,
    watch: Watch | None = None,
    say: Say = warn,
) -> pd.DataFrame:
    """Score every image of a source and join its label, from a CSV or the folders' names: the table of cells.

    `meaning` says what words stand for that are no class. The CSV is read before any image is; what is left out is
    told to `say`. Raises `LabelsError` when no image has a label.
    """

    def read(source: Source) -> pd.DataFrame:
        table = score(classifier, [source], threshold, watch)
        tell_pictures(table, say)
        return table

    table = read_labelled(path, labels, label_column, meaning, read=read, say=say)
    for sentence in count_once(table).sentences:
        say(sentence)
    return table


def read_labelled(
    path: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None = None,
    label_column: str | None = None,
    meaning: Mapping[str, str | None] | None = None,
    *,
    read: Callable[[Source], pd.DataFrame],
    say: Say = warn,
) -> pd.DataFrame:
    """Join its label to every image of a source; `read` makes the table (file, image_id, patient) of the source.

    All else is as in `score_labelled`.
    """
    known = read_label_column(Path(labels), label_column, meaning) if labels else None
    with open_source(path) as source:
        folders = None if known else _folders(path, source.files, meaning, say)
        table = read(source)
    if folders:
        table["given_label"] = table["file"].map(folders.labels)
    elif known:
        table = _join(table, known, path, say)
    if source.skipped:
        say(source.told_skipped)
    return table.astype({"given_label": object, "patient": object})


def read_label_column(labels: Path, column: str | None, meaning: Mapping[str, str | None] | None) -> Labels:
    """Read the labels in a CSV; words that are no class are named in terms of the command line. Raises LabelsError."""
    try:
        return read_labels(labels, column=column, mapping=meaning)
    except UnknownLabelsError as error:
        words = [f"{word} ({count(n, 'row')})" for word, n in error.unknown.items()]
        raise UnknownLabelsError(
            f"{labels}: Labels other than {', '.join(CLASSES)}: {list_some(words, _SHOWN)}. Say what each word means: "
            f"--meaning WORD={PARASITIZED}, --meaning WORD={UNINFECTED}, or --meaning WORD= to leave its images out.",
            error.unknown,
        ) from None


def _folders(
    path: str | os.PathLike[str], files: list[str], meaning: Mapping[str, str | None] | None, say: Say
) -> FolderLabels:
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
        raise LabelsError(f"{path}: {found}. Rename the folders, or add a CSV with --labels (columns file, label).")
    for question in asked:
        say(f"Left out: {question}")
    return folders


def _join(table: pd.DataFrame, known: Labels, path: str | os.PathLike[str], say: Say) -> pd.DataFrame:
    """Return the table with the labels of the CSV; say what does not fit. Raises `LabelsError` when nothing does."""
    table, joined = join_labels(table, known)
    if len(joined.left_out) == len(table) and not joined.ambiguous:
        raise LabelsError(f"{path}: {say_no_match(table['file'], known.names)}")
    if joined.ambiguous:
        say(
            f"Left out: {count(len(joined.ambiguous), 'name')} in the CSV that could mean several images "
            f"({list_some(joined.ambiguous, _SHOWN)}). Name their folders in the CSV as well."
        )
    if joined.without_image:
        say(
            f"Not found: {count(len(joined.without_image), 'name')} in the CSV that match no image "
            f"({list_some(joined.without_image, _SHOWN)})."
        )
    return table


def _pair(word: str, label: str) -> str:
    """An argument as it can be pasted into a shell."""
    return f'"{word}={label}"' if " " in word else f"{word}={label}"
