"""`python -m malaria export`: every format from files to a file, and a sentence for what does not fit."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import cv2
import pytest
import typer
from pycocotools.coco import COCO
from typer.testing import CliRunner

from malaria.commands.export import export
from malaria.errors import LabelsError
from malaria.images import image_id, open_source
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNUSABLE, CsvJournal, Decision
from tests.models import write_model
from tests.test_batch import png

app = typer.Typer(rich_markup_mode=None)
app.command("export")(export)
Run = Callable[..., Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    write_model(tmp_path / "models", "cell-resnet", threshold=0.5)
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")
    return lambda *arguments: CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    folder = tmp_path / "cells"
    for number, label in enumerate([PARASITIZED, UNINFECTED] * 3):
        (folder / label).mkdir(parents=True, exist_ok=True)
        (folder / label / f"ż{number}.png").write_bytes(png((number + 1) / 9))
    (folder / UNINFECTED / "torn.png").mkdir()
    return folder


@pytest.fixture
def decided(cells: Path, tmp_path: Path) -> Path:
    """The journal of one who calls the first cell uninfected and the second unusable."""
    journal = CsvJournal(tmp_path / "corrections.csv")
    said = [(cells / PARASITIZED / "ż0.png", UNINFECTED), (cells / UNINFECTED / "ż1.png", UNUSABLE)]
    journal.append([Decision("ann", image_id(file.read_bytes()), file.name, answer, answer) for file, answer in said])
    return journal.path


def test_class_folders_and_imagefolder_hold_the_corrected_labels(
    run: Run, cells: Path, decided: Path, tmp_path: Path
) -> None:
    expected = {"ż0.png": UNINFECTED, **{f"ż{n}.png": PARASITIZED if n % 2 == 0 else UNINFECTED for n in range(2, 6)}}
    done = run("folders", cells, "--decisions", decided, "--output", tmp_path / "out.zip")
    assert done.exit_code == 0, done.stderr
    assert "5 cells written to" in done.stderr
    assert "Parasitized 2, Uninfected 3. Without a label: 1." in done.stderr
    with open_source(tmp_path / "out.zip") as source:
        assert {file.file.split("/")[-1]: file.folder for file in source} == expected
    assert run("imagefolder", cells, "--decisions", decided, "--output", tmp_path / "hf.zip").exit_code == 0
    with zipfile.ZipFile(tmp_path / "hf.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("train/metadata.csv").decode())))
    assert {row["file_name"].removeprefix("images/"): row["label"] for row in rows} == expected


def test_label_studio_may_go_to_standard_output(run: Run, cells: Path, decided: Path) -> None:
    done = run("label-studio", cells, "--decisions", decided, "--image-prefix", "https://x/", "--output", "-")
    tasks = json.loads(done.stdout)
    assert len(tasks) == 6
    assert sum(bool(task["annotations"]) for task in tasks) == 5
    assert tasks[0]["data"]["image"] == "https://x/Parasitized/%C5%BC0.png"


def test_labels_may_come_from_a_csv(run: Run, cells: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,stain\nż0,bad\nż1,good\n", encoding="utf-8")
    given = ("--labels", tmp_path / "labels.csv", "--label-column", "stain", "--meaning", "bad=Uninfected")
    done = run("label-studio", cells, *given, "--meaning", "good=Parasitized", "--output", "-")
    labels = {
        task["data"]["file"].split("/")[-1]: task["annotations"][0]["result"][0]["value"]["choices"][0]
        for task in json.loads(done.stdout)
        if task["annotations"]
    }
    assert labels == {"ż0.png": UNINFECTED, "ż1.png": PARASITIZED}


@pytest.fixture
def fields(tmp_path: Path, spotted: Any, lone_cells: Any) -> Path:
    folder = tmp_path / "fields"
    for place, cells, spots in (("one.png", lone_cells(4, 3, 60), 3), ("deeper/one.png", lone_cells(3, 3, 60), 1)):
        (folder / place).parent.mkdir(exist_ok=True)
        cv2.imwrite(str(folder / place), spotted(cells, spots)[..., ::-1])
    return folder


def test_a_sample_is_triaged_and_written_as_boxes(run: Run, fields: Path, tmp_path: Path) -> None:
    for format, file in (("coco", "c.json"), ("yolo", "y.zip"), ("cvat", "v.xml")):
        done = run(format, fields / "one.png", fields / "deeper", "--output", tmp_path / file)
        assert done.exit_code == 0, done.stderr
        assert f"2 fields written to {tmp_path / file}: Undecided 21." in done.stderr
    coco = COCO(tmp_path / "c.json")
    root = ElementTree.parse(tmp_path / "v.xml").getroot()
    boxes = [one["bbox"][:2] for one in coco.anns.values()]
    assert [[float(box.attrib["xtl"]), float(box.attrib["ytl"])] for box in root.iter("box")] == boxes
    with zipfile.ZipFile(tmp_path / "y.zip") as archive:
        lines = [archive.read(name).decode().splitlines() for name in archive.namelist() if name.startswith("labels/")]
        images = {name: archive.read(name) for name in archive.namelist() if name.startswith("images/")}
    assert sum(map(len, lines)) == len(boxes)
    assert {*images.values()} == {file.read_bytes() for file in fields.rglob("*.png")}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["coco", "PLACE", "--labels", "x.csv"], "coco is made from the fields of a sample. Leave out --labels."),
        (["folders", "PLACE", "--model", "m"], "folders is made from labelled cells. Leave out --model."),
        (["folders", "PLACE", "PLACE"], "folders takes one folder or zip of cells, not 2."),
        (["imagefolder", "PLACE", "--output", "-"], "A zip cannot go to standard output. Name a file."),
        (["voc", "PLACE"], "'voc' is not one of"),
        (["folders", "PLACE", "--decisions", "nowhere.csv"], "nowhere.csv"),
        (["folders", "PLACE", "--output", "/dev/full"], "/dev/full cannot be written (No space left on device)."),
    ],
)
def test_what_does_not_fit_is_said(run: Run, cells: Path, tmp_path: Path, arguments: list[str], says: str) -> None:
    given = [str(cells) if argument == "PLACE" else argument for argument in arguments]
    if "--output" not in given:
        given += ["--output", str(tmp_path / "out")]
    done = run(*given)
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.split())


def test_without_a_label_nothing_is_written(run: Run, cells: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_text("file,label\nż0,\nż1,\n", encoding="utf-8")
    done = run("folders", cells, "--labels", tmp_path / "labels.csv", "--output", tmp_path / "out.zip")
    assert isinstance(done.exception, LabelsError)
    assert not (tmp_path / "out.zip").exists()
