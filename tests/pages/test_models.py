"""The models page as a script: three readings, one model, its inside, two models, a folder that is broken."""

import gzip
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria import phantom
from malaria.errors import ModelError
from malaria.explain import network as explain
from malaria.explain.pipe import Message
from malaria.model import classifier as model
from malaria.model import leaderboard
from malaria.model.robustness import KINDS
from malaria.ui.models.board import FLATTERED
from malaria.ui.models.page import SECTIONS
from malaria.ui.parts import keras_process as keras
from malaria.ui.parts import keras_process as memory
from malaria.ui.parts.frame import ROOT
from tests.models import card_of, write_held_out, write_model
from tests.pages.test_every_page import meadow

PAGE = "pages/6_Models.py"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    st.cache_resource.clear()


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Answer questions here instead of in a process of their own; return the words asked."""
    asked: list[str] = []

    def ask(_: keras.KerasProcess, **question: object) -> Message:
        asked.append(str(question["ask"]))
        return explain.ANSWERS[asked[-1]](dict(question))

    monkeypatch.setattr(keras.KerasProcess, "ask", ask)
    return asked


def start(**query: str) -> AppTest:
    """Open the page as its address would."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(PAGE)
    app.query_params.update(query)
    app.run()
    assert not app.exception
    return app


def sentences(app: AppTest) -> str:
    elements = [*app.error, *app.warning, *app.info, *app.markdown, *app.caption]
    return re.sub(r"\\([\W_])", r"\1", "\n".join(str(element.value) for element in elements))


def pictures(app: AppTest) -> list[str]:
    """The text alternatives of the small pictures."""
    return [alt for html in app.get("html") for alt in re.findall(r'<img [^>]*alt="([^"]+)"', html.proto.body)]


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_its_address(section: str) -> None:
    app = start(section=section)
    assert not app.error
    assert not app.warning


# The leaderboard


@pytest.mark.parametrize("reading", leaderboard.READINGS.values())
def test_the_leaderboard_ranks_by_the_reading_in_the_address(reading: str) -> None:
    app = start(reading=reading)
    assert f"labels {reading}" in app.get("plotly_chart")[0].proto.alt
    table = app.dataframe[0].value
    assert {"cell-resnet", "seed-cnn-6"} <= set(table["Network"])
    measured = table.dropna(subset=["Accuracy"])
    assert measured["Accuracy"].is_monotonic_decreasing
    assert measured["Rank"].tolist() == sorted(measured["Rank"].tolist())
    assert measured["n"].notna().all()
    assert measured["Accuracy: 95 %"].str.fullmatch(r"0\.\d{4} to (0\.\d{4}|1\.0000)").all()


def test_the_picture_is_told_in_words() -> None:
    told = start(reading="expert").get("plotly_chart")[0].proto.alt
    assert "labels re-read" in told, "an address from when this reading was called so"
    assert "The default is cell-resnet" in told
    assert "seed-cnn-6 0.97" in told


def test_why_splits_by_image_flatter_has_both_figures() -> None:
    said = sentences(start())
    card = model.list_models()[FLATTERED[0]]
    assert isinstance(card, model.Card)
    assert "reported 0.9815" in said
    assert f"{card.metrics['as_given'].accuracy:.4f} (" in said, "with its interval"


def test_without_a_leaderboard_the_cards_are_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "mine")
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(reading="as given")
    assert app.dataframe[0].value["Network"].tolist() == ["mine"]
    assert "Why splits by image flatter" in sentences(app)


def test_a_split_by_image_stands_apart_and_is_not_ranked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "fair")
    write_model(tmp_path, "flattered", trained_on={"split": "5 folds by image (flattering)", "labels": "folder names"})
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(reading="as given")
    assert [frame.value["Network"].tolist() for frame in app.dataframe] == [["fair"], ["flattered"]]
    assert "Rank" not in app.dataframe[1].value
    assert "Measured differently, so not ranked" in sentences(app)


def test_labels_that_annotators_corrected_are_not_called_an_experts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = card_of()["metrics"]["as_given"]
    trained_on = {"labels": "given_label", "labels_file": "mine.csv", "corrections": True}
    readings = {"as_given": figures, "corrected": figures, "undisputed": figures}
    folder = write_model(tmp_path, "mine", trained_on=trained_on, metrics=readings)
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(section="This model")
    assert "given label of mine.csv, corrected by annotators" in sentences(app)
    assert "re-read by annotators" in "".join(html.proto.body for html in app.get("html"))
    held_out = "file,patient,given_label,label,fold,p_parasitized\na,p,Uninfected,Parasitized,0,0.9\n"
    with gzip.open(folder / "held_out.csv.gz", "wt") as file:
        file.write(held_out + "b,q,Parasitized,Parasitized,0,0.8\nc,q,Uninfected,Uninfected,0,0.1\n")
    st.cache_resource.clear()
    options = start(section="This model").segmented_control(key="models.one.reading").options
    assert options == ["as given", "re-read by annotators", "undisputed"]


def test_a_broken_leaderboard_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "mine")
    (tmp_path / "leaderboard.csv").write_text("nothing\n")
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    assert "leaderboard.csv cannot be read" in sentences(start())


def test_without_any_model_the_page_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    assert "There is no model yet" in sentences(start())
    assert "Put a model folder into models/" in sentences(start(section="This model"))


# One model


def test_one_model_in_words_figures_history_and_layers() -> None:
    app = start(section="This model", model="seed-cnn-6")
    said = sentences(app)
    assert "71,905 parameters" in said
    assert "16 layers, 71,905 parameters" in said
    alts = " ".join(chart.proto.alt for chart in app.get("plotly_chart"))
    for words in ("ROC curve", "Reliability diagram", "Loss over 40 epochs", "AUC over 40 epochs", "At the best epoch"):
        assert words in alts
    assert app.dataframe[0].value["Parameters"].sum() == 71905
    app.selectbox(key="models.one.run").set_value("fold-2").run()
    assert not app.exception


def test_a_model_with_nothing_but_what_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "bare")
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    said = sentences(start(section="This model", model="bare"))
    assert "has no held_out.csv.gz" in said
    assert "has no `history.json`" in said
    assert "has no model.keras" in said


@pytest.mark.parametrize("name", ["held_out.csv.gz", "history.json", "model.keras"])
@pytest.mark.parametrize("data", [b"", b"[1, 2]", b'{"final": [{}]}', b"\x1f\x8b\x08"])
def test_a_damaged_file_of_a_model_is_no_fault(
    name: str, data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (write_model(tmp_path, "bare") / name).write_bytes(data)
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    assert not start(section="This model", model="bare").error


# Inside


def test_robustness_needs_no_tensorflow_and_says_how_far_the_answer_moves(in_process: list[str]) -> None:
    app = start(section="Inside", example="trophozoite")
    alts = pictures(app)
    assert sum(len(kind.amounts) for kind in KINDS) == sum("p_parasitized" in alt for alt in alts)
    assert any(alt.startswith("Turned by 90°: p_parasitized") for alt in alts)
    assert "p_parasitized of the same cell, turned:" in sentences(app)
    assert "This part needs TensorFlow" in sentences(app)
    assert not in_process


@pytest.mark.parametrize("name", ["cell-resnet", "seed-cnn-6"])
def test_the_network_is_opened_when_asked(in_process: list[str], name: str) -> None:
    app = start(section="Inside", example="ring", model=name)
    app.toggle(key="models.open").set_value(True).run()
    assert not app.exception
    assert not app.warning
    assert set(in_process) == {"filters", "maps", "grad_cam"}
    said, alts = sentences(app), pictures(app)
    assert "Grad-CAM" in said
    assert "Occlusion" in said
    assert sum(alt.startswith("Filter") for alt in alts) == (16 if name == "cell-resnet" else 18)
    assert any(alt.startswith("Channel 1, mean") for alt in alts)


def test_every_layer_can_be_looked_at(in_process: list[str]) -> None:
    app = start(section="Inside", example="ring", model="seed-cnn-6")
    app.toggle(key="models.open").set_value(True).run()
    for layer in app.selectbox(key="models.layer").options[::4]:
        app.selectbox(key="models.layer").select(layer).run()
        assert not app.exception
        assert not app.warning
    assert "units from" in sentences(app) or "One number" in sentences(app)


def test_without_the_memory_the_page_says_so_and_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras, "find_available_mb", lambda: 300.0)
    app = start(section="Inside", example="ring")
    app.toggle(key="models.open").set_value(True).run()
    assert "This host has 300 MB of memory left, and TensorFlow needs about 900." in sentences(app)
    assert "Occlusion" in sentences(app)
    assert not app.error


def test_what_is_no_cell_is_doubted_and_what_is_broken_is_told() -> None:
    app = start(section="Inside")
    name, data, kind = meadow()
    app.file_uploader[0].set_value([(name, data, kind)])
    assert "does not look like a single stained cell" in sentences(app.run())
    app.file_uploader[0].set_value([("half.png", data[:100], kind)])
    assert "half.png: The PNG data is cut short or damaged." in sentences(app.run())


def test_an_unknown_example_is_a_sentence() -> None:
    assert "There is no example called [x](y)." in sentences(start(section="Inside", example="[x](y)"))


# Two models


def test_two_models_on_one_cell_and_on_the_batch() -> None:
    app = start(section="Two models", example="schizont")
    app.selectbox(key="models.other").set_value("mini-resnet").run()
    assert not app.exception
    said = sentences(app)
    assert "**cell-resnet**" in said
    assert "**mini-resnet**" in said
    test = r"Of 200 cells, only cell-resnet is right on \d+ and only mini-resnet on \d+"
    assert re.search(test, said)
    assert sum('role="status"' in html.proto.body for html in app.get("html")) == 2


def test_with_one_model_there_is_nothing_to_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "mine")
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    assert "There is only one model here" in sentences(start(section="Two models"))


# Adding a model


def test_a_malformed_folder_is_a_row_with_the_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_model(tmp_path, "good")
    shutil.copytree(tmp_path / "good", tmp_path / "pickled")
    (tmp_path / "pickled" / "weights.pkl").write_bytes(b"")
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(section="Add a model")
    rows = app.dataframe[0].value.set_index("Folder")
    assert rows.loc["good", "State"] == "● can be used"
    assert "a kind of file that can run code" in rows.loc["pickled", "What it says"]
    assert "has no card.json" in rows.loc["empty", "What it says"]


def test_a_copied_folder_stands_beside_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(write_model(tmp_path, "first"), tmp_path / "second run")
    write_held_out(tmp_path / "second run", "a.png,p,Parasitized,Parasitized,0.9")
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(section="Add a model")
    assert app.dataframe[0].value["Folder"].tolist() == ["first", "second run"]
    assert sorted(start(reading="as given").dataframe[0].value["Network"]) == ["first", "second run"]
    said = sentences(start(section="This model", model="second run"))
    assert "This is **second run**" in said
    assert "trained as first" in said
    assert "has no held_out.csv.gz" not in said
    assert "first: has no held_out.csv.gz" in sentences(start(section="This model", model="first"))


# The process with TensorFlow


def test_a_process_of_its_own_answers_as_the_library_does() -> None:
    process = keras.KerasProcess()
    folder = model.MODELS_DIR / "seed-cnn-6"
    try:
        filters = process.ask(ask="filters", folder=str(folder))["filters"]
        assert np.array_equal(filters, explain.first_filters(explain.load_network(folder)))
        with pytest.raises(ModelError, match="no layer named 'nothing'"):
            process.ask(ask="maps", folder=str(folder), layer="nothing", rgb=phantom.examples()[0].rgb)
        process.stop()
        cells = process.ask(ask="augmented", rgb=np.zeros((16, 16, 3), np.uint8), n=2, seed=0)["cells"]
        assert cells.shape == (2, 16, 16, 3), "it is started again when it has ended"
    finally:
        process.stop()


def test_a_process_that_dies_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(keras, "COMMAND", ("-c", "import sys; sys.exit(9)"))
    with pytest.raises(ModelError, match="stopped without an answer, most likely because it ran out of memory"):
        keras.KerasProcess().ask(ask="filters", folder=str(tmp_path))


def test_available_memory_is_the_least_of_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meminfo").write_text("MemTotal: 9000000 kB\nMemAvailable:    2048000 kB\n")
    (tmp_path / "max").write_text(f"{500 * 2**20}\n")
    (tmp_path / "current").write_text(f"{300 * 2**20}\n")
    (tmp_path / "stat").write_text(f"anon 1\ninactive_file {100 * 2**20}\n")
    monkeypatch.setattr(memory, "_SYSTEM", tmp_path / "meminfo")
    group = tuple(str(tmp_path / name) for name in ("max", "current", "stat"))
    monkeypatch.setattr(memory, "_GROUPS", ((*group, "inactive_file"),))
    assert memory.find_available_mb() == 300
    (tmp_path / "max").write_text("max\n")
    assert memory.find_available_mb() == 2000
    (tmp_path / "meminfo").unlink()
    assert memory.find_available_mb() is None
