"""One reader at one test: what was answered so far, in the session and, where answers are kept, on the server."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import streamlit as st

from malaria.errors import JournalError, ReaderTestError
from malaria.readers import (
    FILE,
    LONGEST_NAME,
    NETWORK,
    Answer,
    AnswersFile,
    AnswerStore,
    Kept,
    Key,
    by_place,
    fits_card,
    read_answers,
    tidy_name,
)
from malaria.review.moments import next_moment
from malaria.ui.parts import account
from malaria.ui.parts.journal import find_file, get_place, open_database
from malaria.ui.readers.cards import Given
from malaria.wording.words import count

_SITTINGS: Final = "readers.sittings"


@dataclass(eq=False)
class Sitting:
    """What one reader answered, by position from 1. `stopped`: results were asked for, so that nothing more counts."""

    key: Key
    reader: str = ""
    given: dict[int, Answer] = field(default_factory=dict)
    stopped: bool = False
    problem: str = ""
    """Why answers are in the session only."""

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
        reader = tidy_name(reader)
        if reader == self.reader or self.given:
            return
        self.reader, self.problem = reader, ""
        try:
            self._bring([row for row in read_kept(self.key).answers if row.reader == reader])
        except JournalError as error:
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
        self.problem = keep(self.answers)

    def bring(self, data: bytes) -> None:
        """Go on with answers kept elsewhere. Raises ReaderTestError for a file that holds none to this test."""
        rows = [row for row in read_answers(data) if row.test == self.key.test.id]
        if len({row.reader for row in rows}) != 1:
            many = "answers of several readers" if rows else "no answers"
            raise ReaderTestError(f"The file holds {many} to this test. Upload the answers of one reader.")
        self._bring([replace(row, reader=self.reader) for row in rows])
        self.problem = keep(self.answers)

    def _bring(self, rows: list[Answer]) -> None:
        for place, row in by_place(self.key, rows).items():
            self.given.setdefault(place + 1, row)


def keeps_answers() -> bool:
    """Whether this app was told a place for answers, and keeps those of whoever is here."""
    return account.is_kept() and bool(get_place())


def say_who_sees() -> str:
    """Say where answers are kept, and who can see them."""
    if account.has_sign_in():
        return "Your answers are kept on this server under your account. Leads can see them."
    seen = " Anyone who has the test’s link can see them there." if account.sees_all() else ""
    return f"Your answers are kept on this server under this name.{seen} A name is no password."


def open_answers() -> AnswerStore | None:
    """Return the place for answers: with the journal, where this app was told a place for one.

    Raises JournalError while a database cannot be reached.
    """
    if not keeps_answers():
        return None
    if engine := open_database():
        from malaria.readers.sql import SqlAnswers  # only here: most places are files

        return SqlAnswers(engine)
    file = find_file()
    return AnswersFile(file.with_name(FILE)) if file else None


def keep(answers: Sequence[Answer]) -> str:
    """Have the server keep what it lacks of one reader's answers to one test; return why it cannot, or nothing.

    So what could not be kept is tried again with the next answer.
    """
    try:
        if answers and (store := open_answers()):
            own = [one for one in store.read(answers[0].test).answers if one.reader == answers[0].reader]
            there = {one.position for one in own}
            if new := [answer for answer in answers if answer.position not in there]:
                store.append(new)
    except JournalError as error:
        return str(error)
    return ""


def read_kept(key: Key) -> Kept:
    """What the server has of a test, in the order in which it came: the answers that fit, and what was passed over.

    Raises JournalError where it cannot be read.
    """
    store = open_answers()
    if store is None:
        return Kept(())
    answers, problems = store.read(key.test.id)
    fitting = tuple(answer for answer in answers if fits_card(key, answer))
    if others := len(answers) - len(fitting):
        problems = (*problems, f"{count(others, 'answer')} about cells that are not in the test left out.")
    return Kept(fitting, problems)


def name_readers(answers: Sequence[Answer]) -> list[Answer]:
    """The answers, readers called by the names of their accounts; with the subject, too, where two share a name."""
    readers = {answer.reader for answer in answers}
    names = {reader: tidy_name(account.name_annotator(reader)) for reader in readers}
    shared = Counter(names.values())
    for reader, name in names.items():
        if shared[name] > 1 and name != reader:
            names[reader] = f"{name} ({reader})"
        if check_name(names[reader]) or len(names[reader]) > LONGEST_NAME:
            names[reader] = reader
    return [replace(answer, reader=names[answer.reader]) for answer in answers]


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
