"""`data describe` and `data fetch` on the command line."""

import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from malaria import phantom
from malaria.cli import app
from malaria.labels import PARASITIZED, UNINFECTED
from tests.dataset.test_public_cells import serving

ZIP = phantom.batch_zip(24, patients=4)
run = CliRunner().invoke


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    path = tmp_path / "cells.zip"
    path.write_bytes(ZIP)
    return path


def test_describe_tells_of_a_csv_that_labels_nothing(cells: Path, tmp_path: Path) -> None:
    csv = tmp_path / "labels.csv"
    csv.write_text(f"file,label\nnobody.png,{PARASITIZED}\n")
    result = run(app, ["data", "describe", str(cells), "--labels", str(csv)])
    assert result.exit_code == 0
    assert "labels.csv: None of the images is named in the CSV. The images are " in result.stderr


def test_describe_prints_a_table(cells: Path) -> None:
    result = run(app, ["data", "describe", str(cells)])
    assert result.exit_code == 0
    rows = dict(line.split("  ", 1) for line in result.stdout.splitlines() if not line.startswith(" "))
    assert rows[PARASITIZED].strip() == "12 of 24 (50.0 %)"
    assert rows["formats"].strip() == "PNG 24"
    assert rows["near duplicates"].strip() == "none"
    assert {
        "patients",
        "smallest by area",
        "largest by area",
        "longer side < 128",
        f"mean colour of {UNINFECTED}",
    } <= set(rows)


def test_describe_writes_json_and_then_nothing_else(cells: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    files = [cell.file for cell in phantom.batch(24, patients=4)]
    labels.write_text("file,expert_label\n" + "".join(f"{file},{PARASITIZED}\n" for file in files))
    result = run(app, ["data", "describe", str(cells), "--labels", str(labels), "--json", "-"])
    told = json.loads(result.stdout)
    assert told["classes"] == {PARASITIZED: 12, UNINFECTED: 12}
    assert told["disputed"] == {"n": 12, "of": 24}
    assert told["patients"]["n"] == 4


def test_describe_ends_with_2_when_nothing_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    result = run(app, ["data", "describe", str(tmp_path)])
    assert result.exit_code == 2
    assert "broken.png: This is not an image" in result.stdout


def test_fetch_says_that_no_hash_was_known(tmp_path: Path) -> None:
    with serving(ZIP) as server:
        first = run(app, ["data", "fetch", str(tmp_path), "--url", server.url])
        again = run(app, ["data", "fetch", str(tmp_path), "--url", server.url])
    assert f"24 images, SHA-256 {hashlib.sha256(ZIP).hexdigest()}" in first.stdout
    assert "The hash was not checked" in first.stderr
    assert "The hash matches the one recorded." in again.stderr
