"""Labelled boxes as COCO, YOLO and CVAT write them."""

import json
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath
from typing import IO
from xml.etree import ElementTree

from malaria.export._members import find_free
from malaria.export.boxes import CATEGORIES, FieldBoxes, LabelledBox


def format_coco(fields: Sequence[FieldBoxes]) -> str:
    """Return COCO's JSON for detection (cocodataset.org/#format-data): ids from 1, boxes as [x, y, width, height].

    `segmentation` is the outline, or the box of a cell that people added; `attributes` are as CVAT's COCO has them.
    """
    annotations = [
        {
            "image_id": number,
            "category_id": CATEGORIES.index(one.label) + 1,
            "bbox": list(one.box),
            "area": one.box.area,
            "segmentation": [_polygon(one)],
            "iscrowd": 0,
            "attributes": one.attributes,
        }
        for number, field in enumerate(fields, start=1)
        for one in field.boxes
    ]
    coco = {
        "info": {"description": "Cells of a triaged blood smear. For research only."},
        "images": [
            {"id": number, "file_name": field.name, "width": field.width, "height": field.height}
            for number, field in enumerate(fields, start=1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(CATEGORIES, start=1)],
        "annotations": [{"id": number, **one} for number, one in enumerate(annotations, start=1)],
    }
    return json.dumps(coco, ensure_ascii=False, allow_nan=False) + "\n"


def _polygon(one: LabelledBox) -> list[int]:
    if one.contour is not None and len(one.contour) > 2:
        return [int(value) for value in one.contour.reshape(-1)]
    x, y, width, height = one.box
    return [x, y, x + width, y, x + width, y + height, x, y + height]


def format_cvat(fields: Sequence[FieldBoxes]) -> str:
    """Return annotations as CVAT reads them, "CVAT for images 1.1" (docs.cvat.ai), corners in pixels.

    A box that somebody decided on is `manual`, others are `auto`. CVAT finds its images by their names.
    """
    root = ElementTree.Element("annotations")
    ElementTree.SubElement(root, "version").text = "1.1"
    names = sorted({name for field in fields for one in field.boxes for name in one.attributes})
    labels = ElementTree.SubElement(ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task"), "labels")
    for name in CATEGORIES:
        label = ElementTree.SubElement(labels, "label")
        ElementTree.SubElement(label, "name").text = name
        attributes = ElementTree.SubElement(label, "attributes")
        for attribute in names:
            told = ElementTree.SubElement(attributes, "attribute")
            for tag, text in {"name": attribute, "mutable": "False", "input_type": "text", "values": ""}.items():
                ElementTree.SubElement(told, tag).text = text
    for number, field in enumerate(fields):
        size = {"width": str(field.width), "height": str(field.height)}
        image = ElementTree.SubElement(root, "image", {"id": str(number), "name": field.name} | size)
        for one in field.boxes:
            x, y, width, height = one.box
            corners = {"xtl": x, "ytl": y, "xbr": x + width, "ybr": y + height}
            source = "manual" if one.by_human else "auto"
            about = {"label": one.label, "source": source, "occluded": "0", "z_order": "0"}
            box = ElementTree.SubElement(image, "box", about | {name: f"{at:.2f}" for name, at in corners.items()})
            for name, value in one.attributes.items():
                ElementTree.SubElement(box, "attribute", {"name": name}).text = str(value)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def write_yolo(target: IO[bytes], fields: Sequence[FieldBoxes], images: Iterable[tuple[str, bytes]] = ()) -> None:
    """Write a zip as Ultralytics trains on (docs.ultralytics.com/datasets/detect): data.yaml, images/, labels/.

    A line for each box: its class from 0, then centre and size as shares of the field (0 to 1). `images` are the
    fields' files by name; without them only labels/ and data.yaml are written.
    """
    taken: set[str] = set()
    paths = {
        field.name: PurePosixPath(find_free("", _put_suffix_last(field.name), taken, by_stem=True)) for field in fields
    }
    with zipfile.ZipFile(target, "w") as archive:
        names = "".join(f"  {number}: {name}\n" for number, name in enumerate(CATEGORIES))
        archive.writestr("data.yaml", f"path: .\ntrain: images\nval: images\nnames:\n{names}")
        for field in fields:
            lines = "".join(_yolo_line(one, field) for one in field.boxes)
            archive.writestr(f"labels/{paths[field.name].with_suffix('.txt')}", lines)
        for name, data in images:
            if name in paths:
                archive.writestr(f"images/{paths[name]}", data)


def _put_suffix_last(name: str) -> str:
    """`one.png (3fa2c1d0)`, as a field is called when another of the sample is one.png, as `one (3fa2c1d0).png`."""
    stem, bracket, rest = name.rpartition(" (")
    path = PurePosixPath(stem)
    marked = rest.endswith(")") and path.suffix
    return str(path.with_name(f"{path.stem}{bracket}{rest}{path.suffix}")) if marked else name


def _yolo_line(one: LabelledBox, field: FieldBoxes) -> str:
    x, y, width, height = one.box
    shares = (
        (x + width / 2) / field.width,
        (y + height / 2) / field.height,
        width / field.width,
        height / field.height,
    )
    return f"{CATEGORIES.index(one.label)} {' '.join(f'{share:.9g}' for share in shares)}\n"
