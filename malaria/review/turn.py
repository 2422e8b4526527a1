"""One cell after another before one annotator: what is done with the keys, whatever puts the cells in their order."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from secrets import token_hex
from typing import Final, Generic, Protocol, TypeVar

from malaria.errors import JournalError
from malaria.review.decisions import ANSWERS, Decision
from malaria.review.store import Log

AHEAD: Final = 5
"""Cards that are promised to come next, so that a screen can draw them before it is told to."""


class HasImageId(Protocol):
    """Whatever is decided on: a cell, known by its image_id."""

    @property
    def image_id(self) -> str: ...


@dataclass(frozen=True)
class Press:
    """A key as a screen heard it: the `number`-th there, from 1, while it showed the card `image_id`.

    `act` is "answer", with what was `said`, or a name that `Turn.hear` is given. `note` is what stood in its place.
    """

    number: int
    image_id: str
    act: str
    said: str = ""
    note: str = ""


def read_presses(sent: object) -> list[Press]:
    """Read the keys that a screen sent: a list of objects with the fields of `Press`. What is none is passed over."""
    found = []
    for one in sent if isinstance(sent, list) else []:
        number, *texts = (one.get(name, "") for name in Press.__match_args__) if isinstance(one, Mapping) else (None,)
        if isinstance(number, int) and len(texts) == 4 and all(isinstance(text, str) for text in texts):
            found.append(Press(number, *texts))
    return found


Card = TypeVar("Card", bound=HasImageId)


class Turn(ABC, Generic[Card]):
    """An annotator before the card on view. `current` is None when there is none left.

    Whatever is done names the `token` of what was on the screen when it was done; it changes with the screen, so that a
    button pressed twice does not answer a card that was never looked at. A key names the card itself (`hear`), as a
    screen may be some cards ahead, in the order of `look_ahead`. Methods raise JournalError when a decision cannot be
    kept; nothing then goes on, with the decision in `log.unsaved`, until `save_again`.
    """

    def __init__(self, log: Log, annotator: str) -> None:
        self.log, self.annotator = log, annotator
        self.current: Card | None = None
        self.token = 0
        self.shown = 0
        """Counts the cards that came on view."""
        self.error: str | None = None
        """The last thing that went wrong, until something goes right."""
        self.heard = 0
        """The number of the last key that `hear` has taken or refused."""
        self.refused = 0
        """How many keys `hear` has refused, as their card was not the one on view by then."""
        self.doubted: str | None = None
        """Another answer that was asked for after a reveal: given once more, it is taken."""
        self.work_id = token_hex(8)
        """Tells this work from every other one on a screen."""
        self._promised: list[Card] = []

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
    def _foresee(self) -> Iterator[Card]:
        """Yield the cards that will come after the one on view, as far as that can be said."""

    @abstractmethod
    def _find_waiting(self, card: Card) -> Card | None:
        """Return a promised card as it is by now; None if it is not to be shown any more."""

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

    def list_rows(self, *, about_these: bool = False) -> list[Decision]:
        """Return the rows that may be shown and the decisions not kept yet; `about_these` leaves out other cards."""
        rows = [*self.log.state.rows, *self.log.unsaved]
        return [row for row in rows if self._find(row)] if about_these else rows

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

    @property
    def waits(self) -> bool:
        """Whether the card on view has its answer and stays, until one has looked at what that revealed."""
        return False

    def hear(self, presses: Iterable[Press], acts: Mapping[str, Callable[[int, str], object]]) -> None:
        """Do what keys say, in their order, each once, and only if its card is the one on view.

        `acts` are what can be done beside answering, by name, with the token and a note. A key whose card is not on
        view is counted in `refused`, as is all that comes after a decision that could not be kept: `error` says why.
        """
        for press in sorted(presses, key=lambda one: one.number):
            if press.number <= self.heard:
                continue
            self.heard = press.number
            on_view = self.current.image_id if self.current else ""
            if self.log.unsaved or press.image_id != on_view:
                self.refused += 1
            elif press.act in acts:
                self.attempt(partial(acts[press.act], self.token, press.note))
            elif press.act == "answer" and press.said in ANSWERS and self.current:
                self.attempt(partial(self.answer, self.token, press.said, press.note))

    def look_ahead(self, n: int = AHEAD) -> list[Card]:
        """Return up to `n` cards that come next, in this order, as long as one goes on from card to card.

        They are promised: what comes up meanwhile comes after them.
        """
        known = {card.image_id for card in self._promised}
        new = (card for card in self._foresee() if card.image_id not in known and card != self.current)
        self._promised.extend(islice(new, max(0, n - len(self._promised))))
        return self._promised[:n]

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
        self.log.take_back([last])
        self._break_promises()
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

    def _take_promised(self) -> Card | None:
        """Return the next promised card that is still to be shown."""
        while self._promised:
            if card := self._find_waiting(self._promised.pop(0)):
                return card
        return None

    def _break_promises(self) -> None:
        """Let what comes next be found anew, as something else than going on was done."""
        self._promised.clear()

    def _show(self, card: Card | None) -> None:
        self.current = card
        self.token += 1
        self.shown += 1
