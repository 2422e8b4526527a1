"""Several cells answered at once: each is a row as if made singly, nothing is answered twice, undo takes all back."""

from dataclasses import replace
from pathlib import Path

import pytest

from malaria.errors import JournalError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import AS_GIVEN, UNSURE, Filter, Settings, answer_several, list_page
from tests.review.conftest import image
from tests.review.test_journal import full_disk
from tests.review.test_review_queue import numbers
from tests.review.test_session import OPEN, THIRD, disagree, on_table, rows, work


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corrections.csv"


def ids(*cells: int) -> list[str]:
    return [image(cell) for cell in cells]


def test_a_page_is_what_waits_and_an_answer_for_several_is_a_row_each(path: Path) -> None:
    session = work(path)
    assert numbers(list_page(session, 4)) == [0, 1, 2, 3]
    found = answer_several(session, ids(0, 2, 3), PARASITIZED)
    assert rows(session) == [(k, PARASITIZED, PARASITIZED, True) for k in (0, 2, 3)]
    assert found.given == {PARASITIZED: 1, UNINFECTED: 2}
    row = session.log.state.rows[1]
    assert (row.model, row.threshold, row.given_label, row.patient) == ("net", 0.5, UNINFECTED, "C0P1")
    assert numbers(list_page(session)) == [1, 4, 5]
    assert on_table(session) == 1
    assert session.progress.done == 3


def test_right_as_given_keeps_each_cells_own_label(path: Path) -> None:
    session = work(path, settings=OPEN)
    answer_several(session, ids(0, 1, 2), AS_GIVEN)
    assert rows(session) == [
        (0, PARASITIZED, PARASITIZED, False),
        (1, PARASITIZED, PARASITIZED, False),
        (2, UNINFECTED, UNINFECTED, False),
    ]


def test_right_as_given_is_no_answer_while_the_label_is_hidden(path: Path) -> None:
    session = work(path)
    with pytest.raises(JournalError, match="Show the given labels first"):
        answer_several(session, ids(0, 1), AS_GIVEN)
    assert rows(session) == []
    told = work(path, settings=Settings(repeats=False, wanted=Filter(given_label=UNINFECTED)))
    answer_several(told, ids(2, 3), AS_GIVEN)
    assert rows(told) == [(2, UNINFECTED, UNINFECTED, False), (3, UNINFECTED, UNINFECTED, False)]


def test_what_is_pressed_twice_or_is_no_answer_adds_nothing(path: Path) -> None:
    session = work(path, settings=OPEN)
    answer_several(session, ids(0, 1), UNSURE)
    again = answer_several(session, ids(0, 1), PARASITIZED)
    assert (again.kept, again.left_out) == ((), 2)
    assert len(rows(session)) == 2
    with pytest.raises(JournalError, match="Choose one of"):
        answer_several(session, ids(2), "Skipped")


def test_in_a_shared_queue_what_another_answered_meanwhile_is_left_out(path: Path) -> None:
    shared = replace(OPEN, sharing=True)
    ann, bob = work(path, settings=shared), work(path, "bob", settings=shared)
    page = list_page(ann)
    answer_several(bob, ids(1, 2), UNSURE)
    found = answer_several(ann, [card.image_id for card in page], UNINFECTED)
    assert ([int(row.image_id, 16) for row in found.kept], found.left_out) == ([0, 3, 4, 5], 2)


def test_two_annotators_never_overwrite_each_other(path: Path) -> None:
    ann, bob = work(path, settings=OPEN), work(path, "bob", settings=OPEN)
    answer_several(ann, ids(0, 1), PARASITIZED)
    answer_several(bob, ids(0, 1), UNINFECTED)
    ann.undo(ann.token)
    state = work(path).log.state
    assert {name: said.final_answer for name, said in state.of_cell(image(0)).items()} == {"bob": UNINFECTED}


def test_undo_takes_a_group_back_at_once_and_after_a_reload_one_by_one(path: Path) -> None:
    session = work(path, settings=OPEN)
    session.answer(session.token, PARASITIZED)
    answer_several(session, ids(1, 2), UNINFECTED)
    answer_several(session, ids(3, 4), UNINFECTED)
    assert len(session.last_group) == 2
    assert session.undo(session.token)
    assert session.undo(session.token)
    assert numbers(list_page(session)) == [1, 2, 3, 4, 5]
    assert session.last_group == []
    assert session.undo(session.token), "and then the single one before"
    assert session.progress.done == 0
    assert session.log.state.problems == []
    answer_several(session, ids(1, 2), UNINFECTED)
    again = work(path, settings=OPEN)
    assert again.undo(again.token)
    assert again.progress.done == 1


def test_after_a_group_a_single_answer_is_undone_alone(path: Path) -> None:
    session = work(path, settings=OPEN)
    answer_several(session, ids(0, 1), UNINFECTED)
    session.answer(session.token, PARASITIZED)
    assert session.last_group == []
    session.undo(session.token)
    assert session.progress.done == 2
    assert len(session.last_group) == 2


def test_a_full_disk_keeps_none_of_a_group_and_loses_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = work(path, settings=OPEN)
    make_room = full_disk(monkeypatch, after=0)
    with pytest.raises(JournalError):
        answer_several(session, ids(0, 1), UNSURE)
    assert rows(session) == []
    assert answer_several(session, ids(2), UNSURE).kept == ()
    make_room()
    session.save_again()
    assert [row[0] for row in rows(session)] == [0, 1]


def test_a_third_readers_group_is_marked(path: Path) -> None:
    disagree(path)
    cyd = work(path, "cyd", settings=THIRD)
    assert all(row.adjudicates for row in answer_several(cyd, ids(1, 2), UNSURE).kept)
