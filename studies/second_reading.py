"""Boxes that people drew, amended by a second look: cells that they left without a box, and boxes that hold no cell.

The annotators of iml_smears_dev.zip gave many whole cells no box, and set some boxes beside their cells, so figures
against their boxes say as much of them as of the segmentation. Therefore 25 held-out fields, drawn by lot before
anything in them was looked at, were read again. In each, every outline without a box, every box without an outline and
every clump of which boxes cover less than 0.6 was looked at, enlarged and with its surroundings, and judged: one cell,
not one cell, or cannot be said; a clump with cells in it counts as one cell missed. Places that nothing had marked, and
pairs of box and outline, were not looked at. The reader saw outline and box, was alone, and is no haematologist.

`second_reading.csv` holds the verdicts and no picture: field, drawn (box, outline or clump), place, verdict.
`python -m studies.second_reading` counts them.
"""

import csv
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

from malaria.smear.field.objects import Box, Outline, overlaps
from malaria.wording.words import count
from studies._command import run
from studies.annotated_fields import UNSURE, AnnotatedField

FILE: Final = Path(__file__).with_name("second_reading.csv")
_FIELDS: Final = 25
_SEED: Final = 2024
_RED_CELL: Final = "red blood cell"
_SAME: Final = 0.5


class Verdict(NamedTuple):
    """What the second reader said of a place: `drawn` is what had marked it, "box", "outline" or "clump"."""

    drawn: str
    box: Box
    verdict: str


def sampled(names: Iterable[str]) -> set[str]:
    """The names of the fields that were read again, of those of all held-out fields."""
    listed = sorted(names)
    return set(random.Random(_SEED).sample(listed, min(_FIELDS, len(listed))))


def verdicts(file: Path = FILE) -> dict[str, list[Verdict]]:
    """The verdicts of each field by its name."""
    found: dict[str, list[Verdict]] = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            box = Box(*(int(row[side]) for side in ("x", "y", "width", "height")))
            found.setdefault(row["field"], []).append(Verdict(row["drawn"], box, row["verdict"]))
    return found


def amended(field: AnnotatedField, said: Sequence[Verdict]) -> AnnotatedField:
    """The field with the boxes that it would have had: those that hold no cell gone, those of cells left out added.

    What could not be said is of type `UNSURE`, and counts for nothing.
    """
    of_box = {verdict.box: verdict.verdict for verdict in said if verdict.drawn == "box"}
    kept = [
        (box, UNSURE if of_box.get(box) == "unsure" else kind)
        for box, kind in zip(field.boxes, field.types, strict=True)
        if of_box.get(box) != "not_a_cell"
    ]
    kept += [
        (verdict.box, UNSURE if verdict.verdict == "unsure" else _RED_CELL)
        for verdict in said
        if verdict.drawn != "box" and verdict.verdict != "not_a_cell"
    ]
    boxes, types = zip(*kept, strict=True)
    return replace(field, boxes=boxes, types=types)


def unread(outlines: Iterable[Outline], said: Sequence[Verdict], field: AnnotatedField) -> list[Box]:
    """Boxes of whole cells that no annotated box and no verdict is about: a changed segmentation asks for new ones."""
    known = [*field.boxes, *(verdict.box for verdict in said)]
    boxes = [item.box for item in outlines if item.is_whole_cell]
    return [box for box in boxes if not known or overlaps([box], known).max() < _SAME]


def main() -> None:
    """Print how often each verdict was given, for boxes, outlines and clumps."""
    said = verdicts()
    given = Counter((verdict.drawn, verdict.verdict) for listed in said.values() for verdict in listed)
    print(f"{count(len(said), 'field')} with a verdict, of {_FIELDS} read again")
    for (drawn, verdict), n in sorted(given.items()):
        print(f"  {drawn:8s} {verdict:12s} {n:4d}")


if __name__ == "__main__":
    run(main)
