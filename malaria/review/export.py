"""What comes out of a review: corrected labels, and the images in folders named after them."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePosixPath
from typing import Final

import pandas as pd

from malaria.cells import for_spreadsheets, format_csv
from malaria.errors import ImageError
from malaria.images import Source
from malaria.labels import CLASSES
from malaria.review.agreement import consensus
from malaria.review.state import State

CORRECTED_COLUMNS: Final = ("file", "image_id", "given_label", "corrected_label", "n_readers", "agreement")
"""The columns of corrected_labels.csv."""


def correct_labels(cells: pd.DataFrame, state: State) -> pd.DataFrame:
    """Return a row for each labelled cell (file, image_id, given_label), with what the readers made of its label.

    A cell that nobody has read keeps its given label, with `n_readers` 0. Where there is no consensus, or it is no
    class, `corrected_label` is None: `evaluate --labels` and `train --corrections` leave such a cell out.
    """
    labelled = cells[cells["given_label"].isin(CLASSES)]
    rows = []
    for file, image_id, given in labelled[["file", "image_id", "given_label"]].itertuples(index=False):
        found = consensus(state.of_cell(image_id).values())
        corrected = found.corrected_label if found.n_readers else given
        rows.append((file, image_id, given, corrected, found.n_readers, found.agreement))
    table = pd.DataFrame(rows, columns=list(CORRECTED_COLUMNS), dtype=object)
    return table.astype({"n_readers": "int64", "agreement": "float64"})


def zip_corrected(source: Source, corrected: pd.DataFrame) -> bytes:
    """Return a zip in the layout of the NIH set, cell_images/CLASS/NAME, each image in its corrected label's folder.

    Images without a corrected label are left out; corrected_labels.csv, in the zip, says which and why. Raises
    SourceError for a source that was closed.
    """
    buffer = io.BytesIO()
    taken: set[str] = set()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored: images are packed already
        for file, label in corrected[["file", "corrected_label"]].itertuples(index=False):
            if label not in CLASSES:
                continue
            try:
                data = source.read(file)
            except ImageError:
                continue
            archive.writestr(zipfile.ZipInfo(_member(file, label, taken)), data)
        archive.writestr(zipfile.ZipInfo("corrected_labels.csv"), for_spreadsheets(format_csv(corrected)))
    return buffer.getvalue()


def _member(file: str, label: str, taken: set[str]) -> str:
    """A name in the zip that is not taken yet: of two files called `cell.png`, the second becomes `cell (2).png`."""
    path = PurePosixPath(file)
    member, number = f"cell_images/{label}/{path.name}", 1
    while member in taken:
        number += 1
        member = f"cell_images/{label}/{path.stem} ({number}){path.suffix}"
    taken.add(member)
    return member
