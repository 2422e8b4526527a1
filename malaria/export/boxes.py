"""The objects of a triaged sample as labelled boxes, with what the machine and people say of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE
from malaria.smear import Box, Cell, FieldTriage, Result
from malaria.smear.decisions import is_one_place, places

UNDECIDED: Final = "Undecided"
"""A red cell that nobody has decided on, or on which readers differ."""

CATEGORIES: Final = (PARASITIZED, UNINFECTED, UNSURE, UNDECIDED, "Leukocyte", "Platelet")
"""What a box may be labelled, in the order in which formats number them; the same for every sample."""

Attributes: TypeAlias = dict[str, str | int | float]

_OTHERS: Final = {"leukocyte": "Leukocyte", "platelet": "Platelet"}


@dataclass(frozen=True, eq=False)
class LabelledBox:
    """One object: its box in pixels of the field, within it, and one of `CATEGORIES`.

    `contour` (int32, (n, 2), columns x and y) is its outline, None for a cell that people added. `by_human`: somebody
    decided on it. `attributes` hold what else is known: source, p_parasitized (0 to 1), rank, number, cells, answers,
    decided_by, note.
    """

    box: Box
    label: str
    contour: NDArray[np.int32] | None = None
    by_human: bool = False
    attributes: Attributes = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.label not in CATEGORIES:
            raise ValueError(f"{self.label!r} is none of {', '.join(CATEGORIES)}.")


@dataclass(frozen=True)
class FieldBoxes:
    """One field: its name in the sample, its size in pixels, and its objects in reading order."""

    name: str
    width: int
    height: int
    boxes: tuple[LabelledBox, ...]


def label_boxes(result: Result) -> list[FieldBoxes]:
    """Return the objects of every field: red cells with their consensus, leukocytes, platelets, and cells added.

    Left out are artefacts, outlines that hold no red cell as people say, leukocytes whose place they call a red cell,
    and windows over heaps but for those called parasitized where no smaller outline of the place is.
    """
    fields = result.triage.fields
    starts = accumulate((len(one.outlines) for one in fields), initial=0)
    return [
        FieldBoxes(one.field, one.width, one.height, tuple(_boxes(result, one, start)))
        for one, start in zip(fields, starts, strict=False)
    ]


def _boxes(result: Result, about: FieldTriage, start: int) -> Iterator[LabelledBox]:
    answers, whole = result.decisions.answers, Box(0, 0, about.width, about.height)
    by_row = {cell.row: cell for cell in answers if cell.row is not None}
    shown = {cell.row for cell in places(cell for cell, said in answers.items() if said == PARASITIZED)}
    added = [cell for cell in result.added if cell.field == about.field]
    ranks, numbers = result.triage.table["rank"], result.triage.table["number"]
    for at, outline in enumerate(about.outlines):
        cell, row = by_row.get(start + at), start + at
        answer = cell and answers[cell]
        place = Cell("", about.field, outline.box)
        if outline.kind in _OTHERS:
            if not any(is_one_place(place, other) for other in added):
                yield LabelledBox(outline.box, _OTHERS[outline.kind], outline.contour, False, {"source": "machine"})
        elif (outline.kind == "red_cell" and answer != UNUSABLE) or (outline.kind == "view" and row in shown):
            attributes: Attributes = {
                "source": "machine",
                "p_parasitized": float(about.p_parasitized[at]),
                "rank": int(ranks[row]),
                "number": numbers[row],
                "cells": float(about.cells[at]),
                **_said(result, cell),
            }
            yield LabelledBox(outline.box, answer or UNDECIDED, outline.contour, cell is not None, attributes)
    for cell in sorted(added, key=lambda one: (one.box.y, one.box.x)):
        yield LabelledBox(
            cell.box.within(whole), answers[cell] or UNDECIDED, None, True, {"source": "human", **_said(result, cell)}
        )


def _said(result: Result, cell: Cell | None) -> Attributes:
    """What each reader said of a cell, in one order."""
    if cell is None:
        return {}
    said = result.decisions.said[cell].values()
    told: Attributes = {
        "answers": "; ".join(one.final_answer for one in said),
        "decided_by": "; ".join(one.annotator for one in said),
    }
    notes = "; ".join(one.note for one in said if one.note)
    return told | {"note": notes} if notes else told
