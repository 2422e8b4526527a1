"""One annotator at work: the card on the table, what may be done with it, and how far the queue is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from malaria.review.decisions import SKIPPED, Decision, mark_note
from malaria.review.filters import Filter, choose_cards
from malaria.review.queue import (
    SuspectLabel,
    find_repeat,
    list_waiting,
    next_card,
    seconds_per_card,
)
from malaria.review.store import Log
from malaria.review.turn import Turn


@dataclass(frozen=True)
class Settings:
    """How an annotator works. Each choice is in the journal as far as it bears on what an answer is worth."""

    blind: bool = True
    """Hide the given label and the model's view until there is a first answer."""
    wait: bool = True
    """Stay on a card after a blind answer, until what was revealed has been looked at."""
    sharing: bool = False
    """Share the queue, one reader a card; else everyone reads everything."""
    repeats: bool = True
    """Have a few cards come back unannounced, to see if one agrees with oneself."""
    wanted: Filter = field(default_factory=Filter)


@dataclass(frozen=True)
class QueueProgress:
    """`done` of `total` cards, at a pace of `seconds_per_card`, None where it is too early to tell."""

    done: int
    total: int
    seconds_per_card: float | None

    @property
    def seconds_left(self) -> float | None:
        """None where the pace is not known."""
        return None if self.seconds_per_card is None else self.seconds_per_card * (self.total - self.done)


class ReviewSession(Turn[SuspectLabel]):
    """An annotator before a queue of suspected labels. Methods raise JournalError, as those of `Turn` do."""

    def __init__(
        self,
        cards: Sequence[SuspectLabel],
        log: Log,
        annotator: str,
        *,
        model: str = "",
        threshold: float | None = None,
        settings: Settings | None = None,
    ) -> None:
        """`cards` in rank order; `model` and `threshold` (0 to 1) are written beside each decision."""
        super().__init__(log, annotator)
        self.cards = list(cards)
        self.settings = settings or Settings()
        self.revealed: Decision | None = None
        """The decision just made about the current card, while what it revealed is being looked at."""
        self.is_repeat = False
        self._model, self._threshold = model, threshold
        self._by_id = {card.image_id: card for card in self.cards}
        self._passed: set[str] = set()  # what a filter has shown so far, which the journal does not say
        self._declined: set[str] = set()  # repeats that were passed over
        self._returning: set[str] = set()  # promised as a card that comes back
        self._open = False
        self._groups: list[list[Decision]] = []  # rows that were kept together, so that undo takes them back together
        self._chosen = choose_cards(self.cards, self.settings.wanted, log.state)
        self.advance()

    def change(self, annotator: str, settings: Settings) -> None:
        """Go on as another annotator or in another way; nothing happens where nothing changes."""
        if (annotator, settings) == (self.annotator, self.settings):
            return
        same_cards = (annotator, settings.sharing, settings.wanted) == (
            self.annotator,
            self.settings.sharing,
            self.settings.wanted,
        )
        self.annotator, self.settings = annotator, settings
        self._chosen = choose_cards(self.cards, settings.wanted, self.log.state)
        self._passed.clear()
        self._break_promises()
        if same_cards and self.current is not None:
            self.token += 1
        else:
            self.advance()

    # What is shown

    @property
    def chosen(self) -> Sequence[SuspectLabel]:
        """The cards that the filter leaves, whoever has decided them, in the order in which they come."""
        return self._chosen

    @property
    def label_hidden(self) -> bool:
        """Whether the given label of the current card and the model's view of it must not be seen yet."""
        return self.current is not None and self.hides(self.current)

    def hides(self, card: SuspectLabel) -> bool:
        """Whether a card, the current one or one to come, must not show its given label, nor the model's view."""
        if not self.settings.blind or self.settings.wanted.tells_label:
            return False
        is_current = card == self.current
        if is_current and (self.revealed is not None or self._open):
            return False
        comes_back = self.is_repeat if is_current else card.image_id in self._returning
        return comes_back or not self.log.state.was_shown(card.image_id, self.annotator)

    @property
    def mine(self) -> Decision | None:
        """What the annotator says of the current card so far; None before an answer, and for an unannounced repeat."""
        if self.current is None or (self.is_repeat and self.revealed is None):
            return None
        return self.revealed or super().mine

    @property
    def waits(self) -> bool:
        return self.revealed is not None

    @property
    def others(self) -> dict[str, Decision]:
        """What others say of the current card; empty until there is an answer of one's own."""
        if self.current is None or self.mine is None:
            return {}
        said = self.log.state.of_cell(self.current.image_id)
        return {name: decision for name, decision in said.items() if name != self.annotator}

    def latest(self, n: int = 10) -> list[Decision]:
        """The annotator's last decisions about cards of this queue as they are in force, the newest first."""
        found: dict[str, Decision] = {}
        for row in reversed(self.log.state.in_force.get(self.annotator, [])):
            mine = self.log.state.mine(row.image_id, self.annotator)
            if mine is not None and row.image_id in self._by_id:
                found.setdefault(row.image_id, mine)
            if len(found) == n:
                break
        return list(found.values())

    def will_wait(self, card: SuspectLabel) -> bool:
        """Whether a card, the current one or one to come, stays after its answer until one has seen what it reveals."""
        return self.settings.wait and self.hides(card)

    def waiting(self) -> Iterator[SuspectLabel]:
        """Yield the cards that are still to come, in their order."""
        sharing, which = self.settings.sharing, self.settings.wanted.which
        cards = list_waiting(self._chosen, self.log, self.annotator, sharing=sharing, which=which)
        return cards if self._asks else (card for card in cards if card.image_id not in self._passed)

    @property
    def progress(self) -> QueueProgress:
        """How far the cards are that the filter leaves."""
        state, settings = self.log.state, self.settings
        if settings.wanted.which == "undecided":
            opinions = self.log.everyone.opinions if settings.sharing else state.opinions
            cells = [opinions.get(card.image_id, {}) for card in self._chosen]
            done = sum(bool(cell) if settings.sharing else self.annotator in cell for cell in cells)
            total = len(self._chosen)
        elif settings.wanted.which == "adjudication":
            mine = (state.mine(card.image_id, self.annotator) for card in self._chosen)
            done = sum(decision is not None and decision.adjudicates for decision in mine)
            total = done + sum(1 for _ in self.waiting())
        else:
            left = sum(1 for _ in self.waiting())
            done, total = len(self._passed), len(self._passed) + left
        return QueueProgress(done, total, seconds_per_card(state.in_force.get(self.annotator, [])))

    # What is done

    def answer(self, token: int, answer: str, note: str = "") -> None:
        """Answer the current card; after a reveal, confirm the answer, or change it by giving another twice.

        Once is not enough: it may have been meant for a card that was not there yet.
        """
        if self.revealed and not self.is_stale(token) and answer not in (self.revealed.final_answer, self.doubted):
            self.doubted = answer
            return
        reveals = self.current is not None and self.will_wait(self.current)  # before the answer, which ends the hiding
        kept = self.keep(token, answer, note)
        if kept is None:
            return
        if reveals:
            self.revealed = kept
            self.token += 1
        else:
            self._pass(kept.image_id)

    def go_on(self, token: int, note: str = "") -> None:
        """Leave what was revealed and answered as it is, but for the note, and take the next card."""
        if self.revealed is not None and (kept := self.annotate(token, note)):
            self._pass(kept.image_id)

    def skip(self, token: int) -> None:
        """Take the next card; this one comes again when no other is left."""
        if self.is_stale(token) or self.current is None:
            return
        if self.is_repeat:
            self._declined.add(self.current.image_id)
        elif self._asks and self.mine is None:
            self.log.append(self._decide(self.current, SKIPPED, ""))
        self._pass(self.current.image_id)

    def keep_group(self, answers: Sequence[tuple[SuspectLabel, str]]) -> list[Decision]:
        """Keep first answers to several cards that wait, all or none, and take the next card."""
        rows = [self._decide(card, answer, "") for card, answer in answers]
        kept = self.log.append_all(rows) if rows else []
        if kept:
            self._groups.append(kept)
        self._break_promises()
        self.advance()
        return kept

    @property
    def last_group(self) -> list[Decision]:
        """The rows that the next undo takes back together; empty where it takes back one."""
        group = self._groups[-1] if self._groups else []
        in_force = self.log.state.in_force.get(self.annotator, [])
        return group if group and in_force[-len(group) :] == group else []

    def undo(self, token: int) -> bool:
        """Take back the last row, or the rows that were kept together last; as `Turn.undo` does one."""
        self.log.refresh()
        group = self.last_group
        if not group or self.is_stale(token):
            return super().undo(token)
        self.log.take_back(group)
        self._groups.pop()
        self._break_promises()
        self.advance()
        return True

    def edit(self, image_id: str) -> None:
        """Put a card that was decided on the table again, its label shown."""
        if not self.log.unsaved:
            self._break_promises()
            self._show(self._by_id[image_id])

    def advance(self) -> None:
        """Take the next card."""
        sharing, which = self.settings.sharing, self.settings.wanted.which
        if promised := self._take_promised():
            self._show(promised, repeat=promised.image_id in self._returning)
        elif self._asks:
            again = self._repeat()
            card = again or next_card(self._chosen, self.log, self.annotator, sharing=sharing, which=which)
            self._show(card, repeat=again is not None)
        else:
            self.log.refresh()
            self._show(next(self.waiting(), None))

    def prefer(self, cards: Sequence[SuspectLabel]) -> None:
        """Have these cards come next, in this order, those that are still to be shown and that the filter leaves."""
        left = {card.image_id: card for card in self._chosen}
        first = {card.image_id: card for card in cards if card.image_id in left}
        self._chosen = list((first | left).values())
        self._break_promises()

    def start_over(self) -> None:
        """Go through the cards of a filter once more."""
        self._passed.clear()
        self._break_promises()
        self.advance()

    def keep(self, token: int, answer: str, note: str) -> Decision | None:
        """Keep what is said of the card on view; a third reader's answer stays marked in its note when it changes."""
        if earlier := self.mine:
            note = mark_note(note, adjudicates=earlier.adjudicates)
        return super().keep(token, answer, note)

    @property
    def _asks(self) -> bool:
        """Whether this is a queue of cards to be answered, not one to go through."""
        return self.settings.wanted.which != "mine"

    def _show(self, card: SuspectLabel | None, *, repeat: bool = False) -> None:
        self.is_repeat, self.revealed, self.doubted, self._open = repeat, None, None, False
        if card is not None:
            self._returning.discard(card.image_id)
        super()._show(card)

    def _foresee(self) -> Iterator[SuspectLabel]:
        if self.settings.sharing:
            return  # it depends on what others take
        may_return = self._asks and not (self.is_repeat or self._returning)
        if may_return and (again := self._repeat()):
            self._returning.add(again.image_id)
            yield again
        yield from self.waiting()

    def _break_promises(self) -> None:
        super()._break_promises()
        self._returning.clear()

    def _find_waiting(self, card: SuspectLabel) -> SuspectLabel | None:
        if card.image_id in self._returning:
            return card
        return next((one for one in self.waiting() if one.image_id == card.image_id), None)

    def _find(self, decision: Decision) -> SuspectLabel | None:
        return self._by_id.get(decision.image_id)

    def _show_undone(self, card: SuspectLabel, undone: Decision) -> None:
        self._passed.discard(card.image_id)
        still = self.log.state.mine(card.image_id, self.annotator)
        self._show(card, repeat=still is not None and not undone.supersedes)
        self._open = undone.final_answer != SKIPPED

    def _pass(self, image_id: str) -> None:
        self._passed.add(image_id)
        self.advance()

    def _decide(self, card: SuspectLabel, answer: str, note: str) -> Decision:
        return Decision(
            self.annotator,
            card.image_id,
            card.file,
            first_answer=answer,
            final_answer=answer,
            patient=card.patient,
            given_label=card.given_label,
            p_parasitized=card.p_parasitized,
            model=self._model,
            threshold=self._threshold,
            blind=self.hides(card),
            note=mark_note(note, adjudicates=self.settings.wanted.which == "adjudication"),
        )

    def _repeat(self) -> SuspectLabel | None:
        if not self.settings.repeats or self.settings.wanted.which != "undecided":
            return None
        willing = (card for card in self._chosen if card.image_id not in self._declined)
        return find_repeat(willing, self.log.state, self.annotator)
