"""cells.csv: its columns, each with what stands in it, and how it is written. A new column is added here alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pandas as pd

from malaria.cells import format_csv

if TYPE_CHECKING:
    from malaria.review import Decision
    from malaria.smear.decisions import Cell
    from malaria.smear.field_triage import FieldTriage
    from malaria.smear.result import Result

_BETWEEN: Final = "; "


def _nothing(cell: Cell) -> object:
    return None


class Column(NamedTuple):
    """What a column says of the object at a place in the outlines of a field, and of a cell that people added."""

    found: Callable[[FieldTriage, int], object]
    added: Callable[[Cell], object] = _nothing


FOUND: Final[dict[str, Column]] = {
    "field": Column(lambda field, at: field.field, lambda cell: cell.field),
    "x": Column(lambda field, at: field.outlines[at].box.x, lambda cell: cell.box.x),
    "y": Column(lambda field, at: field.outlines[at].box.y, lambda cell: cell.box.y),
    "width": Column(lambda field, at: field.outlines[at].box.width, lambda cell: cell.box.width),
    "height": Column(lambda field, at: field.outlines[at].box.height, lambda cell: cell.box.height),
    "kind": Column(lambda field, at: field.outlines[at].kind, lambda cell: "red_cell"),
    "cells": Column(lambda field, at: float(field.cells[at]), lambda cell: 1.0),
    "p_parasitized": Column(lambda field, at: float(field.p_parasitized[at])),
    "rank": Column(lambda field, at: None),  # among all fields: `Triage.table` counts
    "view_of": Column(lambda field, at: None),  # a rank, too
    "area": Column(lambda field, at: field.outlines[at].area),
    "circularity": Column(lambda field, at: round(field.outlines[at].circularity, 4)),
    "likeness": Column(lambda field, at: round(field.outlines[at].likeness, 4)),
    "touches_border": Column(lambda field, at: field.outlines[at].touches_border),
    "is_clump": Column(lambda field, at: field.outlines[at].is_clump),
    "leukocyte_type": Column(lambda field, at: field.leukocyte_types[at].name if at in field.leukocyte_types else None),
    "p_leukocyte_type": Column(lambda field, at: field.leukocyte_types[at].p if at in field.leukocyte_types else None),
    "stands_out": Column(lambda field, at: None),  # of the null of all fields: `Triage.table` knows
    "number": Column(lambda field, at: None),  # begins with its field's letter: `Triage.table` counts
}
"""What the machine says of each object, in the order of the table."""

COLUMNS: Final = tuple(FOUND)[: list(FOUND).index("rank") + 1]
"""The columns of cells.csv that others rely on; further ones follow them."""

CHANCE: Final = "chance"
"""How likely the cell was to be put before a reader of a survey, as far as they have gone; empty without a survey."""

SOURCE: Final = "source"
"""Who found the cell, machine or human: the column between those of the machine and those of people."""

DECIDED: Final[dict[str, Callable[[str | None, Sequence[Decision]], str]]] = {
    "answer": lambda consensus, said: consensus or "",
    "answers": lambda consensus, said: _BETWEEN.join(one.final_answer for one in said),
    "decided_by": lambda consensus, said: _BETWEEN.join(one.annotator for one in said),
    "decided_at": lambda consensus, said: _BETWEEN.join(one.decided_at for one in said),
    "note": lambda consensus, said: _BETWEEN.join(one.note for one in said if one.note),
}
"""What people say of a cell: of their consensus, and of the decision of each reader."""


def cells_csv(result: Result) -> str:
    """Return the table of the triage as CSV, then what people decided, then the cells they added, `source` human.

    `answer` is the readers' consensus, one of `malaria.review.ANSWERS`; it is empty where nobody has decided or they
    differ. `answers`, `decided_by` and `decided_at` have an entry for each reader, in one order. Text that a
    spreadsheet would run as a formula gets an apostrophe.
    """
    decided = pd.DataFrame(
        {cell.row: _decided(cell, result) for cell in result.decisions.said if cell.row is not None},
        index=list(DECIDED),
    ).T
    chances = pd.Series(result.chances, dtype=np.float64)
    found = result.triage.table.join(chances.round(4).rename(CHANCE)).assign(**{SOURCE: "machine"}).join(decided)
    added = [
        {name: column.added(cell) for name, column in FOUND.items()} | {SOURCE: "human"} | _decided(cell, result)
        for cell in sorted(result.added, key=lambda one: (one.field, one.box.y, one.box.x))
    ]
    rows = pd.concat([found.astype(object), pd.DataFrame(added, columns=found.columns, dtype=object)])
    return format_csv(rows.astype({"rank": "Int64"}))  # which a cell without one has made a float


def _decided(cell: Cell, result: Result) -> dict[str, str]:
    consensus, said = result.decisions.answers[cell], list(result.decisions.said[cell].values())
    return {name: told(consensus, said) for name, told in DECIDED.items()}
