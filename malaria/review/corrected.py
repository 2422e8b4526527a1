"""What comes out of a review: corrected labels."""

from __future__ import annotations

from typing import Final

import pandas as pd

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
