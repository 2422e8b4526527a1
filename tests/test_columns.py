"""A new column is added in one place, and comes out wherever the table is written: commands and pages alike."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from malaria import phantom
from malaria.cli import app as command_line
from malaria.model.classifier import Row
from malaria.smear.columns import FOUND, Column
from malaria.ui.parts.frame import ROOT
from tests.models import write_model
from tests.pages.test_batch import settled
from tests.test_batch import cells, zipped

Made = dict[str, Callable[[], str]]


@dataclass(frozen=True, slots=True)
class Wider(Row):
    """A row with one column more."""

    sharpness: int = 7


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path / "models", "cell-resnet")
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")
    st.cache_resource.clear()


def column(text: str, name: str) -> set[str]:
    return {row[name] for row in csv.DictReader(io.StringIO(text))}


def run(*words: object) -> str:
    done = CliRunner().invoke(command_line, [str(word) for word in words])
    assert done.exit_code == 0, done.stderr
    return done.stdout


def offered(monkeypatch: pytest.MonkeyPatch, place: str) -> Made:
    """What a page offers for download, by file name; to be filled as the page is drawn."""
    made: Made = {}
    monkeypatch.setattr(place, lambda label, make, file, **_: made.__setitem__(file, make))
    return made


def give(page: str, name: str, data: bytes) -> None:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(page)
    app.run().file_uploader[0].set_value([(name, data, "application/octet-stream")])
    settled(app.run())


def test_a_column_of_the_table_of_cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("malaria.model.classifier.Row", Wider)
    given = tmp_path / "cells.zip"
    given.write_bytes(zipped(cells(12)).getvalue())
    assert column(run("predict", given), "sharpness") == {"7"}
    assert column(run("evaluate", given, "--csv", "-"), "sharpness") == {"7"}
    made = offered(monkeypatch, "malaria.ui.batch.results.offer_download")
    give("pages/2_Batch_evaluation.py", "cells.zip", given.read_bytes())
    assert column(made["predictions.csv"](), "sharpness") == {"7"}


def test_a_column_of_cells_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FOUND, "sharpness", Column(lambda field, at: 7))
    field = tmp_path / "field.png"
    field.write_bytes(phantom.field(seed=3, slide=3, cells=12, width=500, height=400).png)
    run("triage", field, "--output", tmp_path / "out")
    assert column((tmp_path / "out" / "cells.csv").read_text(encoding="utf-8"), "sharpness") == {"7"}
    made = offered(monkeypatch, "malaria.ui.smear.result.offer_download")
    give("pages/5_Smear_triage.py", "field.png", field.read_bytes())
    assert column(made["cells.csv"](), "sharpness") == {"7"}
