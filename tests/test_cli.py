"""The command line that other programs rely on: its verbs, columns, keys, exit statuses, and what goes where."""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import typer.main

from malaria.cli import app, main
from malaria.model.classifier import DEFAULT_MODEL
from tests.models import write_held_out, write_model

ROOT = Path(__file__).resolve().parents[1]
RED, GREY = (255, 0, 0), (150, 150, 150)
"""To the tests' network, parasitized and uninfected."""


@dataclass(frozen=True)
class Done:
    """How a command ended and what it said. LiteRT's own remark, which it makes once a process, is left out."""

    status: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, str]]:
        return list(csv.DictReader(io.StringIO(self.out)))


Run = Callable[..., Done]
VERBS: dict[str, Any] = getattr(typer.main.get_command(app), "commands", {})


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    write_model(folder, DEFAULT_MODEL)
    write_model(folder, "second", threshold=0.999999)
    return folder


@pytest.fixture
def run(models: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in this process, on the tests' models."""
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", models)

    def run(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["malaria", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        out, err = capfd.readouterr()
        return Done(int(ending.value.code or 0), out, re.sub(r"(?m)^INFO: .*\n", "", err))

    return run


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    """Eight labelled cells of two patients, one of them given the wrong label, and two files that are no cells."""
    folder = tmp_path / "cells"
    for number in range(8):
        label = "Parasitized" if number % 2 else "Uninfected"
        looks = GREY if number == 7 else RED if number % 2 else GREY
        save(folder / label / f"C{100 + number % 3}P{number % 3}ThinF_IMG_{number}.png", looks, 20 + number)
    (folder / "Uninfected" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "readme.txt").write_text("about these cells")
    return folder


def save(path: Path, colour: tuple[int, int, int], side: int = 20) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), np.full((side, side, 3), colour[::-1], np.uint8))
    return path


def zipped(folder: Path) -> Path:
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(folder.rglob("*.png")):
            archive.write(file, file.relative_to(folder))
    return path


# predict


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_predict_gives_one_row_per_image(run: Run, cells: Path, form: str) -> None:
    done = run("predict", zipped(cells) if form == "zip" else cells)
    assert done.status == 0
    assert done.out.splitlines()[0] == "file,patient,p_parasitized,label,error"
    rows = {row["file"]: row for row in done.rows}
    assert len(rows) == 9
    red = rows["Parasitized/C101P1ThinF_IMG_1.png"]
    assert red["patient"] == "C101P1"
    assert float(red["p_parasitized"]) > 0.99
    assert (red["label"], red["error"]) == ("Parasitized", "")
    broken = rows["Uninfected/broken.png"]
    assert (broken["patient"], broken["p_parasitized"], broken["label"]) == ("", "", "")
    assert broken["error"].startswith("Uninfected/broken.png: The PNG data is cut short or damaged.")
    assert "8 of 9 images read by cell-resnet; 1 unreadable." in done.err


def test_one_image_is_told_as_one(run: Run, tmp_path: Path) -> None:
    assert "1 of 1 image read by" in run("predict", save(tmp_path / "red.png", RED)).err


def test_predict_writes_a_file_and_nothing_to_standard_output(run: Run, cells: Path, tmp_path: Path) -> None:
    done = run("predict", cells, "--csv", tmp_path / "out.csv")
    assert (done.status, done.out) == (0, "")
    assert (tmp_path / "out.csv").read_text() == run("predict", cells).out


@pytest.mark.parametrize("threshold", ["0", "1", "0.5"])
def test_predict_labels_by_the_threshold(run: Run, cells: Path, threshold: str) -> None:
    labels = {row["label"] for row in run("predict", cells, "--threshold", threshold).rows if not row["error"]}
    assert labels == {"0": {"Parasitized"}, "1": {"Uninfected"}, "0.5": {"Parasitized", "Uninfected"}}[threshold]


def test_predict_takes_the_threshold_of_the_model(run: Run, cells: Path) -> None:
    done = run("predict", cells, "--model", "second")
    assert {row["label"] for row in done.rows} == {"Uninfected", ""}
    assert "read by second" in done.err


def test_one_bad_path_among_good_ones_is_a_row(run: Run, cells: Path, tmp_path: Path) -> None:
    good = save(tmp_path / "red.png", RED)
    done = run("predict", good, tmp_path / "lost.png", cells)
    assert done.status == 0
    assert len(done.rows) == 11
    assert done.rows[0]["file"] == "red.png"
    lost = next(row for row in done.rows if "lost.png" in row["file"])
    assert "It cannot be opened" in lost["error"]


def test_nothing_read_is_status_2_and_still_a_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.png").write_bytes(b"")
    done = run("predict", tmp_path / "empty.png")
    assert done.status == 2
    assert [row["error"] for row in done.rows] == ["empty.png: The file is empty. Save or copy it again."]


def test_no_file_name_becomes_a_formula(run: Run, tmp_path: Path) -> None:
    save(tmp_path / "names" / "=HYPERLINK(0).png", RED)
    assert run("predict", tmp_path / "names").rows[0]["file"] == "'=HYPERLINK(0).png"


# evaluate


def test_evaluate_has_the_keys_that_programs_rely_on(run: Run, cells: Path) -> None:
    done = run("evaluate", cells, "--json", "-")
    assert done.status == 0
    found = json.loads(done.out)
    keys = (
        "n left_out unreadable model threshold confusion accuracy sensitivity specificity precision f1 mcc kappa auc "
        "brier ece intervals patients"
    )
    assert set(keys.split()) <= set(found)
    assert found["confusion"] == {"tp": 3, "fn": 1, "fp": 0, "tn": 4}
    assert (found["n"], found["left_out"], found["unreadable"]) == (8, 0, 1)
    assert (found["model"], found["threshold"]) == ("cell-resnet", 0.5)
    assert found["sensitivity"] == 0.75
    low, high = found["intervals"]["sensitivity"]
    assert 0 < low < 0.75 < high < 1
    assert found["patients"]["n"] == 3
    assert "8 cells measured, 0 left out, 1 unreadable." in done.err


def test_evaluate_gives_the_table_of_cells(run: Run, cells: Path) -> None:
    done = run("evaluate", cells, "--csv", "-")
    assert done.out.startswith("file,patient,given_label,p_parasitized,label,error")
    wrong = [row["file"] for row in done.rows if not row["error"] and row["given_label"] != row["label"]]
    assert wrong == ["Parasitized/C101P1ThinF_IMG_7.png"]


def test_evaluate_prints_every_rate_with_its_interval(run: Run, cells: Path, tmp_path: Path) -> None:
    done = run("evaluate", cells, "--json", tmp_path / "e.json", "--csv", tmp_path / "e.csv")
    written = json.loads((tmp_path / "e.json").read_text())
    line = next(line for line in done.out.splitlines() if line.startswith("sensitivity "))
    low, high = written["intervals"]["sensitivity"]
    assert f"{low:.4f} to {high:.4f}" in line
    assert "0.7500" in line
    assert (tmp_path / "e.csv").is_file()


def test_labels_come_from_a_csv_by_name_or_stem(run: Run, cells: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "file,label,second_opinion,patient\n"
        "C100P0ThinF_IMG_0.png,uninfected,Parasitized,X\n"
        "C101P1ThinF_IMG_1,Parasitized,Parasitized,Y\n"
        "absent.png,Parasitized,Parasitized,Z\n"
    )
    done = run("evaluate", cells, "--labels", labels, "--json", "-")
    found = json.loads(done.out)
    assert found["confusion"] == {"tp": 1, "fn": 0, "fp": 0, "tn": 1}
    assert found["left_out"] == 6
    assert found["patients"]["n"] == 2
    assert "1 name in the CSV that match no image (absent.png)." in done.err
    other = run("evaluate", cells, "--labels", labels, "--label-column", "second_opinion", "--json", "-")
    assert json.loads(other.out)["confusion"] == {"tp": 1, "fn": 1, "fp": 0, "tn": 0}


def test_a_name_that_fits_several_images_labels_none_and_is_named(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    for place, colour in (("a", RED), ("b", GREY)):
        save(folder / place / "cell.png", colour)
    save(folder / "other.png", RED)
    (tmp_path / "labels.csv").write_text("file,label\ncell.png,Parasitized\nother.png,Parasitized\n")
    done = run("evaluate", folder, "--labels", tmp_path / "labels.csv", "--json", "-")
    assert json.loads(done.out)["n"] == 1
    assert "Left out: 1 name in the CSV that could mean several images (cell.png). Name their folders" in done.err


@pytest.mark.parametrize("known", ["cells", "patients", "nothing"])
def test_a_model_measured_on_what_it_learned_is_said_to_be_flattered(
    run: Run, cells: Path, models: Path, known: str
) -> None:
    name = {"cells": "C101P1ThinF_IMG_1", "patients": "C101P1ThinF_IMG_999", "nothing": "other"}[known]
    patient = "" if known == "nothing" else "C101P1"
    write_held_out(models / DEFAULT_MODEL, f"Parasitized/{name}.png,{patient},Parasitized,Parasitized,0.9")
    said = run("evaluate", cells, "--json", "-").err
    assert ("was trained on 1 of these cells, so these figures flatter it" in said) == (known == "cells")
    assert ("was trained on other cells of these patients" in said) == (known == "patients")


# What words mean is never guessed


@pytest.fixture
def synonyms(tmp_path: Path) -> Path:
    folder = tmp_path / "synonyms"
    save(folder / "infected" / "a.png", RED)
    save(folder / "healthy cells" / "b.png", GREY)
    return folder


def test_folders_that_sound_like_a_class_are_asked_about(run: Run, synonyms: Path) -> None:
    done = run("evaluate", synonyms, "--json", "-")
    assert (done.status, done.out) == (2, "")
    assert "infected (1 image): if it means Parasitized, add --meaning infected=Parasitized." in done.err
    assert 'add --meaning "healthy cells=Uninfected".' in done.err


def test_the_answer_is_given_with_meaning(run: Run, synonyms: Path) -> None:
    meaning = ["--meaning", "INFECTED=parasitized", "--meaning", "healthy cells=Uninfected"]
    found = json.loads(run("evaluate", synonyms, *meaning, "--json", "-").out)
    assert found["confusion"] == {"tp": 1, "fn": 0, "fp": 0, "tn": 1}


def test_a_folder_left_unanswered_is_counted_and_named(run: Run, synonyms: Path) -> None:
    done = run("evaluate", synonyms, "--meaning", "infected=Parasitized", "--json", "-")
    assert json.loads(done.out)["left_out"] == 1
    assert "Left out: healthy cells (1 image)" in done.err


def test_unknown_labels_are_named_and_can_be_given_a_meaning(run: Run, cells: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text(
        "file,label\nC100P0ThinF_IMG_0,falciparum\nC101P1ThinF_IMG_1,unsure\nC102P2ThinF_IMG_2,Uninfected\n"
    )
    done = run("evaluate", cells, "--labels", labels, "--json", "-")
    assert (done.status, done.out) == (2, "")
    assert "falciparum (1 row), unsure (1 row)" in done.err
    assert "--meaning WORD=Parasitized" in done.err, "which of them it means is not for the program to say"
    meaning = ["--meaning", "falciparum=Parasitized", "--meaning", "unsure="]
    found = json.loads(run("evaluate", cells, "--labels", labels, *meaning, "--json", "-").out)
    assert found["confusion"] == {"tp": 0, "fn": 1, "fp": 0, "tn": 1}


def test_copies_are_ranked_once_and_contradictions_named(run: Run, tmp_path: Path) -> None:
    for file, red in {"Parasitized/a": 255, "again/Parasitized/a": 255, "Uninfected/b": 9, "Parasitized/b": 9}.items():
        path = tmp_path / "twice" / f"{file}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", np.full((20, 20, 3), (0, 0, red), np.uint8))[1].tobytes())
    done = run("suspects", path.parents[1], "--csv", "-")
    assert [row["file"] for row in done.rows] == ["Parasitized/a.png"]
    assert "again/Parasitized/a.png is Parasitized/a.png" in done.err
    assert "different labels: Parasitized/b.png, Uninfected/b.png" in done.err


def test_a_set_that_holds_itself_twice_counts_once(run: Run, cells: Path, tmp_path: Path) -> None:
    once = json.loads(run("evaluate", cells, "--json", "-").out)
    shutil.copytree(cells, tmp_path / "again")
    shutil.copytree(tmp_path / "again", cells / "cells")
    done = run("evaluate", cells, "--json", "-")
    twice = json.loads(done.out)
    assert (twice["n"], twice["copies"], twice["intervals"]) == (once["n"], once["copies"] + 9, once["intervals"])
    assert "9 files are copies, counted once: " in done.err


def test_one_image_under_both_labels_is_told_and_in_no_rate(run: Run, cells: Path) -> None:
    shutil.copy(cells / "Uninfected" / "C100P0ThinF_IMG_0.png", cells / "Parasitized" / "same.png")
    done = run("evaluate", cells, "--json", "-")
    assert json.loads(done.out)["n"] == 7
    assert "the same image with different labels: Parasitized/same.png, Uninfected/C100P0ThinF_IMG_0.png" in done.err


@pytest.mark.parametrize("verb", ["predict", "evaluate", "suspects"])
def test_what_is_not_read_is_named(run: Run, cells: Path, verb: str) -> None:
    done = run(verb, cells, "--csv", "-")
    assert "Uninfected/broken.png: The PNG data is cut short or damaged." in done.err
    assert "cells: 1 file is not an image and was not read: readme.txt." in done.err


def test_without_one_cell_to_measure_the_reason_comes_first_and_the_status_is_2(run: Run, tmp_path: Path) -> None:
    (tmp_path / "set" / "Parasitized").mkdir(parents=True)
    (tmp_path / "set" / "Parasitized" / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    done = run("evaluate", tmp_path / "set")
    assert done.status == 2
    assert done.out == ""
    assert done.err.splitlines()[0].startswith("Parasitized/a.png: The PNG data is cut short or damaged.")


# models


def test_models_lists_each_with_its_figures_and_the_broken_with_the_reason(run: Run, models: Path) -> None:
    (models / "broken").mkdir()
    done = run("models")
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()] == [DEFAULT_MODEL, "broken", "second"]
    assert "accuracy 1.0000 (0.5100 to 1.0000) on 4 cells of 2 unseen patients, labels as given" in done.out
    assert "unusable: broken: has no card.json." in done.out


def test_a_copied_folder_is_another_model(run: Run, models: Path, cells: Path, tmp_path: Path) -> None:
    shutil.copytree(models / "second", models / "Second run (2)")
    done = run("models")
    assert [line[:16].strip() for line in done.out.splitlines()] == [DEFAULT_MODEL, "Second run (2)", "second"]
    assert "unusable" not in done.out
    write_held_out(models / "Second run (2)", "C101P1ThinF_IMG_1.png,C101P1,Parasitized,Parasitized,0.9")
    found = run("evaluate", cells, "--model", "Second run (2)", "--json", "-")
    assert json.loads(found.out)["model"] == "Second run (2)"
    assert "Second run (2) was trained on 1 of these cells" in found.err, "its own answers, not the first's"
    assert "second: has no held_out.csv.gz" in run("evaluate", cells, "--model", "second", "--json", "-").err


def test_without_models_one_is_told_how_to_get_one(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: Path
) -> None:
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "none")
    assert "python -m malaria train --help" in run("models").out
    done = run("predict", cells)
    assert (done.status, done.err) == (2, "There is no model named 'cell-resnet'. There are: none.\n")


# What cannot be done


def text(folder: Path, name: str, content: bytes | str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def empty_zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "empty.zip", "w"):
        return folder / "empty.zip"


def no_classes(folder: Path) -> Path:
    save(folder / "plain" / "some" / "a.png", RED)
    return folder / "plain"


HOPELESS: dict[str, tuple[Callable[[Path, Path], list[object]], str]] = {
    "missing path": (lambda t, c: ["predict", t / "nowhere"], "nowhere: It cannot be opened"),
    "two missing paths": (lambda t, c: ["predict", t / "here", t / "there"], "there: It cannot be opened"),
    "empty zip": (lambda t, c: ["predict", empty_zip(t)], "empty.zip: The zip holds no images."),
    "no zip": (lambda t, c: ["predict", text(t, "no.zip", "hello")], "no.zip: This is not a zip"),
    "zip cut short": (lambda t, c: ["predict", text(t, "cut.zip", zipped(c).read_bytes()[:-30])], "cut.zip: This is"),
    "empty folder": (lambda t, c: ["predict", text(t / "void", "a.txt", "").parent], "void: The folder holds no"),
    "unknown model": (lambda t, c: ["predict", c, "--model", "gpt"], "no model named 'gpt'. There are: cell-resnet"),
    "threshold over 1": (lambda t, c: ["predict", c, "--threshold", "1.5"], "1.5 is not between 0 and 1."),
    "threshold nan": (lambda t, c: ["evaluate", c, "--threshold", "nan"], "nan is not between 0 and 1."),
    "threshold a word": (lambda t, c: ["evaluate", c, "--threshold", "half"], "valid number"),
    "unwritable": (lambda t, c: ["predict", c, "--csv", t / "no" / "o.csv"], "There is no folder"),
    "output is a folder": (lambda t, c: ["evaluate", c, "--json", t], "is a folder. Name a file."),
    "two outputs in one": (lambda t, c: ["evaluate", c, "--json", "-", "--csv", "-"], "Only one of --json and --csv"),
    "no labels at all": (lambda t, c: ["evaluate", no_classes(t)], "no folder is named Parasitized or Uninfected"),
    "missing CSV": (lambda t, c: ["evaluate", c, "--labels", t / "no.csv"], "no.csv cannot be read"),
    "empty CSV": (lambda t, c: ["evaluate", c, "--labels", text(t, "e.csv", "")], "The CSV is empty."),
    "CSV is a picture": (
        lambda t, c: ["evaluate", c, "--labels", text(t, "p.csv", b"\x89PNG\r\n\x1a\n\0\0\0")],
        "The file is not text.",
    ),
    "CSV without file": (
        lambda t, c: ["evaluate", c, "--labels", text(t, "f.csv", "name,label\na,Parasitized\n")],
        "The CSV has no column file; it has name, label.",
    ),
    "CSV without that column": (
        lambda t, c: ["evaluate", c, "--labels", text(t, "c.csv", "file,label\na,b\n"), "--label-column", "truth"],
        "The CSV has no column truth; it has file, label.",
    ),
    "CSV of other images": (
        lambda t, c: ["evaluate", c, "--labels", text(t, "o.csv", "file,label\nx.png,Parasitized\n")],
        "None of the images is named in",
    ),
    "CSV of two minds": (
        lambda t, c: ["evaluate", c, "--labels", text(t, "2.csv", "file,label\nx,Parasitized\nx,Uninfected\n")],
        "The CSV gives two different labels to x.",
    ),
    "meaning of nothing": (lambda t, c: ["evaluate", c, "--meaning", "ring"], "'ring' is not WORD=Parasitized"),
    "meaning no class": (lambda t, c: ["evaluate", c, "--meaning", "ring=sick"], "'ring=sick' is not WORD=Parasitized"),
    "unknown part": (lambda t, c: ["benchmark", "--only", "luck"], "'luck' is not one of cells, one-cell, app"),
    "nothing to time": (
        lambda t, c: ["benchmark", text(t / "b", "b.png", "x").parent, "--only", "cells"],
        "None of its images can be read.",
    ),
    "unknown verb": (lambda t, c: ["diagnose", c], "No such command 'diagnose'"),
    "unknown option": (lambda t, c: ["predict", c, "--fast"], "No such option: --fast"),
}


@pytest.mark.parametrize("name", HOPELESS)
def test_what_cannot_be_done_is_a_sentence_and_status_2(run: Run, cells: Path, tmp_path: Path, name: str) -> None:
    make, says = HOPELESS[name]
    done = run(*make(tmp_path, cells))
    assert done.status == 2
    assert done.out == ""
    assert says in done.err
    said = [line for line in done.err.splitlines() if not line.startswith(("Usage:", "Try ", "Measuring")) and line]
    assert len(said) == 1


def test_a_full_disk_is_a_sentence(run: Run, cells: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full on this system")
    done = run("predict", cells, "--csv", "/dev/full")
    assert (done.status, done.out) == (2, "")
    assert "/dev/full cannot be written (No space left on device). Name another file." in done.err


# As other programs call it


def python(*arguments: object, models: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        encoding="utf-8",
        cwd=ROOT,
        env=os.environ | {"MALARIA_MODELS": str(models)} | environment,
    )


def test_a_pipe_gets_the_data_and_nothing_else(cells: Path, models: Path) -> None:
    done = python("-m", "malaria", "predict", cells, "--csv", "-", models=models)
    assert done.returncode == 0
    assert len(list(csv.DictReader(io.StringIO(done.stdout)))) == 9
    assert done.stdout.count("\n") == 10
    done = python("-m", "malaria", "evaluate", cells, "--json", "-", models=models)
    assert json.loads(done.stdout)["n"] == 8


NARROW = {
    "cp1252": {"PYTHONIOENCODING": "cp1252"},
    "ascii, strictly": {"PYTHONIOENCODING": "ascii:strict"},
    "the C locale": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
}
"""Environments in which Python's standard output holds few letters."""
FAR_NAME = "żółw 痘.png"
NO_TEXT = os.fsdecode(b"caf\xe9.png")  # a name that a disk may hold, and no encoding
NAMING: dict[str, Callable[[Path], tuple[object, ...]]] = {
    "predict": lambda place: ("predict", place),
    "evaluate": lambda place: ("evaluate", place, "--csv", "-"),
    "suspects": lambda place: ("suspects", place, "--csv", "-"),
    "data describe": lambda place: ("data", "describe", place),
    "data describe as JSON": lambda place: ("data", "describe", place, "--json", "-"),
    "triage": lambda place: ("triage", place, "--output", place / "out", "--json", "-"),
}
"""Verbs that write names of files to standard output or to standard error."""


@pytest.fixture
def far_names(tmp_path: Path) -> Path:
    """Cells whose names cp1252 cannot hold: one in both classes, one that is no image, one whose name is no text."""
    folder = tmp_path / "cells"
    save(folder / "Parasitized" / "red.png", RED, 24).rename(folder / "Parasitized" / NO_TEXT)
    for label in ("Parasitized", "Uninfected"):
        save(folder / label / "grey.png", GREY).rename(folder / label / f"same {FAR_NAME}")
    (folder / "Uninfected" / f"broken {FAR_NAME}").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow no file name that is no text")
@pytest.mark.parametrize("narrow", ["cp1252", "the C locale"])
@pytest.mark.parametrize("verb", NAMING)
def test_no_name_is_lost_in_a_pipe_that_holds_few_letters(
    far_names: Path, models: Path, verb: str, narrow: str
) -> None:
    write_held_out(models / DEFAULT_MODEL, *(f"far/{n}.png,far {n},Parasitized,Parasitized,1" for n in range(9)))
    done = python("-m", "malaria", *NAMING[verb](far_names), models=models, **NARROW[narrow])
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    told = done.stdout + done.stderr
    names = {f"Parasitized/same {FAR_NAME}", f"Uninfected/broken {FAR_NAME}"}
    if verb == "suspects":
        names = {
            f"Parasitized/same {FAR_NAME}",
            "Parasitized/caf\ufffd.png",
        }  # what has no label to suspect is not told
    assert {name for name in names if name in told or json.dumps(name) in told} == names


@pytest.mark.parametrize("narrow", NARROW)
def test_a_table_is_the_same_in_any_pipe(far_names: Path, models: Path, tmp_path: Path, narrow: str) -> None:
    (far_names / "Parasitized" / NO_TEXT).unlink()
    table = tmp_path / "table.csv"
    done = python("-m", "malaria", "predict", zipped(far_names), models=models, **NARROW[narrow])
    python("-m", "malaria", "predict", zipped(far_names), "--csv", table, models=models)
    assert done.stdout == table.read_text(encoding="utf-8")
    assert f"Parasitized/same {FAR_NAME}" in done.stdout


def test_the_models_are_listed_in_a_pipe_that_holds_few_letters(models: Path) -> None:
    write_model(models, "żółw")
    done = python("-m", "malaria", "models", models=models, PYTHONIOENCODING="cp1252")
    assert done.returncode == 0
    assert "żółw" in done.stdout


def test_a_refusal_has_no_traceback(tmp_path: Path, models: Path) -> None:
    done = python("-m", "malaria", "predict", tmp_path / "nowhere", models=models)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nowhere: It cannot be opened (No such file or directory). Check the path.\n"


def test_no_verb_loads_the_app_or_tensorflow_before_it_needs_them(models: Path) -> None:
    code = "import sys, malaria.cli; print(*{'tensorflow', 'keras', 'streamlit'} & set(sys.modules))"
    done = python("-c", code, models=models)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "", "")


# Its documentation


@pytest.mark.parametrize("verb", VERBS)
def test_the_readme_names_every_option(verb: str) -> None:
    section = (ROOT / "README.md").read_text().split("## The command line")[1].split("\n## ")[0]
    usage = re.search(rf"python -m malaria {verb}\b.*?(?=python -m malaria|```)", section, re.DOTALL)
    assert usage
    options = [name for part in VERBS[verb].params for name in part.opts if name.startswith("-")]
    assert [name for name in options if not re.search(rf"{name}\b", usage.group())] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(run: Run, verb: str) -> None:
    done = run(verb, "--help")
    assert done.status == 0
    usage, purpose, *_ = done.out.split("\n\n")
    assert usage.startswith("Usage: ")
    assert f"{verb} " in usage
    assert len(purpose.strip()) > 20
