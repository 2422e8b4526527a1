"""One reader of held-out answers: what it reads, and in which sentence it refuses; the same on every page and verb."""

import gzip
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from malaria import phantom
from malaria.cli import app as cli
from malaria.errors import ModelError, NoHeldOutError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model import classifier as model
from malaria.model.held_out import FILE, read_held_out
from malaria.ui.parts import links
from malaria.ui.parts.frame import ROOT
from tests.models import write_held_out, write_model

WITH_IDS = "file,patient,label,given_label,p_parasitized,image_id"


def test_every_cell_is_known_by_id_and_by_stem(tmp_path: Path) -> None:
    rows = [
        "x/a.png,C1P1,Parasitized,Uninfected,0.5,00",
        "x/b.png,C1P1,,Uninfected,,01",
        "y/b.jpg,,Uninfected,Uninfected,1,02",
    ]
    found = read_held_out(write_held_out(tmp_path, *rows, columns=WITH_IDS))
    assert found.by_id == {"00": 0.5, "01": None, "02": 1.0}
    assert found.by_stem == {"a": 0.5, PARASITIZED: 1.0, UNINFECTED: 0.0}, "two cells are called b"
    assert "C1P1" in found.known_patients
    assert "" not in found.known_patients
    assert np.isnan(found.p_parasitized[1])


def test_what_was_answered_is_a_table_for_measuring(tmp_path: Path) -> None:
    rows = ["a,C1P1,Parasitized,Uninfected,0.5", "b,,,Uninfected,0.25", "c,C1P1,Uninfected,,0.5", "d,C1P1,,Uninfected,"]
    table = read_held_out(write_held_out(tmp_path, *rows)).table()
    assert table["p_parasitized"].tolist() == [0.5, 0.25, 1.0, 0.0], "no answer or no given label: left out"
    assert table["label"].tolist()[:2] == [PARASITIZED, UNINFECTED], "where none was learned it is the given one"
    assert table["patient"].tolist()[1] is None


def test_the_shipped_answers_give_rates() -> None:
    scores = read_held_out(model.MODELS_DIR / model.DEFAULT_MODEL).scores()
    assert scores.readings == ("undisputed", "expert", "as_given")
    assert scores.name == "the held-out patients of cell-resnet"


def test_cells_of_one_class_give_no_rates(tmp_path: Path) -> None:
    (tmp_path / "held_out.csv").write_text(
        "file,patient,label,given_label,p_parasitized\na,p,Uninfected,Uninfected,0\n"
    )
    with pytest.raises(ModelError, match=r"held_out\.csv\.gz gives no rates of cells\. .* must be of both classes"):
        read_held_out(tmp_path).scores()


def _whole() -> bytes:
    rows = [f"{number}.png,p{number},Uninfected,Uninfected,0.{number}" for number in range(400)]
    return gzip.compress("\n".join(["file,patient,label,given_label,p_parasitized", *rows, ""]).encode())


CUT = "it is cut short or damaged"
BROKEN = {
    "cut short": (_whole()[:-900], CUT),
    "another sum": (_whole()[:-8] + b"12345678", CUT),
    "no gzip": (b"no gzip", CUT),
    "nothing": (b"", "it is empty"),
    "no text": (gzip.compress(b""), "it is empty"),
    "no cells": (gzip.compress(b"file,patient,label,given_label,p_parasitized\n"), "it has no cells"),
    "other columns": (gzip.compress(b"file,patient\na,b\n"), "it has no column label or given_label or p_parasitized"),
    "a short line": (gzip.compress(b"file,patient,label,given_label,p_parasitized\na,b,\n"), "line 2 is cut short"),
    "no class": (
        gzip.compress(b"file,patient,label,given_label,p_parasitized\na,b,sick,Uninfected,0\n"),
        "line 2 has the label 'sick', which is not a class",
    ),
    "no number": (
        gzip.compress(b"file,patient,label,given_label,p_parasitized\na,b,,Uninfected,often\n"),
        "could not convert string to float: 'often'",
    ),
    "no share": (
        gzip.compress(b"file,patient,label,given_label,p_parasitized\na,b,,Uninfected,2\n"),
        "line 2 has p_parasitized 2, which is not between 0 and 1",
    ),
}


@pytest.mark.parametrize(("data", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_is_a_sentence_with_the_reason(tmp_path: Path, data: bytes, reason: str) -> None:
    (tmp_path / FILE).write_bytes(data)
    with pytest.raises(ModelError) as error:
        read_held_out(tmp_path)
    assert str(error.value) == (
        f"{tmp_path.name}: {FILE} cannot be read ({reason}). Copy the whole folder again that "
        "`python -m malaria train` wrote."
    )
    assert not isinstance(error.value, NoHeldOutError)


def test_a_missing_file_is_another_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoHeldOutError, match=r"has no held_out\.csv\.gz\. Copy the whole folder"):
        read_held_out(tmp_path)


# The same sentence everywhere


@pytest.fixture(params=["cut short", "other columns", "nothing", None])
def sentence(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What is wrong with the held-out answers of the only model."""
    folder = write_model(tmp_path / "models", "tiny")
    if request.param:
        (folder / FILE).write_bytes(BROKEN[request.param][0])
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path / "models")
    st.cache_resource.clear()
    with pytest.raises(ModelError) as error:
        read_held_out(folder)
    yield str(error.value)
    st.cache_resource.clear()


def said(page: str, until: Callable[[AppTest], bool] = lambda app: True, **query: str) -> str:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(page)
    app.query_params.update(query)
    app.run()
    deadline = time.monotonic() + 120
    while not until(app) and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert not app.exception
    words = [*app.error, *app.warning, *app.markdown, *app.caption]
    return "\n".join(str(element.value) for element in words).replace("\\", "")


def test_every_page_says_what_is_wrong_with_the_answers(sentence: str) -> None:
    answered = lambda app: bool(app.tabs or app.dataframe or app.error or app.warning)  # noqa: E731
    assert sentence in said(links.MODELS, section="This model")
    assert sentence in said(links.SAMPLE)
    assert sentence in said(links.TRIAGE, lambda app: bool(app.table), example="synthetic")
    cells = said(links.REVIEW, answered, example="synthetic")
    assert sentence in cells
    (folder,) = model.MODELS_DIR.iterdir()
    assert ("Ranked by" in cells) == (not (folder / FILE).exists()), "no ranking where answers are there, but broken"


def test_every_verb_says_what_is_wrong_with_the_answers(sentence: str, tmp_path: Path) -> None:
    cells, fields = tmp_path / "cells.zip", tmp_path / "field.png"
    cells.write_bytes(phantom.batch_zip(4))
    fields.write_bytes(next(iter(phantom.examples())).png)
    for verb in (
        ["evaluate", cells],
        ["suspects", cells, "--csv", "-"],
        ["triage", fields, "--output", tmp_path / "out"],
    ):
        done = CliRunner().invoke(cli, [*map(str, verb), "--model", "tiny"])
        # `main` prints an error of ours on standard error, and ends with 2
        told = f"{done.exception}" if isinstance(done.exception, ModelError) else done.stderr
        assert sentence in told, verb[0]
