"""Every page as a script: it stands in its frame, and whatever is given to it, it answers in sentences."""

import logging
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria import phantom
from malaria.dataset.public_cells import URL_VARIABLE
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model import classifier as model
from malaria.ui.parts import links
from malaria.ui.parts.frame import DISCLAIMER, PAGES, ROOT, PageEntry
from tests.dataset.test_public_cells import serving
from tests.hostile import ACCEPTED, REFUSED, Refused

ANSWER = re.compile("looks parasitized|looks uninfected|too close to call", re.IGNORECASE)
Upload = tuple[str, bytes, str]


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    """What one test cached (models, maps) is not there for the next."""
    yield
    st.cache_resource.clear()


def start(file: str = links.CELL, **query: str) -> AppTest:
    """Open a page as its address would."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(file)
    app.query_params.update(query)
    return app.run()


def test_the_upload_limit_takes_the_public_set_and_is_shown_as_it_is() -> None:
    limit = tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["server"]["maxUploadSize"]
    assert 337 < limit < 500  # Streamlit's page shows 500 MB and more in whole gigabytes: 512 as "1GB per file"


def upload(app: AppTest, *files: Upload) -> AppTest:
    app.file_uploader[0].set_value(list(files))
    return app.run()


def press(app: AppTest, words: str) -> AppTest:
    return next(button for button in app.button if words in button.label).click().run()


def synthetic(name: str = "cell.png", seed: int = 5) -> Upload:
    return name, phantom.batch(1, seed=seed)[0].png, "image/png"


def meadow() -> Upload:
    """A blue sky over a green meadow: nobody's cell."""
    landscape = np.zeros((300, 400, 3), np.uint8)
    landscape[:150], landscape[150:] = (235, 180, 90), (60, 160, 60)
    return "meadow.png", cv2.imencode(".png", landscape)[1].tobytes(), "image/png"


def answers(app: AppTest) -> list[str]:
    """The answers in words that stand on the page."""
    said = [html.proto.body for html in app.get("html") if 'role="status"' in html.proto.body]
    return [found.group() for body in said if (found := ANSWER.search(body))]


def sentences(app: AppTest) -> str:
    """All that the page says, as its reader sees it."""
    elements = [*app.error, *app.warning, *app.info, *app.markdown, *app.caption]
    return re.sub(r"\\(\W)", r"\1", "\n".join(str(element.value) for element in elements))


# Every page


def test_the_navigation_lists_every_page_and_no_other() -> None:
    there = {f"pages/{path.name}" for path in (ROOT / "pages").glob("*.py")} | {"streamlit_app.py"}
    assert {entry.file for entry in PAGES} == there


@pytest.mark.parametrize("entry", PAGES, ids=lambda entry: entry.title)
def test_a_page_stands_in_its_frame(entry: PageEntry) -> None:
    app = start(entry.file)
    assert not app.exception
    assert not app.error
    assert entry.icon in app.title[0].value
    assert DISCLAIMER in sentences(app)
    assert app.sidebar.selectbox(key="model").value == model.DEFAULT_MODEL


@pytest.mark.parametrize("entry", PAGES[1:], ids=lambda entry: entry.title)
def test_a_page_has_the_title_that_the_navigation_gives_it(entry: PageEntry) -> None:
    assert f'with page("{entry.title}", "{entry.icon}")' in (ROOT / entry.file).read_text()
    assert Path(entry.file).stem.split("_", 1)[1] == entry.title.replace(" ", "_"), "its address"


def test_home_leads_to_every_page_and_to_an_example() -> None:
    app = start("streamlit_app.py")
    assert all(entry.line in sentences(app) for entry in PAGES[1:])
    app.button(key="example-schizont").click().run()
    assert app.title[0].value.endswith("Single cell")
    assert app.query_params["example"] == "schizont"
    assert len(answers(app)) == 1


@pytest.mark.parametrize("part", ["malaria.ui.cell.cell_answer.find_doubt", "malaria.ui.parts.gallery.overlay"])
def test_a_fault_of_ours_is_one_sentence_and_the_log_has_the_rest(
    part: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("the secret of line 42")

    monkeypatch.setattr(part, fail)
    with caplog.at_level(logging.ERROR):
        app = start(example="ring")
    assert not app.exception
    assert len(app.error) == 1
    assert "secret" not in sentences(app)
    reference = re.search(r"reference \*\*(\w+)\*\*", app.error[0].value)
    assert reference
    assert reference.group(1) in caplog.text
    assert "the secret of line 42" in caplog.text


# Models


def test_the_model_is_in_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    default = model.MODELS_DIR / model.DEFAULT_MODEL
    card = (default / "card.json").read_text().replace(f'"{model.DEFAULT_MODEL}"', '"other"', 1)
    (other / "card.json").write_text(card)
    (other / "model.tflite").write_bytes((default / "model.tflite").read_bytes())
    (tmp_path / model.DEFAULT_MODEL).symlink_to(default)
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(example="ring", model="other")
    assert app.sidebar.selectbox(key="model").value == "other"
    assert "Model **other**" in sentences(app)
    assert "There is no model" not in sentences(app)
    unknown = start(example="ring", model="[nope](x)")
    assert "There is no model called [nope](x) here, so" in sentences(unknown)
    assert len(answers(unknown)) == 1


def test_a_broken_model_folder_is_named_and_the_others_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "card.json").write_text("{}")
    (tmp_path / model.DEFAULT_MODEL).symlink_to(model.MODELS_DIR / model.DEFAULT_MODEL)
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(example="ring")
    assert "broken: card.json is not a valid card" in sentences(app)
    assert answers(app)


def test_without_any_model_the_page_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    app = start(example="ring")
    assert "Put a model folder into models/" in sentences(app)
    assert not start("streamlit_app.py").error


# The single-cell page


def test_every_example_is_answered_by_its_address() -> None:
    app = start()
    names = [button.key.removeprefix("example-") for button in app.button if str(button.key).startswith("example-")]
    assert len(names) == len(phantom.examples())
    for name in names:
        assert len(answers(start(example=name))) == 1, name


def test_an_unknown_example_is_a_sentence() -> None:
    app = start(example="[x](http://example.org)")
    assert "There is no example called [x](http://example.org)." in sentences(app)
    assert not app.error


def test_arriving_there_is_something_to_click_and_no_answer() -> None:
    app = start()
    assert len(app.button) > len(phantom.examples())
    assert not answers(app)


def test_one_upload_is_answered_without_a_further_button() -> None:
    app = upload(start(example="ring"), synthetic())
    assert len(answers(app)) == 1
    assert "example" not in app.query_params


def test_an_example_takes_the_place_of_an_upload() -> None:
    app = upload(start(), synthetic())
    app.button(key="example-ring").click().run()
    assert app.query_params["example"] == "ring"
    assert not app.file_uploader[0].value
    assert len(answers(app)) == 1


def test_uploads_outlive_a_visit_to_another_page() -> None:
    app = upload(start(), synthetic())
    app.switch_page("streamlit_app.py").run()
    app.switch_page(links.CELL).run()
    assert len(answers(app)) == 1


def test_two_sessions_do_not_see_each_others_uploads() -> None:
    mine, theirs = start(), start()
    upload(mine, synthetic("mine.png"))
    theirs.run()
    assert not answers(theirs)
    assert not theirs.file_uploader[0].value


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.name)
def test_a_refused_upload_is_a_sentence(case: Refused) -> None:
    app = upload(start(), (case.name, case.make(), "image/png"))
    assert not app.exception
    assert f"{case.name}: {case.says}" in sentences(app)
    assert not answers(app)


def test_odd_good_files_and_broken_ones_are_one_table() -> None:
    cases = [*ACCEPTED, *REFUSED[::4]]
    app = upload(start(), *((case.name, case.make(), "image/png") for case in cases))
    assert not app.exception
    table = app.dataframe[0].value
    assert table["file"].tolist() == [case.name for case in cases]
    assert table["error"].notna().all(), "a flag is not a cell"
    assert table["error"].tolist()[len(ACCEPTED) :] == [f"{case.name}: {case.says}" for case in REFUSED[::4]]


def test_of_several_the_first_with_an_answer_is_seen_in_full() -> None:
    app = upload(start(), meadow(), synthetic())
    assert len(answers(app)) == 1


def test_a_zip_is_sent_to_the_batch_page() -> None:
    app = upload(start(), ("cells.zip", phantom.batch_zip(2), "application/zip"))
    assert "cells.zip: This is a zip archive" in sentences(app)
    assert "Upload a zip of cells on the batch page" in [link.proto.label for link in app.main.get("page_link")]


def test_several_cells_are_a_table_and_two_of_one_name_stay_two() -> None:
    app = upload(start(), synthetic(seed=5), synthetic(seed=6), meadow())
    table = app.dataframe[0].value
    assert table["file"].tolist() == ["cell.png", "cell.png", "meadow.png"]
    assert table["image_id"].nunique() == 3
    assert table["p_parasitized"].notna().tolist() == [True, True, False]
    assert len(answers(app)) == 1


def test_what_is_no_cell_is_told_so_before_any_probability() -> None:
    app = upload(start(), meadow())
    assert "does not look like a single stained cell" in sentences(app)
    assert not answers(app)
    press(app, "anyway")
    assert "does not look like a single stained cell" in sentences(app)
    assert len(answers(app)) == 1


def test_real_cells_are_fetched_and_stand_beside_their_given_label(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(phantom.batch_zip(12)) as server:
        monkeypatch.setenv(URL_VARIABLE, server.url)
        app = start(example="ring")
        press(app, "NIH")
    table = app.dataframe[0].value
    assert table["given_label"].tolist() == [PARASITIZED] * 4 + [UNINFECTED] * 4
    assert "example" not in app.query_params
    assert len(answers(app)) == 1


def test_without_the_network_the_button_says_so_and_the_rest_works(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(b"") as server:
        monkeypatch.setenv(URL_VARIABLE, server.url)
    app = start(example="ring")
    press(app, "NIH")
    assert "No NIH cells could be fetched: 127.0.0.1 cannot be reached." in sentences(app)
    assert len(answers(app)) == 1


def test_a_cell_full_of_parasites_shows_where_they_are() -> None:
    app = start(example="schizont")
    assert answers(app) == ["Looks parasitized"]
    alts = [picture.alt for image in app.get("image") for picture in image.proto.imgs]
    maps = [alt for alt in alts if "evidence for a parasite" in alt]
    assert maps
    assert not any("nothing" in alt for alt in maps)


def test_the_slider_only_blends(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    original = model.Classifier.evidence

    def counted(self: model.Classifier, *given: object) -> object:
        calls.append(given)
        return original(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(model.Classifier, "evidence", counted)
    app = start(example="ring")
    app.slider(key="single_cell.fade").set_value(10).run()
    assert len(calls) == 1
