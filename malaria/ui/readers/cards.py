"""Cells to read one after another in the browser: pictures go there beforehand, and references never do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import streamlit as st

from malaria.labels import CLASSES
from malaria.readers import ANSWERS, Card
from malaria.ui.parts.answer_keys import KEYS
from malaria.ui.parts.component import load_component

WORDS: Final = dict(zip(ANSWERS, (*CLASSES, "Can’t tell"), strict=True))
"""What the answers of a test are called."""
_LONGEST: Final = 24 * 3600.0

_cards = load_component("reader_cards", Path(__file__).with_name("cards.js"), hears_letters=True)


class Given(NamedTuple):
    """An answer as it came from the browser: `position` counts from 1, `seconds` from when the cell showed."""

    position: int
    answer: str
    seconds: float


class Lesson(NamedTuple):
    """What is shown of a card as soon as it is answered: the reference, a sentence, and a picture as a data URI."""

    reference: str
    why: str
    picture: str


@dataclass(frozen=True)
class Deck:
    """The cards of one go. `token` tells it from any other; `kept` answers have arrived, and `cards` come next.

    With a `total` of 0 nobody knows how many come. `lessons` go with the cards where the answer is no secret. `told`
    and `begin` are the words before it and on its button. With `seconds` it ends when they are over. With `every`,
    answers are sent after so many; else all at the end.
    """

    token: str
    total: int
    cards: Sequence[tuple[Card, str]]
    """Each with its picture as a data URI."""
    told: str
    begin: str = "Start"
    answers: Sequence[str] = ANSWERS
    kept: int = 0
    seconds: int = 0
    every: int = 0
    lessons: Sequence[Lesson] = ()
    calls: bool = False
    """Whether the network's call stands on some of them."""


def draw_cards(deck: Deck, take: Callable[[list[Given], bool], None]) -> None:
    """Draw the cards, and hand to `take` what was answered, and whether that was all."""
    key = f"reader-cards-{deck.token}"

    def hear() -> None:
        said = st.session_state[key].answered
        if said and said.get("token") == deck.token:
            take(check(said.get("answers"), deck), bool(said.get("over")))

    first = deck.kept + 1
    lessons = {position: lesson._asdict() for position, lesson in enumerate(deck.lessons, start=first)}
    _cards(
        key=key,
        data={
            "token": deck.token,
            "total": deck.total,
            "kept": deck.kept,
            "cards": [
                {"position": position, "picture": picture, "call": card.call, "lesson": lessons.get(position)}
                for position, (card, picture) in enumerate(deck.cards, start=first)
            ],
            "answers": [{"answer": answer, "words": WORDS[answer], "key": KEYS[answer]} for answer in deck.answers],
            "seconds": deck.seconds,
            "every": deck.every,
            "calls": deck.calls,
            "lessons": bool(deck.lessons),
            "told": deck.told,
            "begin": deck.begin,
        },
        on_answered_change=hear,
    )


def check(said: Any, deck: Deck) -> list[Given]:
    """Return the answers that can be meant, of whatever a browser sent."""
    found = []
    for one in said if isinstance(said, list) else []:
        position, answer, seconds = (one.get(name) for name in Given._fields) if isinstance(one, dict) else [None] * 3
        if (
            type(position) is int
            and 1 <= position <= (deck.total or position)
            and isinstance(answer, str)
            and answer in deck.answers
            and isinstance(seconds, int | float)
            and 0 <= seconds <= _LONGEST
        ):
            found.append(Given(position, answer, float(seconds)))
    return found
