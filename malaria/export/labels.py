"""Labelled cells for other tools: class folders, a Hugging Face imagefolder, Label Studio tasks.

`cells` is a table with a row for each image of a source: file, corrected_label, and what else is known of it, such as
image_id, given_label, n_readers and agreement (as `malaria.review.correct_labels` returns it). A row whose
corrected_label is no class has no label.
"""

import json
import math
import zipfile
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, Any, Final
from urllib.parse import quote

import pandas as pd

from malaria.cells import for_spreadsheets, format_csv
from malaria.errors import ImageError
from malaria.export._members import find_free
from malaria.images import Source
from malaria.labels import CLASSES, PARASITIZED

LOCAL_FILES: Final = "/data/local-files/?d="
"""Where Label Studio looks for files of its own machine, below LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT."""

_CHOICES: Final = "".join(f'<Choice value="{name}"/>' for name in CLASSES)
LABELLING: Final = (
    f'<View><Image name="image" value="$image"/><Choices name="label" toName="image">{_CHOICES}</Choices></View>'
)
"""The labelling configuration that a Label Studio project needs for the tasks."""

_KNOWN: Final = ("file", "image_id", "patient", "given_label", "n_readers", "agreement")


def write_folders(target: IO[bytes], source: Source, cells: pd.DataFrame) -> list[str]:
    """Write a zip in the layout of the NIH set, cell_images/CLASS/NAME, each image in its corrected label's folder.

    Images without a corrected label are left out; corrected_labels.csv, in the zip, says which and why. Returns the
    files that could not be read. Raises SourceError for a source that was closed.
    """
    with zipfile.ZipFile(target, "w") as archive:  # stored: images are packed already
        packed = _Packed(archive, source, "cell_images/{}")
        for _ in packed.put(cells):
            pass
        archive.writestr(zipfile.ZipInfo("corrected_labels.csv"), for_spreadsheets(format_csv(cells)))
    return packed.unreadable


def write_imagefolder(target: IO[bytes], source: Source, cells: pd.DataFrame) -> list[str]:
    """Write a zip that `datasets.load_dataset("imagefolder")` reads: train/images/NAME and train/metadata.csv.

    The columns of metadata.csv are file_name, label, and what is known of a cell. Images without a corrected label are
    left out. Returns the files that could not be read. Raises SourceError for a source that was closed.
    """
    with zipfile.ZipFile(target, "w") as archive:
        packed = _Packed(archive, source, "train/images")
        rows = [
            {"file_name": member.removeprefix("train/"), "label": row["corrected_label"]} | _known(row)
            for member, row in packed.put(cells)
        ]
        columns = ["file_name", "label", *(name for name in _KNOWN if name in cells)]
        archive.writestr(zipfile.ZipInfo("train/metadata.csv"), format_csv(pd.DataFrame(rows, columns=columns)))
    return packed.unreadable


def format_label_studio(cells: pd.DataFrame, prefix: str = LOCAL_FILES) -> str:
    """Return tasks for Label Studio, JSON: a choice for each image with a corrected label, none for the others.

    An image's address is `prefix` and its file, percent-encoded. Where the table has p_parasitized, label and model,
    the model's answer is the task's prediction. The project needs the configuration `LABELLING`.
    """
    tasks = []
    for row in _rows(cells):
        label = row["corrected_label"]
        task: dict[str, Any] = {"data": {"image": prefix + quote(str(row["file"])), **_known(row)}}
        task["annotations"] = [{"result": [_choice(label)]}] if label in CLASSES else []
        if row.get("label") in CLASSES:
            p = float(row["p_parasitized"])
            about = {"model_version": row.get("model"), "score": p if row["label"] == PARASITIZED else 1 - p}
            task["predictions"] = [about | {"result": [_choice(row["label"])]}]
        tasks.append(task)
    return json.dumps(tasks, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _choice(label: str) -> dict[str, Any]:
    return {"from_name": "label", "to_name": "image", "type": "choices", "value": {"choices": [label]}}


class _Packed:
    """Images of a source as members of a zip, in a folder that may have {} for the label; one in memory at a time."""

    def __init__(self, archive: zipfile.ZipFile, source: Source, folder: str) -> None:
        self._archive, self._source, self._folder = archive, source, folder
        self._taken: set[str] = set()
        self.unreadable: list[str] = []

    def put(self, cells: pd.DataFrame) -> Iterator[tuple[str, dict[str, Any]]]:
        """Pack each labelled image, and yield its member's name and its row."""
        for row in _rows(cells):
            file, label = str(row["file"]), row["corrected_label"]
            if label not in CLASSES:
                continue
            try:
                data = self._source.read(file)
            except ImageError:
                self.unreadable.append(file)
                continue
            member = find_free(self._folder.format(label), PurePosixPath(file).name, self._taken)
            self._archive.writestr(zipfile.ZipInfo(member), data)
            yield member, row


def _rows(cells: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Each row as a dict, what is missing as None."""
    for values in cells.itertuples(index=False, name=None):
        there = (None if isinstance(value, float) and math.isnan(value) else value for value in values)
        yield dict(zip(map(str, cells.columns), there, strict=True))


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in _KNOWN if name in row}
