"""The smear triage page as a script: fields in, suspects decided by keys into the journal, the sample's figures out."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from malaria import phantom
from malaria.labels import PARASITIZED
from malaria.review import CsvJournal, Log
from malaria.sample import CellRates, estimate_parasitaemia
from malaria.smear import Box
from malaria.ui.frame import ROOT
from malaria.ui.review.places import ENVIRONMENT
from malaria.ui.smear.bench import Bench
from malaria.ui.smear.drawing import Mark, drawn, window_around
from malaria.ui.smear.words import KEYS
from tests.review.test_journal import full_disk

PAGE = "pages/5_Smear_triage.py"
FIELD = phantom.field(seed=5, cells=40, parasitaemia=0.1, width=800, height=600)


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CsvJournal:
    """Where the app keeps decisions in these tests."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "corrections.csv"))
    return CsvJournal(tmp_path / "corrections.csv")


def start(example: str | None = "synthetic") -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(PAGE)
    app.query_params["annotator"] = "ann"
    if example:
        app.query_params["example"] = example
    return app.run()


def upload(app: AppTest, files: list[tuple[str, bytes]]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files])
    app.run()
    assert not app.exception
    return app


def key(app: AppTest, letter: str) -> AppTest:
    """Press the button that has this key."""
    next(button for button in app.button if button.proto.shortcut.upper() == letter.upper()).click()
    app.run()
    assert not app.exception
    return app


def bench(app: AppTest) -> Bench:
    found: Bench = app.session_state["smear.bench"][1]
    return found


def said(app: AppTest) -> str:
    """All that the page says, as its reader sees it."""
    parts = [*app.error, *app.warning, *app.info, *app.success, *app.markdown, *app.caption]
    bars = [element.proto.text for element in app.get("progress")]
    return re.sub(r"\\([\W_])", r"\1", "\n".join([*(str(part.value) for part in parts), *bars]))


def figures(app: AppTest, column: str) -> dict[str, str]:
    return dict(app.table[0].value[column])


def blank(level: int = 255) -> bytes:
    return cv2.imencode(".png", np.full((300, 400, 3), level, np.uint8))[1].tobytes()


# From a field to suspects


def test_one_click_gives_ranked_suspects_with_their_places() -> None:
    app = start(example=None)
    app.button[0].click().run()
    assert app.query_params["example"] == "synthetic"
    assert not app.error
    assert "0 of" in said(app)
    suspects = [button.label for button in app.button if "Suspect" in button.label]
    assert len(suspects) == len(bench(app).suspects) >= 10
    assert "**1** · p above 0.999 · " in suspects[0]
    assert "of field" in suspects[0]
    p = [cell.p_parasitized for cell in bench(app).suspects]
    assert p == sorted(p, reverse=True)


def test_own_fields_are_pooled_and_what_cannot_be_used_says_why() -> None:
    other = phantom.field(seed=6, slide=5, cells=30, parasitaemia=0.1, width=800, height=600)
    files = [("a.png", FIELD.png), ("a.png", other.png), ("again.png", FIELD.png), ("no.png", b"not an image")]
    app = upload(start(example=None), files)
    assert list(bench(app).fields) == ["a.png", "a.png (2)"]
    assert "again.png was given more than once, and counts once." in said(app)
    assert any("no.png" in error.value.replace("\\", "") for error in app.error)
    shown = app.dataframe[0].value
    assert list(shown["Field"]) == ["a.png", "a.png (2)", "no.png"]
    assert int(figures(app, "Machine alone")["Red cells"]) == sum(int(n) for n in shown["Red cells"][:2]) >= 60
    assert "Not read" in shown["Quality"].iloc[2]


def test_a_field_without_cells_is_warned_about_and_still_allowed() -> None:
    app = upload(start(example=None), [("white.png", blank())])
    assert "pure white" in said(app)
    assert "No red cell reaches the threshold" in said(app)
    assert figures(app, "With your decisions")["Parasitaemia"] == "–"


def test_what_is_no_image_at_all_is_one_sentence() -> None:
    app = upload(start(example=None), [("x.png", b"PK\x03\x04 not a zip")])
    assert len(app.error) == 1
    assert not app.table


def test_names_cannot_write_markdown_or_leave_their_place() -> None:
    app = upload(start(example=None), [("![x](http://evil)<b>.png", blank())])
    assert not any("![x](http" in part.value for part in [*app.warning, *app.markdown, *app.caption])


def test_a_lower_threshold_shows_more_suspects() -> None:
    app = start()
    before = len(bench(app).suspects)
    app.slider[0].set_value(0.01).run()
    assert len(bench(app).suspects) > before


# Decisions


def test_keys_decide_and_everything_is_in_the_journal(journal: CsvJournal) -> None:
    app = start()
    first = bench(app).suspects[:4]
    for letter in KEYS.values():
        key(app, letter)
    assert f"4 of {len(bench(app).suspects)}** suspects decided" in said(app)
    rows = Log(journal).state.rows
    assert [(row.image_id, row.final_answer) for row in rows] == [
        (cell.image_id, answer) for cell, answer in zip(first, KEYS, strict=True)
    ]
    assert {row.annotator for row in rows} == {"ann"}
    assert rows[0].file == first[0].name
    assert re.fullmatch(r"SYNTHETIC_field_\d+\.png#xywh=\d+,\d+,\d+,\d+", rows[0].file)
    assert (rows[0].model, rows[0].threshold) == (bench(app).triage.model, bench(app).triage.threshold)


def test_a_reload_finds_every_decision_again_and_undo_takes_the_last_back(journal: CsvJournal) -> None:
    key(key(start(), KEYS[PARASITIZED]), "U")
    app = start()
    second = bench(app).suspects[1]
    assert len(bench(app).answers) == 2
    assert bench(app).chosen is bench(app).suspects[2]
    key(app, "Z")
    assert bench(app).chosen is second
    assert list(bench(app).answers) == [bench(app).suspects[0].image_id]
    assert "nothing left to undo" in said(key(key(app, "Z"), "Z"))


def test_an_answer_can_be_changed_and_both_are_on_record(journal: CsvJournal) -> None:
    app = start()
    key(app, "P")
    next(button for button in app.button if "![Suspect]" in button.label).click()
    app.run()
    assert "You: **confirmed**" in said(app)
    assert app.session_state["smear.zoom"] != "Whole field"
    key(app, "U")
    rows = Log(journal).state.rows
    assert (rows[1].first_answer, rows[1].final_answer) == ("Parasitized", "Uninfected")
    assert rows[1].supersedes == rows[0].decided_at


def test_a_key_pressed_twice_answers_one_cell(journal: CsvJournal) -> None:
    app = start()
    desk = bench(app)
    token = desk.token
    desk.answer(token, PARASITIZED)
    desk.answer(token, PARASITIZED)
    assert len(Log(journal).state.rows) == 1


def test_missed_cells_are_added_and_wrong_outlines_removed(journal: CsvJournal) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    desk = bench(app)
    found = desk.triage.red_cells
    passed_over = list(desk.red_cells.values())[-1]
    assert desk.at("a.png", *passed_over.box.centre) is passed_over
    ground = next(
        (x, y)
        for y in range(40, 560, 5)
        for x in range(40, 760, 5)
        if desk.at("a.png", x, y).outline is None and desk.at("a.png", x, y).box.shared_area(desk.suspects[0].box) == 0
    )
    for cell, letter in ((passed_over, "P"), (desk.at("a.png", *ground), "P"), (desk.suspects[0], "X")):
        desk.choose(cell)
        key(app.run(), letter)
    assert figures(app, "With your decisions")["Parasitized"] == "2"
    assert figures(app, "With your decisions")["Red cells"] == str(found + 1 - 1)
    again = bench(upload(start(example=None), [("a.png", FIELD.png)]))
    assert [cell.box for cell in again.added] == [desk.added[0].box]
    assert again.cells_counted == found


def test_a_full_disk_stops_the_queue_and_loses_nothing(journal: CsvJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    app = start()
    make_room = full_disk(monkeypatch, after=0)
    key(app, "P")
    assert "1 decision is not kept yet" in said(app)
    assert not any(button.label == "Confirm" for button in app.button)
    make_room()
    next(button for button in app.button if button.label == "Try again").click()
    app.run()
    assert len(Log(journal).state.rows) == 1
    assert bench(app).chosen is bench(app).suspects[1]


# The result


def test_the_result_follows_the_decisions_and_stands_beside_ones_own_count() -> None:
    app = start()
    assert figures(app, "With your decisions")["Parasitized"] == "0"
    n = len(bench(app).suspects)
    for _ in range(n):
        key(app, "P")
    assert "Every suspect is decided" in said(app)
    assert "Provisional" not in said(app)
    assert figures(app, "With your decisions")["Parasitized"] == str(n)
    for at, count in enumerate((1000, 10, 3)):
        app.number_input(key=f"smear.manual.{at}").set_value(count)
    app.run()
    own = figures(app, "Your own count")
    estimate = estimate_parasitaemia(10, 1000, CellRates(1, 0))
    assert own["Parasitaemia"].startswith("1 % (")
    assert f"{100 * estimate.interval.high:.2f}" in own["Parasitaemia"]
    assert own["Parasites per microlitre"].startswith("50,000/µL")
    assert own["Leukocytes"] == "3"


def test_a_count_that_cannot_be_is_told_and_not_used() -> None:
    app = start()
    app.number_input(key="smear.manual.0").set_value(5)
    app.number_input(key="smear.manual.1").set_value(6)
    app.run()
    assert "more parasitized cells than cells" in said(app)
    assert figures(app, "Your own count")["Parasitaemia"] == "–"


@pytest.mark.parametrize(("wished", "words"), [(200, "are still missing"), (1_000_000, "there are enough")])
def test_says_how_many_cells_are_still_needed(wished: int, words: str) -> None:
    app = start()
    app.number_input(key="smear.wished").set_value(wished).run()
    assert words in said(app)


# Drawing


@pytest.mark.parametrize("box", [Box(0, 0, 20, 20), Box(390, 280, 20, 20), Box(200, 150, 20, 20), Box(-5, -5, 9, 9)])
def test_a_window_lies_inside_the_field(box: Box) -> None:
    window = window_around(box, 400, 300, 160)
    assert (window.width, window.height) == (160, 120)
    assert min(window.x, window.y) >= 0
    assert window.x + window.width <= 400
    assert window.y + window.height <= 300
    assert window.shared_area(box)


def test_shapes_differ_without_colour_and_the_field_stays_as_it_was() -> None:
    field = np.full((300, 400, 3), 200, np.uint8)
    whole, box = Box(0, 0, 400, 300), Box(150, 120, 60, 60)
    pictures = [drawn(field, whole, [Mark(box, None, shape, "1")], 1.0) for shape in ("square", "diamond")]
    masks = [(picture != field).any(axis=2) for picture in pictures]
    assert (field == 200).all()
    assert (masks[0] ^ masks[1]).sum() > 300
    assert not masks[0][140:160, 170:190].any(), "nothing is drawn over the cell itself"


def test_a_crowd_of_suspects_does_not_hide_the_cells_under_numbers() -> None:
    field = np.full((960, 1280, 3), 200, np.uint8)
    boxes = [Box(x, y, 60, 60) for x in range(60, 1200, 120) for y in range(60, 900, 120)]

    def covered(marks: list[Mark]) -> float:
        return float((drawn(field, Box(0, 0, 1280, 960), marks, 1.0) != field).any(axis=2).mean()) / len(marks)

    diamonds = [Mark(box, None, "diamond", str(100 + at)) for at, box in enumerate(boxes)]
    assert covered(diamonds) < 0.5 * covered(diamonds[:5])
