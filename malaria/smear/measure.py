"""How well fields are segmented, against boxes that people drew: `python -m malaria.smear.measure FOLDER`.

FOLDER holds iml_smears_dev.zip (thin smears with a box around every red cell and parasite) and leukocytes_dev.zip.
The rule: an outline's box finds an annotated box, one to one, at an intersection over union of at least 0.5. What
touches the border of the field, annotated or found, is neither missed nor false; annotators skipped many such cells.
Two annotated boxes that share at least 0.8 of their union are one. Outlines flagged as clumps claim no cell: they
count neither as found nor as false, only a parasite inside one has been seen if its box fits.

Thresholds and weights were chosen on the half of the fields whose names have an even CRC-32 ("chosen on"); the other
half ("held out") was not looked at.
"""

import csv
import json
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from malaria.images import decode
from malaria.metrics import Rate
from malaria.smear.calibration import calibrate
from malaria.smear.cells import Region, propose
from malaria.smear.matching import overlaps, pairs
from malaria.smear.objects import RGB, Box, SmearObject
from malaria.smear.segment import prepare, segment

SMEARS: Final = "iml_smears_dev.zip"
PARASITES: Final = ("ring", "trophozoite", "schizont", "gametocyte")
_WHOLE: Final = 0.65
_SAME: Final = 0.8
_BORDER: Final = 2
_COUNT_WITHIN: Final = 0.05


@dataclass(frozen=True, eq=False)
class AnnotatedField:
    """One field (RGB uint8) with the boxes that people drew in it, and what each box is."""

    name: str
    rgb: RGB
    boxes: tuple[Box, ...]
    types: tuple[str, ...]

    @property
    def is_held_out(self) -> bool:
        """Whether the field belongs to the half on which nothing was chosen."""
        return zlib.crc32(self.name.encode()) % 2 == 1


def smear_fields(file: Path) -> Iterator[AnnotatedField]:
    """Yield the annotated fields of iml_smears_dev.zip."""
    with zipfile.ZipFile(file) as archive:
        for entry in json.loads(archive.read("annotations.json")):
            name = entry["image_name"]
            boxes = [Box(*(int(item["bbox"][key]) for key in ("x", "y", "w", "h"))) for item in entry["objects"]]
            types = [item["type"] for item in entry["objects"]]
            kept = _without_twins(boxes, types)
            rgb = decode(archive.read(f"fields/{name}"), name)
            yield AnnotatedField(name, rgb, tuple(boxes[at] for at in kept), tuple(types[at] for at in kept))


def leukocyte_fields(file: Path) -> Iterator[AnnotatedField]:
    """Yield the annotated fields of leukocytes_dev.zip; types are RBC, WBC and Platelets."""
    with zipfile.ZipFile(file) as archive:
        rows = list(csv.DictReader(archive.read("boxes.csv").decode().splitlines()))
        for name in sorted({row["image"] for row in rows}):
            mine = [row for row in rows if row["image"] == name]
            corners = [[int(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")] for row in mine]
            boxes = tuple(Box(left, top, right - left, bottom - top) for left, top, right, bottom in corners)
            yield AnnotatedField(
                name, decode(archive.read(f"images/{name}"), name), boxes, tuple(row["cell"] for row in mine)
            )


def count_field(field: AnnotatedField, objects: list[SmearObject]) -> Counter[str]:
    """Count what was found of one smear field: see the names in `summary`."""
    cells = [item for item in objects if item.is_whole_cell]
    any_cells = [item for item in objects if item.kind == "red_cell"]
    inner = [not _at_border(box, field.rgb) for box in field.boxes]
    hits = pairs(field.boxes, [cell.box for cell in cells])
    seen = {row for row, _ in pairs(field.boxes, [cell.box for cell in any_cells])}
    claims = [not _at_border(cell.box, field.rgb) for cell in cells]
    parasites = [at for at, kind in enumerate(field.types) if kind in PARASITES and inner[at]]
    counted, annotated = sum(claims), sum(inner)
    return Counter(
        fields=1,
        annotated=annotated,
        found=sum(inner[row] for row, _ in hits),
        outlines=counted,
        right=sum(claims[column] for _, column in hits),
        parasites=len(parasites),
        parasites_seen=sum(at in seen for at in parasites),
        counts_close=int(abs(counted - annotated) <= _COUNT_WITHIN * annotated),
        clumps=sum(item.is_clump for item in any_cells),
    )


def count_kind(field: AnnotatedField, objects: list[SmearObject], kind: str, label: str) -> Counter[str]:
    """Count what was found of one kind of object, those at the border included: leukocytes are large."""
    truth = [box for box, name in zip(field.boxes, field.types, strict=True) if name == label]
    found = [item.box for item in objects if item.kind == kind]
    hits = len(pairs(truth, found))
    return Counter(fields=1, annotated=len(truth), found=hits, outlines=len(found), right=hits)


def summary(counts: Counter[str]) -> dict[str, Rate]:
    """The figures of a set of fields, pooled over them, each with its Wilson interval."""
    figures = {
        "recall": ("found", "annotated"),
        "precision": ("right", "outlines"),
        "parasitized cells found": ("parasites_seen", "parasites"),
        "fields counted within 5 %": ("counts_close", "fields"),
    }
    return {
        name: Rate.share(counts[part], counts[whole], "There are none.")
        for name, (part, whole) in figures.items()
        if part in counts
    }


def fit_likeness(fields: Iterable[AnnotatedField]) -> tuple[NDArray[np.float64], float]:
    """Fit what `malaria.smear.cells` knows of outlines: (weights, intercept) of a logistic regression.

    An outline is one whole cell when its box shares at least 0.65 of the union with an annotated one; those at the
    border are left out. Printed by `python -m malaria.smear.measure FOLDER fit`.
    """
    features: list[NDArray[np.float64]] = []
    is_cell: list[bool] = []
    for field in fields:
        about = calibrate(field.rgb)
        ready = prepare(field.rgb, about)
        regions = list(propose(ready.green, float(about.red_cell[1]), ready.closed))
        boxes = [_box_of(region, ready.scale) for region in regions]
        best = overlaps(boxes, field.boxes).max(axis=1)
        inner = [at for at, box in enumerate(boxes) if not _at_border(box, field.rgb)]
        features += [regions[at].features for at in inner]
        is_cell += [bool(best[at] >= _WHOLE) for at in inner]
    table = np.array(features)
    middle, spread = table.mean(axis=0), table.std(axis=0)
    fit = LogisticRegression(max_iter=2000).fit((table - middle) / spread, is_cell)
    weights = np.asarray(fit.coef_[0] / spread, np.float64)
    return weights, float(fit.intercept_[0] - weights @ middle)


def _box_of(region: Region, scale: float) -> Box:
    """The box of a proposed outline in pixels of the field, with the edge that cells are given in the end."""
    rows, columns = region.window
    corners = (columns.start - 1, rows.start - 1, columns.stop - columns.start + 2, rows.stop - rows.start + 2)
    return Box(*(round(corner / scale) for corner in corners))


def report(name: str, counts: Counter[str]) -> str:
    """One block of text for `summary`."""
    lines = [f"{name} ({counts['fields']} fields)"]
    for figure, rate in summary(counts).items():
        if rate.value is not None and rate.interval is not None:
            low, high = rate.interval
            lines.append(f"  {figure:26s} {rate.value:.4f}  [{low:.4f}, {high:.4f}]  {rate.numerator}/{rate.n}")
    return "\n".join(lines)


def main(folder: Path) -> None:
    """Print the figures of all fields, of those on which thresholds were chosen, and of those held out."""
    for title, tally in _tallies(folder).items():
        print(report(title, tally))


def _tallies(folder: Path) -> dict[str, Counter[str]]:
    tallies: dict[str, Counter[str]] = {}
    for field in smear_fields(folder / SMEARS):
        counts = count_field(field, segment(field.rgb))
        for part in ("all", _half(field)):
            tallies.setdefault(f"Red cells, {part}", Counter()).update(counts)
    for field in leukocyte_fields(folder / "leukocytes_dev.zip"):
        objects = segment(field.rgb)
        for part in ("all", _half(field)):
            counts = count_kind(field, objects, "leukocyte", "WBC")
            tallies.setdefault(f"Leukocytes, {part}", Counter()).update(counts)
    return dict(sorted(tallies.items(), reverse=True))


def _half(field: AnnotatedField) -> str:
    return "held out" if field.is_held_out else "chosen on"


def _at_border(box: Box, rgb: RGB) -> bool:
    height, width = rgb.shape[:2]
    near = min(box.x, box.y) <= _BORDER
    return near or box.x + box.width >= width - _BORDER or box.y + box.height >= height - _BORDER


def _without_twins(boxes: list[Box], types: list[str]) -> list[int]:
    """Indices of boxes without those drawn twice; of a pair the one that is called a parasite stays."""
    order = sorted(range(len(boxes)), key=lambda at: types[at] not in PARASITES)
    kept: list[int] = []
    for at in order:
        if not kept or overlaps([boxes[at]], [boxes[other] for other in kept]).max() < _SAME:
            kept.append(at)
    return kept


if __name__ == "__main__":
    if sys.argv[2:] == ["fit"]:
        print(fit_likeness(field for field in smear_fields(Path(sys.argv[1]) / SMEARS) if not field.is_held_out))
    else:
        main(Path(sys.argv[1]))
