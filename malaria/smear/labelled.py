"""Boxes that a laboratory drew and labelled in its own fields -> cells to adapt a triage to."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from malaria.cells import read_table
from malaria.errors import LabelsError
from malaria.labels import CLASSES, PARASITIZED
from malaria.model import Classifier
from malaria.review import ANSWERS
from malaria.smear.adapt import LabelledCells, cell_features
from malaria.smear.calibration import calibrate
from malaria.smear.matching import pairs
from malaria.smear.objects import RGB, Box
from malaria.smear.windows import scan_with_windows

_PLACE: Final = ("x", "y", "width", "height")
_WORDS: Final = {"label": ("", *CLASSES), "answer": ("", *ANSWERS)}
"""What each column that can say which cells are parasitized may hold; the first that is there counts."""


def read_boxes(data: bytes | Path | str) -> dict[str, list[Box]]:
    """Read a CSV (its bytes or path) with the columns field, x, y, width, height and label: boxes of cells by field.

    `label` is Parasitized or Uninfected, or empty for a cell that nobody judged. Only the boxes of parasitized cells
    are returned, and every field that has a row. A cells.csv of the triage has `answer` instead, where unsure and
    unusable are as good as empty; of its fields, which are all in it, only those count that hold a decided cell.
    Raises LabelsError.
    """
    header, rows = read_table(data)
    said = next((name for name in _WORDS if name in header), "label")
    missing = [name for name in ("field", *_PLACE, said) if name not in header]
    if missing:
        raise LabelsError(
            f"The CSV of boxes has no column {', '.join(missing)}. It needs field, {', '.join(_PLACE)} and label, or "
            "is a cells.csv of the triage with its column answer."
        )
    boxes: dict[str, list[Box]] = {}
    for number, row in enumerate(rows, start=2):
        values = dict(zip(header, row, strict=True))
        if values[said] not in _WORDS[said]:
            words = _WORDS[said][1:]
            raise LabelsError(f"Row {number}: the {said} {values[said]!r} is not {' or '.join(words)}.")
        if said == "label" or values[said] in CLASSES:
            boxes.setdefault(values["field"], [])
        if values[said] == PARASITIZED:
            boxes[values["field"]].append(_box(values, number))
    return boxes


def label_field(
    rgb: RGB, field: str, parasitized: Iterable[Box], classifier: Classifier
) -> tuple[LabelledCells, list[Box]]:
    """Return (the red cells of a field, each parasitized if its box is; the boxes in which no red cell was found)."""
    about = calibrate(rgb)
    objects = [item for part in scan_with_windows(rgb, classifier, about) for item in part]
    cells = [item for item in objects if item.kind == "red_cell"]
    wanted = list(parasitized)
    matched = pairs(wanted, [cell.box for cell in cells]) if wanted and cells else []
    is_parasitized = np.zeros(len(cells), dtype=bool)
    is_parasitized[[column for _, column in matched]] = True
    features = cell_features(cells, classifier.predict([cell.crop for cell in cells]), about)
    lost = set(range(len(wanted))) - {row for row, _ in matched}
    return LabelledCells(features, is_parasitized, np.array([field] * len(cells))), [wanted[at] for at in sorted(lost)]


def together(parts: Iterable[LabelledCells]) -> LabelledCells:
    """The cells of several fields as one."""
    listed = list(parts)
    return LabelledCells(
        np.concatenate([part.features for part in listed]),
        np.concatenate([part.is_parasitized for part in listed]),
        np.concatenate([part.field for part in listed]),
    )


def _box(values: dict[str, str], row: int) -> Box:
    try:
        return Box(*(round(float(values[name])) for name in _PLACE))
    except (ValueError, OverflowError):
        raise LabelsError(f"Row {row}: x, y, width and height must be numbers of pixels.") from None
