"""The table of cells as CSV, there and back, and measured against its own labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from malaria.cells._copies import count_once
from malaria.cells._csvtext import find_files, format_csv, read_number, read_table
from malaria.errors import LabelsError

if TYPE_CHECKING:
    from malaria.metrics import Evaluation

COLUMNS: Final = ("file", "patient", "given_label", "p_parasitized", "label", "error")
"""The columns every program may rely on, in the order in which they are written; absent ones are allowed.

All others are written behind them, so a new one need not stand here.
"""


def to_csv(table: pd.DataFrame) -> str:
    """Write a table as CSV, the columns of `COLUMNS` first, missing values empty, floats in full.

    Text that a spreadsheet would run as a formula (beginning with = + - @ tab or return, or with apostrophes before one
    of these, also behind a semicolon or tab) gets an apostrophe in front; `read_cells` and `read_labels` take it off.
    """
    first = [column for column in COLUMNS if column in table.columns]
    return format_csv(table[first + [column for column in table.columns if column not in first]])


def read_cells(data: bytes | Path | str) -> pd.DataFrame:
    """Read what `to_csv` wrote (its bytes or its path): p_parasitized as float64, all else as str, empty as None.

    Raises LabelsError for a file that is no CSV, or has no `file` column, or a p_parasitized that is no number.
    """
    header, rows = read_table(data)
    header[find_files(header)] = "file"
    table = pd.DataFrame([[value or None for value in row] for row in rows], columns=header, dtype=object)
    if "p_parasitized" in table:
        try:
            table["p_parasitized"] = [np.nan if p is None else read_number(p) for p in table["p_parasitized"]]
        except ValueError as error:
            raise LabelsError(f"The column p_parasitized must hold numbers or nothing ({error}).") from None
    return table


def evaluate_cells(table: pd.DataFrame, threshold: float, *, model: str | None = None) -> Evaluation:
    """Measure a table of cells (given_label, p_parasitized and, where known, patient, image_id, error) at `threshold`.

    Images with an error count as unreadable, readable ones without a given_label as left out, and so do images that
    stand in the table with different labels; copies count once. Raises as `evaluate`.
    """
    from malaria.metrics import evaluate  # only here: 60 MB of statistics that writing a CSV does not need

    copies = 0
    if "image_id" in table:
        once = count_once(table)
        table, copies = once.table, len(once.copies)
    unreadable = table["error"].notna() if "error" in table else table["p_parasitized"].isna()
    left_out = ~unreadable & table["given_label"].isna()
    used = table[~unreadable & ~left_out]
    return evaluate(
        used["given_label"].to_numpy(dtype=object),
        used["p_parasitized"].to_numpy(dtype=np.float64, na_value=np.nan),
        threshold,
        patients=used["patient"].to_list() if "patient" in used else None,
        model=model,
        left_out=int(left_out.sum()),
        copies=copies,
        unreadable=int(unreadable.sum()),
    )
