"""Which image has which label, from folder names or a CSV; what is no class by name is asked about, never guessed."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final, Self

import pandas as pd

from malaria.cells import (
    Labels,
    Meaning,
    find_files,
    join_labels,
    labels_from_folders,
    match,
    read_labels,
    read_table,
    say_no_match,
)
from malaria.errors import LabelsError, UnknownLabelsError
from malaria.labels import CLASSES
from malaria.wording.words import count

GIVEN: Final = "given_label"
CORRECTING: Final = ("corrected_label", "expert_label")
"""Columns that correct the given label rather than give it; the first that a CSV has is used."""

MAX_WORDS: Final = 12
"""More words than this are no labels but names or numbers; nobody wants to be asked about them."""


@dataclass(frozen=True)
class Word:
    """A folder name or a label that is no class: on how many images, and the class it sounds like, if any."""

    word: str
    n: int
    suggested: str | None = None


@dataclass(frozen=True, eq=False)
class Labelling:
    """Labels for the images of one source: those `given` in a CSV, or in the folder names where that is None.

    While there are `words`, ask what they mean and make it anew with that `meaning`. `corrections` stand beside the
    given labels and do not replace them.
    """

    meaning: Meaning = field(default_factory=dict)
    words: tuple[Word, ...] = ()
    given: Labels | None = None
    corrections: Labels | None = None

    @classmethod
    def from_folders(cls, files: Sequence[str], meaning: Meaning | None = None) -> Self:
        """By the folders in `files` (paths, `/` between folders).

        Folders that sound like a class are asked about; where no folder is a class or sounds like one, all are.
        """
        meaning = meaning or {}
        found = labels_from_folders(files, mapping=meaning)
        words = [Word(asked.folder, asked.n, asked.suggested) for asked in found.questions]
        if not words and not found.labels:
            folders = Counter(PurePosixPath(file).parent.name for file in files)
            words = [Word(folder, n) for folder, n in folders.most_common() if folder]
        return cls(meaning, _find_open_words(words, meaning))

    @classmethod
    def from_csv(
        cls, data: bytes, files: Sequence[str], column: str | None = None, meaning: Meaning | None = None
    ) -> Self:
        """From a CSV with a `file` column and a label column, which is `column` or found by its name.

        A CSV that only corrects labels leaves the given ones to the folders of `files`, if those say any. Raises
        LabelsError for a CSV that cannot be used; words that are no class are asked about instead.
        """
        meaning = meaning or {}
        column, correcting = find_readings(read_table(data)[0], column)
        folders = cls.from_folders(files, meaning)
        words: list[Word] = []
        if correcting and not column and (folders.words or folders.count(files)):
            return cls(meaning, folders.words, None, _read(data, correcting, meaning, words))
        given = _read(data, column, meaning, words)
        corrections = _read(data, correcting, meaning, words) if correcting and column else None
        return cls(meaning, _find_open_words(words, meaning), given, corrections)

    def count(self, files: Sequence[str]) -> int:
        """How many of `files` have a given label, as far as names alone can tell."""
        if self.given is None:
            return len(labels_from_folders(files, mapping=self.meaning).labels)
        return int(match(files, self.given).table[GIVEN].notna().sum())

    def check(self, files: Sequence[str], name: str) -> None:
        """Raise LabelsError, with the mend, when not one image of the source called `name` would have a label."""
        if self.words or self.count(files) or (self.given and self.given.ids):
            return
        if self.given and match(files, self.given).ambiguous:
            return  # these may be copies of one image, which only their bytes tell
        if self.given and not self.given.names:
            raise LabelsError(f"{name}: the CSV has no labels. Fill in its column {self.given.column}.")
        if self.given:
            raise LabelsError(f"{name}: {say_no_match(files, self.given.names)}")
        raise LabelsError(
            f"{name}: none of its images has a label. Put them in folders named {CLASSES[0]} and {CLASSES[1]}, or "
            "upload a CSV with the columns file and label with the zip."
        )

    def join(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return `table` (file, patient, image_id) with a given_label, and a corrected_label where there are any."""
        if self.given is None:
            known = labels_from_folders(table["file"], mapping=self.meaning).labels
            table = table.assign(given_label=_to_column((known.get(file) for file in table["file"]), table))
        else:
            table, _ = join_labels(table, self.given)
        return table if self.corrections is None else apply_corrections(table, self.corrections)

    def find_without_image(self, table: pd.DataFrame) -> dict[str, str]:
        """Names in the CSV that label no image of `table`, each with the reason."""
        reasons: dict[str, str] = {}
        for labels in filter(None, (self.given, self.corrections)):
            joined = match(table["file"], labels, table["image_id"])
            reasons |= dict.fromkeys(joined.without_image, "Only in the CSV: no image has this name.")
            for name, fits in joined.ambiguous.items():
                reasons[name] = f"{count(len(fits), 'image')} have this name: write their folders into the CSV as well."
        return reasons


def find_readings(header: Iterable[str], given: str | None = None) -> tuple[str | None, str | None]:
    """Return which columns hold the given label (the one named `given`, else found by its name) and its correction."""
    names = [name.casefold() for name in header]
    correcting = next((name for name in CORRECTING if name in names and name != (given or "").casefold()), None)
    return GIVEN if given is None and GIVEN in names else given, correcting


def apply_corrections(table: pd.DataFrame, corrections: Labels) -> pd.DataFrame:
    """Return `table` (file, image_id) with a corrected_label for each image that `corrections` name, else None."""
    joined = match(table["file"], corrections, table["image_id"]).table
    return table.assign(corrected_label=_to_column(joined[GIVEN], table))


def find_label_columns(data: bytes) -> list[str]:
    """The columns of a CSV that may hold labels, where it says which image each is for. Raises LabelsError."""
    header = read_table(data)[0]
    try:
        files = header[find_files(header)]
    except LabelsError:
        return []
    return [name for name in header if name != files and name.casefold() not in ("", "image_id", "patient")]


def _read(data: bytes, column: str | None, meaning: Meaning, words: list[Word]) -> Labels | None:
    """The labels in a column, or None while its words, which are added to `words`, have to be asked about."""
    try:
        return read_labels(data, column=column, mapping=meaning)
    except UnknownLabelsError as error:
        if len(error.unknown) > MAX_WORDS:
            raise
        words += [Word(word, n, _find_class(word)) for word, n in error.unknown.items()]
        return None


def _to_column(labels: Iterable[str | None], table: pd.DataFrame) -> "pd.Series[str]":
    """A column of class names and None; as objects, for pandas would make NaN of None."""
    return pd.Series(list(labels), table.index, dtype=object)


def _find_class(word: str) -> str | None:
    asked = labels_from_folders([re.sub("[/.]", " ", word) + "/image"]).questions
    return asked[0].suggested if asked else None


def _find_open_words(words: Sequence[Word], meaning: Meaning) -> tuple[Word, ...]:
    """The words that `meaning` does not answer, each once; none at all where there are too many to be labels."""
    answered = {word.strip().casefold() for word in meaning}
    once = {word.word.strip().casefold(): word for word in reversed(words)}
    return tuple(word for key, word in reversed(once.items()) if key not in answered) if len(once) <= MAX_WORDS else ()
