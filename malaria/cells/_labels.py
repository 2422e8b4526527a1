"""Labels from a CSV or from folder names, and which image each belongs to. No word is taken for a class by guess."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

import pandas as pd

from malaria.cells._csvtext import find, find_files, read_table, require
from malaria.cells._names import list_endings, match_loosely, split, tidy
from malaria.errors import LabelsError, UnknownLabelsError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.wording.words import count, list_some

Meaning: TypeAlias = Mapping[str, str | None]
"""What words stand for, in any case: a class, or None for what is to be left out."""

LABEL_COLUMNS: Final = ("corrected_label", "given_label", "label", "expert_label")
"""Where a label is looked for when no column is named: a correction comes before what it corrects.

Beside p_parasitized, `label` is a model's answer (the table of cells) and no truth to measure by, so it is passed over.
"""

SYNONYMS: Final = {
    PARASITIZED: ("parasitized", "parasitised", "parasite", "parasites", "infected", "positive", "malaria"),
    UNINFECTED: ("uninfected", "noninfected", "notinfected", "unparasitized", "healthy", "normal", "negative"),
}
"""Folder names, letters only, that probably mean a class. They are asked about, never used unasked."""
_SOUNDS_LIKE: Final = tuple(word for words in SYNONYMS.values() for word in words)


@dataclass(frozen=True)
class Labels:
    """The labels of one CSV, found in its `column`.

    `names` maps what the CSV calls an image (path, file name or stem) to a class, `ids` an image_id to a class, and
    `patients` a name to a patient; the last two are empty where the CSV has no such column. `unlabelled` counts rows
    with an empty label or one that means None, `repeated` rows that say again what a row before them said. `identified`
    are the names whose rows all give an image_id: another image of such a name is not meant.
    """

    column: str
    names: Mapping[str, str]
    ids: Mapping[str, str] = field(default_factory=dict)
    patients: Mapping[str, str] = field(default_factory=dict)
    unlabelled: int = 0
    repeated: int = 0
    identified: Set[str] = frozenset()


@dataclass(frozen=True, eq=False)
class Match:
    """Images joined to the labels of a CSV.

    `table` has a row for each image, in their order: file, given_label (None where it has none) and, where the CSV
    names patients, patient. `left_out` lists the images without a label, `without_image` the names that fit no image,
    `ambiguous` the names that fit several, which stay without a label: name their folders in the CSV as well.
    """

    table: pd.DataFrame
    left_out: tuple[str, ...]
    without_image: tuple[str, ...]
    ambiguous: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Question:
    """A folder that is named like no class but sounds like one: does `folder` (`n` images) mean `suggested`?"""

    folder: str
    suggested: str
    n: int


@dataclass(frozen=True)
class FolderLabels:
    """Labels by folder: `labels` maps files to classes, `unlabelled` lists files that are in no class's folder.

    A question is answered by asking again with `mapping={question.folder: a class}`.
    """

    labels: Mapping[str, str]
    unlabelled: tuple[str, ...]
    questions: tuple[Question, ...]


def read_labels(
    data: bytes | Path | str,
    *,
    column: str | None = None,
    mapping: Meaning | None = None,
    classes: Sequence[str] | None = CLASSES,
) -> Labels:
    """Read labels from a CSV, given as its bytes or its path; `read_table` says which kinds of CSV are understood.

    It needs a column of files (`FILE_COLUMNS`; paths, names or stems) and a label column: `column`, else the first of
    `LABEL_COLUMNS` that is there. Columns `image_id` and `patient` are used where they exist. Class names may differ in
    case; any other word needs a `mapping`, as {"infected": "Parasitized", "unsure": None}. With `classes=None` every
    word is a class.

    Raises LabelsError for a file that is no CSV, a missing column, and a name with two different labels;
    UnknownLabelsError for words that are no class.
    """
    header, rows = read_table(data)
    file_at, label_at = find_files(header), _label_column(header, column)
    id_at, patient_at = find(header, "image_id"), find(header, "patient")
    classify = _classifier((row[label_at] for row in rows), header[label_at], mapping, classes)
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)  # name -> (label, image_id or "") of each row
    patients: dict[str, str] = {}
    for row in rows:
        name, label = tidy(row[file_at]), classify[row[label_at].strip()]
        if label and not name:
            raise LabelsError(f"A row labelled {label} names no file. Fill in its file column or delete it.")
        if label:
            found[name].append((label, row[id_at].strip() if id_at is not None else ""))
        if patient_at is not None and row[patient_at].strip():
            patients[name] = row[patient_at].strip()
    names, ids = _settle(found)
    repeated = sum(len(entries) - len(set(entries)) for entries in found.values())
    unlabelled = len(rows) - sum(map(len, found.values()))
    identified = {name for name, entries in found.items() if all(image_id for _, image_id in entries)}
    return Labels(header[label_at], names, ids, patients, unlabelled, repeated, identified)


def match(files: Iterable[str], labels: Labels, image_ids: Iterable[str | None] | None = None) -> Match:
    """Join images, given by their paths ('/' separated) and perhaps their `image_ids`, to labels.

    An image takes the label of its image_id, where both sides know it; else that of the longest ending of its path
    that the CSV names: `a/b/c.png`, `b/c.png`, `c.png`, and then the same without the extension. Where there is none,
    a name that differs only as `match_loosely` allows will do. A name that fits several images labels none of them,
    unless they are copies of one or it is the whole path of one; neither does one that the CSV gives to another
    image_id.
    """
    paths = list(files)
    ids = list(image_ids) if image_ids is not None else [None] * len(paths)
    names = [next((ending for ending in list_endings(path) if ending in labels.names), None) for path in paths]
    if len(fitted := set(names)) <= len(labels.names) and None in fitted:  # so far, only as they are written
        open_names = {name: label for name, label in labels.names.items() if name not in fitted}
        open_paths = [path for path, name in zip(paths, names, strict=True) if name is None]
        loosely = match_loosely(open_paths, open_names, _SOUNDS_LIKE)
        names = [name or loosely.get(path) for path, name in zip(paths, names, strict=True)]
    fitting: dict[str, set[str]] = defaultdict(set)
    images: dict[str, set[str]] = defaultdict(set)
    for path, name, image_id in zip(paths, names, ids, strict=True):
        if name is not None:
            fitting[name].add(path)
            images[name].add(path if image_id is None else image_id)

    def given(path: str, name: str | None, image_id: str | None) -> str | None:
        if image_id is not None and image_id in labels.ids:
            return labels.ids[image_id]
        if image_id is not None and name in labels.identified:
            return None
        sure = name is not None and (len(images[name]) == 1 or tidy(path) == name)
        return labels.names[name] if name is not None and sure else None

    answers = [given(*image) for image in zip(paths, names, ids, strict=True)]
    columns = {"file": paths, "given_label": answers}
    if known := labels.patients:
        columns["patient"] = [
            next((known[one] for one in (*list_endings(path), name or "") if one in known), None)
            for path, name in zip(paths, names, strict=True)
        ]
    without_label = {path for path, answer in zip(paths, answers, strict=True) if answer is None}
    return Match(
        pd.DataFrame(columns, dtype=object),
        tuple(path for path, answer in zip(paths, answers, strict=True) if answer is None),
        tuple(name for name in labels.names if name not in fitting),
        {name: tuple(sorted(fits)) for name, fits in fitting.items() if fits & without_label},
    )


def join_labels(table: pd.DataFrame, labels: Labels, column: str = "given_label") -> tuple[pd.DataFrame, Match]:
    """Return a table of images (file, image_id, patient) with their labels in `column`, and how `match` found them.

    A patient whom the CSV names takes the place of the table's own.
    """
    found = match(table["file"], labels, table["image_id"])
    rows = found.table.set_axis(table.index)
    joined = table.assign(**{column: rows["given_label"]})
    if "patient" in rows:
        joined["patient"] = rows["patient"].fillna(table["patient"])
    return joined, found


def say_no_match(files: Iterable[str], names: Iterable[str]) -> str:
    """The sentence for images none of which a CSV names, with the first two names of each side."""
    return (
        f"None of the images is named in the CSV. The images are {list_some(files, 2)}; the CSV names "
        f"{list_some(names, 2)}. Write the images' names into the CSV, with their folders if two names are the same."
    )


def labels_from_folders(
    files: Iterable[str], *, mapping: Meaning | None = None, classes: Sequence[str] | None = CLASSES
) -> FolderLabels:
    """Label images by the nearest folder in their path whose name, in any case, is a class or a word of `mapping`.

    Folders that sound like a class, nearer than any that is one, are asked about. With `classes=None` the folder
    directly holding an image is its class.
    """
    meaning = _meaning(mapping, classes)
    labels: dict[str, str] = {}
    unlabelled: list[str] = []
    asked: Counter[tuple[str, str]] = Counter()
    for file in files:
        label = None
        for folder in reversed(split(file)[:-1]):
            if classes is None or folder.casefold() in meaning:
                label = meaning.get(folder.casefold(), folder)
                break
            letters = re.sub(r"[^a-z]|cells?$", "", folder.casefold())
            asked.update((folder, name) for name in classes if letters in SYNONYMS.get(name, ()))
        if label is None:
            unlabelled.append(file)
        else:
            labels[file] = label
    questions = tuple(Question(folder, suggested, n) for (folder, suggested), n in sorted(asked.items()))
    return FolderLabels(labels, tuple(unlabelled), questions)


def _label_column(header: Sequence[str], column: str | None) -> int:
    if column is not None:
        return require(header, column)
    answered = find(header, "p_parasitized") is not None
    names = [name for name in LABEL_COLUMNS if not (answered and name == "label")]
    places = [place for name in names if (place := find(header, name)) is not None]
    if not places:
        wanted = f"{', '.join(names[:-1])} or {names[-1]}"
        raise LabelsError(f"The CSV has no column {wanted}; it has {list_some(header)}. Name the right one.")
    return places[0]


def _meaning(mapping: Meaning | None, classes: Sequence[str] | None) -> dict[str, str | None]:
    """The classes and the words of `mapping`, in lower case, with what they mean."""
    wrong = {label for label in (mapping or {}).values() if label} - set(classes or ())
    if classes is not None and wrong:
        raise LabelsError(f"A word was mapped to {list_some(sorted(wrong))}, but the classes are {list_some(classes)}.")
    own: dict[str, str | None] = {name.casefold(): name for name in classes or ()}
    return own | {word.strip().casefold(): label for word, label in (mapping or {}).items()}


def _classifier(
    words: Iterable[str], column: str, mapping: Meaning | None, classes: Sequence[str] | None
) -> dict[str, str | None]:
    """What each word in a label column means: a class, or None for rows to leave out."""
    meaning = {"": None} | _meaning(mapping, classes)
    seen = Counter(word.strip() for word in words)
    unknown = {word: n for word, n in seen.items() if word.casefold() not in meaning}
    if unknown and classes is not None:
        found = list_some(f"{word!r} ({count(n, 'row')})" for word, n in unknown.items())
        raise UnknownLabelsError(
            f"The column {column} holds labels other than {list_some(classes)}: {found}. Rename them, or use `mapping` "
            f"to say what each one means: {list_some(classes)}, or None to leave its rows out.",
            unknown,
        )
    return {word: meaning.get(word.casefold(), word) for word in seen}


def _settle(found: Mapping[str, Sequence[tuple[str, str]]]) -> tuple[dict[str, str], dict[str, str]]:
    """One label for each name and each image_id; a name of several images with different labels is left to the ids."""
    names: dict[str, str] = {}
    ids: dict[str, str] = {}
    contradictory: dict[str, None] = {}
    for name, entries in found.items():
        if len({label for label, _ in entries}) == 1:
            names[name] = entries[0][0]
        elif not all(image_id for _, image_id in entries):
            contradictory[name] = None
        for label, image_id in entries:
            if image_id and ids.setdefault(image_id, label) != label:
                contradictory[name] = None
    if contradictory:
        raise LabelsError(f"The CSV gives two different labels to {list_some(contradictory)}. Delete the wrong rows.")
    return names, ids
