"""What earlier versions wrote still opens: a journal on the page and in the commands, and an adapted head.

The files in `earlier` were written by version 0.1, before fields and sessions got their names.
"""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from malaria.cli import app as command_line
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import CsvJournal, Log, read_corrections, read_journal, to_csv
from malaria.smear import Head
from malaria.ui.parts.account import SHARED
from malaria.ui.parts.frame import ROOT
from malaria.ui.parts.journal import ENVIRONMENT
from tests.models import write_model
from tests.pages.test_smear import figures, press, upload

EARLIER = Path(__file__).with_name("earlier")
JOURNAL = EARLIER / "journal.csv"


@pytest.fixture
def field(tmp_path, monkeypatch):
    """The field that the journal is about, beside a model for the head."""
    write_model(tmp_path / "models", "tiny")
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")
    file = tmp_path / "white.bmp"
    file.write_bytes(cv2.imencode(".bmp", np.full((150, 200, 3), 230, np.uint8))[1].tobytes())
    return file


def run(*words):
    done = CliRunner().invoke(command_line, [*map(str, words), "--model", "tiny"])
    assert done.exit_code == 0, done.stderr
    return done


def test_the_command_takes_the_decisions_of_its_journal(field, tmp_path):
    done = run(
        "triage", field, "--decisions", JOURNAL, "--take-in", field.name, "--output", tmp_path / "out", "--json", "-"
    )
    counts = json.loads(done.stdout)["result"]["counts"]
    assert (counts["Decided by ann"]["red_cells"], counts["Decided by ann"]["parasitized"]) == (1, 1)
    assert (counts["Decided by bo"]["red_cells"], counts["Decided by bo"]["parasitized"]) == (1, 0)
    table = (tmp_path / "out" / "cells.csv").read_text(encoding="utf-8").splitlines()
    assert len(table) == 2, "what was undone is no cell"
    assert "Parasitized; Uninfected,ann; bo," in table[1]
    assert table[1].endswith('"ring, thin; =stain"')


def test_the_page_goes_on_with_it(field, tmp_path, monkeypatch):
    journal = tmp_path / "journal.csv"
    journal.write_bytes(JOURNAL.read_bytes())
    monkeypatch.setenv(ENVIRONMENT, str(journal))
    monkeypatch.setenv(SHARED, "1")
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page("pages/5_Smear_triage.py")
    app.query_params["annotator"] = "ann"
    app = upload(app.run(), [(field.name, field.read_bytes())])
    press(app, "Count it anyway")
    assert figures(app, "Decided by ann")["Parasitized"] == "1"
    assert figures(app, "Decided by bo")["Parasitized"] == "0"
    assert journal.read_bytes() == JOURNAL.read_bytes(), "looking changes nothing"


def test_it_is_read_and_written_to_the_byte(tmp_path):
    assert to_csv(read_journal(JOURNAL)) == JOURNAL.read_text(encoding="utf-8")
    journal = tmp_path / "journal.csv"
    journal.write_bytes(JOURNAL.read_bytes())
    log = Log(CsvJournal(journal))
    assert log.problems == log.state.problems == []
    labels = read_corrections(JOURNAL)
    assert labels.names["C1P1_cell.png"] == UNINFECTED
    assert list(labels.ids.values()).count(PARASITIZED) == 0, "two who differ have no consensus"


def test_its_head_adapts_the_triage(field, tmp_path):
    head = Head.from_file(EARLIER / "head.json")
    assert (head.model, head.kept, head.parasitized, head.fields) == ("tiny", 27, 37, 8)
    done = run("triage", field, "--adapted", EARLIER / "head.json", "--output", tmp_path / "out", "--json", "-")
    found = json.loads(done.stdout)
    assert (found["model"], found["threshold"]) == ("tiny, adapted", head.threshold)
