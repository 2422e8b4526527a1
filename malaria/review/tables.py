"""Tables as CSV, their columns in the order in which they stand, with nothing that a spreadsheet would run."""

from __future__ import annotations

import pandas as pd

from malaria.cells import neutralised


def in_order(table: pd.DataFrame) -> str:
    """Return a table as CSV: columns as they are, missing values empty, floats in full, formulas neutralised."""
    return table.map(neutralised).to_csv(index=False, lineterminator="\n")
