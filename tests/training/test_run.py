"""A run goes on only with the cells, the folds and the teachers that it was started with."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from malaria.errors import TrainingError
from malaria.training.architectures import find_recipe
from malaria.training.datasets import Dataset
from malaria.training.records import read_json, write_json
from malaria.training.run import Options, check_options, read_held_out_answers, train_folds

pytestmark = pytest.mark.xdist_group("training")

ASKED = Options("cells", "mlp-1", folds=2, epochs=1)
PUPIL = replace(ASKED, architecture="cell-resnet")


def dataset(patients: int = 8) -> Dataset:
    """Ten noisy cells of each patient, half of them parasitized."""
    n = 10 * patients
    label = np.where(np.arange(n) % 2, "Parasitized", "Uninfected")
    table = pd.DataFrame(
        {
            "file": [f"{number}.png" for number in range(n)],
            "patient": [f"C{number // 10}" for number in range(n)],
            "label": label,
            "given_label": label,
            "disputed": False,
            "image_id": [f"{number:064x}" for number in range(n)],
        }
    )
    recipe = find_recipe("mlp-1")
    sizes = recipe.training_size(), recipe.preprocessing
    random = np.random.default_rng(0)
    training, serving = (random.integers(0, 255, (n, size.height, size.width, 3), np.uint8) for size in sizes)
    return Dataset(table, training, serving, ("Uninfected", "Parasitized"), 0, 0)


def changed(change: Callable[[pd.DataFrame], object]) -> Dataset:
    """The same cells, but for one change in their table."""
    cells = dataset()
    change(cells.table)
    return cells


def relabelled(table: pd.DataFrame) -> None:
    table["label"] = np.where(table["label"] == "Parasitized", "Uninfected", "Parasitized")


def other_patients(table: pd.DataFrame) -> None:
    table["patient"] = np.roll(table["patient"], 5)


def other_images(table: pd.DataFrame) -> None:
    table["image_id"] = table["image_id"].to_numpy()[::-1]


def by_image(table: pd.DataFrame) -> None:
    table["patient"] = table["image_id"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folds of a small run on `dataset()`."""
    output = tmp_path_factory.mktemp("runs") / "run"
    train_folds(ASKED, output, dataset(), final=False, report=lambda line: None)
    return output


@pytest.fixture
def copied(run: Path, tmp_path: Path) -> Path:
    """The same run, to be spoilt."""
    return Path(shutil.copytree(run, tmp_path / "run"))


CHANGES = [
    (relabelled, "other labels"),
    (other_patients, "other patients"),
    (other_images, "other images"),
    (by_image, "other patients"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_a_run_does_not_go_on_with_other_cells(
    change: Callable[[pd.DataFrame], object], told: str, copied: Path
) -> None:
    shutil.rmtree(copied / "work" / "fold-1")
    before = {path: path.read_bytes() for path in copied.rglob("*.*")}
    with pytest.raises(TrainingError, match=rf"started with {told}\. Use those again"):
        train_folds(ASKED, copied, changed(change), final=False)
    assert {path: path.read_bytes() for path in copied.rglob("*.*")} == before


def test_a_run_does_not_go_on_with_fewer_cells(copied: Path) -> None:
    with pytest.raises(TrainingError, match="other images and other labels and other patients"):
        train_folds(ASKED, copied, dataset(7), final=False)


def test_a_run_that_does_not_say_which_cells_it_learned_does_not_go_on(copied: Path) -> None:
    (copied / "work" / "cells.json").unlink()
    with pytest.raises(TrainingError, match="by an earlier version"):
        train_folds(ASKED, copied, dataset(), final=False)


def test_answers_for_other_cells_than_those_held_out_are_refused(copied: Path) -> None:
    folds = copied / "work"
    shutil.copy(folds / "fold-1" / "held_out.npz", folds / "fold-0" / "held_out.npz")
    with pytest.raises(TrainingError, match="fold-0 is of another split"):
        read_held_out_answers(dataset(), ASKED, copied)


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_a_teacher_of_other_cells_is_refused(
    change: Callable[[pd.DataFrame], object], told: str, run: Path, tmp_path: Path
) -> None:
    asked = replace(PUPIL, teachers=(str(run),))
    with pytest.raises(TrainingError, match=rf"teacher .* was trained with {told}"):
        train_folds(asked, tmp_path / "pupil", changed(change))
    assert not (tmp_path / "pupil").exists()


def test_a_resumed_pupil_looks_at_its_teacher_again(run: Path, copied: Path) -> None:
    (copied / "work" / "cells.json").write_text("{}")
    asked = replace(ASKED, teachers=(str(copied),))
    with pytest.raises(TrainingError, match=r"teacher .* was trained with other"):
        train_folds(asked, run, dataset(), final=False)


@pytest.mark.parametrize("other", [{"folds": 3}, {"seed": 1}, {"by_image": True}])
@pytest.mark.parametrize("resume", [False, True])
def test_a_teacher_of_other_folds_is_refused(other: dict[str, object], resume: bool, run: Path, tmp_path: Path) -> None:
    asked = replace(PUPIL, teachers=(str(run),), **other)  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=rf"other folds \({next(iter(other))}\)"):
        check_options(asked, tmp_path / "pupil", resume)


def test_a_resumed_pupil_may_have_left_its_teacher_elsewhere(copied: Path) -> None:
    asked = replace(PUPIL, teachers=("elsewhere",))
    record = copied / "work" / "options.json"
    record.write_text(json.dumps({**json.loads(record.read_text()), "architecture": "cell-resnet", "teachers": ["t"]}))
    check_options(asked, copied, resume=True)
    with pytest.raises(TrainingError, match=r"other options.*teachers"):
        check_options(replace(asked, teachers=("elsewhere", "and another")), copied, resume=True)
    with pytest.raises(TrainingError, match="elsewhere holds no run"):
        check_options(asked, copied.parent / "pupil")


def test_more_than_two_classes_cannot_be_taught(run: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="two classes only, and there are 3"):
        train_folds(
            replace(PUPIL, teachers=(str(run),)), tmp_path / "pupil", replace(dataset(), classes=("A", "B", "C"))
        )


@pytest.mark.parametrize("name", ["labels", "corrections", "distrust"])
def test_what_was_not_given_at_the_start_is_not_given_later(name: str, copied: Path) -> None:
    (copied / "given.csv").touch()
    with pytest.raises(TrainingError, match=rf"other options.*{name}"):
        check_options(replace(ASKED, **{name: str(copied / "given.csv")}), copied, resume=True)  # type: ignore[arg-type]


def test_a_folder_without_a_run_is_not_overwritten(tmp_path: Path) -> None:
    output = tmp_path / "shipped"
    output.mkdir()
    check_options(ASKED, output, resume=True)
    (output / "card.json").touch()
    with pytest.raises(TrainingError, match="holds no run"):
        check_options(ASKED, output, resume=True)


@pytest.mark.parametrize("name", ["Run1", "modèle", "-m", "a b", "a" * 65])
def test_a_name_that_no_model_may_have_is_refused_before_training(name: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="cannot be the name of a model"):
        check_options(ASKED, tmp_path / name)


def test_what_only_teaches_may_have_any_name(tmp_path: Path) -> None:
    check_options(replace(ASKED, architecture="teacher"), tmp_path / "Run1")


@pytest.mark.parametrize(
    ("folds", "only", "sentence"),
    [
        (3, [7], "no fold 7: the 3 folds are 0 to 2"),
        (3, [0, -1], "no fold -1"),
        (0, [0], "Say how many there are with --folds"),
    ],
)
def test_folds_that_are_not_there_are_refused(folds: int, only: list[int], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match=sentence):
        check_options(replace(ASKED, folds=folds), tmp_path / "run", only=only)


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize("place", ["file", "file/run", "/proc/run"])
def test_a_place_that_cannot_be_written_is_refused(place: str, resume: bool, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TrainingError, match="cannot be written"):
        check_options(ASKED, tmp_path / place, resume)


@pytest.mark.parametrize("torn", ["options.json", "cells.json", "fold-0/held_out.npz", "fold-0/best.weights.h5"])
def test_a_torn_file_is_told_in_a_sentence(torn: str, copied: Path) -> None:
    path = copied / "work" / torn
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if "weights" in torn:
        (path.parent / "held_out.npz").unlink()
    with pytest.raises(TrainingError, match=rf"{path} is missing or broken.*Remove {path.parent}"):
        resumed(copied)


def resumed(output: Path) -> None:
    """Go on with a run, as the command does."""
    check_options(ASKED, output, resume=True)
    train_folds(ASKED, output, dataset(), final=False, report=lambda line: None)
    read_held_out_answers(dataset(), ASKED, output)


def test_a_kill_while_a_file_is_written_leaves_what_was_there(tmp_path: Path) -> None:
    write_json([1], tmp_path / "history.json")
    with pytest.raises(TypeError):
        write_json([1, object()], tmp_path / "history.json")
    assert read_json(tmp_path / "history.json") == [1]


def test_too_few_patients_leave_no_folder(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="needs two: one to learn from"):
        train_folds(ASKED, tmp_path / "run", dataset(2))
    assert not (tmp_path / "run").exists()


def test_progress_calls_validation_by_its_name_and_says_how_long_it_can_take(tmp_path: Path) -> None:
    lines: list[str] = []
    train_folds(replace(ASKED, epochs=2), tmp_path / "run", dataset(), report=lines.append)
    epochs = [line for line in lines if "epoch" in line]
    number, time = r"\d\.\d{4}", r"\d+ s"
    for line in epochs:
        assert re.search(
            rf"  loss {number}  validation loss {number}  validation accuracy {number}  "
            rf"lowest validation loss {number} \(epoch [12]\)",
            line,
        )
    left = [line.partition("  at most ")[2] for line in epochs]
    after = ["2 trainings", "2 trainings", "1 training", "1 training"]
    for said, more in zip(left, after, strict=False):
        assert re.fullmatch(rf"{time} left with the {more} after this one", said)
    assert re.fullmatch(rf"{time} left", left[4])
    assert left[5:] == [""], "nothing is left after the last"
