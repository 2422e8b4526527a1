"""The batch page as a script: whatever is given to it is measured or answered in a sentence, and nothing is lost."""

import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria.batch import Batch, Scoring, report
from malaria.cells import Labels
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model.classifier import Classifier
from malaria.review import CsvJournal, Decision
from malaria.ui.batch.results import write_figures
from malaria.ui.parts.frame import ROOT
from malaria.ui.parts.journal import ENVIRONMENT
from malaria.ui.parts.labelled_source import BATCH
from malaria.ui.parts.links import CORRECTIONS
from malaria.ui.parts.uploads import get_data_folder
from tests.hostile import REFUSED
from tests.models import write_held_out, write_model
from tests.test_batch import cells, png, zipped

PAGE = "pages/2_Batch_evaluation.py"
SLIDER = "batch.threshold.slider"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two models that know red, the second with a threshold of its own. What one test caches is gone for the next."""
    folder = tmp_path / "models"
    write_model(folder, "cell-resnet")
    write_model(folder, "second", threshold=0.85)
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", folder)
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "corrections.csv"))
    st.cache_resource.clear()
    yield folder
    st.cache_resource.clear()


def start(**query: str) -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(PAGE)
    app.query_params.update(query)
    return settled(app.run())


def settled(app: AppTest) -> AppTest:
    """Wait until nothing is being scored."""
    for _ in range(1200):
        if not any("Stop" in button.label for button in app.button):
            break
        time.sleep(0.05)
        app.run()
    assert not app.exception
    return app


def upload(app: AppTest, **files: bytes) -> AppTest:
    given = [(name.replace("_", "."), data, "application/octet-stream") for name, data in files.items()]
    app.file_uploader[0].set_value(given)
    return settled(app.run())


def batch_zip(files: Mapping[str, bytes] | None = None) -> bytes:
    return zipped(files or cells()).getvalue()


def press(app: AppTest, words: str) -> AppTest:
    return settled(next(button for button in app.button if words in button.label).click().run())


def said(app: AppTest) -> str:
    """All that the page says, as its reader sees it."""
    elements = [*app.header, *app.error, *app.warning, *app.info, *app.markdown, *app.caption]
    return re.sub(r"\\(\W)", r"\1", "\n".join(str(element.value) for element in elements)).replace("\xa0", " ")


def figures(app: AppTest) -> str:
    """All tables of figures on the page."""
    return "\n".join(html.proto.body for html in app.get("html"))


def batch(app: AppTest) -> Batch:
    found: Batch = app.session_state[BATCH]
    return found


def field(app: AppTest, words: str) -> int:
    """The count on one button of the matrix."""
    (label,) = (button.label for button in app.button if f"*{words}*" in button.label)
    return int(label.split("*")[2].replace(",", ""))


# In


def test_a_single_image_is_told_why_not_and_where_it_belongs() -> None:
    app = upload(start(), ring_png=b"\x89PNG")
    (error,) = (error.value for error in app.error)
    assert "ring" in error  # the dot is escaped
    assert "zip both" in error
    assert "Single cell" in error


def test_arriving_there_is_something_to_click_and_nothing_else() -> None:
    app = start()
    assert "The figures appear here" in said(app)
    assert not app.header
    press(app, "Try it on 200 synthetic cells")
    assert batch(app).total == 200
    assert batch(app).synthetic
    assert "synthetic" in app.query_params["example"]
    assert "10 of their labels are wrong on purpose" in said(app)


def test_a_zip_with_class_folders_is_measured_without_a_further_button() -> None:
    app = upload(start(), cells_zip=batch_zip())
    assert "finds 90.0 % of the parasitized cells" in said(app)
    assert "60 cells measured, of 5 patients" in said(app)
    assert [field(app, words) for words in ("true positive", "false negative", "false positive", "true negative")] == [
        27,
        3,
        3,
        27,
    ]


def test_a_csv_beside_a_zip_labels_it() -> None:
    plain = {f"{n}.png": png(0.9 if n % 2 else 0.1, 12 + n) for n in range(10)}
    rows = "".join(f"{n},{PARASITIZED if n % 2 else UNINFECTED}\n" for n in range(9))
    app = upload(start(), cells_zip=batch_zip(plain), labels_csv=f"file,label\n{rows}".encode())
    assert batch(app).evaluation.n == 9
    assert "1 without a label" in said(app)
    assert app.dataframe[0].value["file"].tolist() == ["9.png"]


@pytest.mark.parametrize("first", ["zip", "csv"])
def test_zip_and_csv_may_come_one_after_the_other(first: str) -> None:
    plain, csv = batch_zip({"a.png": png(0.9)}), f"file,label\na,{PARASITIZED}\n".encode()
    app = start()
    if first == "zip":
        assert "none of its images has a label" in said(upload(app, cells_zip=plain))
        upload(app, labels_csv=csv)
    else:
        assert "Now upload the zip" in said(upload(app, labels_csv=csv))
        upload(app, cells_zip=plain)
    assert batch(app).evaluation.n == 1


def test_a_csv_inside_the_zip_labels_it_where_folders_do_not() -> None:
    files = {
        "a.png": png(0.9),
        "b.png": png(0.2),
        "labels.csv": f"file,label\na,{PARASITIZED}\nb,{UNINFECTED}\n".encode(),
    }
    assert batch(upload(start(), cells_zip=batch_zip(files))).evaluation.n == 2


def test_synonyms_are_asked_about() -> None:
    app = upload(start(), cells_zip=batch_zip({"infected/a.png": png(0.9), "healthy/b.png": png(0.2)}))
    assert not app.header
    assert {box.label: box.value for box in app.selectbox if "image" in box.label} == {
        "“infected”, 1 image": PARASITIZED,
        "“healthy”, 1 image": UNINFECTED,
    }
    press(app, "Use these")
    assert batch(app).evaluation.confusion.n == 2


def test_a_word_without_a_meaning_has_to_be_given_one() -> None:
    app = upload(start(), cells_zip=batch_zip({"A/a.png": png(0.9), "B/b.png": png(0.2)}))
    press(app, "Use these")
    assert "For each word, choose what it means" in said(app)
    boxes = [box for box in app.selectbox if "image" in box.label]
    boxes[0].set_value(PARASITIZED)
    boxes[1].set_value("leave these out")
    press(app, "Use these")
    assert (batch(app).evaluation.n, batch(app).evaluation.left_out) == (1, 1)


def test_the_label_column_is_asked_for() -> None:
    csv = f"file,reader\na,{PARASITIZED}\n".encode()
    app = upload(start(), cells_zip=batch_zip({"a.png": png(0.9)}), labels_csv=csv)
    assert "The CSV has no column" in said(app)
    next(box for box in app.selectbox if "Which column" in box.label).set_value("reader").run()
    assert batch(settled(app)).evaluation.n == 1


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"cells_zip": b"no zip"}, "This is not a zip"),
        ({"cells_zip": batch_zip({"readme.txt": b"x"})}, "The zip holds no images"),
        ({"cells_zip": batch_zip({"a.png": b"x"})}, "none of its images has a label"),
        ({"cells_zip": batch_zip(), "more_zip": batch_zip()}, "Upload one zip"),
        ({"cells_zip": batch_zip(), "labels_csv": b""}, "The CSV is empty"),
        ({"cells_zip": batch_zip(), "labels_csv": b"\x00\x01\x02"}, "not text"),
        (
            {"cells_zip": batch_zip(), "labels_csv": b"file,label\nnobody,Parasitized\n"},
            "None of the images is named in the CSV. The images are Parasitized/",
        ),
    ],
    ids=["no zip", "no image", "no label", "two zips", "empty csv", "binary csv", "csv of others"],
)
def test_what_cannot_be_measured_is_a_sentence(files: dict[str, bytes], says: str) -> None:
    app = upload(start(), **files)
    assert says in said(app)
    assert not app.header


def test_broken_images_are_counted_and_listed_with_the_reason() -> None:
    broken = {f"Uninfected/{case.name}": case.make() for case in REFUSED[:5]}
    app = upload(start(), cells_zip=batch_zip(cells() | broken | {"notes.txt": b"x"}))
    assert "5 could not be read" in said(app)
    listed = dict(app.dataframe[0].value.itertuples(index=False))
    assert set(broken) | {"notes.txt"} == set(listed)
    assert all(REFUSED[n].says in listed[f"Uninfected/{REFUSED[n].name}"] for n in range(5))
    assert not any(why.startswith(file) for file, why in listed.items())  # its name stands beside the reason already


def test_a_zip_that_holds_itself_twice_counts_once() -> None:
    twice = cells() | {f"cell_images/{name}": data for name, data in cells().items()}
    app = upload(start(), cells_zip=batch_zip(twice))
    assert batch(app).evaluation.n == batch(upload(start(), cells_zip=batch_zip())).evaluation.n
    assert f"{len(cells())} copies of others, counted once" in said(app)


def test_a_csv_of_bare_names_labels_a_zip_that_holds_itself_twice() -> None:
    named = {f"{folder}/{n}.png": data for n, data in enumerate(cells().values()) for folder in "ab"}
    labels = "".join(f"{n}.png,{name.split('/')[0]}\n" for n, name in enumerate(cells()))
    app = upload(start(), cells_zip=batch_zip(named), labels_csv=f"file,label\n{labels}".encode())
    assert batch(app).evaluation.n == batch(upload(start(), cells_zip=batch_zip())).evaluation.n
    assert f"{len(cells())} copies of others, counted once" in said(app)


def test_all_images_broken_is_a_dash_with_the_reason() -> None:
    app = upload(start(), cells_zip=batch_zip({f"{label}/a.png": b"x" for label in CLASSES}))
    assert "No cell is labelled parasitized. No cell is labelled uninfected." in said(app)
    assert "There are no labelled cells." in figures(app)


def test_a_curve_that_one_class_cannot_have_is_a_dash_with_the_reason() -> None:
    one_class = {name: data for name, data in cells().items() if name.startswith(PARASITIZED)}
    app = start(view="Curves")
    upload(app, cells_zip=batch_zip(one_class))
    assert "ROC curve:** –. No cell is labelled uninfected." in said(app)
    assert "Precision-recall curve" in said(app)
    assert len(app.get("plotly_chart")) == 2


def test_a_csv_without_a_column_of_files_is_not_asked_for_that_of_labels() -> None:
    app = upload(start(), cells_zip=batch_zip({"a.png": png(0.9)}), labels_csv=b"picture,reader\na,Parasitized\n")
    assert "The CSV has no column file" in said(app)
    assert not any("column" in box.label for box in app.selectbox)


def test_an_unknown_example_is_a_sentence() -> None:
    assert "There is no example called [x](y)." in said(start(example="[x](y)"))


def test_a_folder_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, data in cells().items():
        (tmp_path / "cells" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "cells" / name).write_bytes(data)
    assert not any("folder" in button.label for button in start().button)
    monkeypatch.setattr("sys.argv", ["streamlit_app.py", "--data", str(tmp_path / "cells")])
    app = press(start(), "Evaluate the folder")
    assert batch(app).evaluation.n == 60


def test_the_folder_is_what_follows_data(monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments, expected in [([], None), (["--data", "x"], Path("x")), (["--data"], None), (["--other"], None)]:
        monkeypatch.setattr("sys.argv", ["streamlit_app.py", *arguments])
        assert get_data_folder() == expected


# Out


def test_moving_the_threshold_asks_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    app = upload(start(), cells_zip=batch_zip())
    monkeypatch.setattr(Classifier, "score", None)
    monkeypatch.setattr(Classifier, "predict_pixels", None)
    app.slider(key=SLIDER).set_value(0.95).run()
    assert "finds 0.0 % of the parasitized cells" in said(app)
    assert field(app, "false negative") == 30
    assert app.query_params["threshold"] in ("0.95", ["0.95"])


def test_the_exact_threshold_and_the_slider_are_one() -> None:
    app = upload(start(), cells_zip=batch_zip())
    app.number_input(key="batch.threshold.exact").set_value(0.12345).run()
    assert batch(app).threshold == 0.12345
    (slider,) = app.slider
    assert slider.value == pytest.approx(0.123)
    slider.set_value(0.7).run()
    assert next(entry.value for entry in app.number_input if entry.label == "Exact threshold") == pytest.approx(0.7)


@pytest.mark.parametrize(("name", "target"), [("specificity", 95.0), ("specificity", 100.0), ("sensitivity", 95.0)])
def test_one_click_sets_the_threshold_for_a_wanted_rate(name: str, target: float) -> None:
    app = upload(start(), cells_zip=batch_zip())
    app.number_input(key=f"batch.target.{name}").set_value(target).run()
    app.button(key=f"batch.set.{name}").click().run()
    found = batch(app)
    curve = found.evaluation.curve
    find = curve.threshold_for_specificity if name == "specificity" else curve.threshold_for_sensitivity
    assert found.threshold == find(target / 100)
    reached = found.evaluation.rates[name].value
    assert reached is not None
    assert reached >= target / 100
    press(app, "The model’s own")
    assert batch(app).threshold == 0.5


def test_threshold_and_model_are_in_the_address() -> None:
    app = start(example="synthetic", threshold="0.31", model="second")
    assert (batch(app).threshold, batch(app).model) == (0.31, "second")
    assert batch(start(example="synthetic", threshold="seven")).threshold == 0.5


def test_every_count_opens_its_gallery_and_closes_it_again() -> None:
    app = upload(start(), cells_zip=batch_zip())
    for words, n in [("true positive", 27), ("false negative", 3), ("false positive", 3), ("true negative", 27)]:
        press(app, f"*{words}*")
        assert f"**{n} {words}s**" in said(app)
        shown = [button for button in app.button if str(button.key).startswith("batch-cell-")]
        assert len(shown) == min(n, 16)
        assert all("data:image/jpeg;base64," in button.label for button in shown)
    press(app, "*true negative*")
    assert "**6 cells where model and label disagree**" in said(app)


def test_a_cell_opens_on_the_single_cell_page_which_says_its_label_and_leads_back() -> None:
    app = press(upload(start(), cells_zip=batch_zip()), "*false negative*")
    worst = batch(app).cells(PARASITIZED, UNINFECTED).iloc[0]
    next(button for button in app.button if str(button.key).startswith("batch-cell-")).click().run()
    press(app, "See where the model looked")
    assert app.title[0].value.endswith("Single cell")
    (brought,) = app.session_state["single_cell.cells"]
    assert (brought.file, brought.image_id) == (worst["file"], worst["image_id"])
    assert "From **cells.zip**: the given label is **Parasitized**, and the model says **Uninfected**." in said(app)
    assert any("Back to the batch" in link.proto.label for link in app.get("page_link"))
    app.switch_page(PAGE).run()
    assert "**1 of 3 false negatives**" in said(settled(app))


@pytest.mark.parametrize("view", ["Rates", "Curves", "Calibration", "Patients", "Readings", "Two models"])
@pytest.mark.parametrize(
    "files",
    [cells(), {f"{PARASITIZED}/a.png": png(0.9)}, {f"{label}/a.png": png(0.4) for label in CLASSES}],
    ids=["cells", "one cell", "ties"],
)
def test_every_view_can_be_drawn(view: str, files: dict[str, bytes]) -> None:
    app = upload(start(view=view), cells_zip=batch_zip(files))
    assert not app.error
    charts = app.get("plotly_chart")
    assert all(chart.proto.alt for chart in charts)
    assert bool(charts) == (view in ("Curves", "Calibration") or (view == "Patients" and len(files) > 2))


def test_corrections_show_three_readings_and_any_of_them_can_be_measured_by() -> None:
    wrong = [name for n, name in enumerate(cells()) if n % 30 == 0]
    csv = "file,corrected_label\n" + "".join(
        f"{name},{UNINFECTED if name.startswith(PARASITIZED) else PARASITIZED}\n" for name in wrong
    )
    app = upload(start(view="Readings"), cells_zip=batch_zip(), corrections_csv=csv.encode())
    assert "**2 labels were corrected**: 1 to parasitized, 1 to uninfected" in said(app)
    assert "Three readings" in figures(app)
    assert batch(app).evaluation.confusion.fn == 3
    app.get("button_group")[0].set_value("re-read").run()
    assert batch(app).evaluation.confusion.fn == 2
    app.get("button_group")[0].set_value("undisputed").run()
    assert batch(app).evaluation.n == 58


def test_corrections_from_label_review_are_taken_up() -> None:
    app = upload(start(view="Readings"), cells_zip=batch_zip())
    assert "This batch has no corrected labels" in said(app)
    name = next(iter(cells()))
    app.session_state[CORRECTIONS] = Labels("corrected_label", {}, {batch(app).table["image_id"][0]: UNINFECTED})
    assert batch(app).table["file"][0] == name
    app.run()
    assert "**1 label was corrected**: 0 to parasitized, 1 to uninfected" in said(app)


def test_two_models_on_the_same_cells() -> None:
    app = upload(start(view="Two models"), cells_zip=batch_zip())
    app.selectbox(key="batch.other").set_value("second").run()
    settled(app)
    assert "McNemar" in said(app)
    assert "cell-resnet at threshold 0.5" in figures(app)
    assert "second at threshold 0.85" in figures(app)
    assert "on which they differ" in said(app)


def test_another_model_answers_the_same_batch() -> None:
    app = upload(start(), cells_zip=batch_zip())
    app.sidebar.selectbox(key="model").set_value("second").run()
    settled(app)
    assert (batch(app).model, batch(app).threshold) == ("second", 0.85)


@pytest.mark.parametrize(
    ("stem", "patient", "says"),
    [
        ("C103P3ThinF_IMG_8", "C103P3", "was trained on 2 of these cells, so these figures flatter it."),
        ("other", "C103P3", "was trained on other cells from the same patients as 12 of these cells"),
        ("other", "C999", ""),
    ],
    ids=["cells", "patients", "nothing"],
)
def test_a_model_measured_on_what_it_learned_is_said_to_be_flattered(
    models: Path, stem: str, patient: str, says: str
) -> None:
    write_held_out(models / "cell-resnet", f"{stem}.png,{patient},Parasitized,Parasitized,0.9")
    words = said(upload(start(), cells_zip=batch_zip())).replace("**", "")
    assert says in words
    assert ("was trained on" in words) == bool(says)


def test_that_it_flatters_goes_wherever_the_figures_go(models: Path) -> None:
    write_held_out(models / "cell-resnet", "C103P3ThinF_IMG_8.png,C103P3,Parasitized,Parasitized,0.9")
    app = upload(start(), cells_zip=batch_zip())
    says = "was trained on 2 of these cells, so these figures flatter it."
    found = batch(app)
    assert says in report(found)
    assert says in json.loads(write_figures(found))["warning"]
    press(app, "What this means for a whole sample")
    assert says in said(app)
    app.switch_page("pages/4_Sample_threshold.py")
    app.query_params["section"] = "Trust"
    app.run()
    assert "The patients of this batch, decided by the rule" in said(app)
    assert "held-out patients" not in said(app)


# Relabelling


def journal() -> list[Decision]:
    return CsvJournal(os.environ[ENVIRONMENT]).read().rows if Path(os.environ[ENVIRONMENT]).exists() else []


def relabel(app: AppTest, words: str) -> AppTest:
    """Click what relabels the cells behind one count."""
    return settled(app.button(key=f"batch-{words}-relabel").click().run())


def test_a_mistake_is_relabelled_beside_the_matrix_and_the_figures_follow() -> None:
    app = relabel(upload(start(annotator="ann"), cells_zip=batch_zip()), "missed")
    assert "**1 of 3 false negatives**, 0 decided" in said(app)
    assert "Corrected figures" not in figures(app)
    worst = batch(app).cells(PARASITIZED, UNINFECTED).iloc[0]

    press(app, "Uninfected")
    (row,) = journal()
    assert (row.annotator, row.image_id, row.file) == ("ann", worst["image_id"], worst["file"])
    assert (row.given_label, row.final_answer, row.corrected_label) == (PARASITIZED, UNINFECTED, UNINFECTED)
    assert (row.p_parasitized, row.model, row.threshold, row.blind) == (
        pytest.approx(worst["p_parasitized"]),
        "cell-resnet",
        0.5,
        False,
    )
    assert "**2 of 3 false negatives**, 1 decided" in said(app)
    shown = figures(app)
    assert "Corrected figures" in shown
    assert "27\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}30" in shown
    assert "27\N{NO-BREAK SPACE}of\N{NO-BREAK SPACE}29" in shown
    words = "you relabelled 1 of the 6 cells where it and the given label disagree, but none of the 54 where they agree"
    assert f"You changed 1 label. These figures favour the model: {words}." in said(app)
    assert field(app, "false negative") == 3  # the matrix goes by the labels as given
    assert "python -m malaria train cells.zip --architecture" in app.code[0].value
    assert "--corrections corrected_labels.csv" in app.code[0].value
    assert {"Corrections (CSV)", "Corrected labels (CSV)"} <= {one.proto.label for one in app.get("download_button")}

    press(app, "Undo")
    assert "Corrected figures" not in figures(app)
    assert "**1 of 3 false negatives**, 0 decided" in said(app)
    assert len(journal()) == 2  # rows are only ever added


def test_next_and_previous_go_round_and_an_answer_goes_on_from_where_it_was_given() -> None:
    app = relabel(upload(start(annotator="ann"), cells_zip=batch_zip()), "missed")
    for move, place in (("Next", 2), ("Next", 3), ("Next", 1), ("Previous", 3), ("Previous", 2)):
        press(app, move)
        assert f"**{place} of 3 false negatives**" in said(app)
    press(app, "Not usable")
    assert "**3 of 3 false negatives**, 1 decided" in said(app)
    press(app, "Parasitized")
    assert "**1 of 3 false negatives**, 2 decided" in said(app)
    assert "1 cell without a clear answer is left out." in said(app)
    press(app, "Uninfected")
    assert app.success[0].value == "You have decided on all 3 false negatives."
    press(app, "Previous")
    assert "**3 of 3 false negatives**" in said(app)
    press(app, "All pictures")
    faces = [button.label for button in app.button if str(button.key).startswith("batch-cell-")]
    assert [face.split("**")[-2] for face in faces] == ["Uninfected", "Not usable", "Parasitized"]


def test_the_given_label_stays_the_given_one_where_another_reading_counts() -> None:
    name = next(name for name in cells() if name.startswith(UNINFECTED))
    csv = f"file,corrected_label\n{name},{PARASITIZED}\n"
    app = upload(start(annotator="ann"), cells_zip=batch_zip(), corrections_csv=csv.encode())
    app.get("button_group")[0].set_value("re-read").run()
    row = batch(app).table.set_index("file").loc[name]
    assert row["given_label"] == PARASITIZED
    relabel(app, "found" if row["label"] == PARASITIZED else "missed")
    for _ in range(40):
        if not any("Not sure" in button.label for button in app.button) or name in [one.file for one in journal()]:
            break
        press(app, "Not sure")
    assert {one.given_label for one in journal() if one.file == name} == {UNINFECTED}


def test_two_annotators_of_one_journal_never_see_each_others_work() -> None:
    mine, theirs = (upload(start(annotator=name), cells_zip=batch_zip()) for name in ("ann", "bob"))
    press(relabel(mine, "missed"), "Uninfected")
    relabel(theirs, "missed")
    assert "**1 of 3 false negatives**, 0 decided" in said(theirs)
    assert "Corrected figures" not in figures(theirs)
    press(theirs, "Not usable")
    mine.run()
    assert "You changed 1 label." in said(mine)
    assert "left out" not in said(mine)
    assert sorted(row.annotator for row in journal()) == ["ann", "bob"]


def test_who_decides_nothing_needs_no_journal_and_who_does_is_told_that_it_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corrections.csv").write_text("a,b\n1,2\n")
    app = upload(start(), cells_zip=batch_zip())
    assert not app.error
    relabel(app, "missed")
    assert len(app.error) == 1
    assert field(app, "false negative") == 3
    assert any("Report (HTML)" in one.proto.label for one in app.get("download_button"))


# Over time


def test_nothing_is_lost_by_looking_at_another_page() -> None:
    app = upload(start(), cells_zip=batch_zip())
    app.slider(key=SLIDER).set_value(0.3).run()
    press(app, "*false negative*")
    before = said(app)
    app.switch_page("pages/1_Single_cell.py").run()
    app.switch_page(PAGE).run()
    assert said(settled(app)) == before


def test_scoring_can_be_stopped_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    app = start()
    begin = Scoring.start

    def begin_and_stop(scoring: Scoring) -> None:
        begin(scoring)
        scoring.stop()
        scoring.wait(60)

    many = {
        f"{label}/{n}.png": png(p, 12 + n) for label, p in zip(CLASSES, (0.9, 0.8), strict=True) for n in range(400)
    }
    with monkeypatch.context() as patch:
        patch.setattr(Scoring, "start", begin_and_stop)
        upload(app, cells_zip=batch_zip(many))
    assert "Stopped after" in said(app)
    press(app, "Go on")
    assert "Stopped after" not in said(app)
    assert batch(app).evaluation.n == 800


def test_an_upload_takes_the_place_of_the_example_and_the_other_way_round() -> None:
    app = upload(start(example="synthetic"), cells_zip=batch_zip())
    assert not batch(app).synthetic
    assert "example" not in app.query_params
    press(app, "Try it on")
    assert batch(app).synthetic
    press(app, "Close this batch")
    assert "The figures appear here" in said(app)


def test_two_sessions_never_see_each_others_batch() -> None:
    mine, theirs = start(), start()
    upload(mine, cells_zip=batch_zip())
    theirs.run()
    assert "The figures appear here" in said(theirs)
    assert BATCH not in theirs.session_state


def test_the_rates_go_to_the_sample_page() -> None:
    app = upload(start(), cells_zip=batch_zip())
    app.slider(key=SLIDER).set_value(0.6).run()
    press(app, "What this means for a whole sample")
    assert app.title[0].value.endswith("Sample threshold")
    assert "measured on cells.zip by cell-resnet" in said(app)


def test_the_mistakes_go_to_label_review() -> None:
    app = press(upload(start(), cells_zip=batch_zip()), "Review the labels, 6 mistakes among them")
    assert app.title[0].value.endswith("Label review")


def test_file_names_are_shown_as_they_are() -> None:
    name = "<b>[x](http://example.org)$y$.png"
    app = upload(start(), cells_zip=batch_zip({f"{PARASITIZED}/a.png": png(0.9), name: png(0.9)}))
    assert app.dataframe[0].value["file"].tolist() == [name]
