"""Which card comes next, for whom, and what annotators say together."""

from dataclasses import replace

import pandas as pd
import pytest

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import (
    ANSWERS,
    SKIPPED,
    UNSURE,
    UNUSABLE,
    CsvJournal,
    Decision,
    Filter,
    Log,
    SuspectLabel,
    choose_cards,
    compare_all,
    compare_pairs,
    compare_with_oneself,
    consensus,
    find_repeat,
    is_disputed,
    list_waiting,
    make_cards,
    next_card,
    rank,
    replay,
    seconds_per_card,
)
from tests.review.conftest import decision, image


def cards(n: int) -> list[SuspectLabel]:
    """Cards 0, 1, 2 ... of two patients in turn, given labels in turn, each less suspect than the one before."""
    return [
        SuspectLabel(k + 1, image(k), f"{k}.png", f"C{k % 2}P1", (PARASITIZED, UNINFECTED)[k // 2 % 2], 0.5, 1 - k / n)
        for k in range(n)
    ]


def numbers(found: object) -> list[int]:
    return [int(card.image_id, 16) for card in found]  # type: ignore[attr-defined]


@pytest.fixture
def log(tmp_path: object) -> Log:
    return Log(CsvJournal(f"{tmp_path}/corrections.csv"))


def test_cards_come_in_the_order_of_suspicion_and_once_per_image() -> None:
    table = pd.DataFrame(
        {
            "file": ["a.png", "b.png", "copy of a.png", "c.png", "d.png"],
            "image_id": [image(1), image(2), image(1), image(3), image(4)],
            "patient": ["C1P1", None, "C1P1", "C2P2", "C2P2"],
            "given_label": [UNINFECTED, PARASITIZED, UNINFECTED, None, PARASITIZED],
            "p_parasitized": [0.75, 0.125, 0.75, 0.5, None],
        }
    )
    found = make_cards(rank(table))
    assert [(card.rank, card.file, card.suspicion, card.patient) for card in found] == [
        (1, "b.png", 0.875, None),
        (2, "a.png", 0.75, "C1P1"),
    ]


@pytest.mark.parametrize(
    ("wanted", "left"),
    [
        (Filter(), [0, 1, 2, 3, 4, 5]),
        (Filter(given_label=PARASITIZED), [0, 1, 4, 5]),
        (Filter(patient="C1P1"), [1, 3, 5]),
        (Filter(low=0.5), [0, 1, 2, 3]),
        (Filter(high=0.5, given_label=UNINFECTED), [3]),
        (Filter(contradicted=True), [0, 1, 4]),
        (Filter(contradicted=True, given_label=PARASITIZED, patient="C0P1"), [0, 4]),
    ],
)
def test_filters(wanted: Filter, left: list[int]) -> None:
    queue = [replace(card, contradicted=k in (0, 1, 4)) for k, card in enumerate(cards(6))]
    assert numbers(choose_cards(queue, wanted)) == left
    assert wanted.tells_label == (wanted.given_label is not None)


def test_a_label_is_contradicted_where_the_model_says_otherwise_at_its_threshold() -> None:
    table = pd.DataFrame(
        {
            "file": list("abcd"),
            "image_id": [image(k) for k in range(4)],
            "patient": [None] * 4,
            "given_label": [PARASITIZED, PARASITIZED, UNINFECTED, UNINFECTED],
            "p_parasitized": [0.3, 0.29, 0.3, 0.29],
        }
    )
    assert {card.file for card in make_cards(rank(table), 0.3) if card.contradicted} == {"b", "c"}


def test_cells_on_which_readers_differ_can_be_chosen_settled_or_not(log: Log) -> None:
    for number, answers in enumerate([(PARASITIZED, UNINFECTED), (UNSURE, UNSURE), (UNSURE,)]):
        for k, answer in enumerate(answers):
            log.append(decision(number, answer, f"reader {k}"))
    wanted = Filter(differ=True)
    assert numbers(choose_cards(cards(4), wanted, log.state)) == [0]
    log.append(decision(0, UNINFECTED, "reader 2"))
    assert numbers(choose_cards(cards(4), wanted, log.state)) == [0]
    assert choose_cards(cards(4), wanted) == []


def test_everyone_reads_everything_or_the_queue_is_shared(log: Log) -> None:
    log.append(decision(0, annotator="ann"))
    log.append(decision(1, annotator="bob"))
    assert numbers(list_waiting(cards(4), log, "ann", sharing=False)) == [1, 2, 3]
    assert numbers(list_waiting(cards(4), log, "ann", sharing=True)) == [2, 3]
    assert numbers(list_waiting(cards(4), log, "ann", sharing=False, which="mine")) == [0]


def test_what_was_skipped_comes_again_at_the_end(log: Log) -> None:
    for number in (1, 0):
        log.append(decision(number, SKIPPED))
    assert numbers(list_waiting(cards(4), log, "ann", sharing=False)) == [2, 3, 1, 0]
    assert numbers(list_waiting(cards(4), log, "bob", sharing=False)) == [0, 1, 2, 3]
    log.append(decision(1))
    log.undo("ann")
    assert numbers(list_waiting(cards(4), log, "ann", sharing=False)) == [2, 3, 1, 0]
    log.undo("ann")
    assert numbers(list_waiting(cards(4), log, "ann", sharing=False)) == [0, 2, 3, 1]


def test_in_a_shared_queue_nobody_gets_a_card_someone_is_on(tmp_path: object) -> None:
    queue = cards(4)
    logs = {name: Log(CsvJournal(f"{tmp_path}/corrections.csv")) for name in ("ann", "bob", "cyd")}

    def serve(name: str) -> SuspectLabel | None:
        return next_card(queue, logs[name], name, sharing=True)

    assert [numbers([serve(name)]) for name in logs] == [[0], [1], [2]]
    logs["bob"].append(decision(1, annotator="bob"))
    assert numbers([serve("bob")]) == [3]
    logs["cyd"].append(decision(2, annotator="cyd"))
    assert serve("cyd") is None, "the last two are with others"
    logs["ann"].append(decision(0, annotator="ann"))
    assert serve("ann") is None
    logs["bob"].append(decision(3, annotator="bob"))
    assert [serve(name) for name in logs] == [None, None, None]


def test_nobody_is_on_a_card_when_everyone_reads_everything(tmp_path: object) -> None:
    logs = {name: Log(CsvJournal(f"{tmp_path}/corrections.csv")) for name in ("ann", "bob")}
    assert [numbers([next_card(cards(3), log, name, sharing=False)]) for name, log in logs.items()] == [[0], [0]]


def test_now_and_then_a_card_comes_back(log: Log) -> None:
    queue = cards(60)
    seen: list[int] = []
    for number in range(50):
        if again := find_repeat(queue, log.state, "ann"):
            seen.append(int(again.image_id, 16))
            assert find_repeat(queue, replay(log.state.rows), "ann") == again, "the same after a reload"
            log.append(decision(seen[-1], UNSURE))
            assert find_repeat(queue, log.state, "ann") is None
        log.append(decision(number))
    assert len(seen) == len(set(seen)) == 2
    assert seen[0] < 10, "not one that was just seen"
    assert find_repeat(queue, log.state, "bob") is None
    found = compare_with_oneself(log.state, "ann")
    assert (found.raw.numerator, found.raw.n) == (0, 2)


def test_the_pace_leaves_pauses_out() -> None:
    def at(*seconds: int) -> list[Decision]:
        return [
            replace(decision(k), decided_at=f"2026-01-01T00:{s // 60:02}:{s % 60:02}.000000Z")
            for k, s in enumerate(seconds)
        ]

    assert seconds_per_card(at(0, 6, 12)) is None
    assert seconds_per_card(at(0, 6, 12, 20)) == 6
    assert seconds_per_card(at(0, 6, 12, 1800, 1808, 1816)) == 7
    assert seconds_per_card([]) is None
    together = [replace(decision(k), decided_at=f"2026-01-01T00:01:00.{k:06}Z") for k in range(12)]
    assert seconds_per_card(together) is None
    assert seconds_per_card([*at(0, 6, 12, 20), *together]) == 7, "6, 6, 8 and 40"


# Several annotators


@pytest.mark.parametrize(
    ("answers", "answer", "corrected", "agreement"),
    [
        ([PARASITIZED], PARASITIZED, PARASITIZED, 1.0),
        ([PARASITIZED, UNINFECTED], None, None, 0.5),
        ([PARASITIZED, UNINFECTED, UNINFECTED], UNINFECTED, UNINFECTED, 2 / 3),
        ([UNSURE, UNSURE, PARASITIZED], UNSURE, None, 2 / 3),
        ([PARASITIZED, UNINFECTED, UNSURE], None, None, 1 / 3),
        ([UNUSABLE], UNUSABLE, None, 1.0),
        ([PARASITIZED, UNINFECTED, UNSURE, PARASITIZED], None, None, 0.5),
        ([], None, None, None),
    ],
)
def test_consensus(answers: list[str], answer: str | None, corrected: str | None, agreement: float | None) -> None:
    for order in (answers, answers[::-1]):
        found = consensus([decision(1, given, f"reader {k}") for k, given in enumerate(order)])
        assert (found.answer, found.corrected_label, found.agreement) == (answer, corrected, agreement)
        assert found.n_readers == len(answers)


def test_a_disagreement_is_a_case_until_a_majority_settles_it(log: Log) -> None:
    log.append(decision(0, PARASITIZED, "ann"))
    assert not is_disputed(log.state, image(0))
    log.append(decision(0, UNINFECTED, "bob"))
    assert is_disputed(log.state, image(0))
    assert numbers(list_waiting(cards(3), log, "cyd", sharing=True, which="adjudication")) == [0]
    assert numbers(list_waiting(cards(3), log, "bob", sharing=False, which="adjudication")) == []
    log.append(decision(0, UNINFECTED, "cyd"))
    assert not is_disputed(log.state, image(0))


def test_agreement_before_and_after_the_reveal(log: Log) -> None:
    said = {"ann": "PPPUUS", "bob": "PPUUUS"}
    words = dict(zip("PUSX", ANSWERS, strict=True))
    for annotator, answers in said.items():
        for number, letter in enumerate(answers):
            log.append(decision(number, words[letter], annotator, blind=True))
    mine = log.state.mine(image(2), "bob")
    log.append(decision(2, PARASITIZED, "bob", supersedes=mine.decided_at))  # type: ignore[union-attr]
    log.append(decision(9, PARASITIZED, "ann"))  # read by one only
    (first,), (final,) = compare_pairs(log.state, "first"), compare_pairs(log.state, "final")
    assert (first.a, first.b, first.agreement.raw.n) == ("ann", "bob", 6)
    assert first.agreement.raw.value == pytest.approx(5 / 6)
    assert final.agreement.raw.value == 1
    assert compare_all(log.state, "final").raw.value == 1
    assert compare_all(log.state).raw.n == 6
    assert first.agreement.kappa.low < first.agreement.kappa.value < first.agreement.kappa.high  # type: ignore[operator]


def test_a_single_annotator_has_nobody_to_agree_with(log: Log) -> None:
    log.append(decision(1))
    assert compare_pairs(log.state) == []
    assert compare_all(log.state).kappa.reason
    assert compare_with_oneself(log.state, "ann").raw.reason
