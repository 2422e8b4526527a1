"""The smear triage page as a script: fields in, suspects decided by keys into the journal, the sample's figures out."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from malaria import phantom
from malaria.images import ImageFile
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model.classifier import DEFAULT_MODEL, load
from malaria.review import CsvJournal, Log
from malaria.sample import CellRates, estimate_parasitaemia
from malaria.smear import Box, Cell, Refused, Sample, triage_field
from malaria.smear.drawing import draw_outlines, window_around
from malaria.smear.field.leukocyte_types import LeukocyteType
from malaria.smear.field.spots import SPOT_FEATURES
from malaria.smear.session import TriageSession
from malaria.ui.parts.account import SHARED
from malaria.ui.parts.answer_keys import KEYS
from malaria.ui.parts.frame import ROOT
from malaria.ui.parts.journal import ENVIRONMENT
from malaria.ui.parts.marked_field import SURE
from tests.pages.test_review import sent
from tests.review.test_journal import full_disk

BY_ANN = "Decided by ann"
PAGE = "pages/5_Smear_triage.py"
FIELD = phantom.field(seed=5, cells=40, parasitaemia=0.1, width=800, height=600)


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CsvJournal:
    """Where the app keeps decisions in these tests."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "corrections.csv"))
    return CsvJournal(tmp_path / "corrections.csv")


def start(example: str | None = "synthetic", annotator: str = "ann") -> AppTest:
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(PAGE)
    app.query_params["annotator"] = annotator
    if example:
        app.query_params["example"] = example
    return settled(app.run())


def until(app: AppTest, condition: Callable[[], bool]) -> AppTest:
    """Draw the page again, as it does by itself in a browser, until something is so."""
    for _ in range(1200):
        if condition():
            break
        time.sleep(0.05)
        app.run()
    assert condition()
    assert not app.exception
    return app


def settled(app: AppTest) -> AppTest:
    """Wait until no field is being triaged."""
    return until(app, lambda: not any(button.label == "Stop" for button in app.button))


def given(app: AppTest, files: list[tuple[str, bytes]]) -> AppTest:
    uploader = next(one for one in app.file_uploader if "Your own fields" in one.label)
    uploader.set_value([(name, data, "application/octet-stream") for name, data in files])
    return app.run()


def upload(app: AppTest, files: list[tuple[str, bytes]]) -> AppTest:
    return settled(given(app, files))


class Gate:
    """Lets one field after the other be triaged; a field whose name is in `broken` is a fault of ours."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, broken: str = "") -> None:
        self.open = threading.Semaphore(0)
        self.broken = broken
        monkeypatch.setattr("malaria.smear.sample.triage_field", self.triage)

    def triage(self, rgb: Any, classifier: Any, field: str, head: Any) -> Any:
        assert self.open.acquire(timeout=60)
        if field == self.broken:
            raise RuntimeError("a fault")
        return triage_field(rgb, classifier, field, head)


def key(app: AppTest, letter: str) -> AppTest:
    """Press the button that has this key."""
    next(button for button in app.button if button.proto.shortcut.upper() == letter.upper()).click()
    app.run()
    assert not app.exception
    return app


def press(app: AppTest, words: str) -> AppTest:
    """Press the first button that is called so."""
    next(button for button in app.button if button.label == words).click()
    return app.run()


def session(app: AppTest) -> TriageSession:
    found: TriageSession = app.session_state["smear.session"][1]
    return found


def said(app: AppTest) -> str:
    """All that the page says, as its reader sees it."""
    parts = [*app.error, *app.warning, *app.info, *app.success, *app.markdown, *app.caption]
    bars = [element.proto.text for element in app.get("progress")]
    return re.sub(r"\\([\W_])", r"\1", "\n".join([*(str(part.value) for part in parts), *bars]))


def labels(app: AppTest) -> str:
    return re.sub(r"\\([\W_])", r"\1", "\n".join(button.label for button in app.button))


def bare_ground(found: TriageSession) -> Cell:
    """A cell that was missed, far from any suspect, in the field `FIELD`."""
    name = next(iter(found.cells.fields))
    places = (found.cells.at(name, x, y) for y in range(40, 560, 5) for x in range(40, 760, 5))
    return next(cell for cell in places if cell.outline is None and not cell.box.shared_area(found.suspects[0].box))


def figures(app: AppTest, column: str) -> dict[str, str]:
    return dict(app.table[0].value[column])


def in_view(app: AppTest) -> tuple[int, ...]:
    """Where the part in view begins and ends, across and down, in percent of the field."""
    found = re.search(r"In view: (\d+) to (\d+) % across, (\d+) to (\d+) % down", said(app))
    assert found
    return tuple(map(int, found.groups()))


def look(app: AppTest, way: str) -> AppTest:
    """Press the button that moves what is in view."""
    return app.button(key=f"smear-{way}").click().run()


def paths(app: AppTest) -> dict[str, tuple[int, ...]]:
    """Where in the page each expander is, by the start of its label: an element that moves begins anew in a browser."""

    def below(block: Any, path: tuple[int, ...]) -> Iterator[tuple[str, tuple[int, ...]]]:
        if block.type == "expander":
            yield block.label.split(" (")[0], path
        for at, child in getattr(block, "children", {}).items():
            yield from below(child, (*path, at))

    return dict(below(app.main, ()))


def blank(level: int = 255) -> bytes:
    return cv2.imencode(".png", np.full((300, 400, 3), level, np.uint8))[1].tobytes()


def dim(seed: int) -> bytes:
    """A small field that counts, though it is told as dark."""
    rgb = phantom.field(seed=seed, diameter=40, cells=25, leukocytes=1, width=400, height=300).rgb
    return cv2.imencode(".png", (0.36 * rgb[..., ::-1]).astype(np.uint8))[1].tobytes()


# From a field to suspects


def test_one_click_gives_ranked_suspects_with_their_places() -> None:
    app = start(example=None)
    settled(app.button[0].click().run())
    assert app.query_params["example"] == "synthetic"
    assert not app.error
    assert "0 of" in said(app)
    suspects = [button.label for button in app.button if "Suspect" in button.label]
    assert len(suspects) == len(session(app).suspects) >= 10
    assert re.search(r"\*\*[AB]1\*\* · p above 0.999 · (upper|lower|left|right|centre)", suspects[0])
    p = [cell.p_parasitized for cell in session(app).suspects]
    assert p == sorted(p, reverse=True)


def test_own_fields_are_pooled_and_what_cannot_be_used_says_why() -> None:
    other = phantom.field(seed=6, slide=5, cells=30, parasitaemia=0.1, width=800, height=600)
    files = [("a.png", FIELD.png), ("a.png", other.png), ("again.png", FIELD.png), ("no.png", b"not an image")]
    app = upload(start(example=None), files)
    second = f"a.png ({ImageFile('a.png', other.png).image_id[:8]})"  # type: ignore[index]
    assert list(session(app).cells.fields) == ["a.png", second]
    same = "again.png is the same file as a.png, and is not counted again."
    assert same in said(app)
    assert [copy.sentence for copy in session(app).triage.copies] == [same]
    assert any("no.png" in error.value.replace("\\", "") for error in app.error)
    shown = app.dataframe[0].value
    assert list(shown["Field"]) == ["A · a.png", f"B · {second}", "C · no.png"]
    assert int(figures(app, "Machine alone")["Red cells"]) == sum(int(n) for n in shown["Red cells"][:2]) >= 60
    assert shown["Quality"].iloc[2].startswith("Rejected: ")


def test_a_field_without_cells_is_left_out_with_the_reason_and_still_allowed() -> None:
    app = upload(start(example=None), [("white.png", blank())])
    assert "white.png: Left out as unusable. 100 % of it is pure white" in said(app)
    press(app, "Count it anyway")
    assert "No red cell reaches the threshold" in said(app)
    assert figures(app, "Machine alone")["Parasitaemia"] == "–"
    session(app).choose(session(app).at(200, 150))
    app.session_state["smear.zoom"] = "4 cells"
    app.run()
    assert not app.error
    assert key(app, "P").table[0].value[BY_ANN]["Red cells"] == "1"


def test_one_looks_closer_at_any_field_and_about_it_and_what_is_chosen_stays() -> None:
    app = start()
    found = session(app)
    chosen, token = found.current, found.token
    assert chosen is not None
    assert "In view" not in said(app)
    assert not any(button.label == "Left" for button in app.button)
    found.field = next(name for name in found.cells.fields if name != chosen.field)
    app.session_state["smear.zoom"] = "4 cells"
    left, right, top, bottom = in_view(app.run())
    assert (left + right, top + bottom) == (100, 100), "the middle, at first"
    seen = {left, right}
    for _ in range(9):
        if app.button(key="smear-Right").disabled:
            break
        seen.update(in_view(look(app, "Right"))[:2])
    assert in_view(app)[1] == 100
    assert in_view(app)[2:] == (top, bottom)
    assert len(seen) > 3, "by less than a window, so that no cell is cut twice"
    assert in_view(look(app, "Left"))[1] < 100
    before = in_view(look(app, "Up"))
    assert in_view(look(app, "Down")) == (*before[:2], top, bottom)
    assert (found.current, found.token) == (chosen, token)
    app.session_state["smear.zoom"] = "Whole field"
    app.run()
    app.session_state["smear.zoom"] = "4 cells"
    assert in_view(app.run())[:2] == before[:2], "where one looked in a field is remembered"
    cell = next(cell for cell in found.suspects if cell.field == found.field)
    found.choose(cell)
    left, right, top, bottom = in_view(app.run())
    (x, y), about = cell.box.centre, found.cells.fields[cell.field]
    assert left < 100 * x / about.width < right
    assert top < 100 * y / about.height < bottom


def test_a_field_without_cells_can_be_looked_at_closely_too() -> None:
    app = upload(start(example=None), [("white.png", blank())])
    press(app, "Count it anyway")
    assert session(app).current is None
    app.session_state["smear.zoom"] = "4 cells"
    left, right, *_ = in_view(app.run())
    assert 20 < right - left < 100


def test_a_field_is_left_out_with_who_did_it_and_taken_in_again(journal: CsvJournal) -> None:
    app = start()
    both, fields = figures(app, "Machine alone"), list(session(app).cells.fields)
    key(app, "P")
    press(app, "Leave this field out")
    assert list(session(app).cells.fields) == fields[1:]
    assert f"{fields[0]}: Left out by ann." in said(app)
    assert "1 field triaged. 1 field does not count" in said(app).replace("*", "")
    assert int(figures(app, "Machine alone")["Red cells"]) < int(both["Red cells"])
    assert (
        {cell.field for cell in session(app).suspects}
        == {session(app).current.field}
        == {session(app).field}
        == {fields[1]}
    )
    press(app, "Leave this field out")
    assert f"{fields[1]}: Left out by ann." in said(app), "the last one too"
    for _ in fields:
        press(app, "Put it back")
    assert figures(app, "Machine alone") == both
    assert len(session(app).answers) == 1, "what was decided there is still decided"


def test_what_is_unusable_counts_only_when_somebody_says_so(journal: CsvJournal) -> None:
    cells = [(f"{number}.png", cell.png) for number, cell in enumerate(phantom.batch(3, seed=5))]
    app = upload(start(example=None), [("a.png", FIELD.png), *cells])
    assert list(session(app).cells.fields) == ["a.png"]
    assert "1 field triaged. 3 fields do not count" in said(app).replace("*", "")
    assert "1.png: Left out as unusable. Much of it is black, as around a single cut-out cell" in said(app)
    alone = figures(app, "Machine alone")
    press(app, "Count it anyway")
    assert list(session(app).cells.fields) == ["a.png", "0.png"]
    assert "Of 2 fields that count, 1 could be better (not a smear 1)" in said(app)
    assert "1 of 2 fields was reported as unusable, but somebody chose to count it. These figures include it." in said(
        app
    )
    press(app, "Leave it out")
    assert list(session(app).cells.fields) == ["a.png"]
    assert "0.png: Left out by ann. Much of it is black" in said(app)
    assert figures(app, "Machine alone") == alone


def test_what_is_no_image_at_all_is_one_sentence() -> None:
    app = upload(start(example=None), [("x.png", b"PK\x03\x04 not a zip")])
    assert len(app.error) == 1
    assert not app.table


def test_a_sample_without_a_field_that_can_be_read_says_why_and_takes_another() -> None:
    app = upload(start(example=None), [("no.png", b"not an image")])
    assert "0 fields triaged. 1 field does not count" in said(app).replace("*", "")
    assert len(app.error) == 1
    assert not app.table
    upload(app, [("a.png", FIELD.png)])
    assert list(session(app).cells.fields) == ["a.png"]


def test_names_cannot_write_markdown_or_leave_their_place() -> None:
    app = upload(start(example=None), [("![x](http://evil)<b>.png", blank())])
    assert not any("![x](http" in part.value for part in [*app.warning, *app.markdown, *app.caption])


def test_a_lower_threshold_shows_more_suspects() -> None:
    app = start()
    before, chosen = len(session(app).suspects), session(app).current
    app.slider[0].set_value(0.01).run()
    assert len(session(app).suspects) > before
    assert session(app).current == chosen


# Decisions


def test_keys_decide_and_everything_is_in_the_journal(journal: CsvJournal) -> None:
    app = start()
    first = session(app).suspects[:4]
    for letter in KEYS.values():
        key(app, letter)
    assert f"4 of {len(session(app).suspects)} suspects** decided" in said(app)
    rows = Log(journal).state.rows
    assert [(row.image_id, row.final_answer) for row in rows] == [
        (cell.image_id, answer) for cell, answer in zip(first, KEYS, strict=True)
    ]
    assert {row.annotator for row in rows} == {"ann"}
    assert rows[0].file == first[0].name
    assert re.fullmatch(r"SYNTHETIC_field_\d+\.png#xywh=\d+,\d+,\d+,\d+", rows[0].file)
    assert (rows[0].model, rows[0].threshold) == (session(app).triage.model, session(app).triage.threshold)


def test_a_reload_finds_every_decision_again_and_undo_takes_the_last_back(journal: CsvJournal) -> None:
    key(key(start(), KEYS[PARASITIZED]), "U")
    app = start()
    second = session(app).suspects[1]
    assert len(session(app).answers) == 2
    assert session(app).current in session(app).undecided
    key(app, "Z")
    assert session(app).current == second
    assert list(session(app).answers) == [session(app).suspects[0]]
    key(app, "P")
    assert [row.blind for row in Log(journal).state.in_force["ann"]] == [True, True], "there is no other to see"
    key(app, "Z")
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
    found = session(app)
    token = found.token
    found.answer(token, PARASITIZED)
    found.answer(token, PARASITIZED)
    assert len(Log(journal).state.rows) == 1


def test_missed_cells_are_added_and_wrong_outlines_removed(journal: CsvJournal) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    found = session(app)
    red_cells = found.triage.red_cells
    passed_over = list(found.cells.red.values())[-1]
    assert found.cells.at("a.png", *passed_over.box.centre) == passed_over
    added = bare_ground(found)
    for cell, letter in ((passed_over, "P"), (added, "P"), (found.suspects[0], "X")):
        found.choose(cell)
        key(app.run(), letter)
    left = len(found.suspects) - 1
    assert figures(app, BY_ANN)["Parasitized"] == f"2, and {left} open"
    assert figures(app, BY_ANN)["Red cells"] == str(red_cells + 1 - 1)
    again = upload(start(example=None), [("a.png", FIELD.png)])
    assert [cell.box for cell in session(again).answers if cell.row is None] == [added.box]
    assert figures(again, BY_ANN) == figures(app, BY_ANN)


def test_what_is_no_red_cell_says_what_the_machine_takes_it_for(journal: CsvJournal) -> None:
    app = start()
    found = session(app)
    name, white = next(
        (one.field, item) for one in found.triage.fields for item in one.outlines if item.kind == "leukocyte"
    )
    found.choose(found.cells.at(name, *white.box.centre))
    assert "The machine says it is a leukocyte" in said(app.run())
    found.choose(found.suspects[0])
    assert "The machine says it is" not in said(app.run())


def test_two_outlines_of_one_place_say_so(journal: CsvJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    assert "the same place" not in said(app)
    monkeypatch.setattr("malaria.ui.smear.card.is_one_place", lambda one, other: {one.rank, other.rank} == {1, 2})
    assert "Shows the same place as suspect A2. If you confirm both, it counts once." in said(app.run())


def test_a_cell_marked_at_the_edge_ends_there() -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    cells = session(app).cells
    corners = [cells.at("a.png", x, y) for x in (0, 799.9, 800) for y in (0, 599.9, 600)]
    marked = [cell.box for cell in corners if cell.outline is None]
    assert marked
    for box in marked:
        assert 0 <= box.x < box.x + box.width <= 800
        assert 0 <= box.y < box.y + box.height <= 600


def test_a_cell_that_was_added_can_be_chosen_again_and_withdrawn(journal: CsvJournal) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    found = session(app)
    added = bare_ground(found)
    before = figures(app, "Machine alone")["Red cells"]
    found.choose(added)
    key(app.run(), "P")
    x, y = added.box.centre
    assert found.at(x + added.box.width / 3, y) == added
    found.choose(found.at(x, y))
    key(app.run(), "X")
    assert figures(app, BY_ANN)["Red cells"] == before


def test_a_full_disk_stops_the_queue_and_loses_nothing(journal: CsvJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    app = start()
    make_room = full_disk(monkeypatch, after=0)
    key(app, "P")
    assert "1 decision is not saved yet" in said(app)
    assert not any(button.label == "Confirm" for button in app.button)
    make_room()
    next(button for button in app.button if button.label == "Try again").click()
    app.run()
    assert len(Log(journal).state.rows) == 1
    assert session(app).current == session(app).suspects[1]


def test_a_note_is_kept_with_the_answer_and_can_be_added_later(journal: CsvJournal) -> None:
    app = start()
    app.text_input(key=f"smear.note.{session(app).token}").set_value("ring, thin").run()
    assert not Log(journal).state.rows, "a note alone is no decision"
    key(app, "P")
    first = session(app).suspects[0]
    assert Log(journal).state.mine(first.image_id, "ann").note == "ring, thin"
    session(app).choose(first)
    app.run()
    note = app.text_input(key=f"smear.note.{session(app).token}")
    assert note.value == "ring, thin"
    note.set_value("two rings").run()
    decision = Log(journal).state.mine(first.image_id, "ann")
    assert (decision.final_answer, decision.note) == (PARASITIZED, "two rings")


# Fields that come in while one works


def test_the_first_field_can_be_worked_on_while_the_others_go_on(
    journal: CsvJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    monkeypatch.setattr("malaria.ui.smear.page._SECONDS", 0.0)
    fields = {f"{seed}.png": phantom.field(seed=seed, slide=5, cells=40, parasitaemia=0.2) for seed in (5, 6, 7)}
    app = given(start(example=None), [(name, one.png) for name, one in fields.items()])
    assert "0 of 3 fields" in said(app)
    gate.open.release()
    until(app, lambda: len(session(app).cells.fields) == 1)
    decided = session(app).current
    key(app, "P")
    on_view, token = session(app).current, session(app).token
    assert decided is not None
    assert on_view is not None
    gate.open.release(2)
    settled(app)
    assert len(session(app).cells.fields) == 3
    assert (session(app).current, session(app).token) == (on_view, token), "the card did not jump away"
    assert list(session(app).answers) == [decided]
    assert [cell.rank for cell in session(app).suspects] == list(range(1, len(session(app).suspects) + 1))
    key(app, "U")
    assert set(session(app).answers.values()) == {PARASITIZED, UNINFECTED}
    assert session(app).current == session(app).undecided[0], "the most suspicious of what came in is next"


def test_judging_can_be_stopped_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch)
    app = given(start(example=None), [(f"{n}.png", dim(n)) for n in range(3)])
    gate.open.release()
    until(app, lambda: len(session(app).cells.fields) == 1)
    next(button for button in app.button if button.label == "Stop").click().run()
    gate.open.release()  # what was begun is finished
    settled(app)
    assert "Stopped after 2 of 3 fields" in said(app)
    gate.open.release()
    next(button for button in app.button if button.label == "Go on").click()
    settled(app.run())
    assert "3 fields triaged" in said(app)


def test_another_model_begins_at_once_and_so_does_the_first_when_it_is_picked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    found = Sample.of([ImageFile(f"{n}.png", dim(n)) for n in range(3)])
    first, other = load("cell-resnet"), load("mini-resnet")
    gate.open.release()
    judging = found.judging(first)
    while not judging.results:
        time.sleep(0.01)
    found.judging(other)
    gate.open.release(10)
    found.judging(first).wait(60)
    assert len(found.triage(first, 0.5).fields) == 3


def test_a_field_that_fails_is_named_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, broken="b.png")
    gate.open.release(3)
    app = upload(start(example=None), [("a.png", FIELD.png), ("b.png", blank()), ("c.png", dim(9))])
    assert list(session(app).cells.fields) == ["a.png", "c.png"]
    assert "1 field does not count" in said(app)
    assert re.search(r"b.png: An error in the app .* server's log", said(app))
    assert not app.exception


def test_files_given_again_are_remembered_when_more_are_added() -> None:
    a, b = ImageFile("a.png", FIELD.png), ImageFile("b.png", FIELD.png)
    found = Sample.of([a, b]).with_more([a]).with_more([a, ImageFile("c.png", blank())])
    assert list(found.files) == ["a.png", "c.png"]
    assert [copy.sentence for copy in found.copies] == [
        "b.png is the same file as a.png, and is not counted again.",
        "a.png was uploaded more than once, and is not counted again.",
    ]


def test_what_is_open_stays_where_it_is_when_a_field_is_refused_or_warned_about(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch, broken="b.png")
    monkeypatch.setattr("malaria.ui.smear.page._SECONDS", 0.0)
    app = given(start(example=None), [("a.png", FIELD.png), ("b.png", blank()), ("c.png", dim(9))])
    gate.open.release()
    until(app, lambda: len(session(app).cells.fields) == 1)
    before = paths(app)
    assert {"Enter your own count", "Field by field"} <= set(before)
    gate.open.release(2)
    settled(app)
    session(app).field = "c.png"
    assert paths(app.run()) == before
    assert "b.png: An error in the app" in said(app)


def test_why_a_field_cannot_be_read_names_it_once() -> None:
    model = load()
    found = Sample.of([ImageFile("a.png", error="a.png: It is encrypted. Unpack it first.")])
    judging = found.judging(model)
    judging.wait(60)
    (refused,) = judging.results
    assert refused == Refused("a.png", "a.png: It is encrypted. Unpack it first.")


def test_a_field_that_fails_after_the_others_is_named_too(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = Gate(monkeypatch, broken="b.png")
    app = given(start(example=None), [("a.png", FIELD.png), ("b.png", blank())])
    gate.open.release()
    until(app, lambda: len(session(app).cells.fields) == 1)
    gate.open.release()
    settled(app)
    assert "1 field triaged. 1 field does not count" in said(app).replace("*", "")
    assert "b.png: An error in the app" in said(app)


def test_more_fields_join_the_sample_and_what_is_decided_stays(journal: CsvJournal) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    key(app, "P")
    (decided,) = session(app).answers
    other = phantom.field(seed=6, slide=5, cells=30, parasitaemia=0.1, width=800, height=600)
    upload(app, [("b.png", other.png)])
    assert list(session(app).cells.fields) == ["a.png", "b.png"]
    assert list(session(app).answers) == [decided]
    app.toggle(key="smear.more").set_value(False).run()
    upload(app, [("c.png", dim(9))])
    assert list(session(app).cells.fields) == ["c.png"]


def test_another_sample_has_neither_name_nor_counts_of_the_last() -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    app.text_input(key="smear.sample").set_value("Ward 5")
    app.number_input(key="smear.manual.0").set_value(500)
    app.number_input(key="smear.assumed.1").set_value(12_000)
    app.run()
    upload(app, [("b.png", blank(250))])
    assert session(app).sample == "Ward 5", "more fields of the same sample"
    assert "Counted by hand" in app.table[0].value
    app.toggle(key="smear.more").set_value(False).run()
    upload(app, [("c.png", dim(9))])
    assert session(app).sample == ""
    assert app.number_input(key="smear.assumed.1").value == 8_000
    assert "Counted by hand" not in app.table[0].value


def test_closed_fields_are_let_go_of_and_nothing_said_of_them_stays() -> None:
    app = start()
    next(button for button in app.button if button.label == "Close these fields").click().run()
    assert not any(key in app.session_state for key in ("smear.open", "smear.session"))


# A second reader


def test_a_second_reader_is_blind_until_all_is_decided_and_then_they_are_compared(
    journal: CsvJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SHARED, "1")
    files = [("a.png", FIELD.png)]
    first = upload(start(example=None), files)
    n = len(session(first).suspects)
    for _ in range(n):
        key(first, "P")
    session(first).choose(bare_ground(session(first)))
    key(first.run(), "P")
    assert {row.blind for row in Log(journal).state.rows} == {True}

    second = upload(start(example=None, annotator="bo"), files)
    assert "Also read by ann" in said(second)
    assert not any("confirmed" in button.label for button in second.button)
    assert list(second.table[0].value) == ["Machine alone"]
    assert f"0 of {n + 1} suspects** decided, including 1 that another reader picked out" in said(second)
    key(second, "U")
    assert "ann: confirmed; bo: rejected" in labels(second)
    key(key(second, "Z"), "U")
    assert not Log(journal).state.in_force["bo"][0].blind, "the first answer had shown what ann said"
    assert "Decided by ann" not in second.table[0].value
    for _ in range(n - 1):
        key(second, "P")
    assert "A cell that another reader marked" in said(second)
    key(second, "P")
    assert list(second.table[0].value) == ["Machine alone", BY_ANN, "Decided by bo", "Consensus"]
    assert figures(second, "Consensus")["Parasitized"] == f"{n}, and 1 open"
    assert f"| ann, bo | first | {n + 1} |" in said(second)
    assert "They disagree on 1 cell" in [one.label for one in second.expander]


def test_who_is_not_blind_sees_what_others_said(journal: CsvJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, "1")
    key(start(), "P")
    app = start(annotator="bo")
    app.toggle(key="smear.blind").set_value(False).run()
    assert BY_ANN in app.table[0].value
    key(app, "P")
    assert [row.blind for row in Log(journal).state.rows] == [True, False]


# A laboratory's own head


def head_file(**changed: object) -> bytes:
    """A head that leaves every p_parasitized as it is."""
    weights = (1.0, *[0.0] * SPOT_FEATURES)
    learned = {"discard": 0.85, "fields": 8, "cells": 1000, "parasitized": 50, "kept": 49, "kept_as_shipped": 40}
    card = load(DEFAULT_MODEL).card
    made = {"model": card.name, "model_version": card.version, "weights": weights, "intercept": 0.0, "threshold": 0.004}
    return json.dumps({**made, **learned, **changed}).encode()


def adapt(app: AppTest, data: bytes) -> AppTest:
    uploader = next(one for one in app.file_uploader if "triage-adapt" in one.label)
    uploader.set_value([("head.json", data, "application/json")])
    return settled(app.run())


def test_a_head_of_the_laboratory_judges_until_it_is_taken_away(journal: CsvJournal) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    shipped = figures(app, "Machine alone")
    key(app, "P")
    adapt(app, head_file())
    assert "kept 98.0 % (89.5 to 99.6 %) of the parasitized ones, n = 50 in 8 fields" in said(app)
    assert session(app).triage.model == f"{DEFAULT_MODEL}, adapted"
    assert session(app).triage.threshold == 0.004
    assert "false alarms 11" in said(app), "its own rates"
    assert len(session(app).answers) == 1
    settled(press(app, "Use the model as shipped"))
    assert figures(app, "Machine alone") == shipped


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{}", "head.json is JSON, but no adapted head"),
        (b"\x89PNG", "head.json is not JSON"),
        (head_file(model_version="0.0.1"), "The adapted head was made for"),
        (head_file(weights=(1.0,)), "was made by another version"),
    ],
    ids=["another shape", "no text", "another model", "another length"],
)
def test_what_is_no_head_for_this_model_is_a_sentence(data: bytes, says: str) -> None:
    app = adapt(upload(start(example=None), [("a.png", FIELD.png)]), data)
    assert says in said(app)
    assert session(app).triage.model == DEFAULT_MODEL


# The result


def test_the_result_follows_the_decisions_and_stands_beside_ones_own_count() -> None:
    app = start()
    assert list(app.table[0].value) == ["Machine alone"]
    n = len(session(app).suspects)
    assert f"Provisional: {n} suspects" in said(app)
    for _ in range(n):
        key(app, "P")
    assert "You have decided on every suspect" in said(app)
    assert "Provisional" not in said(app)
    assert figures(app, BY_ANN)["Parasitized"] == str(n)
    for at, count in enumerate((1000, 10, 3)):
        app.number_input(key=f"smear.manual.{at}").set_value(count)
    app.run()
    own = figures(app, "Counted by hand")
    estimate = estimate_parasitaemia(10, 1000, CellRates(1, 0))
    assert own["Parasitaemia"].startswith("1\u00a0% (")
    assert own["Parasitaemia"].endswith("n\u00a0=\u00a01,000")
    assert f"{100 * estimate.interval.high:.2f}" in own["Parasitaemia"]
    assert own["Parasites per µL, by red cells"].startswith("50,000 (")
    assert own["Parasites per µL, by leukocytes"].startswith("27,000 (")
    assert own["Leukocytes"] == "3"


def test_densities_follow_what_is_assumed_and_say_it() -> None:
    app = start()
    assert "assume 5,000,000 red cells or 8,000 leukocytes" in said(app)
    before = figures(app, "Machine alone")["Parasites per µL, by red cells"]
    app.number_input(key="smear.assumed.0").set_value(2_500_000)
    app.number_input(key="smear.assumed.1").set_value(4_000)
    app.run()
    assert "assume 2,500,000 red cells or 4,000 leukocytes" in said(app)
    after = figures(app, "Machine alone")["Parasites per µL, by red cells"]
    first, half = (int(value.split(" ")[0].replace(",", "")) for value in (before, after))
    assert half == pytest.approx(first / 2, rel=0.05)


def test_leukocyte_types_stand_by_the_field_and_by_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(*given: Any) -> Any:
        found = triage_field(*given)
        white = [place for place, item in enumerate(found.outlines) if item.kind == "leukocyte"]
        return replace(found, leukocyte_types=dict.fromkeys(white, LeukocyteType("lymphocyte", 0.9)))

    monkeypatch.setattr("malaria.smear.sample.triage_field", typed)
    text = said(start())
    assert "1 leukocyte: lymphocyte 1, for research use." in text
    assert "Leukocyte types, n = 2: lymphocyte 2. For research use." in text


def test_a_count_that_cannot_be_is_told_and_not_used() -> None:
    app = start()
    app.number_input(key="smear.manual.0").set_value(5)
    app.number_input(key="smear.manual.1").set_value(6)
    app.run()
    assert "more parasitized cells than cells" in said(app)
    assert "Counted by hand" not in app.table[0].value
    for at in range(3):
        counted = app.number_input(key=f"smear.manual.{at}")
        counted.set_value(counted.max)
    app.run()
    assert not app.error
    assert "Counted by hand" in app.table[0].value


@pytest.mark.parametrize(("wished", "words"), [(200, "You still need"), (1_000_000, "You have enough")])
def test_says_how_many_cells_are_still_needed(wished: int, words: str) -> None:
    app = start()
    app.number_input(key="smear.assumed.2").set_value(wished).run()
    assert words in said(app)


# Drawing


@pytest.mark.parametrize("box", [Box(0, 0, 20, 20), Box(390, 280, 20, 20), Box(200, 150, 20, 20), Box(-5, -5, 9, 9)])
def test_a_window_lies_inside_the_field(box: Box) -> None:
    window = window_around(box.centre, 400, 300, 160)
    assert (window.width, window.height) == (160, 120)
    assert min(window.x, window.y) >= 0
    assert window.x + window.width <= 400
    assert window.y + window.height <= 300
    assert window.shared_area(box)


def test_full_and_dashed_lines_tell_how_sure_the_model_is(journal: CsvJournal) -> None:
    app = upload(start(example=None), [("a.png", FIELD.png)])
    p = {cell.number: cell.p_parasitized or 0 for cell in session(app).listed}
    marks = sent(app, "marked_field")["marks"]
    assert {mark["tag"]: mark["kind"].split()[0] for mark in marks} == {
        number: "sure" if at >= SURE else "less" for number, at in p.items()
    }
    (chosen,) = (mark["tag"] for mark in marks if "chosen" in mark["kind"])
    assert chosen == session(app).current.number


def test_outlines_are_drawn_beside_the_picture_that_they_are_given() -> None:
    field = np.full((300, 400, 3), 200, np.uint8)
    contour = np.array([[150, 120], [210, 120], [210, 180], [150, 180]], np.int32)
    drawn = draw_outlines(field, Box(100, 100, 200, 150), [(contour, "leukocyte")], 2.0)
    changed = (drawn != field).any(axis=2)
    assert (field == 200).all()
    assert changed[40, 100:220].all()
    assert not changed[60:140, 120:200].any(), "nothing is drawn over the cell itself"
