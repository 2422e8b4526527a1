"""Keys beside the answers (enlarge, contrast, the list of all keys), and swipes on a phone: all done in the browser."""

from pathlib import Path
from typing import Final

from malaria.review import SuspectLabel
from malaria.ui.parts.answer_keys import KEYS, LABELS
from malaria.ui.parts.component import load_component
from malaria.ui.review.label_review import LabelReview

ALL_KEYS: Final = (
    *((key, LABELS[answer]) for answer, key in KEYS.items()),
    ("Enter", "Next cell, once you have answered"),
    ("S", "Skip: the cell comes back at the end"),
    ("Z", "Undo, one step at a time"),
    ("L", "Show the suspects most like this cell next"),
    ("T", "Write a note; Enter or Escape ends it"),
    ("+ and -", "Enlarge, make smaller"),
    ("C", "More contrast: 150, 200, 300 %, back"),
    ("0", "The cell as it was"),
    ("?", "This list"),
)
"""Every key of a card, and what it does."""

_look = load_component("review_look", Path(__file__).with_name("look.js"), isolate_styles=False, hears_letters=True)


def draw_look(work: LabelReview, current: SuspectLabel) -> None:
    """Draw the button for the list of keys, and hear keys and swipes. What is hidden of a cell is not sent."""
    session = work.session
    cards = [current, *session.look_ahead()]
    hidden = [card.image_id for card in cards if session.hides(card)]
    given = {card.image_id: KEYS[card.given_label].lower() for card in cards if card.image_id not in hidden}
    right, wrong = ("right as given", "wrong") if current.image_id in given else ("parasitized", "uninfected")
    if session.revealed:
        right, wrong = "keep and continue", "change, twice"
    _look(
        key="review-look",
        data={
            "keys": [list(pair) for pair in ALL_KEYS],
            "given": given,
            "hidden": hidden,
            "hint": f"Swipe the cell right: {right}. Left: {wrong}.",
        },
    )
