"""Boxes that a laboratory drew and labelled in its own fields -> cells to adapt a triage to."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import numpy as np

from malaria.cells import read_table
from malaria.errors import LabelsError
from malaria.labels import CLASSES, PARASITIZED
from malaria.model import Classifier
from malaria.smear.adapt import LabelledCells, cell_features
from malaria.smear.calibration import calibrate
from malaria.smear.matching import pairs
from malaria.smear.objects import RGB, Box
from malaria.smear.windows import scan_with_windows

_COLUMNS: Final = ("field", "x", "y", "width", "height", "label")


def read_boxes(data: bytes | Path | str) -> dict[str, list[Box]]:
    """Read a CSV (its bytes or path) with the columns field, x, y, width, height and label: boxes of cells by field.

    `label` is Parasitized or Uninfected, or empty for a cell that nobody judged. Only the boxes of parasitized cells
    are returned, and every field that has a row. Raises LabelsError.
    """
    header, rows = read_table(data)
    missing = [name for name in _COLUMNS if name not in header]
    if missing:
        raise LabelsError(f"The CSV of boxes has no column {', '.join(missing)}. It needs {', '.join(_COLUMNS)}.")
    boxes: dict[str, list[Box]] = {}
    for number, row in enumerate(rows, start=2):
        values = dict(zip(header, row, strict=True))
        mine = boxes.setdefault(values["field"], [])
        if values["label"] not in ("", *CLASSES):
            raise LabelsError(f"Row {number}: the label {values['label']!r} is not {' or '.join(CLASSES)}.")
        if values["label"] == PARASITIZED:
            mine.append(_box(values, number))
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
        return Box(*(round(float(values[name])) for name in _COLUMNS[1:5]))
    except (ValueError, OverflowError):
        raise LabelsError(f"Row {row}: x, y, width and height must be numbers of pixels.") from None
