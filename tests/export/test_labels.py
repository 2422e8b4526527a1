"""Corrected labels as class folders, Hugging Face imagefolder and Label Studio tasks, and the same labels read back."""

import csv
import io
import json
import zipfile
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from malaria.cells import labels_from_folders
from malaria.export import LABELLING, LOCAL_FILES, format_label_studio, write_folders, write_imagefolder
from malaria.images import Source, image_id, open_source
from malaria.labels import PARASITIZED, UNINFECTED
from tests.test_batch import png

NAMES = ["a/cell.png", "b/cell.png", "a/=1+1;x.png", "ż ó%20ł.png", "train_test.png", "no label.png"]
LABELS = [PARASITIZED, UNINFECTED, PARASITIZED, UNINFECTED, PARASITIZED, None]


@pytest.fixture
def source() -> Any:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, name in enumerate(NAMES):
            archive.writestr(name, png((number + 1) / 9))
    with open_source(buffer, "cells.zip") as source:
        yield source


@pytest.fixture
def cells(source: Source) -> pd.DataFrame:
    ids = {file.file: file.image_id for file in source}
    return pd.DataFrame(
        {
            "file": NAMES,
            "image_id": [ids[name] for name in NAMES],
            "given_label": UNINFECTED,
            "corrected_label": LABELS,
            "n_readers": [2, 1, 1, 1, 0, 2],
            "agreement": [1, 1, 1, 1, np.nan, 0.5],
        }
    )


def labelled(cells: pd.DataFrame) -> dict[str, str]:
    """image_id -> corrected label."""
    return dict(cells.dropna(subset="corrected_label")[["image_id", "corrected_label"]].itertuples(index=False))


def test_class_folders_are_read_back(source: Source, cells: pd.DataFrame) -> None:
    buffer = io.BytesIO()
    assert write_folders(buffer, source, cells) == []
    with open_source(buffer, "corrected.zip") as written:
        labels = labels_from_folders(written.files).labels
        assert {file.image_id: labels[file.file] for file in written} == labelled(cells)


def test_an_imagefolder_is_as_hugging_face_documents_it(source: Source, cells: pd.DataFrame) -> None:
    """huggingface.co/docs/datasets/image_dataset: metadata.csv beside the images names each in `file_name`.

    Only one split is there: a folder `train`, whatever words the names of files hold. (Read by `datasets` 5.2 as well.)
    """
    buffer = io.BytesIO()
    assert write_imagefolder(buffer, source, cells) == []
    with zipfile.ZipFile(buffer) as archive:
        (table,) = (name for name in archive.namelist() if PurePosixPath(name).name == "metadata.csv")
        rows = list(csv.DictReader(io.StringIO(archive.read(table).decode("utf-8"))))
        members = [str(PurePosixPath(table).parent / row["file_name"]) for row in rows]
        assert {*members, table} == set(archive.namelist()), "each image has a row and each row an image"
        assert {PurePosixPath(name).parts[0] for name in archive.namelist()} == {"train"}
        found = {image_id(archive.read(name)): row["label"] for name, row in zip(members, rows, strict=True)}
        assert found == labelled(cells)
        assert {image_id(archive.read(name)): row["image_id"] for name, row in zip(members, rows, strict=True)} == {
            one: one for one in found
        }
    assert list(rows[0]) == ["file_name", "label", "file", "image_id", "given_label", "n_readers", "agreement"]


def choices(config: str) -> set[str | None]:
    return {choice.get("value") for choice in ElementTree.fromstring(config).iter("Choice")}


def test_tasks_are_as_label_studio_documents_them(cells: pd.DataFrame) -> None:
    """labelstud.io/guide/tasks and /guide/export: a task has data; an annotation's result names the tags of the config.

    (Checked by `label_studio_sdk` 2.1, too: `LabelInterface(LABELLING).validate_annotation`.)
    """
    tasks = json.loads(format_label_studio(cells))
    config = ElementTree.fromstring(LABELLING)
    control, picture = config.find("Choices"), config.find("Image")
    assert control is not None
    assert picture is not None
    found = {}
    for task in tasks:
        assert task["data"][str(picture.get("value")).removeprefix("$")].startswith(LOCAL_FILES)
        for annotation in task["annotations"]:
            (result,) = annotation["result"]
            assert (result["from_name"], result["to_name"]) == (control.get("name"), picture.get("name"))
            assert result["type"] == "choices"
            (choice,) = result["value"]["choices"]
            assert choice in choices(LABELLING)
            found[task["data"]["image_id"]] = choice
    assert found == labelled(cells)
    assert [unquote(task["data"]["image"].removeprefix(LOCAL_FILES)) for task in tasks] == NAMES
    assert tasks[-1]["annotations"] == []
    assert tasks[4]["data"]["agreement"] is None


def test_a_model_answers_as_a_prediction(cells: pd.DataFrame) -> None:
    answers = cells.assign(p_parasitized=[0.9, 0.2, 0.9, 0.9, 0.9, 0.9], model="m")
    answers["label"] = np.where(answers["p_parasitized"] >= 0.5, PARASITIZED, UNINFECTED)
    first, second, *_ = (task["predictions"][0] for task in json.loads(format_label_studio(answers, "s3://b/")))
    assert (first["score"], second["score"]) == (0.9, 0.8)
    assert second["result"][0]["value"]["choices"] == [UNINFECTED]


@pytest.mark.parametrize("write", [write_folders, write_imagefolder])
def test_an_image_that_is_no_longer_there_is_named(
    source: Source, cells: pd.DataFrame, write: Any, tmp_path: Path
) -> None:
    for file in source:
        (tmp_path / file.file).parent.mkdir(exist_ok=True)
        (tmp_path / file.file).write_bytes(file.data or b"")
    buffer = io.BytesIO()
    with open_source(tmp_path) as folder:
        (tmp_path / "a" / "cell.png").unlink()
        assert write(buffer, folder, cells) == ["a/cell.png"]
    with zipfile.ZipFile(buffer) as archive:
        kinds = Counter(PurePosixPath(name).suffix for name in archive.namelist())
    assert kinds == {".png": 4, ".csv": 1}
