"""One cell after another before one annotator: what is done with the keys, whatever puts the cells in their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from malaria.errors import JournalError
from malaria.review.decisions import Decision
from malaria.review.store import Log


class HasImageId(Protocol):
    """Whatever is decided on: a cell, known by its image_id."""

    @property
    def image_id(self) -> str: ...


Card = TypeVar("Card", bound=HasImageId)


class Turn(ABC, Generic[Card]):
    """An annotator before the card on view. `current` is None when there is none left.

    Whatever is done names the `token` of what was on the screen when it was done; it changes with the screen, so that a
    key pressed twice does not answer a card that was never looked at. Methods raise JournalError when a decision cannot
    be kept; nothing then goes on, with the decision in `log.unsaved`, until `save_again`.
    """

    def __init__(self, log: Log, annotator: str) -> None:
        self.log, self.annotator = log, annotator
        self.current: Card | None = None
        self.token = 0
        self.shown = 0
        """Counts the cards that came on view."""
        self.error: str | None = None
        """The last thing that went wrong, until something goes right."""

    # What each kind of work says

    @abstractmethod
    def advance(self) -> None:
        """Put the next card on view."""

    @abstractmethod
    def answer(self, token: int, answer: str, note: str = "") -> None:
        """Keep what is said of the card on view, and go on as this work has it."""

    @abstractmethod
    def _decide(self, card: Card, answer: str, note: str) -> Decision:
        """Return the first decision about a card."""

    @abstractmethod
    def _find(self, decision: Decision) -> Card | None:
        """Return the card that a decision is about; None if it is about none of these."""

    def _show_undone(self, card: Card, undone: Decision) -> None:
        """Put the card of a decision that was taken back on view."""
        self._show(card)

    # What all share

    @property
    def mine(self) -> Decision | None:
        """What the annotator says of the card on view; None before an answer."""
        return None if self.current is None else self.log.state.mine(self.current.image_id, self.annotator)

    def is_stale(self, token: int) -> bool:
        """Whether something else is on the screen by now, or a decision is not kept yet."""
        return token != self.token or bool(self.log.unsaved)

    def keep(self, token: int, answer: str, note: str) -> Decision | None:
        """Keep what is said of the card on view and return what is in force; None where nothing is to be kept.

        What was said first stays on record, and nothing is added where nothing changes.
        """
        if self.is_stale(token) or self.current is None:
            return None
        earlier = self.mine
        if earlier is None:
            return self.log.append(self._decide(self.current, answer, note))
        if (answer, note.strip()) == (earlier.final_answer, earlier.note):
            return earlier
        changed = replace(earlier, final_answer=answer, note=note, supersedes=earlier.decided_at, decided_at="")
        return self.log.append(changed)

    def annotate(self, token: int, note: str) -> Decision | None:
        """Keep a note on the card on view if it has an answer; else the answer brings it."""
        mine = self.mine
        return None if mine is None else self.keep(token, mine.final_answer, note)

    def undo(self, token: int) -> bool:
        """Take back the last row and put its card on view. False where none is left that is about these cards."""
        last = self.log.refresh().last(self.annotator)
        card = None if last is None else self._find(last)
        if self.is_stale(token) or last is None or card is None:
            return False
        self.log.undo(self.annotator)
        self._show_undone(card, last)
        return True

    def save_again(self) -> None:
        """Try to keep what the store refused, and go on."""
        self.log.save_again()
        self.advance()

    def attempt(self, act: Callable[[], object]) -> None:
        """Do something of this; what the journal refuses is then in `error`."""
        self.error = None
        try:
            act()
        except JournalError as error:
            self.error = str(error)

    def _show(self, card: Card | None) -> None:
        self.current = card
        self.token += 1
        self.shown += 1
