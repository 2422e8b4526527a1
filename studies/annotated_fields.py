"""Fields in which people drew boxes around cells: `python -m studies.annotated_fields FOLDER` counts what they drew.

FOLDER holds iml_smears_dev.zip and leukocytes_dev.zip, which the other studies of fields measure on, too.
"""

import csv
import json
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from malaria.images import decode
from malaria.smear.field.objects import RGB, Box, overlaps
from malaria.wording.words import count
from studies._command import Folder, run

SMEARS: Final = "iml_smears_dev.zip"
LEUKOCYTES: Final = "leukocytes_dev.zip"
PARASITES: Final = ("ring", "trophozoite", "schizont", "gametocyte")
UNSURE: Final = "unsure"
"""The type of a box of which nobody can say whether it holds one cell; it counts for nothing."""
COUNT_WITHIN: Final = 0.05
"""A field's count is close when it is off by no more than this share."""
_BORDER: Final = 2
_SAME: Final = 0.8
"""Intersection over union from which on two annotated boxes are one, drawn twice."""


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
        return is_held_out(self.name)


def is_held_out(name: str) -> bool:
    """Whether the field of this name belongs to the half on which nothing was chosen."""
    return zlib.crc32(name.encode()) % 2 == 1


def at_border(box: Box, shape: tuple[int, ...]) -> bool:
    """Whether a box lies within two pixels of the border of a field of this shape (rows, columns, ...)."""
    right, bottom = shape[1] - box.x - box.width, shape[0] - box.y - box.height
    return min(box.x, box.y, right, bottom) <= _BORDER


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


def _without_twins(boxes: list[Box], types: list[str]) -> list[int]:
    """Indices of boxes without those drawn twice; of a pair the one that is called a parasite stays."""
    order = sorted(range(len(boxes)), key=lambda at: types[at] not in PARASITES)
    kept: list[int] = []
    for at in order:
        if not kept or overlaps([boxes[at]], [boxes[other] for other in kept]).max() < _SAME:
            kept.append(at)
    return kept


def main(folder: Folder) -> None:
    """Print how many fields and boxes of each type the archives hold, and how many of each are held out."""
    for file, fields in ((SMEARS, smear_fields(folder / SMEARS)), (LEUKOCYTES, leukocyte_fields(folder / LEUKOCYTES))):
        boxes: dict[bool, Counter[str]] = {False: Counter(), True: Counter()}
        n: Counter[bool] = Counter()
        for field in fields:
            n[field.is_held_out] += 1
            boxes[field.is_held_out].update(field.types)
        print(f"{file}: {count(n.total(), 'field')}, {n[True]} held out")
        for name, boxes_of_all in (boxes[False] + boxes[True]).most_common():
            print(f"  {name:18s} {boxes_of_all:6,}  {boxes[True][name]:6,} held out")


if __name__ == "__main__":
    run(main)
