"""`python -m malaria triage`: the files and keys others rely on, and nothing else on standard output."""

import hashlib
import json
import re

import cv2
import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from malaria.commands.triage import triage
from malaria.errors import JournalError, SampleError
from malaria.labels import PARASITIZED
from malaria.review import CsvJournal, Decision
from malaria.smear import COLUMNS
from tests.models import write_model

KEYS = ["model", "model_version", "threshold", "fields", "red_cells", "leukocytes", "platelets", "artefacts", "clumps"]
app = typer.Typer()
app.command("triage")(triage)


@pytest.fixture
def run(tmp_path, monkeypatch):
    write_model(tmp_path / "models", "tiny")
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")

    def invoke(*arguments):
        output = ["--output", str(tmp_path / "out"), "--model", "tiny"]
        return CliRunner().invoke(app, [*output, *map(str, arguments)])

    return invoke


@pytest.fixture
def place(tmp_path, spotted, lone_cells):
    folder = tmp_path / "fields"
    (folder / "deeper").mkdir(parents=True)
    cv2.imwrite(str(folder / "one.png"), spotted(lone_cells(4, 3, 60), 3)[..., ::-1])
    cv2.imwrite(str(folder / "deeper" / "two.png"), spotted(lone_cells(3, 3, 60), 1)[..., ::-1])
    return folder


def test_a_folder_gives_a_table_a_report_and_figures(run, place, tmp_path):
    (place / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n torn")
    result = run(place, "--json", "-")
    assert result.exit_code == 0
    figures = json.loads(result.stdout)
    assert set(KEYS) <= set(figures)
    assert (figures["fields"], figures["red_cells"], figures["kept"], figures["discarded"]) == (2, 21, 4, 17)
    assert figures["discarded_share"] == pytest.approx(17 / 21)
    assert list(figures["unreadable"]) == ["torn.png"]
    assert figures["result"]["counts"]["Machine alone"]["red_cells"] == 21
    table = pd.read_csv(tmp_path / "out" / "cells.csv")
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert set(table["field"]) == {"one.png", "deeper/two.png"}
    assert "research use only" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "torn.png" in result.stderr


def test_two_fields_of_one_name_stay_two(run, place, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "one.png").write_bytes((place / "deeper" / "two.png").read_bytes())
    result = run(place / "one.png", other / "one.png", "--json", "-")
    assert json.loads(result.stdout)["fields"] == 2
    assert pd.read_csv(tmp_path / "out" / "cells.csv")["field"].nunique() == 2


def test_a_field_that_is_given_twice_counts_once(run, place, tmp_path):
    (place / "copy.png").write_bytes((place / "one.png").read_bytes())
    result = run(place, place / "one.png", "--json", "-")
    figures = json.loads(result.stdout)
    assert (figures["fields"], figures["red_cells"]) == (2, 21)
    assert figures["unreadable"] == {}
    assert figures["copies"] == [{"file": "one.png", "of": "copy.png"}] * 2
    same = "one.png is the same file as copy.png, and is not counted again."
    assert same in result.stderr
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert same in report
    assert "Rejected" not in report


def test_the_threshold_and_the_name_of_the_sample_are_taken(run, place, tmp_path):
    result = run(place / "one.png", "--threshold", "0", "--sample", "Ward 5")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "12 kept" in result.stderr
    assert "Smear triage: Ward 5" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_the_patients_own_counts_and_a_count_by_hand_are_as_on_the_page(run, place, tmp_path):
    given = {"red-cells-per-ul": 2_500_000, "leukocytes-per-ul": 4_000, "wished-per-ul": 500}
    counted = {"counted-red-cells": 1_000, "counted-parasitized": 10, "counted-leukocytes": 3}
    options = [word for name, value in (given | counted).items() for word in (f"--{name}", value)]
    result = run(place / "one.png", *options, "--json", "-")
    assert result.exit_code == 0
    found = json.loads(result.stdout)["result"]
    assert found["assumed"] == {name.replace("-", "_"): value for name, value in given.items()}
    by_hand = found["counts"]["Counted by hand"]
    assert [by_hand[name] for name in ("red_cells", "parasitized", "open", "leukocytes")] == [1_000, 10, 0, 3]
    assert by_hand["parasitaemia"]["value"] == pytest.approx(0.01)
    assert by_hand["per_ul_by_red_cells"]["value"] == pytest.approx(25_000)
    assert by_hand["per_ul_by_leukocytes"]["value"] == pytest.approx(10 / 3 * 4_000)
    report = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for said in ("Counted by hand", "assume 2,500,000 red cells or 4,000 leukocytes", "To find 500 parasites per µL"):
        assert said in report


def test_a_thick_film_is_counted_against_leukocytes_alone(run, place):
    result = run(place / "one.png", "--counted-parasitized", 40, "--counted-leukocytes", 200, "--json", "-")
    by_hand = json.loads(result.stdout)["result"]["counts"]["Counted by hand"]
    assert by_hand["parasitaemia"] is None
    assert by_hand["per_ul_by_leukocytes"]["value"] == pytest.approx(1_600)


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--red-cells-per-ul", "-1", "greater than or equal to 100000"),
        ("--red-cells-per-ul", "4.5", "valid integer"),
        ("--red-cells-per-ul", "nan", "valid integer"),
        ("--leukocytes-per-ul", "8", "greater than or equal to 100"),
        ("--wished-per-ul", "0", "greater than or equal to 1"),
        ("--wished-per-ul", "9" * 400, "less than or equal to 1000000"),
        ("--counted-red-cells", "-1", "greater than or equal to 0"),
        ("--counted-parasitized", "inf", "valid integer"),
        ("--counted-leukocytes", "5000001", "less than or equal to 5000000"),
    ],
)
def test_counts_that_cannot_be_are_refused_by_name(run, place, tmp_path, option, value, words):
    result = run(place, option, value)
    assert result.exit_code == 2
    said = " ".join(re.sub(r"[^\w -]", " ", result.stderr).split())
    assert option in said
    assert words in said
    assert not (tmp_path / "out").exists()


def test_more_parasitized_cells_than_cells_are_refused_before_the_work(run, place, tmp_path):
    result = run(place, "--counted-red-cells", 5, "--counted-parasitized", 6)
    assert isinstance(result.exception, SampleError)
    assert str(result.exception) == "There are more parasitized cells than cells. Correct one of the two."
    assert not (tmp_path / "out").exists()


def test_one_field_is_told_as_one(run, place):
    result = run(place / "one.png")
    assert result.stderr.splitlines()[-1].startswith("1 field, 12 red cells: 3 kept for review, 9 discarded.")


@pytest.mark.parametrize(
    ("option", "words"), [("--output", "cannot be a folder"), ("--json", "There is no folder")], ids=str
)
def test_what_cannot_be_written_is_told_before_the_work(run, place, monkeypatch, option, words):
    monkeypatch.setattr("malaria.smear.sample.triage_field", lambda *_: pytest.fail("worked for nothing"))
    result = run(place, option, place / "one.png" / "deeper")
    assert result.exit_code == 2
    assert words in " ".join(re.sub(r"[^\w ]", " ", result.stderr).split())


def test_the_json_may_go_beside_the_table_before_its_folder_is_there(run, place, tmp_path):
    file = tmp_path / "out" / "figures.json"
    assert run(place / "one.png", "--json", file).exit_code == 0
    assert json.loads(file.read_text())["red_cells"] == 12


@pytest.mark.parametrize(("file", "words"), [("out", "is a folder"), ("out/deeper/figures.json", "There is no folder")])
def test_json_that_no_folder_will_take_is_refused_before_the_work(run, place, tmp_path, file, words):
    result = run(place, "--json", tmp_path / file)
    assert result.exit_code == 2
    assert words in " ".join(re.sub(r"[^\w ]", " ", result.stderr).split())
    assert not (tmp_path / "out").exists()


def test_an_unusable_field_counts_only_when_it_is_taken_in(run, place, tmp_path):
    cv2.imwrite(str(place / "empty.png"), np.full((300, 400, 3), 220, np.uint8))
    result = run(place, "--json", "-")
    figures = json.loads(result.stdout)
    assert (figures["fields"], figures["red_cells"], figures["left_out"]) == (2, 21, ["empty.png"])
    why = "empty.png: Left out as unusable. No whole red cell found."
    assert figures["unreadable"]["empty.png"].startswith(why)
    assert why in result.stderr
    told = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert told.index("1 field is left out and does not count.") < told.index("<table")
    result = run(place, "--take-in", "empty.png", "--take-in", "none.png", "--json", "-")
    figures = json.loads(result.stdout)
    assert (figures["fields"], figures["left_out"], figures["unreadable"]) == (3, [], {})
    assert "No field is called none.png, so it cannot be taken in." in result.stderr
    told = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert told.index("1 of 3 fields was reported as unusable, but somebody chose to count it") < told.index("<table")


def test_a_sample_of_unusable_fields_alone_is_no_error_and_has_no_figures(run, place, tmp_path):
    cv2.imwrite(str(place / "empty.png"), np.full((300, 400, 3), 220, np.uint8))
    result = run(place / "empty.png", "--json", "-")
    figures = json.loads(result.stdout)
    assert (result.exit_code, figures["fields"], figures["left_out"]) == (0, 0, ["empty.png"])
    alone = figures["result"]["counts"]["Machine alone"]
    assert (alone["parasitaemia"], alone["reason"][:22]) == (None, "No red cell was found,")
    assert figures["result"]["counts"]["Machine alone"]["parasitaemia"] is None


def test_nothing_readable_is_exit_status_two(run, tmp_path):
    (tmp_path / "torn.png").write_bytes(b"torn")
    result = run(tmp_path / "torn.png", "--json", "-")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["fields"] == 0


def test_decisions_of_the_page_are_taken_from_its_journal(run, place, tmp_path):
    field = place / "one.png"
    image_id = hashlib.sha256(field.read_bytes()).hexdigest()
    assert run(field).exit_code == 0
    first = pd.read_csv(tmp_path / "out" / "cells.csv").sort_values("rank").iloc[0]
    name = f"#xywh={first['x']},{first['y']},{first['width']},{first['height']}"
    cell = hashlib.sha256(f"{image_id}{name}".encode()).hexdigest()
    journal = CsvJournal(tmp_path / "journal.csv")
    journal.append([Decision("ann", cell, f"one.png{name}", PARASITIZED, PARASITIZED, p_parasitized=0.9)])
    result = run(field, "--decisions", tmp_path / "journal.csv", "--json", "-")
    assert json.loads(result.stdout)["result"]["counts"]["Decided by ann"]["parasitized"] == 1
    table = pd.read_csv(tmp_path / "out" / "cells.csv")
    assert list(table["answer"].dropna()) == [PARASITIZED]
    assert "confirmed, ann, " in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")


def test_a_file_that_is_no_journal_is_refused(run, place, tmp_path):
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    result = run(place, "--decisions", tmp_path / "other.csv")
    assert isinstance(result.exception, JournalError)
