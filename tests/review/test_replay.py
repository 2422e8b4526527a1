"""Replay: the rows of a journal say what is in force, and any sequence of doing and undoing survives a reload."""

from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import ANSWERS, SKIPPED, UNSURE, CsvJournal, Log, read_journal, replay, to_csv
from tests.review.conftest import decision, image

Seen = tuple[tuple[tuple[int, str], ...], tuple[int, ...]]

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("decide"), st.integers(0, 4), st.sampled_from((*ANSWERS, SKIPPED))),
        st.tuples(st.just("change"), st.integers(0, 4), st.sampled_from(ANSWERS)),
        st.tuples(st.just("undo"), st.just(0), st.just("")),
    ),
    max_size=30,
)


class Expected:
    """What an annotator would say is in force: a stack of whole pictures of it, of which undo takes one off."""

    def __init__(self) -> None:
        self.pictures: list[tuple[dict[int, str], frozenset[int]]] = [({}, frozenset())]

    def step(self, kind: str, cell: int, answer: str) -> bool:
        """Do it here, and say whether it can be done."""
        answers, skipped = self.pictures[-1]
        if kind == "undo":
            if len(self.pictures) > 1:
                self.pictures.pop()
            return True
        if (kind == "change") != (cell in answers):
            return False
        if answer == SKIPPED:
            self.pictures.append((answers, skipped | {cell}))
        else:
            self.pictures.append((answers | {cell: answer}, skipped - {cell}))
        return True


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, STEPS)
def test_what_is_in_force_after_any_steps_and_after_a_reload(fast_folder: Path, first: list, second: list) -> None:  # type: ignore[type-arg]
    path = fast_folder / "corrections.csv"
    path.unlink(missing_ok=True)
    log = Log(CsvJournal(path))
    expected = {"ann": Expected(), "bob": Expected()}
    steps = [("ann", *step) for step in first] + [("bob", *step) for step in second]
    for annotator, kind, cell, answer in sorted(steps, key=lambda step: step[2]):  # the two take turns
        if not expected[annotator].step(kind, cell, answer):
            continue
        if kind == "undo":
            log.undo(annotator)
            continue
        mine = log.state.mine(image(cell), annotator)
        log.append(decision(cell, answer, annotator, supersedes=mine.decided_at if mine else ""))
    for annotator, kept in expected.items():
        answers, skipped = kept.pictures[-1]
        found = {cell: log.state.mine(image(cell), annotator) for cell in range(5)}
        assert {cell: row.final_answer for cell, row in found.items() if row} == answers
        assert {cell for cell in range(5) if log.state.is_skipped(image(cell), annotator)} == skipped
        assert len(log.state.in_force.get(annotator, [])) == len(kept.pictures) - 1
    assert log.state.problems == []
    assert Log(CsvJournal(path)).state == log.state == replay(log.state.rows)
    assert replay(read_journal(to_csv(log.state.rows).encode())) == log.state


def rows(*given: object) -> list:  # type: ignore[type-arg]
    """Decisions with times of their own, a second apart."""
    return [replace(row, decided_at=f"2026-01-01T00:00:{n:02}.000000Z") for n, row in enumerate(given)]  # type: ignore[type-var]


def moment(number: int) -> str:
    return f"2026-01-01T00:00:{number:02}.000000Z"


def test_a_change_keeps_what_was_said_first() -> None:
    state = replay(rows(decision(1, blind=True), decision(1, UNINFECTED, supersedes=moment(0))))
    (opinion,) = state.opinions[image(1)]["ann"]
    assert opinion.first_answer == PARASITIZED
    assert opinion.decision.final_answer == UNINFECTED


def test_the_same_cell_again_is_a_repeat_and_changes_nothing() -> None:
    state = replay(rows(decision(1), decision(2), decision(1, UNSURE)))
    assert [opinion.decision.final_answer for opinion in state.opinions[image(1)]["ann"]] == [PARASITIZED, UNSURE]
    assert state.mine(image(1), "ann").final_answer == PARASITIZED  # type: ignore[union-attr]


def test_a_row_given_twice_counts_once() -> None:
    twice = rows(decision(1), decision(2))
    assert replay(twice + twice) == replay(twice)


def test_rows_that_refer_to_nothing_are_told_and_do_no_harm() -> None:
    lost = moment(59)
    taken = replace(decision(1), first_answer="", final_answer="", supersedes=lost)
    state = replay(
        rows(decision(1), decision(2, UNSURE, supersedes=lost), taken, decision(1, UNSURE, "bob", supersedes=moment(0)))
    )
    assert len(state.problems) == 3
    assert state.mine(image(1), "ann").final_answer == PARASITIZED  # type: ignore[union-attr]
    assert state.mine(image(2), "ann").final_answer == UNSURE  # type: ignore[union-attr]
    assert state.mine(image(1), "bob").final_answer == UNSURE  # type: ignore[union-attr]


def test_what_was_shown_stays_known_when_it_is_undone() -> None:
    back = replace(decision(1), first_answer="", final_answer="", supersedes=moment(0))
    state = replay(rows(decision(1), back, decision(2, SKIPPED)))
    assert state.was_shown(image(1), "ann")
    assert not state.was_shown(image(1), "bob")
    assert not state.was_shown(image(2), "ann"), "skipping shows nothing"
