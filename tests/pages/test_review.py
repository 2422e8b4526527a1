"""The label review page as a script: what is shown when, what is kept where, and what a refusing disk leads to."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import streamlit as st
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from malaria import phantom
from malaria.cells import format_csv, read_labels
from malaria.review import CsvJournal, Decision, Log, State, correct_labels, read_journal, to_csv
from malaria.review.sql import SqlJournal
from malaria.ui.parts.account import SHARED
from malaria.ui.parts.answer_keys import KEYS
from malaria.ui.parts.frame import ROOT
from malaria.ui.parts.journal import ENVIRONMENT
from malaria.ui.parts.links import CORRECTIONS
from tests.review.test_journal import full_disk
from tests.test_batch import png, zipped

PAGE = "pages/3_Label_review.py"
PARASITIZED, UNINFECTED, UNSURE, UNUSABLE = KEYS


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CsvJournal:
    """Where the app keeps decisions in these tests."""
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "corrections.csv"))
    return CsvJournal(tmp_path / "corrections.csv")


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that shows everybody all decisions."""
    monkeypatch.setenv(SHARED, "1")


def start(
    annotator: str | None = "ann", example: str | None = "synthetic", queue: str = "all", **query: str
) -> AppTest:
    """Open the page as its address would, and wait until the cells are scored."""
    app = AppTest.from_file(ROOT / "streamlit_app.py", default_timeout=120)
    app.switch_page(PAGE)
    if annotator is not None:
        app.query_params["annotator"] = annotator
    if example:
        app.query_params["example"] = example
        app.query_params.update({"queue": queue} | query)
    return settle(app.run())


def settle(app: AppTest) -> AppTest:
    """Run until scoring is done, which a browser does by itself."""
    while any("Stop" in button.label for button in app.button):
        scoring = app.session_state["batch.source"]._scorings
        for one in scoring.values():
            one.wait()
        app.run()
    return app


def key(app: AppTest, letter: str) -> AppTest:
    """Press the button that has this key."""
    next(button for button in app.button if button.proto.shortcut.upper() == letter.upper()).click()
    return app.run()


def answer(app: AppTest, letters: str) -> AppTest:
    """Answer blind and go on, once for each key."""
    for letter in letters:
        key(key(app, letter), "Enter")
    return app


def press(app: AppTest, words: str) -> AppTest:
    next(button for button in app.button if words in button.label).click()
    return app.run()


def shown(app: AppTest) -> str:
    """All that the page says, as its reader sees it."""
    parts = [*app.error, *app.warning, *app.info, *app.success, *app.markdown, *app.caption]
    html = " ".join(re.sub(r"<[^>]+>", " ", element.proto.body) for element in app.get("html"))
    bars = " ".join(element.proto.text for element in app.get("progress"))
    return re.sub(r"\\([\W_])", r"\1", "\n".join([*(str(part.value) for part in parts), html, bars]))


def cell(app: AppTest) -> str:
    """The picture of the card on the table."""
    drawn = (one.proto for one in app.get("bidi_component"))
    sent = next(json.loads(one.json) for one in drawn if one.component_name == "answer_keys")
    card = sent["deck"][0]
    return f"{card['alt']} {card['picture']} {sent['look']}"


def show(app: AppTest, part: str) -> str:
    app.segmented_control(key="review.outcome").set_value(part)
    return shown(app.run())


def kept(journal: CsvJournal) -> State:
    return Log(journal).state


def test_arriving_there_is_something_to_click_and_nothing_is_written(journal: CsvJournal) -> None:
    app = start(example=None)
    assert not app.exception
    assert any("synthetic" in button.label for button in app.button)
    press(app, "synthetic")
    settle(app)
    assert "0 of 10" in shown(app)
    assert not journal.path.exists()


def test_planted_errors_are_in_front_and_how_they_got_there_is_said(journal: CsvJournal) -> None:
    app = start()
    assert "Ranked by how unlikely the given label is, according to the model cell-resnet" in shown(app)
    cards = app.session_state["review.label_review"][1].session.cards
    truth = {cell.file: cell.true_label for cell in phantom.batch(200, mislabelled=0.05)}
    wrong = [truth[card.file.rsplit("/", 1)[-1]] != card.given_label for card in cards]
    assert sum(wrong) == 10
    assert sum(wrong[:12]) >= 8


def test_nothing_tells_the_label_before_the_answer(journal: CsvJournal) -> None:
    app = start()
    card = app.session_state["review.label_review"][1].session.current
    texts = [shown(app), *(str(button.label) for button in app.button)]
    assert not any("Given label:" in text or card.file in text for text in texts)
    key(app, "P")
    assert f"Given label:  {card.given_label}" in shown(app)
    assert "parasitized, suspect 1 of 200" in shown(app)
    assert "You:  Parasitized" in shown(app)


def test_every_answer_is_in_the_journal_before_the_next_card(journal: CsvJournal) -> None:
    app = start()
    for number, letter in enumerate("PUNX", start=1):
        before = cell(app)
        key(app, letter)
        rows = kept(journal).rows
        assert len(rows) == number
        assert cell(app) == before
        key(app, "Enter")
        assert cell(app) != before
    assert [row.final_answer for row in kept(journal).rows] == [PARASITIZED, UNINFECTED, UNSURE, UNUSABLE]
    row = kept(journal).rows[0]
    assert (row.annotator, row.model, row.threshold, row.blind) == ("ann", "cell-resnet", 0.5, True)
    assert "4 of 200" in shown(app)


def test_a_note_goes_with_the_answer_and_not_with_the_next(journal: CsvJournal) -> None:
    app = start()
    note = next(one for one in app.text_input if one.label == "Note")
    note.set_value("=HYPERLINK(1) faint").run()
    answer(app, "PU")
    assert [row.note for row in kept(journal).rows] == ["=HYPERLINK(1) faint", ""]
    assert ",'=HYPERLINK(1) faint," in journal.path.read_text()


def test_undo_and_the_list_of_the_last_decisions(journal: CsvJournal) -> None:
    app = start()
    first = cell(app)
    answer(app, "PU")
    edits = [button for button in app.button if str(button.key).startswith("review-edit-")]
    assert [button.label.rsplit(")", 1)[-1].strip() for button in edits] == ["Uninfected", "Parasitized"]
    edits[1].click()
    app.run()
    assert cell(app) == first
    key(app, "U")
    state = kept(journal)
    assert [cells["ann"][0].decision.final_answer for cells in state.opinions.values()] == [UNINFECTED, UNINFECTED]
    key(key(key(app, "Z"), "Z"), "Z")
    assert kept(journal).opinions == {}
    assert "0 of 200" in shown(app)
    key(app, "Z")
    assert "nothing left to undo" in shown(app)


def test_a_reload_goes_on_where_one_was(journal: CsvJournal) -> None:
    app = start()
    answer(app, "PU")
    key(app, "S")
    again = start()
    assert cell(again) == cell(app)
    assert "2 of 200" in shown(again)


@pytest.mark.parametrize("annotator", [None, "", "  "])
def test_visitors_without_a_name_are_not_one_annotator(journal: CsvJournal, annotator: str | None) -> None:
    first, second = start(annotator), start(annotator)
    answer(first, "pu")
    second.run()
    assert "2 of 200" in shown(first)
    assert "0 of 200" in shown(second)
    key(second, "z")
    assert len(kept(journal).rows) == 2
    (guest,) = {row.annotator for row in kept(journal).rows}
    assert "2 of 200" in shown(start(first.text_input(key="annotator.box").value))
    assert guest == first.text_input(key="annotator.box").value != second.text_input(key="annotator.box").value


def test_an_emptied_name_is_the_one_before(journal: CsvJournal) -> None:
    app = start("zoë")
    app.text_input(key="annotator.box").set_value("").run()
    assert app.text_input(key="annotator.box").value == "zoë"
    answer(app, "p")
    assert {row.annotator for row in kept(journal).rows} == {"zoë"}


def test_two_annotators_do_not_see_each_others_answers_before_their_own(journal: CsvJournal, shared: None) -> None:
    answer(start("ann"), "PU")
    bob = start("bob")
    assert "ann:" not in shown(bob)
    key(bob, "U")
    assert "ann: Parasitized" in shown(bob)


def test_sharing_the_queue_gives_everyone_another_card(journal: CsvJournal) -> None:
    apps = [start(name) for name in ("ann", "bob", "cyd")]
    for app in apps:
        app.toggle(key="review.sharing").set_value(True).run()
    assert len({cell(app) for app in apps}) == 3


def test_without_blindness_the_label_is_there_and_the_journal_says_so(journal: CsvJournal) -> None:
    app = start()
    app.toggle(key="review.blind").set_value(False).run()
    assert "Given label:" in shown(app)
    before = cell(app)
    key(app, "P")
    assert cell(app) != before
    assert [row.blind for row in kept(journal).rows] == [False]


def test_it_opens_on_the_labels_in_dispute_and_says_how_many_more_there_are(journal: CsvJournal) -> None:
    app = start(queue="dispute")
    review = app.session_state["review.label_review"][1]
    n = sum(card.contradicted for card in review.session.cards)
    assert 8 <= n <= 15
    assert f"0 of {n}" in shown(app)
    assert "In dispute: the model’s answer contradicts the given label." in shown(app)
    assert f"{200 - n} more at lower suspicion" in shown(app)
    assert review.session.current.contradicted


def test_the_queue_in_dispute_ends_and_leads_on(journal: CsvJournal) -> None:
    app = start(queue="dispute")
    n = app.session_state["review.label_review"][1].session.progress.total
    answer(app, "P" * n)
    rows = kept(journal).rows
    text = shown(app)
    changed = sum(row.given_label != PARASITIZED for row in rows)
    assert f"Done: all {n} are decided." in text
    assert f"You confirmed {n - changed} labels and changed {changed}: " in text
    assert re.search(rf"Changed, of the {n} you answered: [\d.]+ % \([\d.]+ to [\d.]+ %\)\.", text)
    assert {"Corrected labels (CSV)", "Download the journal"} <= {one.proto.label for one in app.get("download_button")}
    press(app, f"{200 - n} more at lower suspicion: go on with them")
    assert f"{n} of 200" in shown(app)
    assert app.query_params["queue"] == "all"
    assert cell(app)


def test_filters_are_counted_and_combined_and_kept_in_the_address(journal: CsvJournal) -> None:
    app = start()
    app.selectbox(key="review.patient").select("C903P3").run()
    assert "0 of 20" in shown(app)
    assert app.query_params["patient"] == "C903P3"
    app.pills(key="review.wrong").set_value("false-positive").run()
    assert "only false positives · only patient C903P3" in shown(app)
    review = app.session_state["review.label_review"][1]
    mine = [card for card in review.session.cards if card.patient == "C903P3" and card.contradicted]
    n = sum(card.given_label == UNINFECTED for card in mine)
    assert [option.split()[-1] for option in app.pills(key="review.wrong").options] == [str(n), str(len(mine) - n)]
    assert review.session.progress.total == n
    again = start(queue="all", patient="C903P3", wrong="false-positive")
    assert again.session_state["review.label_review"][1].session.progress.total == n
    app.pills(key="review.wrong").set_value(None).run()
    app.slider(key="review.suspicion").set_range(0.0, 0.0).run()
    assert "No label matches these filters" in shown(app)
    press(app, "Clear the filters")
    assert "0 of 200" in shown(app)
    assert set(app.query_params) == {"annotator", "example", "queue"}


def test_a_filter_that_tells_the_label_shows_it(journal: CsvJournal) -> None:
    app = start(wrong="false-negative")
    assert f"Given label:  {PARASITIZED}" in shown(app)
    key(app, "P")
    assert [row.blind for row in kept(journal).rows] == [False]


def test_a_filter_in_the_address_that_cannot_be_is_said(journal: CsvJournal) -> None:
    app = start(queue="new", patient="nobody")
    assert "queue=new must be one of dispute, all, third, mine" in shown(app)
    assert "patient=nobody must be a patient of this batch" in shown(app)


def test_what_is_disputed_goes_to_a_third_reader(journal: CsvJournal, shared: None) -> None:
    answer(start("ann"), "PPU")
    answer(start("bob"), "PUN")
    assert "No cell is waiting for a third reader" in shown(start("ann", queue="third"))
    cyd = start("cyd", queue="third")
    assert "0 of 2" in shown(cyd)
    assert "ann:" not in shown(cyd)
    key(cyd, "U")
    assert {"ann: Parasitized", "bob: Uninfected"} <= set(re.findall(r"(?:ann|bob): \w+", shown(cyd)))
    key(cyd, "Enter")
    assert "1 of 2" in shown(cyd)
    answer(cyd, "U")
    assert "Done: all 2 are decided." in shown(cyd)
    assert [row.note for row in kept(journal).rows if row.annotator == "cyd"] == ["[adjudication]"] * 2


def sent(app: AppTest, component: str) -> dict[str, Any]:
    """What the browser is sent for a component of this name."""
    (text,) = [one.proto.json for one in app.get("bidi_component") if component in one.proto.component_name]
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_swipe_is_sent_no_label_that_is_hidden(journal: CsvJournal) -> None:
    app = start()
    session = app.session_state["review.label_review"][1].session
    told = sent(app, "review_look")
    assert told["given"] == {}
    assert told["hidden"][0] == session.current.image_id
    assert "right: parasitized" in told["hint"]
    app.toggle(key="review.blind").set_value(False).run()
    told = sent(app, "review_look")
    assert told["hidden"] == []
    assert told["given"][session.current.image_id] == session.current.given_label[0].lower()
    assert "right: right as given" in told["hint"]


def test_several_at_once_shows_no_label_that_is_hidden(journal: CsvJournal) -> None:
    app = press(start(), "Several at once")
    blind = sent(app, "review_grid")
    assert len(blind["cells"]) == 24
    assert not any("label" in one or "labelled" in one["told"] for one in blind["cells"])
    assert [one["answer"] for one in blind["answers"]] == [PARASITIZED, UNINFECTED, UNSURE, UNUSABLE]
    app.toggle(key="review.blind").set_value(False).run()
    shown_too = sent(app, "review_grid")
    cards = app.session_state["review.label_review"][1].session.cards
    assert [one["label"] for one in shown_too["cells"]] == [card.given_label for card in cards[:24]]
    assert shown_too["answers"][0]["words"] == "Right as given"
    press(app, "One at a time")
    assert cell(app)


def test_whoever_comes_back_is_told_what_is_kept_of_their_own(journal: CsvJournal, shared: None) -> None:
    answer(start("ann"), "PPU")
    assert "Welcome back, 3 decisions kept. Upload the same zip to continue." in shown(start("ann", example=None))
    assert "Welcome back" not in shown(start("bob", example=None))
    assert "Is this the same zip?" not in shown(start("ann"))


def test_a_guest_sees_counts_and_downloads_the_rows_of_their_own_name_and_batch_only(journal: CsvJournal) -> None:
    answer(start("ann"), "PPU")
    elsewhere = replace(kept(journal).rows[0], annotator="bob", image_id="f" * 64, file="other.png", decided_at="")
    journal.append([elsewhere])
    bob = start("bob")
    answer(bob, "U")
    session = bob.session_state["review.label_review"][1].session
    assert {row.annotator for row in session.log.state.rows} == {"bob"}
    assert [row.final_answer for row in session.list_rows(about_these=True)] == [UNINFECTED]
    bob.segmented_control(key="review.outcome").set_value("Journal").run()
    assert "rows 1, annotators 1" in shown(bob)
    assert "You see your own decisions only." in shown(bob)
    assert "Third reader" not in str(bob.selectbox(key="review.queue").options)
    assert "Welcome back, your decisions are kept." in shown(start("bob", example=None))
    earlier = to_csv([replace(row, annotator=name) for row in kept(journal).rows[:1] for name in ("bob", "cyd")])
    bob.file_uploader(key="review.journal").set_value([("earlier.csv", earlier.encode(), "text/csv")]).run()
    assert "1 row added from earlier.csv. 1 row of other annotators left out" in shown(bob)


def test_who_shares_a_queue_gets_no_card_that_another_answered_though_they_do_not_see_it(journal: CsvJournal) -> None:
    ann = start("ann")
    first = ann.session_state["review.label_review"][1].session.current
    answer(ann, "P")
    bob = start("bob")
    assert bob.session_state["review.label_review"][1].session.current == first
    bob.toggle(key="review.sharing").set_value(True).run()
    assert bob.session_state["review.label_review"][1].session.current != first


def test_another_zip_than_before_is_said(journal: CsvJournal) -> None:
    answer(start("ann"), "PPU")
    app = start("ann", example=None)
    files = {f"{label}/{shade}.png": png(shade / 10) for shade, label in enumerate((UNINFECTED, PARASITIZED), start=3)}
    app.file_uploader[0].set_value([("other.zip", zipped(files).getvalue(), "application/zip")])
    text = shown(settle(app.run()))
    assert "None of your earlier decisions is about these cells. Is this the same zip?" in text


def test_look_closer_changes_the_display_only(journal: CsvJournal) -> None:
    app = start()
    plain = cell(app)
    app.slider(key="review.zoom").set_value(3.0).run()
    assert "'--zoom': '3.0'" in cell(app)
    app.segmented_control(key="review.view").set_value("Hue").run()
    assert "its hue only" in cell(app)
    app.segmented_control(key="review.view").set_value("Colour").run()
    assert cell(app).replace("'--zoom': '3.0'", "'--zoom': '1.0'") == plain


def test_cells_of_the_patient_and_look_alikes_stand_beside_it(journal: CsvJournal) -> None:
    app = start()
    review = app.session_state["review.label_review"][1]
    while not review._looking.results:
        app.run()
    text = shown(app.run())
    assert "From the same patient" in text
    assert "Look-alikes" in text
    assert text.count("labelled Parasitized") == text.count("labelled Uninfected") == 2


def test_the_suspects_most_like_a_cell_can_come_next(journal: CsvJournal) -> None:
    app = start()
    review = app.session_state["review.label_review"][1]
    while not review._looking.results:
        app.run()
    app.run()
    card = review.session.current
    expected = review._looking.results[0].suspects(review.pictures[card.file].rgb, 3, but=card.image_id)
    key(app, "L")
    assert review.session.current == card
    assert review.session.look_ahead(3) == expected
    answer(app, "P")
    assert review.session.current == expected[0]


def test_a_full_disk_stops_the_queue_and_loses_nothing(journal: CsvJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    app = start()
    answer(app, "P")
    before = cell(app)
    make_room = full_disk(monkeypatch, after=0)
    key(app, "U")
    assert "cannot be written (No space left on device). Free some space" in shown(app)
    assert "Paused: 1 decision is not saved yet" in shown(app)
    assert not any(button.label in ("Parasitized", "Uninfected") for button in app.button)
    press(app, "Try again")
    assert app.error
    make_room()
    press(app, "Try again")
    assert not app.error
    assert [row.final_answer for row in kept(journal).rows] == [PARASITIZED, UNINFECTED]
    assert cell(app) != before


def test_an_unwritable_place_is_told(tmp_path: Path, journal: CsvJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "file" / "corrections.csv"))
    app = start()
    assert not app.exception
    if not app.error:
        key(app, "P")
    assert re.search(r"cannot be (written|read) \(Not a directory\)", shown(app))


@pytest.mark.parametrize("forgets", [True, False])
def test_where_decisions_go_and_whether_they_last(
    journal: CsvJournal, monkeypatch: pytest.MonkeyPatch, forgets: bool
) -> None:
    monkeypatch.setattr("malaria.review.journal.survives_restart", lambda path: not forgets)
    app = start()
    assert "not downloaded yet" not in shown(app)
    answer(app, "PU")
    text = shown(app)
    assert journal.path.name in text
    assert str(journal.path.parent) not in text, "where it lies on the server is not for visitors"
    if forgets:
        assert "which this host loses when it restarts." in text
        assert "Download before you leave: 2 rows not downloaded yet." in text
        assert app.get("download_button")
    else:
        assert "survives a restart" in text


def test_an_earlier_journal_is_gone_on_with(journal: CsvJournal) -> None:
    app = start()
    answer(app, "PU")
    earlier = to_csv(kept(journal).rows)
    journal.path.unlink()
    app = start()
    assert "0 of 200" in shown(app)
    show(app, "Journal")
    upload(app, "corrections.csv", earlier.encode())
    assert "2 of 200" in shown(app)
    assert to_csv(kept(journal).rows) == earlier
    assert [one.value for one in app.success] == ["2 rows added from corrections\\.csv."]
    assert not app.toast, "a callback of a fragment must not draw: Streamlit warns of it in the log"
    upload(app, "again.csv", earlier.encode())
    assert [one.value for one in app.success] == ["0 rows added from again\\.csv."]
    upload(app, "notes.csv", b"file,label\na.png,Parasitized\n")
    assert "not a journal of decisions" in app.error[0].value
    assert not app.exception


def upload(app: AppTest, name: str, data: bytes) -> None:
    app.file_uploader(key="review.journal").set_value([(name, data, "text/csv")])
    app.run()


def test_a_torn_line_is_reported(journal: CsvJournal) -> None:
    answer(start(), "P")
    with journal.path.open("ab") as file:
        file.write(b"2026-01-01T00")
    app = start()
    assert "1 of 200" in shown(app)
    assert "cut short by a crash" in show(app, "Journal")


def test_results(journal: CsvJournal) -> None:
    app = start()
    answer(app, "PUNX")
    text = show(app, "Results")
    assert "4 of 200 labelled cells were read" in text
    assert "unsure: 1; not usable: 1" in text
    assert "| 1 to 50 | 4 |" in text
    assert "The consensus is the answer that more than half" in text
    press(app, "Measure the models against these labels")
    labels: Any = app.session_state[CORRECTIONS]
    decided = [row for row in kept(journal).rows if row.corrected_label]
    assert labels.ids == {row.image_id: row.corrected_label for row in decided}
    assert app.title[0].value.endswith("Batch evaluation")


def test_agreement(journal: CsvJournal, shared: None) -> None:
    answer(start("ann"), "PPUU")
    app = start("bob")
    assert "Only one annotator has answered so far" in show(app, "Agreement")
    answer(app, "PPUP")
    text = show(app, "Agreement")
    assert "| ann, bob | first | 4 | 75.0 %" in text
    assert "No cell has come back to you yet" in text
    assert "all (Fleiss)" not in text
    cyd = start("cyd")
    answer(cyd, "PPUP")
    assert "| all (Fleiss) | final | 4 |" in show(cyd, "Agreement")


@pytest.fixture(params=["variable", "secret", "connection"])
def database(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a database that the host names in each way there is."""
    address = f"sqlite:///{tmp_path}/corrections.db"
    secrets = {
        "variable": "",
        "secret": f'MALARIA_JOURNAL = "{address}"\n',
        "connection": f'[connections.corrections]\nurl = "{address}"\n',
    }[request.param]
    monkeypatch.setenv("MALARIA_JOURNAL", address if request.param == "variable" else "not-this.csv")
    (tmp_path / "secrets.toml").write_text(secrets)
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(tmp_path / "secrets.toml")])
    yield address
    config.set_option("secrets.files", before)
    secrets_singleton._reset()
    st.cache_resource.clear()


def test_a_database_in_place_of_the_file(journal: CsvJournal, database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("malaria.review.sql.survives_restart", lambda path: True)
    app = start()
    answer(app, "PU")
    assert "the table corrections of the database" in shown(app)
    assert database.removeprefix("sqlite://") not in shown(app)
    assert not journal.path.exists()
    app.session_state["journal.log"][1].store._engine.dispose()
    engine = sqlalchemy.create_engine(database)
    rows = SqlJournal(engine).read().rows
    engine.dispose()
    assert [row.final_answer for row in rows] == [PARASITIZED, UNINFECTED]
    assert read_journal(to_csv(rows).encode()) == list(rows)


@pytest.mark.parametrize("host", ["127.0.0.1:1", "wrong:port", "127.0.0.1@127.0.0.1"])
def test_a_database_that_cannot_be_reached_is_told_without_its_address(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("MALARIA_JOURNAL", f"postgresql+psycopg://ann:topsecret@{host}/decisions")
    app = start()
    (told,) = [error.value for error in app.error]
    assert told.startswith(("The database does not answer correctly", "The address of the database cannot be read"))
    assert "secret" not in shown(app) + told
    assert not app.exception
    st.cache_resource.clear()


def test_what_is_decided_is_what_evaluate_and_train_read(journal: CsvJournal) -> None:
    app = start()
    answer(app, "PU")
    rows: list[Decision] = kept(journal).rows
    review = app.session_state["review.label_review"][1]
    written = format_csv(correct_labels(review.table, review.session.log.state)).encode()
    labels = read_labels(written)
    assert len(labels.names) == 200
    assert {row.image_id: labels.ids[row.image_id] for row in rows} == {
        row.image_id: row.corrected_label for row in rows
    }


def test_what_is_in_no_queue_is_named(journal: CsvJournal) -> None:
    cell = png(0.9)
    files = {
        "Parasitized/a.png": cell,
        "Uninfected/b.png": png(0.1),
        "again/Parasitized/a.png": cell,
        "notes.txt": b"x",
    }
    app = start(example=None)
    app.file_uploader[0].set_value([("cells.zip", zipped(files).getvalue(), "application/zip")])
    settle(app.run())
    (left_out,) = [frame.value for frame in app.dataframe if list(frame.value) == ["file", "why"]]
    assert dict(left_out.itertuples(index=False)) == {
        "again/Parasitized/a.png": "A copy of Parasitized/a.png, counted once.",
        "notes.txt": "This is not an image file.",
    }
