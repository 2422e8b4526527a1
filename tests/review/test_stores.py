"""What every store promises, whether it is a CSV file, SQLite or a PostgreSQL server."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from malaria.errors import JournalError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import SKIPPED, UNSURE, Decision, Log, read_journal, to_csv
from tests.review.conftest import OpenStore, decision, image

ROWS = [
    decision(1, annotator="ann", note='=SUM(A1), "quoted"; ünï\ncode', blind=True),
    decision(2, UNSURE, annotator="@bob", p_parasitized=None, patient=None, given_label=None, threshold=0.5),
    decision(3, SKIPPED, annotator="ann", model="cell-resnet", p_parasitized=1e-9),
]


def test_an_empty_store_has_nothing(open_store: OpenStore) -> None:
    assert Log(open_store()).state.rows == []


def test_rows_come_back_as_they_were_in_their_order(open_store: OpenStore) -> None:
    kept = [row for given in ROWS for row in open_store().append([given])]
    assert [replace(row, decided_at="") for row in kept] == ROWS
    assert list(open_store().read().rows) == kept
    assert all(first.decided_at < second.decided_at for first, second in pairwise(kept))


def test_the_csv_is_the_same_from_every_store(open_store: OpenStore) -> None:
    rows = [replace(row, decided_at=f"2026-01-01T00:00:0{n}.000000Z") for n, row in enumerate(ROWS)]
    open_store().append(rows)
    written = to_csv(open_store().read().rows)
    assert written == to_csv(rows)
    assert read_journal(written.encode()) == rows
    assert "\n2026-01-01T00:00:00.000000Z,ann," in written
    assert ',"\'=SUM(A1), ""quoted""; ünï code",' in written
    assert ",'@bob," in written


def test_reading_goes_on_where_it_stopped(open_store: OpenStore) -> None:
    store = open_store()
    store.append(ROWS[:1])
    seen = open_store().read()
    store.append(ROWS[1:])
    news = open_store().read(seen.cursor)
    assert [row.image_id for row in news.rows] == [image(2), image(3)]
    assert open_store().read(news.cursor).rows == ()


def test_two_sessions_see_each_others_decisions(open_store: OpenStore) -> None:
    ann, bob = Log(open_store()), Log(open_store())
    ann.append(decision(1))
    bob.append(decision(2, UNINFECTED, "bob"))
    assert {row.annotator for row in bob.state.rows} == {"ann", "bob"}
    assert ann.refresh() == bob.state


def test_a_reload_gives_the_same_state(open_store: OpenStore) -> None:
    log = Log(open_store())
    first = log.append(decision(1))
    log.append(decision(2, UNINFECTED))
    log.append(decision(1, UNSURE, supersedes=first.decided_at))
    log.undo("ann")
    log.undo("ann")
    assert Log(open_store()).state == log.state
    assert [row.image_id for row in log.state.in_force["ann"]] == [image(1)]


def test_undo_goes_back_through_everything_and_rewrites_nothing(open_store: OpenStore) -> None:
    log = Log(open_store())
    for number in range(1, 4):
        log.append(decision(number))
    before = to_csv(open_store().read().rows)
    undone = [log.undo("ann") for _ in range(4)]
    assert [row and row.image_id for row in undone] == [image(3), image(2), image(1), None]
    assert log.state.opinions == {}
    assert to_csv(open_store().read().rows).startswith(before)


def test_undo_leaves_the_others_alone(open_store: OpenStore) -> None:
    log = Log(open_store())
    log.append(decision(1, annotator="ann"))
    log.append(decision(1, UNINFECTED, annotator="bob"))
    log.undo("ann")
    assert {name: row.final_answer for name, row in log.state.of_cell(image(1)).items()} == {"bob": UNINFECTED}


def test_an_earlier_journal_is_resumed_once(open_store: OpenStore) -> None:
    rows = [replace(row, decided_at=f"2025-01-01T00:00:0{n}.000000Z") for n, row in enumerate(ROWS)]
    log = Log(open_store())
    log.append(decision(4))
    assert log.resume(rows) == 3
    assert log.resume(rows) == 0
    assert len(Log(open_store()).state.rows) == 4
    assert log.append(decision(5)).decided_at > "2026"


def test_every_store_and_its_download_say_what_a_third_reader_said(open_store: OpenStore) -> None:
    log = Log(open_store())
    log.append(decision(1, note="[adjudication] ring"))
    log.append(decision(2, note="ring [adjudication]"))
    rows = open_store().read().rows
    assert [row.adjudicates for row in rows] == [True, False]
    assert [row.adjudicates for row in read_journal(to_csv(rows).encode())] == [True, False]


def test_nobody_gets_a_card_that_another_is_on(open_store: OpenStore) -> None:
    cards = [image(n) for n in range(3)]
    assert open_store().claim(cards, "ann") == cards[0]
    assert open_store().claim(cards, "bob") == cards[1]
    assert open_store().claim(cards, "ann") == cards[0], "one keeps one's own"
    assert open_store().claim(cards[:2], "cyd") is None
    assert open_store().claim(cards[1:], "ann") == cards[2]
    assert open_store().claim(cards[:2], "cyd") == cards[0], "ann has gone on"


def test_a_card_is_free_again_when_its_annotator_stays_away(
    open_store: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_store().claim([image(1)], "ann") == image(1)
    clock = "malaria.review.journal.time.time"  # one and the same module, whoever imports it
    now = time.time()
    monkeypatch.setattr(clock, lambda: now + 3600)
    assert open_store().claim([image(1)], "bob") == image(1)


def test_many_at_once_lose_nothing(open_store: OpenStore) -> None:
    open_store()

    def work(annotator: str) -> None:
        log = Log(open_store())
        for number in range(25):
            log.append(decision(number, annotator=annotator))

    threads = [threading.Thread(target=work, args=(name,)) for name in ("ann", "bob", "cyd")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    rows = open_store().read().rows
    assert len({row.key for row in rows}) == len(rows) == 75
    moments = [row.decided_at for row in rows]
    assert moments == sorted(moments)


def test_what_is_no_decision_is_refused() -> None:
    good: dict[str, object] = {"annotator": "ann", "image_id": image(1), "file": "a.png"}
    answers: dict[str, object] = {"first_answer": PARASITIZED, "final_answer": PARASITIZED}
    Decision(**good | answers)  # type: ignore[arg-type]
    for wrong in (
        {"annotator": " "},
        {"image_id": "0"},
        {"final_answer": "Perhaps"},
        {"final_answer": ""},
        {"given_label": "infected"},
        {"p_parasitized": 1.5},
        {"p_parasitized": float("nan")},
        {"threshold": -0.1},
        {"decided_at": "yesterday"},
        {"supersedes": "2026-13-01T00:00:00.000000Z"},
    ):
        with pytest.raises(Exception, match="A decision") as caught:
            Decision(**good | answers | wrong)  # type: ignore[arg-type]
        assert type(caught.value).__name__ == "JournalError", wrong


POISON = ["9999-12-31T23:59:59.999999Z", "2099-01-01T00:00:00.000000Z"]


def in_time(**ahead: float) -> str:
    """A moment so far ahead, as a journal has it."""
    moment = datetime.now(UTC) + timedelta(**ahead)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("poison", [*POISON, in_time(hours=25)], ids=["9999", "2099", "the day after tomorrow"])
def test_a_row_dated_in_the_future_is_not_imported(open_store: OpenStore, poison: str) -> None:
    rows = [replace(ROWS[0], decided_at="2025-01-01T00:00:00.000000Z"), replace(ROWS[1], decided_at=poison)]
    log = Log(open_store())
    with pytest.raises(JournalError, match=rf"Row 3 of the journal is dated {poison[:10]} .* in the future\. Nothing"):
        log.resume(rows)
    with pytest.raises(JournalError, match=r"Row 3 .* in the future, as are 2 more"):
        log.resume([*rows, *(replace(row, decided_at=poison) for row in ROWS[:2])])
    assert Log(open_store()).state.rows == []


@pytest.mark.parametrize("poison", POISON)
def test_a_store_with_a_date_in_the_future_opens_says_so_and_goes_on_by_the_clock(
    open_store: OpenStore, poison: str
) -> None:
    store = open_store()
    store.append(ROWS[:1])
    store.append([replace(row, annotator=f"guest {n}", decided_at=poison) for n, row in enumerate(ROWS * 9)])
    log = Log(open_store())
    assert len(log.state.rows) == 28, "what was decided counts, whatever its date"
    (told,) = log.problems
    assert told.startswith(f"Decisions with a date in the future: 27, the first {poison[:10]}")
    moments = [log.append(decision(n)).decided_at for n in range(5, 9)]
    assert moments == sorted(set(moments))
    assert max(moments) <= in_time()
    assert log.problems == [told]


def test_a_clock_that_is_behind_is_told_and_the_order_stays(open_store: OpenStore) -> None:
    open_store().append([replace(ROWS[0], decided_at=in_time(hours=2))])
    log = Log(open_store())
    (told,) = log.problems
    assert "one of the clocks is wrong" in told
    first = log.append(decision(5)).decided_at
    assert log.state.rows[0].decided_at < first < log.append(decision(6)).decided_at
    assert log.problems == [told]


def test_clocks_that_differ_by_seconds_are_not_worth_a_word(open_store: OpenStore) -> None:
    open_store().append([replace(ROWS[0], decided_at=in_time(seconds=20))])
    assert Log(open_store()).problems == []
