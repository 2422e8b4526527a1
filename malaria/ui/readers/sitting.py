"""One reader at one test: what was answered so far, in the session and, where answers are kept, in a file."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import streamlit as st

from malaria.errors import ReaderTestError
from malaria.readers import NETWORK, Answer, Key, append_answer, by_place, read_answers, tidy_name
from malaria.review.decisions import next_moment
from malaria.ui.parts.journal import ENVIRONMENT
from malaria.ui.readers.cards import Given

FILE: Final = "reader_answers.csv"
"""What readers answer, beside the journal, where the app was given a place for one."""
_SITTINGS: Final = "readers.sittings"


@dataclass(eq=False)
class Sitting:
    """What one reader answered, by position from 1. `stopped`: results were asked for, so that nothing more counts."""

    key: Key
    reader: str = ""
    given: dict[int, Answer] = field(default_factory=dict)
    stopped: bool = False
    problem: str = ""
    """Why the last answer is in the session only."""

    @property
    def total(self) -> int:
        """How many cards there are."""
        return len(self.key.test.cards)

    @property
    def kept(self) -> int:
        """How many cards are answered from the first on, without a gap."""
        return next(place for place in range(self.total + 1) if place + 1 not in self.given)

    @property
    def over(self) -> bool:
        """Whether there are results to show."""
        return self.kept == self.total or self.stopped

    @property
    def answers(self) -> list[Answer]:
        """What was answered, in the order of the cards."""
        return [self.given[position] for position in sorted(self.given)]

    def seat(self, reader: str) -> None:
        """Have this reader read, and go on where their kept answers end; no other once the first card is answered."""
        if reader == self.reader or self.given:
            return
        self.reader, self.problem = reader, ""
        if (place := find_place()) and place.is_file():
            try:
                rows = read_answers(place)
                self._bring([row for row in rows if row.test == self.key.test.id and row.reader == reader])
            except ReaderTestError as error:
                self.problem = str(error)

    def take(self, answers: list[Given], _over: bool) -> None:
        """Keep answers from the browser; the first to a card counts."""
        for one in answers:
            if one.position in self.given or self.stopped:
                continue
            card = self.key.test.cards[one.position - 1]
            answer = Answer(
                self.key.test.id,
                self.reader,
                one.position,
                card.image_id,
                one.answer,
                seconds=one.seconds,
                moment=next_moment(),
                call_shown=card.call is not None,
            )
            self.given[one.position] = answer
            if place := find_place():
                try:
                    append_answer(place, answer)
                except ReaderTestError as error:
                    self.problem = str(error)

    def bring(self, data: bytes) -> None:
        """Go on with answers kept elsewhere. Raises ReaderTestError for a file that holds none to this test."""
        rows = [row for row in read_answers(data) if row.test == self.key.test.id]
        if len({row.reader for row in rows}) != 1:
            many = "answers of several readers" if rows else "no answers"
            raise ReaderTestError(f"The file holds {many} to this test. Upload the answers of one reader.")
        self._bring([replace(row, reader=self.reader) for row in rows])

    def _bring(self, rows: list[Answer]) -> None:
        for place, row in by_place(self.key, rows).items():
            self.given.setdefault(place + 1, row)


def check_name(reader: str) -> str:
    """The sentence that says why nobody can read under this name, else nothing."""
    name = tidy_name(reader)
    return "" if name and name.casefold() != NETWORK else "Choose another name: answers are kept under it."


def get_sitting(key: Key) -> Sitting:
    """This session's sitting at a test."""
    sittings: dict[str, Sitting] = st.session_state.setdefault(_SITTINGS, {})
    return sittings.setdefault(key.test.id, Sitting(key))


def leave(key: Key) -> None:
    """Let go of the sitting at a test."""
    st.session_state.get(_SITTINGS, {}).pop(key.test.id, None)


def find_place() -> Path | None:
    """The file of answers: beside the journal, where the app was told a place for one."""
    journal = os.environ.get(ENVIRONMENT)
    return Path(journal).with_name(FILE) if journal else None
