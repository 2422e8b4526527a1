"""The cells of a triaged sample as COCO, YOLO and CVAT: boxes and classes are the same when they are read back."""

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pycocotools.coco import COCO

from malaria.export import (
    CATEGORIES,
    FieldBoxes,
    LabelledBox,
    format_coco,
    format_cvat,
    label_boxes,
    write_yolo,
)
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE
from malaria.smear import Box, Result, Triage, pool_fields, triage_field

HOSTILE = 'fields/=1+1 "<&> ż;.png'


@pytest.fixture
def triage(spotted: Any, lone_cells: Any, classifier: Any) -> Triage:
    fields = [(HOSTILE, spotted(lone_cells(4, 3, 60), 3)), ("two.png", spotted(lone_cells(3, 3, 60), 1))]
    return pool_fields([triage_field(rgb, classifier, name) for name, rgb in fields], classifier)


@pytest.fixture
def result(triage: Triage, read: Any) -> Result:
    """Called parasitized, not, unsure and no cell; in dispute; one added, which sticks out of its field."""
    decided = [
        ("ann", 0, PARASITIZED, "ring <thin>"),
        ("bo", 0, PARASITIZED, ""),
        ("ann", 1, UNINFECTED, ""),
        ("ann", 2, UNSURE, ""),
        ("ann", 3, UNUSABLE, ""),
        ("ann", 4, PARASITIZED, ""),
        ("bo", 4, UNINFECTED, ""),
        ("ann", Box(630, 470, 20, 20), PARASITIZED, ""),
        ("ann", Box(5, 450, 20, 20), UNUSABLE, ""),
    ]
    return Result(triage, read(triage, *decided))


Read = Callable[[list[FieldBoxes], Path], dict[str, list[tuple[str, tuple[float, ...]]]]]
"""Writes fields in a format, and reads (label, box) of each field by its name with what others read them with."""


def by_coco(fields: list[FieldBoxes], folder: Path) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    (folder / "coco.json").write_text(format_coco(fields), encoding="utf-8")
    coco = COCO(folder / "coco.json")
    return {
        image["file_name"]: [
            (coco.loadCats(one["category_id"])[0]["name"], tuple(one["bbox"]))
            for one in coco.loadAnns(coco.getAnnIds(imgIds=number))
        ]
        for number, image in coco.imgs.items()
    }


def by_yolo(fields: list[FieldBoxes], folder: Path) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    """As Ultralytics documents: the label of images/PATH.png is labels/PATH.txt, `class x y w h` in shares."""
    buffer = io.BytesIO()
    write_yolo(buffer, fields, [(field.name, field.name.encode()) for field in fields])
    read: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    with zipfile.ZipFile(buffer) as archive:
        settings = archive.read("data.yaml").decode().splitlines()
        names = dict(line.strip().split(": ") for line in settings[settings.index("names:") + 1 :])
        images = [member for member in archive.namelist() if member.startswith("images/")]
        for image in images:
            field = next(one for one in fields if one.name == archive.read(image).decode())
            label = PurePosixPath(image.replace("images/", "labels/", 1)).with_suffix(".txt")
            read[field.name] = []
            for line in archive.read(str(label)).decode().splitlines():
                number, *shares = line.split(" ")
                x, y, width, height = map(float, shares)
                assert all(0 <= share <= 1 for share in (x, y, width, height))
                corner = ((x - width / 2) * field.width, (y - height / 2) * field.height)
                size = (width * field.width, height * field.height)
                read[field.name].append((names[number], tuple(round(value, 3) for value in (*corner, *size))))
    return read


def by_cvat(fields: list[FieldBoxes], folder: Path) -> dict[str, list[tuple[str, tuple[float, ...]]]]:
    """As CVAT documents "CVAT for images 1.1"."""
    root = ElementTree.fromstring(format_cvat(fields).encode())
    assert root.findtext("version") == "1.1"
    known = {name.text for name in root.findall("meta/task/labels/label/name")}
    read: dict[str, list[tuple[str, tuple[float, ...]]]] = {}
    for image in root.findall("image"):
        boxes = []
        for box in image.findall("box"):
            left, top, right, bottom = (float(box.attrib[name]) for name in ("xtl", "ytl", "xbr", "ybr"))
            assert 0 <= left < right <= int(image.attrib["width"])
            assert 0 <= top < bottom <= int(image.attrib["height"])
            assert box.attrib["label"] in known
            boxes.append((box.attrib["label"], (left, top, right - left, bottom - top)))
        read[image.attrib["name"]] = boxes
    return read


FORMATS = {"coco": by_coco, "yolo": by_yolo, "cvat": by_cvat}


@pytest.mark.parametrize("format", FORMATS)
def test_boxes_and_classes_are_the_same_when_read_back(result: Result, tmp_path: Path, format: str) -> None:
    fields = label_boxes(result)
    read = FORMATS[format](fields, tmp_path)
    assert read == {field.name: [(one.label, tuple(one.box)) for one in field.boxes] for field in fields}
    assert {label for boxes in read.values() for label, _ in boxes} == {*CATEGORIES[:4]}


@pytest.mark.parametrize("format", FORMATS)
def test_a_field_without_a_cell_is_kept(tmp_path: Path, format: str) -> None:
    assert FORMATS[format]([FieldBoxes("empty.png", 640, 480, ())], tmp_path) == {"empty.png": []}


def test_each_cell_has_what_was_decided_and_no_cell_is_left_out(result: Result) -> None:
    boxes = [one for field in label_boxes(result) for one in field.boxes]
    by_rank = {one.attributes["rank"]: one for one in boxes if "rank" in one.attributes}
    assert [by_rank[rank].label for rank in (1, 2, 3, 5, 6)] == [PARASITIZED, UNINFECTED, UNSURE, *["Undecided"] * 2]
    assert 4 not in by_rank, "it is no cell, as ann says"
    assert by_rank[1].attributes | {"p_parasitized": 1} == {
        "source": "machine",
        "p_parasitized": 1,
        "rank": 1,
        "number": "A1",
        "cells": 1.0,
        "answers": "Parasitized; Parasitized",
        "decided_by": "ann; bo",
        "note": "ring <thin>",
    }
    assert [by_rank[rank].by_human for rank in (1, 5, 6)] == [True, True, False]
    (added,) = (one for one in boxes if one.attributes["source"] == "human")
    assert (added.label, added.box, added.contour) == (PARASITIZED, Box(630, 470, 10, 10), None)


def test_the_mask_of_a_cell_is_its_outline(result: Result, tmp_path: Path) -> None:
    (tmp_path / "coco.json").write_text(format_coco(label_boxes(result)), encoding="utf-8")
    coco = COCO(tmp_path / "coco.json")
    for number, one in coco.anns.items():
        x, y, width, height = one["bbox"]
        rows, columns = np.nonzero(coco.annToMask(coco.anns[number]))
        assert x - 1 <= columns.min() <= columns.max() <= x + width
        assert y - 1 <= rows.min() <= rows.max() <= y + height


def test_leukocytes_and_platelets_have_classes_of_their_own_and_artefacts_none(triage: Triage) -> None:
    one = triage.fields[0]
    kinds = ["leukocyte", "platelet", "artefact", *(item.kind for item in one.outlines[3:])]
    outlines = tuple(replace(item, kind=kind) for item, kind in zip(one.outlines, kinds, strict=True))
    p = one.p_parasitized.copy()
    p[:3] = np.nan
    other = replace(triage, fields=(replace(one, outlines=outlines, p_parasitized=p), *triage.fields[1:]))
    labels = [box.label for box in label_boxes(Result(other))[0].boxes]
    assert labels[:2] == ["Leukocyte", "Platelet"]
    assert len(labels) == len(outlines) - 1


@pytest.mark.parametrize(
    ("names", "members"),
    [
        (["a.png", "a.jpg"], ["images/a.png", "images/a (2).jpg"]),
        (["one.png", "one.png (3fa2c1d0)"], ["images/one.png", "images/one (3fa2c1d0).png"]),
        (["../up.png", "/root.png"], ["images/up.png", "images/root.png"]),
        (["Ä/A.png", "ä/a.PNG"], ["images/Ä/A.png", "images/ä/a (2).PNG"]),
        (["no extension"], ["images/no extension"]),
    ],
)
def test_every_image_has_a_label_file_of_its_own(names: list[str], members: list[str]) -> None:
    buffer, box = io.BytesIO(), LabelledBox(Box(1, 2, 3, 4), PARASITIZED)
    write_yolo(buffer, [FieldBoxes(name, 10, 10, (box,)) for name in names], [(name, b"") for name in names])
    with zipfile.ZipFile(buffer) as archive:
        found = [member for member in archive.namelist() if member.startswith("images/")]
        assert found == members
        labels = {str(PurePosixPath(member.replace("images/", "labels/", 1)).with_suffix(".txt")) for member in found}
        assert {member for member in archive.namelist() if member.startswith("labels/")} == labels


def test_a_label_that_is_no_category_is_refused() -> None:
    with pytest.raises(ValueError, match="'Ring' is none of"):
        LabelledBox(Box(0, 0, 1, 1), "Ring")


def test_numbers_of_categories_never_change() -> None:
    assert CATEGORIES == ("Parasitized", "Uninfected", "Unsure", "Undecided", "Leukocyte", "Platelet")
    assert [one["id"] for one in json.loads(format_coco([]))["categories"]] == [1, 2, 3, 4, 5, 6]
