"""`malaria.predict` and `malaria.evaluate`: images of any kind in, the table of cells and its figures out."""

import zipfile
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

import malaria
from malaria.labels import PARASITIZED, UNINFECTED
from tests.models import write_held_out, write_model

COLUMNS = ["file", "patient", "p_parasitized", "label", "error", "image_id"]
RED, BLUE = np.full((40, 30, 3), (255, 0, 0), np.uint8), np.full((40, 30, 3), (0, 0, 255), np.uint8)


def png(rgb: np.ndarray) -> bytes:
    return cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()


@pytest.fixture(autouse=True)
def _tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' network, which takes red for parasitized, as the default."""
    write_held_out(write_model(tmp_path / "models", "cell-resnet"))
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")


def labelled(place: Path, **folders: list[np.ndarray]) -> Path:
    """A zip of cells in folders, each of them another file."""
    different = count()
    with zipfile.ZipFile(place, "w") as archive:
        for folder, images in folders.items():
            for number, rgb in enumerate(images):
                cell = rgb.copy()
                cell[0, 0, 1] = next(different)
                archive.writestr(f"{folder}/{number}.png", png(cell))
    return place


# predict


def test_images_of_every_kind_are_answered_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "C1P1.png").write_bytes(png(RED))
    cells = labelled(tmp_path / "cells.zip", a=[BLUE], b=[RED])
    table = malaria.predict([str(tmp_path / "C1P1.png"), BLUE, png(RED), cells, cells.read_bytes()])
    assert list(table.columns) == COLUMNS
    assert list(table["file"]) == ["C1P1.png", "image 2", "image 3", *["a/0.png", "b/0.png"] * 2]
    assert list(table["label"] == PARASITIZED) == [True, False, True, False, True, False, True]
    assert table["p_parasitized"].dtype == np.float64
    assert table["error"].isna().all()
    assert table["image_id"][0] == table["image_id"][2]


@pytest.mark.parametrize("one", [RED, png(RED), RED[np.newaxis]], ids=["array", "bytes", "array of arrays"])
def test_one_image_needs_no_list(one: Any) -> None:
    assert list(malaria.predict(one)["label"]) == [PARASITIZED]


def test_one_path_needs_no_list(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(BLUE))
    for path in (tmp_path, tmp_path / "a.png", str(tmp_path)):
        assert list(malaria.predict(path)["label"]) == [UNINFECTED]


def test_nothing_gives_an_empty_table() -> None:
    table = malaria.predict([])
    assert list(table.columns) == COLUMNS
    assert table.empty


def test_what_cannot_be_read_keeps_its_row_and_its_place() -> None:
    wrong: list[Any] = [b"torn", "nowhere.png", RED.astype(float), RED[..., 0], RED[:0], 7]
    table = malaria.predict([*wrong, RED])
    assert list(table["label"]) == [None] * len(wrong) + [PARASITIZED]
    assert table["p_parasitized"].isna().sum() == len(wrong)
    said = list(table["error"])
    assert said[1] == "nowhere.png: It cannot be opened (No such file or directory). Check the path."
    assert said[2] == (
        "image 3: An array must be RGB, uint8 of shape (height, width, 3). This is float64 of shape (40, 30, 3)."
    )
    assert said[5] == "image 6: int is not an image. Use a path, bytes or an RGB array."


def test_nothing_that_can_be_opened_is_an_error() -> None:
    with pytest.raises(malaria.SourceError, match=r"nowhere: It cannot be opened .* image 2: An array must be"):
        malaria.predict(["nowhere", RED.astype(float)])


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan")])
def test_a_threshold_outside_its_range_is_refused(threshold: float) -> None:
    with pytest.raises(malaria.MetricsError, match="does not lie between 0 and 1"):
        malaria.predict(RED, threshold=threshold)


def test_the_threshold_and_the_model_are_those_asked_for(tmp_path: Path) -> None:
    write_model(tmp_path / "models", "other", threshold=0.999999)
    assert list(malaria.predict(RED, threshold=1.0)["label"]) == [UNINFECTED]
    assert list(malaria.predict(RED, "other")["label"]) == [UNINFECTED]
    assert list(malaria.predict(RED, malaria.load("other"))["label"]) == [UNINFECTED]
    with pytest.raises(malaria.ModelError, match="There is no model named 'none'"):
        malaria.predict(RED, "none")


def test_progress_is_shown_by_what_is_given_for_it() -> None:
    totals: list[int] = []

    def watch(rows: Iterable[Any], total: int) -> Iterable[Any]:
        totals.append(total)
        return rows

    assert len(malaria.predict([RED, BLUE], watch=watch)) == 2
    assert totals == [2]


# evaluate


def test_a_labelled_zip_is_measured(tmp_path: Path) -> None:
    cells = labelled(tmp_path / "cells.zip", Parasitized=[RED, RED, BLUE], Uninfected=[BLUE] * 5)
    found = malaria.evaluate(cells)
    rate = found.rates["sensitivity"]
    assert (found.n, rate.value, rate.n) == (8, pytest.approx(2 / 3), 3)
    assert rate.interval is not None
    assert found.model == "cell-resnet"


def test_labels_may_come_from_a_csv_and_what_does_not_fit_is_a_warning(tmp_path: Path) -> None:
    cells = labelled(tmp_path / "cells.zip", all=[RED, BLUE, RED])
    (tmp_path / "labels.csv").write_text("file,truth\n0,sick\n1,Uninfected\n9,sick\n")
    with pytest.warns(UserWarning, match="Not found: 1 name in the CSV"):
        found = malaria.evaluate(cells, tmp_path / "labels.csv", "truth", meaning={"sick": PARASITIZED})
    assert (found.n, found.left_out, found.rates["accuracy"].value) == (2, 1, 1.0)
    with pytest.raises(malaria.UnknownLabelsError, match="Labels other than Parasitized, Uninfected: sick"):
        malaria.evaluate(cells, tmp_path / "labels.csv", "truth")


def test_a_model_that_has_learned_from_the_cells_is_told(tmp_path: Path) -> None:
    cells = labelled(tmp_path / "cells.zip", Parasitized=[RED], Uninfected=[BLUE])
    write_held_out(tmp_path / "models" / "cell-resnet", "Parasitized/0.png,,Parasitized,Parasitized,")
    said: list[str] = []
    malaria.evaluate(cells, say=said.append)
    assert len(said) == 1
    assert "was trained on 2 of these cells, so these figures flatter it" in said[0]
