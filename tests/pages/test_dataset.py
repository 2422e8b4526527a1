"""The data set page as a script: the built-in set with what is planted in it, uploads, labels, and what goes wrong."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria import phantom
from malaria.explain import network as explain
from malaria.explain.pipe import Message
from malaria.images import open_source
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.ui.dataset import sources
from malaria.ui.dataset.data_set import CELLS, DataSet, Describing
from malaria.ui.dataset.page import SECTIONS
from malaria.ui.parts import keras_process as keras
from malaria.ui.parts.frame import ROOT
from malaria.ui.parts.plots import BLUE
from tests.pages.test_models import pictures, sentences

PAGE = "pages/7_Dataset.py"


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    st.cache_resource.clear()


def start(**query: str) -> AppTest:
    """Open the page as its address would, and wait until the set is described."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(PAGE)
    app.query_params.update(query)
    return described(app.run())


def described(app: AppTest) -> AppTest:
    assert not app.exception
    if sources.DATA_SET in app.session_state and app.session_state[sources.DATA_SET] is not None:
        app.session_state[sources.DATA_SET].describing.wait()
        app.run()
    assert not app.exception
    return app


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    kinds = {"zip": "application/zip", "csv": "text/csv"}
    app.file_uploader[0].set_value([(name, data, kinds[name.rpartition(".")[2]]) for name, data in files])
    return app.run()


def tables(app: AppTest) -> str:
    """The small tables, tags taken off."""
    return " ".join(re.sub("<[^>]+>", " ", html.proto.body) for html in app.get("html"))


def small_zip(n: int = 12, patients: int = 3) -> bytes:
    return phantom.batch_zip(n, patients=patients)


# The built-in set


@pytest.mark.parametrize("section", SECTIONS)
def test_every_section_opens_by_its_address(section: str) -> None:
    app = start(example="synthetic", section=section)
    assert not app.error
    assert not app.warning


def test_arriving_there_is_something_to_click() -> None:
    app = start()
    assert "samples, mean cells and splits appear here" in sentences(app)
    next(button for button in app.button if "synthetic cells" in button.label).click().run()
    assert app.query_params["example"] == "synthetic"
    assert "203 images" in sentences(described(app))


def test_what_is_planted_in_the_built_in_set_is_found() -> None:
    app = start(example="synthetic")
    said = sentences(app)
    assert f"## {CELLS + 3} images: 100 Parasitized, 102 Uninfected, of 12 patients. **1 cannot be read.**" in said
    assert "The expert disputes 10 of 200 labels" in said
    assert "5.0 % (2.7 to 9.0 %, 95 %)" in said
    unread = app.dataframe[-1].value
    assert unread["file"].iloc[0].endswith("cut_short_SYNTHETIC.png")
    assert unread["why"].iloc[0].startswith("The PNG data is cut short")
    alts = [chart.proto.alt for chart in app.get("plotly_chart")]
    assert any("Cells of each of 12 patients by class" in alt for alt in alts)
    assert any("Longer side of 202 images" in alt for alt in alts)
    assert "Longer side below 128 pixels" in tables(app)


def test_the_planted_duplicates_are_found_and_shown() -> None:
    app = start(example="synthetic", section="Duplicates")
    said = sentences(app).replace("\\", "")
    assert "⚠ across classes, ⚠ across patients" in said
    assert "C999P99ThinF_SYNTHETIC_copy.png" in said
    assert "C998P98ThinF_SYNTHETIC_again.jpg" in said
    assert len(pictures(app)) == 4


def test_of_many_copies_those_of_other_patients_are_shown_and_the_rest_counted() -> None:
    stream = io.BytesIO()
    png = phantom.batch(1)[0].png
    with zipfile.ZipFile(stream, "w") as archive:
        for patient, cell in [("C1P1", n) for n in range(8)] + [("C2P2", 8)]:
            archive.writestr(f"{UNINFECTED}/{patient}ThinF_IMG_cell_{cell}.png", png)
    app = described(upload(start(section="Duplicates"), ("mine.zip", stream.getvalue())))
    said = sentences(app).replace("\\", "")
    assert "⚠ across patients" in said
    assert "C2P2ThinF" in said
    assert "and 3 more" in said


def test_samples_are_others_after_a_press() -> None:
    app = start(example="synthetic", section="Samples")
    first = pictures(app)
    assert sum(f"Cell {PARASITIZED}" in alt for alt in first) == sum(f"Cell {UNINFECTED}" in alt for alt in first) == 18
    app.button(key="dataset.shuffle").click().run()
    assert set(pictures(app)) != set(first)


def test_mean_cells_channel_by_channel() -> None:
    alts = pictures(start(example="synthetic", section="Mean cells"))
    for channel in ("Red", "Green", "Blue", "Hue", "Saturation", "Value"):
        assert any(alt.startswith(f"{channel}, {PARASITIZED}: mean") for alt in alts)
        assert any(alt.startswith(f"{channel}, |difference|: mean") for alt in alts)
    assert any(alt.startswith("Absolute difference in colour") for alt in alts)


@pytest.mark.parametrize("name", ["cell-resnet", "seed-cnn-6"])
def test_what_the_model_will_see_follows_the_picked_model(name: str) -> None:
    app = start(example="synthetic", section="What the model sees", model=name)
    alts = pictures(app)
    assert f"The cell as {name} sees it, 64 × 64 pixels" in alts
    assert any("channel hue" in alt for alt in alts) == (name == "seed-cnn-6")
    before = app.caption[1].value
    app.button(key="dataset.another").click().run()
    assert app.caption[1].value != before
    app.slider(key="dataset.blur").set_value(4.0).run()
    assert not app.exception


def test_the_augmentation_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(_: keras.KerasProcess, **question: object) -> Message:
        return explain.ANSWERS[str(question["ask"])](dict(question))

    monkeypatch.setattr(keras.KerasProcess, "ask", ask)
    app = start(example="synthetic", section="What the model sees")
    assert not any("Random change" in alt for alt in pictures(app))
    app.toggle(key="dataset.augment").set_value(True).run()
    assert sum("Random change" in alt for alt in pictures(app)) == 18


def test_without_the_memory_there_is_no_augmentation_but_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras, "find_available_mb", lambda: 100.0)
    app = start(example="synthetic", section="What the model sees")
    app.toggle(key="dataset.augment").set_value(True).run()
    assert "This host has 100 MB of memory left" in sentences(app)
    assert pictures(app)


def test_splits_say_what_leaks() -> None:
    alts = [chart.proto.alt for chart in start(example="synthetic", section="Splits").get("plotly_chart")]
    leaked = "belong to a patient whose other cells are used for training"
    assert re.fullmatch(rf"Of 40 cells held out, 3\d \(9\d\.\d %\) {leaked}; 10 of 12 .*", alts[0])
    assert re.match(rf"Of \d+ cells held out, 0 \(0\.0 %\) {leaked}; 0 of 12", alts[1])


def test_an_unknown_example_is_a_sentence() -> None:
    assert "There is no example called [x](y)." in sentences(start(example="[x](y)"))


# Uploads


def test_a_zip_is_described() -> None:
    app = described(upload(start(example="synthetic"), ("mine.zip", small_zip())))
    assert "## 12 images: 6 Parasitized, 6 Uninfected, of 3 patients." in sentences(app)
    assert "example" not in app.query_params
    assert "column **expert_label**" in sentences(app)


def test_a_csv_beside_the_zip_gives_labels_and_disputes() -> None:
    cells = phantom.batch(12, patients=3)
    rows = "".join(f"{cell.file},{PARASITIZED},{cell.true_label},all\n" for cell in cells)
    csv = f"file,given_label,expert_label,patient\n{rows}".encode()
    app = described(upload(start(), ("mine.zip", small_zip()), ("mine.csv", csv)))
    said = sentences(app)
    assert "## 12 images: 12 Parasitized, of 1 patient." in said
    assert "The expert disputes 6 of 12 labels" in said
    app.selectbox(key="dataset.given").select("expert_label").run()
    assert "6 Parasitized, 6 Uninfected" in sentences(described(app))


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("bad.zip", b"PK\x03\x04 nothing")], "This is not a zip, or it is damaged"),
        ([("a.csv", b"file,label\n")], "This is only the CSV"),
        ([("a.zip", small_zip()), ("b.zip", small_zip())], "Upload one zip and at most one CSV"),
        ([("a.zip", small_zip()), ("a.csv", b"stain\nred\n")], "has no column file"),
        ([("a.zip", small_zip()), ("a.csv", b"file,stain\na,red\n")], "has no column"),
    ],
)
def test_what_cannot_be_used_is_a_sentence(files: list[tuple[str, bytes]], says: str) -> None:
    app = upload(start(), *files)
    assert not app.exception
    assert says in sentences(app)


@pytest.mark.parametrize("rows", [b"", b"nobody.png,Parasitized\n"], ids=["no rows", "other names"])
def test_a_csv_that_labels_nothing_is_told(rows: bytes) -> None:
    app = described(upload(start(), ("a.zip", small_zip()), ("a.csv", b"file,label\n" + rows)))
    assert "The CSV labels none of these images." in sentences(app)


def test_a_class_keeps_its_colour_when_it_is_alone() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for cell in phantom.batch(6):
            archive.writestr(f"{UNINFECTED}/{cell.file}", cell.png)
    app = described(upload(start(), ("mine.zip", stream.getvalue())))
    for chart in app.get("plotly_chart"):
        (bars,) = json.loads(chart.proto.spec)["data"]
        assert (bars["name"], bars["marker"]["color"]) == (f"○ {UNINFECTED}", BLUE)


def test_a_set_without_patients_classes_or_readable_images(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("broken.png", b"\x89PNG")
        archive.writestr("cell.png", phantom.batch(1)[0].png)
    app = described(upload(start(), ("mine.zip", stream.getvalue())))
    for section in SECTIONS:
        app.query_params["section"] = section
        assert not described(app.run()).error, section
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("broken.png", b"\x89PNG")
    app = described(upload(app, ("worse.zip", stream.getvalue())))
    assert "1 image: without labels. **1 cannot be read.**" in sentences(app) or "nothing to show" in sentences(app)


def test_file_names_are_shown_letter_for_letter() -> None:
    stream = io.BytesIO()
    png = phantom.batch(1)[0].png
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("Parasitized/![x](http:∕∕example.org).png", png)
        archive.writestr("Uninfected/<img src=x onerror=alert(1)>.png", png)
    app = upload(start(section="Duplicates"), ("mine.zip", stream.getvalue()))
    app = described(app)
    assert "\\!\\[x\\]" in "".join(str(one.value) for one in app.markdown)
    assert not any("<img src=x" in html.proto.body for html in app.get("html"))


# A folder of this machine


def test_the_folder_given_at_start_is_one_click_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for cell in phantom.batch(6, patients=2):
        (tmp_path / cell.given_label).mkdir(exist_ok=True)
        (tmp_path / cell.given_label / cell.file).write_bytes(cell.png)
    monkeypatch.setattr(sources, "get_data_folder", lambda: tmp_path)
    app = start()
    next(button for button in app.button if "Look at" in button.label and "synthetic" not in button.label).click().run()
    assert "## 6 images: 3 Parasitized, 3 Uninfected, of 2 patients." in sentences(described(app))


# The work


def test_a_job_can_be_stopped_and_begun_again() -> None:
    data_set = DataSet("cells", open_source(io.BytesIO(phantom.batch_zip(60)), "cells.zip"))
    data_set.describing.stop()
    data_set.describing.wait()
    assert data_set.describing.description() is None or len(data_set.describing.description().table) == 60  # type: ignore[union-attr]
    data_set.close()
    data_set.describing.wait()
    found = data_set.describing.description()
    assert found is not None
    assert len(found.table) == 60
    assert data_set.describing.progress[:2] == (60, 60)


def test_a_job_keeps_what_went_wrong() -> None:
    source = open_source(io.BytesIO(small_zip()), "cells.zip")
    source.close()
    describing = Describing(source)
    with pytest.raises(Exception, match="The zip was closed"):
        describing.wait()
    with pytest.raises(Exception, match="The zip was closed"):
        describing.description()


def test_two_sessions_do_not_see_each_others_sets() -> None:
    mine, theirs = start(), start()
    described(upload(mine, ("mine.zip", small_zip())))
    theirs.run()
    assert "samples, mean cells and splits appear here" in sentences(theirs)


def test_what_is_no_image_is_named() -> None:
    packed = io.BytesIO(small_zip())
    with zipfile.ZipFile(packed, "a") as archive:
        archive.writestr("more/<b>scan.pdf", b"%PDF")
    shown = tables(described(upload(start(), ("cells.zip", packed.getvalue()))))
    assert "1 file: more/&lt;b&gt;scan.pdf" in shown
