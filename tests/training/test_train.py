"""`python -m malaria train`, from a zip of cells to a model folder that serves."""

import gzip
import hashlib
import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from malaria import phantom
from malaria.cli import app
from malaria.errors import MalariaError
from malaria.model.classifier import load
from malaria.model.provenance import Split
from malaria.smear.adapt import Head
from malaria.smear.triage import pool_fields
from malaria.training import publish
from malaria.training.architectures import find_recipe
from malaria.training.datasets import Dataset, load_dataset
from malaria.training.run import Options

pytestmark = pytest.mark.xdist_group("training")  # one worker: Keras loads once, and the runs do not crowd each other


def train(*words: object) -> str:
    """Run the command in this process and return what it said."""
    result = CliRunner().invoke(app, ["train", *map(str, words)], catch_exceptions=True)
    if isinstance(result.exception, MalariaError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result.output


def zipped(images: dict[str, np.ndarray], path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, rgb in images.items():
            buffer = io.BytesIO()
            Image.fromarray(rgb).save(buffer, "PNG")
            archive.writestr(name, buffer.getvalue())
    return path


@pytest.fixture(scope="module")
def trained(cells_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("models") / "tiny"
    train(cells_zip, "--architecture", "mini-resnet", "--output", output, "--epochs", 2, "--folds", 2, "--seed", 4)
    return output


def test_the_model_folder_serves(trained: Path) -> None:
    classifier = load("tiny", trained.parent)
    answers = classifier.predict([one.rgb for one in phantom.examples()])
    assert answers.shape == (len(phantom.examples()),)
    assert (answers > 0).all() & (answers < 1).all()


def test_the_card_says_what_was_done(trained: Path) -> None:
    card = load("tiny", trained.parent).card
    assert card.architecture == "mini-resnet"
    assert card.trained_on.cells == 96
    assert card.trained_on.split == Split(by="patient", folds=2)
    assert card.metrics["as_given"].n == 96
    assert card.largest_difference is not None
    assert card.largest_difference < 1e-3
    told = {name: hashlib.sha256((trained / name).read_bytes()).hexdigest() for name in ("model.tflite", "model.keras")}
    assert card.sha256 == told


def test_the_version_follows_from_what_was_trained(trained: Path) -> None:
    card = load("tiny", trained.parent).card
    litert = (trained / "model.tflite").read_bytes()
    assert re.fullmatch(r"1\.0\.0\+[0-9a-f]{8}", card.version)
    assert publish._version(card, litert) == card.version
    others = [(card, litert + b" "), (card.model_copy(update={"temperature": 9.0}), litert)]
    assert card.version not in {publish._version(*other) for other in others}


def test_an_adapted_head_of_the_network_that_was_here_before_is_refused(trained: Path) -> None:
    classifier = load("tiny", trained.parent)
    counts = dict.fromkeys(("fields", "cells", "parasitized", "kept", "kept_as_shipped"), 9)
    earlier = {"model": "tiny", "model_version": "1.0.0+01234567"}
    head = Head(**earlier, weights=(1.0,), intercept=0, threshold=0.5, discard=0.8, **counts)
    with pytest.raises(MalariaError, match=r"made for tiny 1\.0\.0\+01234567, not for tiny 1\.0\.0\+"):
        pool_fields([], classifier, head=head)


def test_a_card_claims_the_nih_set_only_for_its_file_names(trained: Path) -> None:
    card = load("tiny", trained.parent).card
    assert "Chittagong" not in card.limits
    assert "96 pictures of one set, cells.zip" in card.limits
    assert "Giemsa" not in card.intended_use
    names = [f"cell_images/Uninfected/C100P61ThinF_IMG_20150918_144104_cell_{n}.png" for n in range(3)]
    for files, claimed in ((names, True), ([*names, "Uninfected/C1P1ThinF_IMG_0_cell_0.png"], False)):
        table = pd.DataFrame({"file": files})
        cells = Dataset(table, np.empty(0), np.empty(0), ("Uninfected", "Parasitized"), 0, 0)
        assert ("Chittagong" in publish._use(Options("nih.zip", "mlp-1"), cells)["limits"]) == claimed


def test_few_infected_patients_are_measured_uncalibrated_and_the_card_says_so(tmp_path: Path) -> None:
    cells = {
        f"{label}/C{patient}P{patient}ThinF_{n}.png": phantom.cell(form, slide=patient, seed=n)
        for label, form, patients in (("Parasitized", "ring", 3), ("Uninfected", "uninfected", 8))
        for patient in range(1, patients + 1)
        for n in range(6)
    }
    words = ["--architecture", "mlp-1", "--output", tmp_path / "few", "--epochs", 1]
    train(zipped(cells, tmp_path / "cells.zip"), *words)
    card = load("few", tmp_path).card
    assert re.search(r"\d+ of the \d+ cells .* measured without", card.threshold_chosen)
    assert re.match(r"one hold-out of [23] of 8 patients, by patient", card.trained_on.split.in_words)


def test_held_out_cells_of_one_class_give_no_temperature() -> None:
    table = pd.DataFrame({"answer": [1.0, 2.0], "label": "Uninfected", "disputed": False, "patient": ["a", "b"]})
    scaled, temperature, said = publish._calibrate(table, ("Uninfected", "Parasitized"))
    assert temperature == 1
    assert scaled["p_parasitized"].tolist() == pytest.approx([0.731, 0.881], abs=1e-3)
    assert "not calibrated" in said


def test_frozen_layers_keep_the_weights_of_the_local_file(
    cells_zip: Path, vgg16_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALARIA_VGG16_WEIGHTS", str(vgg16_file))
    output = tmp_path / "vgg"
    train(cells_zip, "--architecture", "seed-vgg16", "--output", output, "--epochs", 2)
    network = keras.models.load_model(output / "model.keras")
    given = keras.applications.VGG16(include_top=False, weights=vgg16_file)
    for name in ("block1_conv1", "block3_conv3"):
        np.testing.assert_array_equal(network.get_layer(name).kernel, given.get_layer(name).kernel)
    losses = [row["loss"] for row in json.loads((output / "history.json").read_text())["fold-0"]]
    assert losses[1] < losses[0]
    assert load("vgg", tmp_path).card.trained_on.pretrained == vgg16_file.name


def test_every_cell_is_held_out_once_and_its_history_kept(trained: Path) -> None:
    table = pd.read_csv(trained / "held_out.csv.gz")
    assert table["file"].is_unique
    assert len(table) == 96
    assert table.groupby("patient")["fold"].nunique().max() == 1
    history = json.loads((trained / "history.json").read_text())
    assert {name: len(rows) for name, rows in history.items()} == {"fold-0": 2, "fold-1": 2, "final": 2}


def test_the_figures_of_the_card_are_those_of_the_held_out_answers(trained: Path) -> None:
    table = pd.read_csv(trained / "held_out.csv.gz")
    right = (table["p_parasitized"] >= 0.5) == (table["given_label"] == "Parasitized")
    assert load("tiny", trained.parent).card.metrics["as_given"].accuracy == pytest.approx(right.mean(), abs=1e-6)


def test_a_killed_run_goes_on_where_it_was_and_gives_the_same_network(cells_zip: Path, tmp_path: Path) -> None:
    asked = [str(cells_zip), "--architecture", "mlp-1", "--epochs", "400", "--seed", "1", "--output"]
    words = [*asked, str(tmp_path / "killed")]
    command = [sys.executable, "-m", "malaria", "train", *words]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    state = tmp_path / "killed" / "work" / "fold-0" / "latest.npz"
    while not state.exists():
        assert running.poll() is None, running.stderr.read() if running.stderr else ""
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    _, said = running.communicate()
    reached = int(np.load(state)["variable_0"].size > 0) and len(json.loads(str(np.load(state)["history"])))
    assert 5 <= reached < 400

    recorded = json.loads((tmp_path / "killed" / "work" / "options.json").read_text())
    assert recorded["epochs"] == 400
    keras.utils.clear_session()  # which counts networks, and the files name their tensors by that
    said = train(*words, "--resume")
    first = next(line for line in said.splitlines() if "epoch" in line)
    assert f"epoch {reached + 1}/400" in first
    keras.utils.clear_session()
    train(*asked, tmp_path / "whole")
    for name in ("model.tflite", "held_out.csv.gz", "history.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_an_existing_folder_and_other_options_are_refused(trained: Path, cells_zip: Path) -> None:
    words = [cells_zip, "--architecture", "mini-resnet", "--output", trained, "--epochs", 2, "--folds", 2]
    with pytest.raises(MalariaError, match="exists"):
        train(*words, "--seed", 4)
    with pytest.raises(MalariaError, match=r"other options.*seed"):
        train(*words, "--seed", 5, "--resume")


def test_blocks_and_channels_are_kept_with_the_run_and_on_the_card(cells_zip: Path, tmp_path: Path) -> None:
    words = [cells_zip, "--architecture", "mini-resnet", "--output", tmp_path / "small", "--epochs", 1]
    train(*words, "--blocks", 2, "--channels", 8)
    card = load("small", tmp_path).card
    assert card.parameters < 5000
    assert "2 blocks, 8 channels" in card.about
    assert card.trained_on.command.endswith("--blocks 2 --channels 8")
    with pytest.raises(MalariaError, match=r"other options.*blocks"):
        train(*words, "--blocks", 3, "--channels", 8, "--resume")
    with pytest.raises(MalariaError, match=r"other options.*channels"):
        train(*words, "--blocks", 2, "--resume")


def test_all_epochs_are_trained_on_all_cells_where_that_is_asked_for(cells_zip: Path, tmp_path: Path) -> None:
    output = tmp_path / "all"
    words = ["--architecture", "mlp-1", "--epochs", 12, "--all-epochs", "--folds", 2, "--schedule", "cosine"]
    train(cells_zip, "--output", output, *words)
    history = json.loads((output / "history.json").read_text())
    assert {name: len(rows) for name, rows in history.items()} == {"fold-0": 12, "fold-1": 12, "final": 12}
    assert all("val_loss" not in row for rows in history.values() for row in rows)
    run = load("all", tmp_path).card.trained_on
    assert (run.early_stopping, run.schedule) == (False, "cosine")
    assert run.command.endswith("--schedule cosine --all-epochs")


def test_blocks_cannot_be_chosen_for_other_networks(cells_zip: Path, tmp_path: Path) -> None:
    with pytest.raises(MalariaError, match="only those of mini-resnet"):
        train(cells_zip, "--architecture", "mlp-1", "--output", tmp_path / "m", "--blocks", 2)


def test_an_option_that_an_earlier_run_did_not_know_was_at_its_default(trained: Path, cells_zip: Path) -> None:
    record = trained / "work" / "options.json"
    asked = json.loads(record.read_text())
    record.write_text(json.dumps({name: value for name, value in asked.items() if name != "blocks"}))
    words = [cells_zip, "--architecture", "mini-resnet", "--output", trained, "--epochs", 2, "--folds", 2, "--seed", 4]
    with pytest.raises(MalariaError, match=r"other options.*blocks"):
        train(*words, "--blocks", 6, "--resume")
    record.write_text(json.dumps(asked))


def test_a_pupil_learns_from_a_teacher_of_the_same_folds_only(cells_zip: Path, tmp_path: Path) -> None:
    words = [cells_zip, "--architecture", "cell-resnet", "--epochs", 1, "--folds", 2, "--only-fold", 0]
    train(*words, "--seed", 1, "--output", tmp_path / "teacher")
    taught = ["--teacher", tmp_path / "teacher", "--output", tmp_path / "pupil"]
    with pytest.raises(MalariaError, match="other folds"):
        train(*words, "--seed", 2, *taught)
    train(*words, "--seed", 1, *taught, "--resume")
    assert (tmp_path / "pupil" / "work" / "fold-0" / "held_out.npz").exists()


def test_what_is_served_in_8_bits_is_measured_so_and_says_so(cells_zip: Path, tmp_path: Path) -> None:
    words = [cells_zip, "--architecture", "mlp-1", "--epochs", 1, "--folds", 2]
    for name, flags in (("float", []), ("small", ["--eight-bit"])):
        train(*words, *flags, "--output", tmp_path / name)
    size = {name: (tmp_path / name / "model.tflite").stat().st_size for name in ("float", "small")}
    assert size["small"] < 0.3 * size["float"]
    cards = {name: load(name, tmp_path).card for name in size}
    assert [card.trained_on.eight_bit for card in cards.values()] == [False, True]
    assert "--eight-bit" in cards["small"].trained_on.command
    answers = {name: pd.read_csv(tmp_path / name / "held_out.csv.gz")["p_parasitized"] for name in size}
    assert 0 < (answers["float"] - answers["small"]).abs().max() < 0.5


def test_labels_from_a_csv_with_disputed_cells(cells_zip: Path, tmp_path: Path) -> None:
    names = [name for name in zipfile.ZipFile(cells_zip).namelist() if name.endswith(".png")]
    given = [Path(name).parent.name for name in names]
    table = pd.DataFrame({"file": [Path(name).stem for name in names], "given_label": given, "expert_label": given})
    table.loc[:5, "expert_label"] = "Uninfected"
    table.loc[:5, "given_label"] = "Parasitized"
    table.to_csv(tmp_path / "labels.csv", index=False)
    output = tmp_path / "disputed"
    train(
        cells_zip, "--architecture", "mlp-1", "--output", output, "--epochs", 1, "--folds", 2,
        "--labels", tmp_path / "labels.csv", "--label-column", "expert_label", "--leave-out-disputed",
    )  # fmt: skip
    card = load("disputed", tmp_path).card
    assert card.trained_on.disputed == 6
    assert (card.trained_on.labels, card.trained_on.labels_file) == ("expert_label", "labels.csv")
    assert {"as_given", "expert", "undisputed"} == set(card.metrics)


def test_the_column_that_was_read_unasked_is_on_the_card(cells_zip: Path, tmp_path: Path) -> None:
    names = [name for name in zipfile.ZipFile(cells_zip).namelist() if name.endswith(".png")]
    table = pd.DataFrame({"file": names, "label": [Path(name).parent.name for name in names]})
    table.to_csv(tmp_path / "my labels.csv", index=False)
    words = ["--architecture", "mlp-1", "--epochs", 1, "--labels", tmp_path / "my labels.csv"]
    train(cells_zip, "--output", tmp_path / "m", *words)
    run = load("m", tmp_path).card.trained_on
    assert (run.labels, run.labels_file) == ("label", "my labels.csv")
    assert "my labels.csv" in shlex.split(run.command), "the command can be pasted into a shell"


def test_a_column_without_its_csv_is_refused(cells_zip: Path, tmp_path: Path) -> None:
    with pytest.raises(MalariaError, match="Name that, too, with --labels"):
        train(cells_zip, "--architecture", "mlp-1", "--output", tmp_path / "m", "--label-column", "foo")
    assert not (tmp_path / "m").exists()


def test_labels_are_distrusted_by_the_answers_of_a_run_on_malaria_cells_only(cells_zip: Path, tmp_path: Path) -> None:
    answers = tmp_path / "held_out.csv.gz"
    answers.write_bytes(gzip.compress(b"file,p_Cat\none.png,0.5\n"))
    words = ["--architecture", "mlp-1", "--output", tmp_path / "new", "--distrust", answers]
    with pytest.raises(MalariaError, match=r"it has no column .* p_parasitized\)\. .* --distrust takes"):
        train(cells_zip, *words)


def test_corrections_replace_labels(cells_zip: Path, tmp_path: Path) -> None:
    name = next(name for name in zipfile.ZipFile(cells_zip).namelist() if "Uninfected" in name)
    corrections = tmp_path / "corrected_labels.csv"
    corrections.write_text(f"file,corrected_label\n{Path(name).name},Parasitized\n")
    words = ["--architecture", "mlp-1", "--output", tmp_path / "c", "--epochs", 1, "--folds", 2]
    words += ["--corrections", corrections]
    assert "corrected_labels.csv: 1 label changed, 0 cells left out" in train(cells_zip, *words)
    card = load("c", tmp_path).card
    assert card.trained_on.disputed == 1
    assert set(card.metrics) == {"as_given", "corrected", "undisputed"}, "annotators here are not the expert"
    corrections.write_text("file,corrected_label\n")
    with pytest.raises(MalariaError, match="None of the 96 images is among the corrections"):
        train(cells_zip, *words, "--resume")
    corrections.write_text(f"file,corrected_label\n{Path(name).name},Uninfected\n")
    with pytest.raises(MalariaError, match="started with other labels"):
        train(cells_zip, *words, "--resume")


def test_corrections_without_a_class_leave_cells_out(cells_zip: Path, tmp_path: Path) -> None:
    names = [Path(name).name for name in zipfile.ZipFile(cells_zip).namelist() if name.endswith(".png")]
    rows = [f"{names[0]},,2,", f"{names[1]},,0,", f"{names[2]},,1,Parasitized", f"{names[3]},,1,Uninfected"]
    corrections = tmp_path / "corrected_labels.csv"
    corrections.write_text("\n".join(["file,image_id,n_readers,corrected_label", *rows]) + "\n")
    said: list[str] = []
    cells = load_dataset(cells_zip, find_recipe("mlp-1"), corrections=corrections, report=said.append)
    assert said[0] == "corrected_labels.csv: 1 label changed, 1 cell left out"
    assert len(cells.table) == 95


def test_labels_for_other_images_are_refused(cells_zip: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("file,label\nother.png,Parasitized\n")
    with pytest.raises(MalariaError, match=r"No image clearly matches a name in labels\.csv"):
        train(cells_zip, "--architecture", "mlp-1", "--output", tmp_path / "out", "--labels", labels)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words", [["--seed", -1], ["--seed", 2**32], ["--member", -1], ["--member", 10**9]])
def test_numbers_out_of_range_are_refused(words: list[object], cells_zip: Path, tmp_path: Path) -> None:
    asked = ["train", cells_zip, "--architecture", "mlp-1", "--output", tmp_path / "out", *words]
    result = CliRunner().invoke(app, list(map(str, asked)))
    assert result.exit_code == 2
    assert f"Invalid value for '{words[0]}'" in result.output


def test_logs_for_tensorboard_are_refused_where_it_is_not_installed(
    cells_zip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    asked = ["train", cells_zip, "--architecture", "mlp-1", "--output", tmp_path / "out", "--tensorboard"]
    result = CliRunner().invoke(app, list(map(str, asked)))
    assert result.exit_code == 2
    assert "TensorBoard is not installed" in result.output
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="tensorboard, in requirements-dev.txt, is not installed")
def test_logs_for_tensorboard_are_written_where_it_is(cells_zip: Path, tmp_path: Path) -> None:
    train(cells_zip, "--architecture", "mlp-1", "--output", tmp_path / "out", "--epochs", 1, "--tensorboard")
    assert list((tmp_path / "out" / "work" / "fold-0" / "tensorboard" / "train").glob("events.*"))


def one_class(folder: Path) -> Path:
    cells = {f"Uninfected/C{n}P1ThinF_{n}.png": phantom.cell("uninfected", seed=n) for n in range(6)}
    return zipped(cells, folder / "one.zip")


def one_patient(folder: Path) -> Path:
    cells = {f"Uninfected/C{n}P1ThinF_{n}.png": phantom.cell("uninfected", seed=n) for n in range(6)}
    cells |= {f"Parasitized/C7P1ThinF_{n}.png": phantom.cell("ring", seed=n) for n in range(6)}
    return zipped(cells, folder / "few.zip")


def two_patients(folder: Path) -> Path:
    cells = {
        f"{label}/C{n % 2}P1ThinF_{n}.png": phantom.cell(form, seed=n)
        for label, form in (("Parasitized", "ring"), ("Uninfected", "uninfected"))
        for n in range(6)
    }
    return zipped(cells, folder / "two.zip")


def no_patients(folder: Path) -> Path:
    cells = {f"{label}/{n}.png": phantom.cell("ring", seed=n) for n in range(12) for label in "ab"[n % 2]}
    return zipped(cells, folder / "nameless.zip")


def broken(folder: Path) -> Path:
    path = one_patient(folder)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("Parasitized/C8P1ThinF_1.png", b"not an image")
    return path


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (one_class, "at least two classes"),
        (one_patient, "class Parasitized has cells of 1 patient"),
        (two_patients, "class Uninfected has cells of 2 patients, and needs 3 or more"),
        (no_patients, "do not show the patient"),
        (broken, "more than 1 %"),
        (lambda folder: folder / "missing.zip", "missing.zip"),
    ],
)
def test_what_cannot_give_an_honest_model_is_refused(make, sentence: str, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(MalariaError, match=sentence):
        train(make(tmp_path), "--architecture", "mlp-1", "--output", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_split_by_image_is_possible_but_warned_of(tmp_path: Path) -> None:
    cells = {
        f"{label}/{n}.png": phantom.cell(form, seed=n)
        for label, form in (("Parasitized", "ring"), ("Uninfected", "uninfected"))
        for n in range(12)
    }
    said = train(
        zipped(cells, tmp_path / "cells.zip"),
        "--architecture",
        "mlp-1",
        "--output",
        tmp_path / "m",
        "--epochs",
        1,
        "--by-image",
    )
    assert "will be too good" in said
    card = load("m", tmp_path).card
    assert card.trained_on.by_image
    assert card.metrics["as_given"].patients.n == 0, "images are no patients"


@pytest.mark.parametrize(
    ("colours", "name"),
    [
        ({"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}, "mlp-1"),
        ({"normal": (60, 60, 60), "pneumonia": (190, 190, 190)}, "mlp-3"),
    ],
)
def test_other_tasks_pass_through_the_same_door(colours: dict[str, tuple[int, ...]], name: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rare = min(colours)
    pictures = {
        f"{label}/C{patient}P1ThinF_{label}_{n}.png": np.uint8(np.array(colour) + random.integers(-20, 20, (24, 24, 3)))
        for label, colour in colours.items()
        for patient in range(1, 7)
        for n in range(2 if label == rare else 4)
    }
    words = ["--architecture", name, "--output", tmp_path / "task", "--epochs", 30, "--oversample"]
    train(zipped(pictures, tmp_path / "pictures.zip"), *words)
    card = json.loads((tmp_path / "task" / "card.json").read_text())
    assert card["classes"] == sorted(colours)
    assert all(label in card["intended_use"] for label in colours), "not the use of malaria's networks"
    figures = card["metrics"]["as_given"]
    assert card["threshold"] == figures.get("threshold", 0.5)
    assert figures["n"] < len(pictures)
    assert figures["accuracy"] > 0.6
    assert figures["intervals"]["kappa"] is not None
