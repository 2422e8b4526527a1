"""What is known of the images of a set besides their pixels: labels, expert labels, patients, by their file names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pandas as pd

from malaria.cells import labels_from_folders, match, read_labels, read_table
from malaria.images import patient_of

GIVEN_COLUMNS: Final = ("given_label", "label")
EXPERT_COLUMNS: Final = ("expert_label", "corrected_label")
"""Where a given label and a second opinion are looked for when no column is named."""


@dataclass(frozen=True)
class Known:
    """Labels by file: `given`, and what an expert said (`expert`, None where no such column was given)."""

    given: Mapping[str, str] = field(default_factory=dict)
    expert: Mapping[str, str] | None = None
    patients: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_folders(cls, files: Sequence[str]) -> "Known":
        """Classes are folders: Parasitized and Uninfected where there are any, else whatever they are called."""
        labels = labels_from_folders(files).labels or labels_from_folders(files, classes=None).labels
        return cls({file: label for file, label in labels.items() if label})

    @classmethod
    def from_csv(
        cls, data: bytes | Path | str, files: Sequence[str], column: str | None = None, expert: str | None = None
    ) -> "Known":
        """Read a CSV with a `file` column (path, name or stem), labels, and perhaps patients and expert labels.

        `column` and `expert` name the columns of labels; without, one of `GIVEN_COLUMNS` and one of `EXPERT_COLUMNS`.
        Where there is no given label, the folders say it. Raises LabelsError for a CSV that cannot be used.
        """
        header = [name.strip().casefold() for name in read_table(data)[0]]
        column = column or next((name for name in GIVEN_COLUMNS if name in header), None)
        expert = expert or next((name for name in EXPERT_COLUMNS if name in header), None)
        tables = {
            name: match(files, read_labels(data, column=name, classes=None)).table for name in (column, expert) if name
        }
        if not tables:
            read_labels(data, classes=None)  # says which columns are looked for
        given = _present(tables[column], "given_label") if column else cls.from_folders(files).given
        patients: dict[str, str] = {}
        for table in tables.values():
            patients |= _present(table, "patient")
        return cls(given, _present(tables[expert], "given_label") if expert else None, patients)

    def patient(self, file: str) -> str | None:
        """The patient of a file, from the CSV or else by the NIH naming rules."""
        return self.patients.get(file) or patient_of(file)


def _present(table: pd.DataFrame, column: str) -> dict[str, str]:
    """What `column` says of each file, where it says anything."""
    if column not in table:
        return {}
    said = table.loc[table[column].notna(), ["file", column]]
    return dict(zip(said["file"], said[column], strict=True))
