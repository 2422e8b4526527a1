"""The reader test page as a script: what comes of answers, whatever a browser sends."""

import re
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from malaria import load, phantom
from malaria.dataset.public_cells import URL_VARIABLE
from malaria.errors import MalariaError, ReaderTestError
from malaria.images import decode
from malaria.labels import CLASSES, PARASITIZED
from malaria.readers import (
    Answer,
    FieldKey,
    FieldSettings,
    Key,
    Round,
    Settings,
    draw_round,
    grade_marks,
    make_field_test,
    make_phantom_test,
    marks_to_csv,
    read_answers,
    to_csv,
)
from malaria.ui.parts import account, links
from malaria.ui.readers import training
from malaria.ui.readers.cards import Deck, Given, check
from malaria.ui.readers.dare import Dare
from malaria.ui.readers.fields import Fields
from malaria.ui.readers.sitting import Sitting, check_name
from malaria.ui.readers.training import Practice
from tests.dataset.test_public_cells import serving
from tests.pages.test_every_page import press, sentences, start
from tests.pages.test_smear import settled
from tests.review.test_journal import full_disk


def test_the_dare_tells_who_won_and_shows_every_cell_that_was_seen_differently() -> None:
    network = load()
    key, files = make_phantom_test(Settings(cells=10, seed=4), network)
    dare = Dare(key, {name: decode(png, name) for name, png in files.items()})
    dare.take([Given(place, PARASITIZED, 1.5) for place in range(1, 11)], over=True)
    app = start(links.READERS)
    app.session_state[links.DARE] = (network.card.name, dare)
    app.run()
    its = sum(cell.call == cell.reference for cell in key.cells.values())
    assert app.header[0].value == f"The network wins, {its} to 5"
    assert "10 answered in 15 s" in "".join(html.proto.body for html in app.get("html"))
    differ = sum(cell.call != PARASITIZED for cell in key.cells.values())
    assert len(re.findall(r"Cell \d+ is uninfected", sentences(app))) == differ
    app = press(app, "Ten other cells")
    assert not app.header


def test_ten_real_cells_are_fetched_for_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(phantom.batch_zip(80)) as server:
        monkeypatch.setenv(URL_VARIABLE, server.url)
        app = start(links.READERS)
        assert not server.requests
        app = press(app, "Ten real cells instead")
        _, dare = app.session_state[links.DARE]
        asked = len(server.requests)
        app = press(app, "Ten synthetic cells instead")
        app = press(app, "Ten real cells instead")
        assert len(server.requests) == asked, "fetched once for all"
    assert dare.real
    assert "The given label counts as right" in sentences(app)
    dare.take([Given(place, PARASITIZED, 1.5) for place in range(1, 11)], over=True)
    app.session_state[links.DARE] = (load().card.name, dare)
    app.run()
    assert not app.exception
    right = sum(cell.reference == PARASITIZED for cell in dare.key.cells.values())
    assert str(right) in app.header[0].value
    assert "This does not show how good you" not in sentences(app)


def test_without_the_network_the_ten_cells_are_synthetic_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(b"") as server:
        monkeypatch.setenv(URL_VARIABLE, server.url)
    st.cache_resource.clear()
    app = press(start(links.READERS), "Ten real cells instead")
    assert "No NIH cells could be fetched: 127.0.0.1 cannot be reached" in sentences(app)
    assert not app.session_state[links.DARE][1].real


def test_only_what_can_be_meant_is_taken_from_a_browser() -> None:
    deck = Deck("token", 10, (), "", answers=CLASSES)
    good = {"position": 3, "answer": PARASITIZED, "seconds": 2}
    bad = [
        {"position": 0},
        {"position": 11},
        {"position": "3"},
        {"position": True},
        {"answer": "Unsure"},
        {"answer": []},
        {"seconds": -1},
        {"seconds": "2"},
        {"seconds": float("nan")},
        {"seconds": 1e9},
        {"seconds": None},
    ]
    assert check([good, *(good | one for one in bad), None, [], {}], deck) == [Given(3, PARASITIZED, 2.0)]
    assert check(None, deck) == check({"position": 1}, deck) == []


# A test

TEST = {"section": "A test", "cells": "20", "seed": "3"}


def codes(app: AppTest) -> list[str]:
    return [code.value for code in app.code]


def sit(key: Key, reader: str = "Ann", wrong: int = 3) -> Sitting:
    """A sitting at its end, with the first cells answered wrongly."""
    at = Sitting(key, reader)
    said = [key.reference(place) for place in range(at.total)]
    said[:wrong] = [next(name for name in CLASSES if name != one) for one in said[:wrong]]
    at.take([Given(place, answer, 2.0) for place, answer in enumerate(said, start=1)], True)
    return at


@pytest.fixture
def key() -> Key:
    return make_phantom_test(Settings(cells=20, seed=3), load())[0]


def test_a_link_gives_the_same_test_and_says_so_when_it_cannot(key: Key) -> None:
    app = start(links.READERS, **TEST, annotator="Ann")
    assert app.query_params["test"] == key.test.id
    (link,) = codes(app)
    asked = parse_qs(link.partition("?")[2])
    assert "annotator" not in asked
    again = start(links.READERS, **{name: value for name, (value,) in asked.items()})
    assert codes(again) == [link]
    assert not again.warning
    other = start(links.READERS, **TEST, test="0123456789abcdef")
    assert "This is not the test 0123456789abcdef from the link" in sentences(other)


@pytest.mark.parametrize(
    ("name", "value"), [("cells", "1"), ("cells", "many"), ("parasitized", "2"), ("difficulty", "none"), ("seed", "-1")]
)
def test_an_address_that_breaks_a_rule_is_told_in_a_sentence(name: str, value: str) -> None:
    app = start(links.READERS, **(TEST | {name: value}))
    assert not app.error
    assert f"These parts of the address were ignored: {name}={value} must be" in sentences(app)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"cells": "400"}, "has at most 300 cells"),
        ({"repeats": "15"}, "Ask for fewer repeats or more cells"),
        ({"set": "labelled", "example": "synthetic", "cells": "190", "parasitized": "0.9"}, "the set has"),
    ],
)
def test_a_test_that_cannot_be_is_refused_in_a_sentence_with_a_way_back(asked: dict[str, str], said: str) -> None:
    app = settled(start(links.READERS, **(TEST | asked)))
    assert said in sentences(app)
    app = press(app, "Make another test")
    assert not app.error
    assert any(button.label == "Make the test" for button in app.button)


def test_a_labelled_set_gives_a_test_and_says_what_was_left_out() -> None:
    app = settled(start(links.READERS, **TEST, set="labelled", example="synthetic"))
    assert re.search(r"\d+ cells left out because the network contradicts the label", sentences(app))
    assert "set=labelled" in codes(app)[0]


def test_the_result_has_figures_level_and_every_mistake(key: Key) -> None:
    app = start(links.READERS, **TEST)
    app.session_state["readers.sittings"] = {key.test.id: sit(key)}
    app.run()
    assert app.header[0].value.startswith("Ann: level")
    assert "not a WHO certificate" in sentences(app)
    shown = "".join(html.proto.body for html in app.get("html"))
    assert "85.0\u00a0% (62.1 to 96.8\u00a0%), n\u00a0=\u00a020" in shown
    assert shown.count("the reference is") == 3
    app = press(app, "Another reader")
    assert not app.header


def test_the_rule_for_reader_and_network_follows_the_goals(key: Key) -> None:
    app = start(links.READERS, **TEST)
    app.session_state["readers.sittings"] = {key.test.id: sit(key)}
    app.run()
    shown = "".join(html.proto.body for html in app.get("html"))
    assert "For a sensitivity of 95\u00a0% and a specificity of 95\u00a0%" in shown
    goal = next(box for box in app.number_input if box.label == "Sensitivity goal, %")
    app = goal.set_value(80).run()
    shown = "".join(html.proto.body for html in app.get("html"))
    assert "For a sensitivity of 80\u00a0% and a specificity of 95\u00a0%" in shown


def test_who_reads_a_second_time_gets_the_result_of_that_time(key: Key) -> None:
    app = start(links.READERS, **TEST)
    for wrong in (3, 0):
        app.session_state["readers.sittings"] = {key.test.id: sit(key, wrong=wrong)}
        app.run()
        shown = "".join(html.proto.body for html in app.get("html"))
        assert shown.count("the reference is") == wrong


def test_answers_are_kept_beside_the_journal_for_who_gave_them(
    key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALARIA_JOURNAL", str(tmp_path / "corrections.csv"))
    sit(key)
    assert len(read_answers(tmp_path / "reader_answers.csv")) == 20
    mine, others = Sitting(key), Sitting(key)
    mine.seat("Ann")
    others.seat("Bob")
    assert (mine.kept, others.kept) == (20, 0)


def test_answers_that_cannot_be_kept_are_tried_again_with_the_next(
    key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALARIA_JOURNAL", str(tmp_path / "corrections.csv"))
    place = tmp_path / "reader_answers.csv"
    at = Sitting(key, "Ann")
    make_room = full_disk(monkeypatch, after=0)
    at.take([Given(1, PARASITIZED, 1.0)], False)
    assert "cannot be written (No space left on device)" in at.problem
    make_room()
    at.take([Given(2, PARASITIZED, 1.0)], False)
    assert not at.problem
    assert [one.position for one in read_answers(place)] == [1, 2]
    at.bring(to_csv(sit_quietly(key, monkeypatch)).encode())
    assert len(read_answers(place)) == 20


def sit_quietly(key: Key, monkeypatch: pytest.MonkeyPatch) -> list[Answer]:
    """The answers of a whole sitting that no server keeps."""
    with monkeypatch.context() as nowhere:
        nowhere.delenv("MALARIA_JOURNAL")
        return sit(key).answers


def test_only_answers_of_one_reader_to_this_very_test_are_gone_on_with(key: Key) -> None:
    other = make_phantom_test(Settings(cells=20, seed=4), load())[0]
    both = [*sit(key).answers[:4], *sit(key, "Bob").answers[:4]]
    for answers, said in ((sit(other).answers, "no answers"), (both, "several readers")):
        with pytest.raises(ReaderTestError, match=said):
            Sitting(key, "Ann").bring(to_csv(answers).encode())
    two = sit(key).answers[:2]
    moved = to_csv(two).replace(two[1].image_id, two[0].image_id)
    with pytest.raises(ReaderTestError, match="card 2 is about a different cell"):
        Sitting(key, "Ann").bring(moved.encode())
    at = Sitting(key, "Eve")
    at.bring(to_csv(both[:4]).encode())
    assert at.kept == 4
    assert {answer.reader for answer in at.answers} == {"Eve"}


@pytest.mark.parametrize(
    ("name", "fits"), [("the Network", False), ("the\0network", False), ("\u200b", False), (" ", False), ("Ann", True)]
)
def test_a_reader_has_a_name(name: str, fits: bool) -> None:
    assert bool(check_name(name)) is not fits


# Several readers


def bring(app: AppTest, *files: tuple[str, list[Answer]]) -> AppTest:
    app.file_uploader[0].set_value([(name, to_csv(answers).encode(), "text/csv") for name, answers in files])
    return app.run()


def test_readers_of_one_test_stand_beside_one_another_and_the_network(key: Key) -> None:
    other = make_phantom_test(Settings(cells=20, seed=4), load())[0]
    app = start(links.READERS, **(TEST | {"section": "Compare readers"}))
    app = bring(
        app, ("ann.csv", sit(key).answers), ("bob.csv", sit(key, "Bob", 5).answers), ("x.csv", sit(other).answers)
    )
    assert app.header[0].value == "2 readers"
    assert "x.csv: The file holds no answers to this test" in sentences(app)
    shown = "".join(html.proto.body for html in app.get("html"))
    for pair in ("Ann and Bob", "Ann and the network", "Bob and the network"):
        assert pair in shown
    app = bring(app, ("again.csv", sit(key, "Bob", 0).answers))
    assert app.header[0].value == "2 readers"
    shown = "".join(html.proto.body for html in app.get("html"))
    assert "100.0\u00a0% (83.2 to 100.0\u00a0%)" in shown


def test_who_has_taken_a_test_is_listed_from_the_server(
    key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = TEST | {"section": "Compare readers"}
    monkeypatch.setenv("MALARIA_JOURNAL", str(tmp_path / "corrections.csv"))
    monkeypatch.setenv("MALARIA_SHARED_JOURNAL", "1")
    app = start(links.READERS, **asked)
    assert "Nobody has taken this test here yet" in sentences(app)
    sit(key)
    hostile = "<b>Bob</b> *x*"
    Sitting(key, hostile).take([Given(place, PARASITIZED, 1.0) for place in (1, 2)], False)
    with (tmp_path / "reader_answers.csv").open("a") as file:
        file.write(f"{key.test.id},Eve,1,{'ab' * 32},Parasitized,1,,false\n")
        file.write(f"{key.test.id},Eve,nonsense\n")
    app = press(app, "Look again")
    assert app.header[0].value == "2 readers"
    assert "a name is no password" in sentences(app)
    assert "1 answer about cells that are not in the test left out" in sentences(app)
    assert "Line 25 of reader\\_answers.csv was skipped" in sentences(app)
    shown = "".join(html.proto.body for html in app.get("html"))
    assert re.search(r"all 20\W.*\d{4}-\d\d-\d\d \d\d:\d\d UTC", shown, re.DOTALL)
    assert "2 of 20<" in shown
    assert "&lt;b&gt;Bob" in shown
    app = bring(app, ("ann.csv", sit_quietly(key, monkeypatch)[:7]))
    shown = "".join(html.proto.body for html in app.get("html"))
    assert "7 of 20<" in shown


def test_who_may_not_see_all_sees_their_own_answers_only(
    key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALARIA_JOURNAL", str(tmp_path / "corrections.csv"))
    sit(key)
    asked = TEST | {"section": "Compare readers"}
    assert "You have not taken this test here" in sentences(start(links.READERS, **asked, annotator="Bob"))
    app = start(links.READERS, **asked, annotator="Ann")
    assert app.header[0].value == "1 reader"
    assert "you see your own" in sentences(app)


def test_accounts_are_called_by_their_names_and_kept_by_their_subjects(
    key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"s-1": "Ann Lee", "s-2": "Ann Lee", "s-3": "Cy", "s-4": "The Network", "s-5": "y" * 101}
    monkeypatch.setattr(account, "name_annotator", lambda reader: names.get(reader, reader))
    monkeypatch.setenv("MALARIA_JOURNAL", str(tmp_path / "corrections.csv"))
    monkeypatch.setenv("MALARIA_SHARED_JOURNAL", "1")
    for reader in names:
        Sitting(key, reader).take([Given(1, PARASITIZED, 1.0)], False)
    app = start(links.READERS, **TEST | {"section": "Compare readers"})
    shown = "".join(html.proto.body for html in app.get("html"))
    for name in ("Ann Lee (s-1)", "Ann Lee (s-2)", "Cy", "s-4", "s-5"):
        assert f">{name}<" in shown
    assert "s-3" not in shown
    assert {answer.reader for answer in read_answers(tmp_path / "reader_answers.csv")} == set(names)
    app = start(links.READERS, **TEST)
    app.session_state["readers.sittings"] = {key.test.id: sit(key, "s-3")}
    app.run()
    assert app.header[0].value.startswith("Cy: level")


# Training


ERRS = [True, False, True, False, False]


def train(at: Practice, errs: list[bool]) -> None:
    """Answer so many cards, wrongly where told."""
    for wrong in errs:
        assert at.due is not None
        reference = at.round.cells[at.due.image_id].reference
        other = next(name for name in CLASSES if name != reference)
        at.take([Given(len(at.history) + 1, other if wrong else reference, 1.0)] * 2, False)


@pytest.fixture(scope="module")
def cells() -> Round:
    return draw_round(0, 40)


def test_a_cell_answered_wrongly_comes_again_after_three_cards(cells: Round) -> None:
    at = Practice(cells, "Ann")
    assert at.due is not None
    missed = at.due.image_id
    train(at, [True, False, False, False])
    assert [attempt.right for attempt in at.history] == [False, True, True, True]
    assert at.due.image_id == missed
    assert at.due.again


def test_a_training_goes_on_after_a_new_visit_and_from_a_file(
    cells: Round, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALARIA_JOURNAL", str(tmp_path / "corrections.csv"))
    monkeypatch.setattr(training, "_draw_round", lambda number: cells if number == 0 else draw_round(number, 40))
    at = Practice(cells, "Ann")
    train(at, ERRS)
    train(Practice(cells, "Bob"), [True])
    again = training._seat("Ann")
    assert (again.history, again.due) == (at.history, at.due)
    from_file = training._bring(to_csv(at.answers).encode(), Practice(cells, "Eve"))
    assert (from_file.history, from_file.due) == (at.history, at.due)
    train(Practice(draw_round(1, 40), "Ann"), [False])
    assert training._seat("Ann").round.number == 1
    assert training._seat("Nobody").history == []
    assert [attempt.right for attempt in training._seat("Eve").history] == [not wrong for wrong in ERRS]


def test_progress_is_a_curve_as_soon_as_there_are_two_steps() -> None:
    at = Practice(draw_round(0), "Ann")
    train(at, [False] * 20)
    app = start(links.READERS, section="Training", annotator="Ann")
    app.session_state["readers.practice"] = at
    app.run()
    assert not app.get("plotly_chart")
    train(at, [False] * 30)
    app.run()
    (chart,) = app.get("plotly_chart")
    assert "Cards 1 to 37: 100" in chart.proto.alt
    assert "Ann: 50 of 50 right" in sentences(app)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda csv: csv.replace(b"Ann", b"Bob", 1), "the training of 2 readers"),
        (lambda csv: csv.replace(csv.splitlines()[1][:16], b"0" * 16), "no answers of a training"),
        (lambda csv: re.sub(rb",[0-9a-f]{64},", b"," + b"ab" * 32 + b",", csv), "drawn in another way now"),
        (lambda csv: csv[:-60], "Row 3 of the answers"),
    ],
)
def test_a_file_that_holds_no_training_is_refused(cells: Round, monkeypatch, change, said: str) -> None:
    monkeypatch.setattr(training, "_draw_round", lambda _: cells)
    at = Practice(cells, "Ann")
    train(at, [False, False])
    with pytest.raises(MalariaError, match=said):
        training._bring(change(to_csv(at.answers).encode()), at)


# Fields


@pytest.fixture(scope="module")
def fields() -> tuple[FieldKey, dict[str, bytes]]:
    return make_field_test(FieldSettings(fields=2, seed=5))


def mark_all(at: Fields, n: int = 2) -> Fields:
    """Every parasite of the first fields marked, and what no browser means."""
    for _ in range(n):
        height, width = at.draw(at.due).shape[:2]
        there = at.key.fields[at.key.test.fields[at.due - 1]].parasites
        marks = [[x / width, y / height] for x, y in there]
        nonsense = [[2, 0], [0.1], "x", [None, 0.1], [float("nan"), 0.1], [True, 0.5]]
        at.take({"token": "of another field", "marks": []})
        at.take({"token": at.token, "marks": [*marks, *nonsense], "seconds": 12.5})
    return at


def test_marks_on_every_parasite_find_all_and_what_no_browser_means_is_left_out(fields) -> None:
    key, pictures = fields
    at = mark_all(Fields(key, pictures, "Ann"))
    grade = grade_marks(key, at.marked)["Ann"]
    assert (grade.sensitivity.value, grade.false_alarms.value, grade.within.value) == (1, 0, 1)
    assert grade.seconds.value == 12.5
    app = start(links.READERS, section="Fields", fields="2", fields_seed="5", annotator="Ann")
    app.session_state["readers.fields"] = {key.test.id: at}
    app.run()
    assert re.fullmatch(r"(\d+) of \1 parasites found", app.header[0].value)
    assert "Level 1 to 4, by the WHO’s thresholds" in sentences(app)


def test_a_link_gives_the_same_fields_and_says_so_when_it_cannot(fields) -> None:
    key, _ = fields
    app = start(links.READERS, section="Fields", fields="2", fields_seed="5", annotator="Ann")
    assert app.query_params["fields_test"] == key.test.id
    (link,) = codes(app)
    asked = {name: value for name, (value,) in parse_qs(link.partition("?")[2]).items()}
    assert asked == {"section": "Fields", "fields": "2", "fields_seed": "5", "fields_test": key.test.id}
    other = start(links.READERS, **(asked | {"fields_test": "0123456789abcdef"}))
    assert "These are not the fields 0123456789abcdef from the link" in sentences(other)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"fields": "many"}, "fields=many must be a valid integer"),
        ({"fields": "2", "fields_seed": "-1"}, r"fields\_seed=-1 must be greater than or equal to 0"),
        ({"fields": "40"}, "A test here has at most 10 fields"),
        ({"fields": "1", "annotator": "The network"}, "The fields are synthetic"),
    ],
)
def test_an_address_for_fields_that_breaks_a_rule_is_told(asked: dict[str, str], said: str) -> None:
    app = start(links.READERS, section="Fields", **asked)
    assert said in sentences(app)


def test_marks_are_gone_on_with_from_a_file_of_one_reader_on_these_fields(fields) -> None:
    key, pictures = fields
    kept = marks_to_csv(mark_all(Fields(key, pictures, "Ann"), 1).marked).encode()
    at = Fields(key, pictures, "Eve")
    at.bring(kept)
    assert at.due == 2
    assert [one.reader for one in at.marked] == ["Eve"]
    other = make_field_test(FieldSettings(fields=1, seed=6))
    with pytest.raises(ReaderTestError, match="no marks on these fields"):
        Fields(*other).bring(kept)
    moved = kept.replace(key.test.fields[0].encode(), key.test.fields[1].encode())
    with pytest.raises(ReaderTestError, match="on field 1 are on a different field"):
        Fields(key, pictures).bring(moved)
