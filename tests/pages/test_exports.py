"""What the pages offer for other tools: made only when it is asked for, and of what the page shows."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria.ui.parts.journal import ENVIRONMENT
from tests.pages.test_batch import start as start_batch
from tests.pages.test_review import answer, show
from tests.pages.test_review import start as start_review
from tests.pages.test_smear import key
from tests.pages.test_smear import start as start_smear

Files = dict[str, Callable[[], str | bytes]]


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """What makes each download of the page drawn last, by the name of its file."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "corrections.csv"))
    offered: Files = {}

    def keep(label: str, make: Callable[[], str | bytes], file: str, *_: object, **__: object) -> bool:
        offered[file] = make
        return False

    monkeypatch.setattr(st, "download_button", keep)
    return offered


def test_corrected_labels_leave_in_three_layouts(files: Files) -> None:
    app: AppTest = start_review()
    show(answer(app, "PU"), "Results")
    tasks = json.loads(files["label_studio.json"]())
    labels = {
        Path(task["data"]["file"]).name: task["annotations"][0]["result"][0]["value"]["choices"][0] for task in tasks
    }
    assert len(labels) == 200
    assert sum(task["data"]["n_readers"] for task in tasks) == 2
    for file, members in (("corrected_cells.zip", 201), ("imagefolder.zip", 201)):
        made = files[file]()
        assert isinstance(made, bytes)
        with zipfile.ZipFile(io.BytesIO(made)) as archive:
            assert len(archive.namelist()) == members
            if file == "corrected_cells.zip":
                folders = {Path(name).name: Path(name).parent.name for name in archive.namelist()}
                assert {name: folders[name] for name in labels} == labels
    assert str(files["corrected_labels.csv"]()).startswith("\ufefffile,image_id")


def test_a_batch_leaves_as_tasks_with_the_models_answers(files: Files) -> None:
    start_batch(example="synthetic")
    tasks = json.loads(files["label_studio.json"]())
    assert len(tasks) == 200
    assert all(task["annotations"] and 0.5 <= task["predictions"][0]["score"] <= 1 for task in tasks)


def test_a_samples_cells_leave_as_boxes_with_what_was_decided(files: Files) -> None:
    app = start_smear()
    key(key(app, "P"), "U")
    coco = json.loads(files["cells_coco.json"]())
    names = {one["id"]: one["name"] for one in coco["categories"]}
    labels = [names[one["category_id"]] for one in coco["annotations"]]
    assert (labels.count("Parasitized"), labels.count("Uninfected")) == (1, 1)
    root = ElementTree.fromstring(files["cells_cvat.xml"]())
    assert [box.attrib["label"] for box in root.iter("box")] == labels
    made = files["cells_yolo.zip"]()
    assert isinstance(made, bytes)
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        lines = [line for name in archive.namelist() if name.endswith(".txt") for line in archive.open(name)]
    assert len(lines) == len(labels)
