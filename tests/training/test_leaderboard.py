"""The table of networks: what is measured, what is not and why, and what an earlier table knew."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from malaria.cli import app
from malaria.errors import MalariaError, TrainingError
from malaria.model.classifier import MODELS_DIR
from malaria.training.leaderboard import find_measured_folder, leaderboard
from tests.models import card_of, write_model

pytestmark = pytest.mark.xdist_group("training")

SHIPPED = [MODELS_DIR / "mini-resnet"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return leaderboard(SHIPPED, MODELS_DIR / "mini-resnet", {"mlp-1": "no time"}, report=lambda line: None)


def test_a_row_says_what_a_network_costs_and_how_good_it_is(table: pd.DataFrame) -> None:
    row = table.set_index("name").loc["mini-resnet"]
    assert row["shipped"]
    assert row["size_bytes"] == (SHIPPED[0] / "model.tflite").stat().st_size
    for reading in ("as_given", "expert", "undisputed"):
        assert row[f"{reading}_accuracy_low"] < row[f"{reading}_accuracy"] < row[f"{reading}_accuracy_high"]


def test_a_network_without_a_run_says_why(table: pd.DataFrame) -> None:
    row = table.set_index("name").loc["mlp-1"]
    assert row["note"] == "not measured: no time"
    assert pd.isna(row["expert_accuracy"])


def test_a_network_without_a_run_keeps_what_was_measured_before(tmp_path: Path) -> None:
    earlier = pd.read_csv(MODELS_DIR / "leaderboard.csv")
    table = leaderboard(SHIPPED, SHIPPED[0], {"mlp-1": "no time"}, lambda line: None, earlier)
    table.to_csv(tmp_path / "table.csv", index=False)
    kept = pd.read_csv(tmp_path / "table.csv").set_index("name").loc["mlp-1"]
    before = earlier.set_index("name").loc["mlp-1"]
    assert kept["expert_accuracy"] == before["expert_accuracy"]
    assert kept["command"] == before["command"]


# Where a network was measured


ASKED = {"patients": 9, "cells": 100, "fingerprint": "abc", "folds": "5 folds by patient", "seed": 1}
OLD = {"cells": 100, "patients": 9, "fingerprint": "abc", "split": "5 folds by patient", "command": "train --seed 1"}


def test_a_model_folder_counts_only_for_the_network_it_holds(tmp_path: Path) -> None:
    folder = write_model(tmp_path, "mlp-1", trained_on=OLD, architecture="mlp-1")
    assert find_measured_folder("mlp-1", tmp_path / "runs", ASKED, tmp_path) == folder
    folder.rename(tmp_path / "mlp-3")
    assert find_measured_folder("mlp-3", tmp_path / "runs", ASKED, tmp_path) is None, "it is another network"


def test_a_run_from_before_splits_were_data_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / "mlp-1").mkdir()
    run = {"architecture": "mlp-1", "trained_on": OLD, "metrics": card_of()["metrics"], "date": "2026-01-01"}
    (tmp_path / "mlp-1" / "figures.json").write_text(json.dumps(run))
    assert find_measured_folder("mlp-1", tmp_path, ASKED, tmp_path / "models") == tmp_path / "mlp-1"
    with pytest.raises(TrainingError, match="5 folds by patient, seed 1"):
        find_measured_folder("mlp-1", tmp_path, ASKED | {"seed": 2}, tmp_path / "models")


# The command


def run(cells: Path, folder: Path, *words: object, output: str = "table.csv") -> pd.DataFrame:
    """Measure the smallest network in two folds, on top of what `folder` holds, and return the table."""
    words = (cells, "--runs", folder / "runs", "--output", folder / output, "--only", "mlp-1", *words)
    result = CliRunner().invoke(app, ["leaderboard", *map(str, words)])
    if isinstance(result.exception, MalariaError):
        raise result.exception
    assert result.exit_code == 0, result.output
    return pd.read_csv(folder / output).set_index("name")


@pytest.fixture(scope="module")
def measured(cells_zip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("measured")
    run(cells_zip, folder, "--folds", 2, "--epochs", 1)
    return folder


def test_a_table_of_other_cells_has_no_row_of_the_models_here(cells_zip: Path, measured: Path) -> None:
    table = run(cells_zip, measured, "--folds", 2, "--epochs", 1)
    assert table["as_given_n"].dropna().to_dict() == {"mlp-1": 96}


def test_a_table_of_other_cells_is_refused_before_anything_is_trained(cells_zip: Path, tmp_path: Path) -> None:
    shutil.copy(MODELS_DIR / "leaderboard.csv", tmp_path)
    with pytest.raises(TrainingError, match=r"23521 cells of 170 patients.*asked for are 96 cells of 8 patients"):
        run(cells_zip, tmp_path, "--folds", 2, output="leaderboard.csv")
    assert not (tmp_path / "runs").exists()
    assert (tmp_path / "leaderboard.csv").read_bytes() == (MODELS_DIR / "leaderboard.csv").read_bytes()


@pytest.mark.parametrize("other", [("--folds", 4), ("--folds", 2, "--seed", 2)])
def test_other_folds_do_not_stand_beside_these(other: tuple[object, ...], cells_zip: Path, measured: Path) -> None:
    with pytest.raises(TrainingError, match=r"What is not measured alike has no place in one table"):
        run(cells_zip, measured, *other)
    with pytest.raises(TrainingError, match=r"mlp-1 was measured on 96 cells .* Name another folder with --runs"):
        run(cells_zip, measured, *other, output="other.csv")


def test_a_run_of_other_epochs_is_not_taken_for_the_one_asked_for(cells_zip: Path, measured: Path) -> None:
    with pytest.raises(TrainingError, match="trained for at most 1 epochs"):
        run(cells_zip, measured, "--folds", 2, "--epochs", 3)


def test_a_name_that_no_network_has_is_refused(cells_zip: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="No network is called foo"):
        run(cells_zip, tmp_path, "--only", "foo")


@pytest.mark.parametrize(
    ("words", "output", "sentence"),
    [
        (("--labels", "nowhere.csv"), "table.csv", r"There is no file nowhere\.csv"),
        ((), "none/table.csv", "There is no folder .*none for the table"),
        ((), "folder", r"folder is not a table of networks"),
        ((), "other.csv", r"other\.csv is not a table of networks \(it has no column name\)"),
        (("--runs", "file"), "table.csv", "file cannot be written|file.mlp-1"),
    ],
)
def test_bad_arguments_are_refused_before_a_cell_is_decoded(
    words: tuple[str, ...], output: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    (tmp_path / "file").write_text("")
    with pytest.raises(TrainingError, match=sentence):
        run(tmp_path / "no cells.zip", tmp_path, *words, output=output)  # which would be told if it were looked for
    assert not (tmp_path / "runs").exists()
