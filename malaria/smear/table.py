"""cells.csv: a row for each object that the machine found and each cell that people added, with what was said of it."""

from typing import Final

import pandas as pd

from malaria.cells import neutralised
from malaria.smear.readings import Cell
from malaria.smear.result import Result
from malaria.smear.triage import COLUMNS

DECIDED: Final = ("source", "answer", "answers", "decided_by", "decided_at", "note")
"""The last columns of cells.csv."""
_BETWEEN: Final = "; "


def cells_csv(result: Result) -> str:
    """Return the table of the triage as CSV, then `DECIDED`, then the added cells, `source` human.

    `answer` is the readers' consensus, one of `malaria.review.ANSWERS`; it is empty where nobody has decided or they
    differ. `answers`, `decided_by` and `decided_at` have an entry for each reader, in one order. Text that a
    spreadsheet would run as a formula gets an apostrophe.
    """
    table = result.triage.table
    decided = pd.DataFrame(
        {cell.row: _decided(cell, result) for cell in result.readings.said if cell.row is not None},
        index=list(DECIDED[1:]),
    ).T
    found = table.assign(source="machine").join(decided)
    added = [
        dict(zip(COLUMNS, (cell.field, *cell.box, "red_cell"), strict=False))
        | {"source": "human"}
        | dict(zip(DECIDED[1:], _decided(cell, result), strict=True))
        for cell in sorted(result.added, key=lambda one: (one.field, one.box.y, one.box.x))
    ]
    rows = pd.concat([found.astype(object), pd.DataFrame(added, columns=found.columns, dtype=object)])
    written = rows.map(neutralised).astype({"rank": "Int64"})  # which a cell without one has made a float
    return written.to_csv(index=False, lineterminator="\n")


def _decided(cell: Cell, result: Result) -> list[str]:
    said = list(result.readings.said[cell].values())
    return [
        result.readings.answers[cell] or "",
        _BETWEEN.join(one.final_answer for one in said),
        _BETWEEN.join(one.annotator for one in said),
        _BETWEEN.join(one.decided_at for one in said),
        _BETWEEN.join(one.note for one in said if one.note),
    ]
