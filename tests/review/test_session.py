"""An annotator at work: what is hidden, what is recorded, and what a second press of a key cannot do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from malaria.errors import JournalError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import SKIPPED, UNSURE, CsvJournal, Filter, Log, ReviewSession, Settings, SuspectLabel, replay
from tests.review.conftest import image
from tests.review.test_journal import full_disk
from tests.review.test_review_queue import cards, numbers

OPEN = Settings(blind=False, repeats=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "corrections.csv"


def work(
    path: Path, annotator: str = "ann", n: int = 6, settings: Settings | None = None, **options: Any
) -> ReviewSession:
    settings = settings or Settings(repeats=False)
    return ReviewSession(
        cards(n), Log(CsvJournal(path)), annotator, model="net", threshold=0.5, settings=settings, **options
    )


def on_table(session: ReviewSession) -> int | None:
    return int(session.current.image_id, 16) if session.current else None


def rows(session: ReviewSession) -> list[tuple[int, str, str, bool]]:
    return [(int(r.image_id, 16), r.first_answer, r.final_answer, r.blind) for r in session.log.state.rows]


def test_a_blind_answer_reveals_and_waits_and_both_answers_are_recorded(path: Path) -> None:
    session = work(path)
    assert session.label_hidden
    session.answer(session.token, PARASITIZED)
    assert on_table(session) == 0
    assert session.revealed is not None
    assert not session.label_hidden
    assert rows(session) == [(0, PARASITIZED, PARASITIZED, True)], "kept before anything is shown"
    session.answer(session.token, UNINFECTED)
    assert (on_table(session), session.doubted) == (0, UNINFECTED), "once may have been meant for the next card"
    assert len(rows(session)) == 1
    session.answer(session.token, UNINFECTED, note="on second thoughts")
    assert (on_table(session), session.doubted) == (1, None)
    assert session.label_hidden
    assert rows(session)[1:] == [(0, PARASITIZED, UNINFECTED, True)]
    row = session.log.state.rows[1]
    assert (row.supersedes, row.note) == (session.log.state.rows[0].decided_at, "on second thoughts")
    assert (row.model, row.threshold, row.given_label, row.p_parasitized) == ("net", 0.5, PARASITIZED, 0.5)


@pytest.mark.parametrize("confirm", ["the same key", "next"])
def test_confirming_adds_no_row(path: Path, confirm: str) -> None:
    session = work(path)
    session.answer(session.token, UNSURE, note="faint")
    if confirm == "next":
        session.go_on(session.token, note="faint")
    else:
        session.answer(session.token, UNSURE, note="faint")
    assert on_table(session) == 1
    assert rows(session) == [(0, UNSURE, UNSURE, True)]


def test_a_note_written_after_the_reveal_is_kept(path: Path) -> None:
    session = work(path)
    session.answer(session.token, UNSURE)
    session.go_on(session.token, note="platelet?")
    assert session.log.state.mine(image(0), "ann").note == "platelet?"  # type: ignore[union-attr]


def test_without_waiting_or_blindness_the_next_card_comes_at_once(path: Path) -> None:
    session = work(path, settings=Settings(wait=False, repeats=False))
    session.answer(session.token, PARASITIZED)
    assert on_table(session) == 1
    session.change("ann", OPEN)
    assert not session.label_hidden
    session.answer(session.token, PARASITIZED)
    assert on_table(session) == 2
    assert [row[3] for row in rows(session)] == [True, False]


def test_a_filter_by_direction_gives_the_label_away_and_the_journal_says_so(path: Path) -> None:
    session = work(path, settings=Settings(repeats=False, wanted=Filter(given_label=UNINFECTED)))
    assert not session.label_hidden
    session.answer(session.token, PARASITIZED)
    assert rows(session) == [(2, PARASITIZED, PARASITIZED, False)]
    assert on_table(session) == 3


def test_a_key_pressed_twice_answers_once(path: Path) -> None:
    session = work(path, settings=OPEN)
    token = session.token
    for _ in range(3):
        session.answer(token, PARASITIZED)
        session.skip(token)
        session.go_on(token)
    assert rows(session) == [(0, PARASITIZED, PARASITIZED, False)]
    assert not session.undo(token)


def test_undo_brings_the_card_back_with_its_label_shown(path: Path) -> None:
    session = work(path)
    session.answer(session.token, PARASITIZED)
    for _ in range(2):
        session.answer(session.token, UNINFECTED)
    session.skip(session.token)
    assert on_table(session) == 2
    assert session.undo(session.token)
    assert on_table(session) == 1
    assert session.label_hidden, "skipping showed nothing"
    assert session.undo(session.token)
    assert on_table(session) == 0
    assert session.mine is not None
    assert session.mine.final_answer == PARASITIZED, "the change is undone, the first answer stands"
    assert session.undo(session.token)
    assert session.mine is None
    assert not session.label_hidden
    session.answer(session.token, UNINFECTED)
    assert rows(session)[-1] == (0, UNINFECTED, UNINFECTED, False), "no longer blind: it was seen"
    assert on_table(session) == 1


def test_undo_stops_at_the_beginning_and_at_other_batches(path: Path) -> None:
    elsewhere = ReviewSession(
        [SuspectLabel(1, image(99), "x.png", None, PARASITIZED, 0.5, 0.5)], Log(CsvJournal(path)), "ann"
    )
    elsewhere.answer(elsewhere.token, UNSURE)
    session = work(path)
    assert not session.undo(session.token)
    assert len(session.log.state.rows) == 1


def test_an_edit_keeps_what_was_said_first_and_goes_on_where_one_was(path: Path) -> None:
    session = work(path, settings=Settings(wait=False, repeats=False))
    for answer in (PARASITIZED, UNINFECTED, UNSURE):
        session.answer(session.token, answer)
    assert [row.final_answer for row in session.latest(2)] == [UNSURE, UNINFECTED]
    session.edit(image(0))
    assert not session.label_hidden
    session.answer(session.token, UNINFECTED)
    assert rows(session)[-1] == (0, PARASITIZED, UNINFECTED, True)
    assert on_table(session) == 3
    assert [int(row.image_id, 16) for row in session.latest()] == [0, 2, 1]


def test_skipped_cards_come_last(path: Path) -> None:
    session = work(path, n=3, settings=OPEN)
    session.skip(session.token)
    seen = []
    while session.current:
        seen.append(on_table(session))
        session.answer(session.token, UNSURE)
    assert seen == [1, 2, 0]


def test_a_reload_in_the_middle_goes_on_where_one_was(path: Path) -> None:
    session = work(path)
    session.answer(session.token, PARASITIZED)
    session.answer(session.token, PARASITIZED)
    session.answer(session.token, UNSURE)  # its reveal is never looked at
    again = work(path)
    assert on_table(again) == 2
    assert again.progress.done == 2
    assert again.log.state == session.log.state


def test_others_answers_are_seen_only_after_ones_own(path: Path) -> None:
    bob = work(path, "bob", settings=OPEN)
    bob.answer(bob.token, UNINFECTED)
    for settings in (Settings(repeats=False), OPEN):
        ann = work(path, f"ann {settings.blind}", settings=settings)
        assert on_table(ann) == 0
        assert ann.others == {}
        assert ann.mine is None
        ann.answer(ann.token, PARASITIZED)
        if not settings.blind:
            ann.edit(image(0))
        assert ann.others["bob"].final_answer == UNINFECTED


def test_a_shared_queue(path: Path) -> None:
    both = Settings(blind=False, sharing=True, repeats=False)
    ann, bob = work(path, n=3, settings=both), work(path, "bob", n=3, settings=both)
    assert [on_table(ann), on_table(bob)] == [0, 1]
    ann.answer(ann.token, PARASITIZED)
    assert on_table(ann) == 2
    bob.answer(bob.token, PARASITIZED)
    assert on_table(bob) is None
    ann.answer(ann.token, PARASITIZED)
    assert ann.progress.done == 3
    assert sorted(row[0] for row in rows(ann)) == [0, 1, 2]


def test_repeats_are_unannounced_and_blind_and_count_for_themselves(path: Path) -> None:
    session = work(path, n=60, settings=Settings(wait=False))
    while not session.is_repeat:
        assert session.progress.done < 30
        session.answer(session.token, PARASITIZED)
    again = on_table(session)
    assert session.label_hidden
    assert session.mine is None
    assert session.others == {}
    done = session.progress.done
    session.answer(session.token, UNINFECTED)
    assert not session.is_repeat
    assert session.progress.done == done
    first, second = session.log.state.opinions[image(again)]["ann"]  # type: ignore[arg-type]
    assert (first.decision.final_answer, second.decision.final_answer) == (PARASITIZED, UNINFECTED)
    assert second.decision.blind


def test_a_repeat_may_be_passed_over(path: Path) -> None:
    session = work(path, n=60, settings=Settings(wait=False))
    while not session.is_repeat:
        session.answer(session.token, PARASITIZED)
    again = on_table(session)
    session.skip(session.token)
    assert on_table(session) != again
    assert len(session.log.state.opinions[image(again)]["ann"]) == 1  # type: ignore[arg-type]


def test_a_card_put_on_the_table_again_shows_its_label_though_it_is_the_next_to_come_back(path: Path) -> None:
    session = work(path, n=60, settings=Settings(wait=False))
    while not session.is_repeat:
        session.answer(session.token, PARASITIZED)
    assert session.current is not None
    session.edit(session.current.image_id)
    session.look_ahead()
    assert not session.label_hidden
    assert session.mine is not None


def test_going_through_ones_own(path: Path) -> None:
    ann = work(path, settings=OPEN)
    for answer in (PARASITIZED, UNINFECTED, UNSURE):
        ann.answer(ann.token, answer)
    mine = work(path, settings=Settings(wanted=Filter("mine")))
    seen = []
    while mine.current:
        seen.append(on_table(mine))
        mine.go_on(mine.token)
        mine.skip(mine.token)
    assert seen == [0, 1, 2]
    assert mine.progress.done == mine.progress.total == 3
    mine.start_over()
    assert on_table(mine) == 0


THIRD = Settings(wanted=Filter("adjudication"), repeats=False)


def disagree(path: Path) -> None:
    """Have ann and bob read cells 0 to 2, and agree on 0 alone."""
    ann, bob = work(path, settings=OPEN), work(path, "bob", settings=OPEN)
    for answer in (PARASITIZED, UNINFECTED, UNSURE):
        ann.answer(ann.token, answer)
        bob.answer(bob.token, PARASITIZED)


def test_disagreements_go_to_a_third_reader_who_sees_no_other_answer_first(path: Path) -> None:
    disagree(path)
    cyd = work(path, "cyd", settings=THIRD)
    assert (on_table(cyd), cyd.others, cyd.label_hidden, cyd.progress.total) == (1, {}, True, 2)
    cyd.answer(cyd.token, UNINFECTED, "ring")
    assert set(cyd.others) == {"ann", "bob"}
    cyd.go_on(cyd.token, "ring")
    assert on_table(cyd) == 2
    again = work(path, "cyd", settings=THIRD)
    assert (on_table(again), again.progress.done, again.progress.total) == (2, 1, 2), "the same after a reload"
    cyd.answer(cyd.token, UNINFECTED)
    cyd.go_on(cyd.token)
    assert cyd.current is None
    assert (cyd.progress.done, cyd.progress.total) == (2, 2)


def test_those_who_disagree_are_no_third_reader(path: Path) -> None:
    disagree(path)
    assert [work(path, name, settings=THIRD).current for name in ("ann", "bob")] == [None, None]


def test_three_different_answers_go_to_a_fourth_reader(path: Path) -> None:
    disagree(path)
    cyd = work(path, "cyd", settings=THIRD)
    cyd.skip(cyd.token)
    cyd.answer(cyd.token, UNINFECTED)  # ann is unsure, bob says parasitized
    assert on_table(work(path, "dan", settings=THIRD)) == 1
    assert work(path, "dan", settings=THIRD).progress.total == 2


def test_third_readers_who_share_never_get_the_same_card(path: Path) -> None:
    disagree(path)
    shared = replace(THIRD, sharing=True)
    cyd, dan = work(path, "cyd", settings=shared), work(path, "dan", settings=shared)
    assert (on_table(cyd), on_table(dan)) == (1, 2)
    cyd.answer(cyd.token, PARASITIZED)
    cyd.go_on(cyd.token)
    assert on_table(cyd) is None, "the last is with another"


def test_the_journal_marks_what_a_third_reader_says_and_keeps_the_mark(path: Path) -> None:
    disagree(path)
    cyd = work(path, "cyd", settings=THIRD)
    cyd.answer(cyd.token, UNINFECTED, "ring")
    cyd.edit(image(1))
    cyd.answer(cyd.token, UNSURE, "faint")
    plain = work(path, "dan", settings=OPEN)
    plain.answer(plain.token, UNSURE, "[adjudication] no")
    notes = [(row.annotator, row.note, row.adjudicates) for row in replay(CsvJournal(path).read().rows).rows[-3:]]
    assert notes == [
        ("cyd", "[adjudication] ring", True),
        ("cyd", "[adjudication] faint", True),
        ("dan", "no", False),
    ]


def test_the_queue_stands_still_while_a_decision_is_unsaved(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = work(path, settings=OPEN)
    make_room = full_disk(monkeypatch, after=0)
    with pytest.raises(JournalError):
        session.answer(session.token, PARASITIZED)
    assert on_table(session) == 0
    session.answer(session.token, UNINFECTED)
    session.skip(session.token)
    assert not session.undo(session.token)
    assert [row.final_answer for row in session.log.unsaved] == [PARASITIZED]
    make_room()
    session.save_again()
    assert rows(session) == [(0, PARASITIZED, PARASITIZED, False)]
    assert on_table(session) == 1


def test_what_comes_next_can_be_made_ready(path: Path) -> None:
    session = work(path, settings=OPEN)
    assert numbers(session.look_ahead(3)) == [1, 2, 3]
    session.skip(session.token)
    assert session.log.state.rows[0].final_answer == SKIPPED
    assert numbers(session.look_ahead(9)) == [2, 3, 4, 5, 0]


def test_changing_how_one_works_keeps_the_card_and_changing_what_one_wants_does_not(path: Path) -> None:
    session = work(path)
    session.skip(session.token)
    token = session.token
    session.change("ann", session.settings)
    assert session.token == token
    session.change("ann", OPEN)
    assert on_table(session) == 1
    assert session.token > token
    session.change("ann", Settings(wanted=Filter(patient="C0P1"), repeats=False))
    assert on_table(session) == 2
    assert session.progress.total == 3
    session.change("bob", session.settings)
    assert on_table(session) == 0
