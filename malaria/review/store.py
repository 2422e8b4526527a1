"""What the review asks of a place for decisions, and the log that keeps the state in step with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from malaria.errors import JournalError
from malaria.review.decisions import Decision, date_all
from malaria.review.moments import latest_believed, say_moment, tell_wrong_clock
from malaria.review.state import State
from malaria.wording.words import choose_verb, count

KEPT: Final = "Your decisions are kept in this session, and you can download them."
"""What is said of decisions that a store refuses."""

LEASE_SECONDS: Final = 300
"""How long a card stays with the annotator who was given it, unless answered before."""


@dataclass(frozen=True)
class News:
    """What a store has gained: `rows` in their order, where to go on from, and what could not be read, in sentences."""

    rows: tuple[Decision, ...]
    cursor: int
    problems: tuple[str, ...] = ()


class Store(Protocol):
    """A place for decisions, shared by any number of annotators and processes. Rows are added and never changed."""

    @property
    def place(self) -> str:
        """Where the decisions go, in words for the page."""

    @property
    def survives(self) -> bool:
        """Whether they are still there after the machine that runs this starts anew, as far as can be told."""

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Add rows, all or none, and return them with their `decided_at` once they are safe from a crash.

        A row that has its `decided_at` keeps it. Raises JournalError when they cannot be kept.
        """

    def read(self, cursor: int = 0) -> News:
        """Return what was added since `cursor`. Raises JournalError when it cannot be read."""

    def claim(self, image_ids: Sequence[str], annotator: str) -> str | None:
        """Give the annotator the first of these cards that nobody else is on, in place of the one they had.

        None when others are on all of them, or there are none. Raises JournalError.
        """


class MemoryStore:
    """A `Store` of one session, for visitors whose decisions the host is not to keep."""

    place: Final = "this session"
    survives: Final = False

    def __init__(self) -> None:
        self._rows: list[Decision] = []

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Add rows, and return them with their `decided_at`."""
        kept = date_all(decisions, self._rows[-1].decided_at if self._rows else "")
        self._rows += kept
        return kept

    def read(self, cursor: int = 0) -> News:
        """Return what was added since `cursor`."""
        return News(tuple(self._rows[cursor:]), len(self._rows))

    def claim(self, image_ids: Sequence[str], annotator: str) -> str | None:
        """Give the first of these cards: there is nobody else."""
        return image_ids[0] if image_ids else None


class Log:
    """A store with what its rows add up to, and what it would not take: one for each session."""

    def __init__(self, store: Store, only: str | None = None) -> None:
        """Read everything there is. `only` names the annotator whose rows alone are shown. Raises JournalError."""
        self.store, self.only = store, only
        self.state = State()
        """What the rows add up to that may be shown."""
        self.everyone = self.state if only is None else State()
        """What all rows add up to, shown or not: who shares a queue gets no card that is answered already."""
        self.problems: list[str] = []
        self.unsaved: list[Decision] = []
        """Decisions that the store refused, in their order: for download, and to be tried again."""
        self._cursor = 0
        self._told_of_clock = False
        self.refresh()

    def refresh(self) -> State:
        """Take in what others have decided since. Raises JournalError."""
        news = self.store.read(self._cursor)
        if news.cursor < self._cursor:
            news = self._start_again()
        for row in news.rows:
            self.everyone.apply(row)
            if self.only is not None and self.shows(row):
                self.state.apply(row)
        self.problems += news.problems
        self._check_clock(news.rows)
        self._cursor = news.cursor
        return self.state

    def shows(self, row: Decision) -> bool:
        """Whether a row may be shown, and added from an earlier journal."""
        return self.only in (None, row.annotator)

    def append(self, decision: Decision) -> Decision:
        """Keep one decision; when this returns, it is safe and in `state`.

        Raises JournalError when the store refuses it, and holds it in `unsaved`.
        """
        (kept,) = self.append_all([decision])
        return kept

    def append_all(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Keep several decisions, all or none, as `append` does one."""
        try:
            kept = self.store.append(decisions)
        except JournalError:
            self.unsaved += decisions
            raise
        self.refresh()
        return kept

    def save_again(self) -> None:
        """Try to keep what is unsaved. Raises JournalError when it still cannot be."""
        before = len(self.state.rows)
        rows = self.refresh().rows
        there = {replace(row, decided_at="") for row in rows[before:]}  # what arrived although it was not acknowledged
        there |= set(rows)
        self.store.append([decision for decision in self.unsaved if decision not in there])
        self.unsaved = []
        self.refresh()

    def undo(self, annotator: str) -> Decision | None:
        """Take back the annotator's last row by appending one, and return it; None when there is none left."""
        self.refresh()
        last = self.state.last(annotator)
        if last is None:
            return None
        self.take_back([last])
        return last

    def take_back(self, rows: Sequence[Decision]) -> None:
        """Take back rows that are in force, the last first, by appending one for each, all or none."""
        undone = [
            replace(row, first_answer="", final_answer="", note="", supersedes=row.decided_at, decided_at="")
            for row in reversed(rows)
        ]
        self.append_all(undone)

    def resume(self, rows: Sequence[Decision]) -> int:
        """Add the rows of an earlier journal that are not here yet and may be shown, and return how many.

        Raises JournalError, also where a row is dated in the future: such a date would put all rows out of order.
        """
        _refuse_future(rows)
        known = {row.key for row in self.refresh().rows}
        new = [row for row in rows if row.key not in known and self.shows(row)]
        if new:
            self.store.append(new)
        self.refresh()
        return len(new)

    def _check_clock(self, rows: Sequence[Decision]) -> None:
        """Tell once of rows that are dated later than this computer's clock."""
        if not self._told_of_clock and (told := tell_wrong_clock(row.decided_at for row in rows)):
            self.problems.append(told)
            self._told_of_clock = True

    def _start_again(self) -> News:
        """Read a store that has less than before: its file was deleted or replaced. What is gone becomes unsaved."""
        news = self.store.read()
        there = {row.key for row in news.rows}
        gone = [row for row in self.state.rows if row.key not in there]
        self.unsaved += gone
        self.problems.append(
            f"{self.store.place} was deleted or replaced: {count(len(gone), 'decision')} "
            f"{choose_verb(len(gone), 'is', 'are')} no longer in it."
        )
        self.state = State()
        self.everyone = self.state if self.only is None else State()
        return news


def _refuse_future(rows: Sequence[Decision]) -> None:
    latest = latest_believed()
    ahead = [number for number, row in enumerate(rows, start=2) if row.decided_at > latest]
    if ahead:
        more = f", as {choose_verb(len(ahead) - 1, 'is', 'are')} {len(ahead) - 1:,} more" if len(ahead) > 1 else ""
        raise JournalError(
            f"Row {ahead[0]} of the journal is dated {say_moment(rows[ahead[0] - 2].decided_at)}, which is in the "
            f"future{more}. Nothing was added. Correct the date or delete the row; if the date is right, the clock of "
            "this app's computer is behind."
        )
