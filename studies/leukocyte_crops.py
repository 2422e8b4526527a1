"""Pictures of leukocytes to train on, cut from fields: `python -m studies.leukocyte_crops FIELDS.zip CROPS.zip`.

FIELDS.zip holds images/NAME and types.csv (columns image and leukocyte_type), as leukocytes_dev.zip. CROPS.zip gets a
folder for each type, as `python -m malaria train` takes it. Keep it out of the project: it holds real cells.
"""

import csv
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import cv2
import typer

from malaria.images import decode
from malaria.smear.field.objects import RGB
from malaria.smear.field.segment import segment
from studies._command import run

FEWEST: Final = 10
"""Types with fewer fields are left out: so few can neither be learnt nor measured."""


def single_types(file: Path) -> dict[str, str]:
    """Return the leukocyte type, in lower case, of each image of `file` that lists a single one."""
    with zipfile.ZipFile(file) as archive:
        rows = list(csv.DictReader(archive.read("types.csv").decode().splitlines()))
    listed = {row["image"]: row["leukocyte_type"].strip().lower() for row in rows}
    return {image: name for image, name in listed.items() if name and "," not in name}


def leukocyte_crops(file: Path) -> Iterator[tuple[str, str, RGB | None]]:
    """Yield (image, type, crop) of each image of `file` with a single type whose class is large enough.

    The crop is that of the largest leukocyte that `segment` finds, all around it black; None where it finds none.
    """
    types = single_types(file)
    count = Counter(types.values())
    with zipfile.ZipFile(file) as archive:
        for image, name in sorted(types.items()):
            if count[name] >= FEWEST:
                objects = segment(decode(archive.read(f"images/{image}"), image))
                found = [item for item in objects if item.kind == "leukocyte"]
                yield image, name, max(found, key=lambda item: item.area).crop if found else None


def write_crops(fields: Path, crops: Path) -> Counter[str]:
    """Write the zip of crops and return how many there are of each type; `none found` counts images without one."""
    written: Counter[str] = Counter()
    with zipfile.ZipFile(crops, "w") as archive:
        for image, name, crop in leukocyte_crops(fields):
            written[name if crop is not None else "none found"] += 1
            if crop is not None:
                png = cv2.imencode(".png", crop[..., ::-1])[1].tobytes()
                # A fixed date: the same fields give the same file, byte by byte.
                archive.writestr(zipfile.ZipInfo(f"{name}/{Path(image).stem}.png"), png)
    return written


def main(
    fields: Annotated[Path, typer.Argument(metavar="FIELDS.zip", exists=True, dir_okay=False)],
    crops: Annotated[Path, typer.Argument(metavar="CROPS.zip", dir_okay=False)],
) -> None:
    """Cut the leukocytes of FIELDS.zip out into CROPS.zip, and say how many there are and what was left out."""
    written = write_crops(fields, crops)
    rare = Counter(single_types(fields).values())
    for name in written:
        del rare[name]
    print(f"{crops}: {', '.join(f'{count} {name}' for name, count in written.most_common())}")
    if rare:
        print(f"left out, too few: {', '.join(f'{count} {name}' for name, count in rare.items())}")


if __name__ == "__main__":
    run(main)
