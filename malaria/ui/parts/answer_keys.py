"""The keys by which a cell is decided, drawn in the same way wherever one annotator decides on cell after cell."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE, Turn, read_presses, to_csv
from malaria.ui.parts import account
from malaria.ui.parts.component import load_component
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.text import literal
from malaria.wording.words import choose_verb, count

KEYS: Final = {PARASITIZED: "P", UNINFECTED: "U", UNSURE: "N", UNUSABLE: "X"}
"""The key of each answer. C and R belong to Streamlit."""
LABELS: Final = {PARASITIZED: "Parasitized", UNINFECTED: "Uninfected", UNSURE: "Not sure", UNUSABLE: "Not usable"}
"""What the answers are called where a label is reviewed."""
FINDINGS: Final = {PARASITIZED: "Confirm", UNINFECTED: "Reject", UNSURE: "Not sure", UNUSABLE: "No cell"}
"""What they are called where a suspect in a field is decided on."""
SIGNS: Final = {PARASITIZED: "+", UNINFECTED: "-", UNSURE: "?", UNUSABLE: "x"}
"""What they leave beside a number."""

_IN_BROWSER: Final = {"Left": "arrowleft", "Right": "arrowright"}  # what a browser calls Streamlit's keys

# What Streamlit's shortcuts lack: they may come when a card is drawn that they are not about.
_keys = load_component("answer_keys", Path(__file__).with_name("keys.js"), isolate_styles=False, hears_letters=True)


@dataclass(frozen=True)
class Shown:
    """A card as a screen draws it: the picture that `key` names, `tall` and `wide` (0 to 1) in its square."""

    image_id: str
    key: str
    alt: str
    draw: Callable[[], str]
    """Returns the picture as a data URI; called only if the screen does not have it."""
    waits: bool = False
    """Whether it stays after its answer, for what that reveals."""
    tall: float = 1.0
    wide: float = 1.0
    error: str | None = None
    """Why there is no picture."""


@dataclass(frozen=True)
class AnswerKeys:
    """The keys of one page. `words` say what each answer is called there, and `whole` what one goes through.

    `moves` are what keys do beside answering, by their names in Streamlit ("Enter"): a name for it, and what it does
    with the token and the note.
    """

    page: str
    """What the keys of its widgets begin with."""
    turn: Turn[Any]
    words: Mapping[str, str]
    whole: str
    moves: Mapping[str, tuple[str, Callable[[int, str], object]]] = field(default_factory=dict)

    def draw_card(self, deck: Sequence[Shown] = (), label: str = "", look: Mapping[str, str] | None = None) -> None:
        """Draw the card on view, and hear the keys; to be called once a page, also where there is no card.

        `deck` is that card and those promised to come next. `look` gives CSS variables for the picture.
        """
        turn, name = self.turn, f"{self.page}-keys"
        have = set(_read_log(name).get("have", ()))
        revealed = turn.mine if turn.waits else None
        acts: dict[str, tuple[str, ...]] = {key.lower(): ("answer", answer) for answer, key in KEYS.items()}
        acts |= {_IN_BROWSER.get(key, key.lower()): (act,) for key, (act, _) in self._moves().items()}
        drawn = [
            {
                "image_id": card.image_id,
                "key": card.key,
                "alt": card.alt,
                "waits": card.waits,
                "tall": card.tall,
                "wide": card.wide,
                "error": card.error,
                "picture": None if card.error or card.key in have else card.draw(),
            }
            for card in deck
        ]
        _keys(
            key=name,
            data={
                "work": turn.work_id,
                "heard": turn.heard,
                "refused": turn.refused,
                "deck": drawn,
                "said": revealed and revealed.final_answer,
                "doubted": turn.doubted,
                "acts": acts,
                "label": label,
                "look": dict(look or {}),
            },
            default={"log": {}},
            on_log_change=self._hear,
        )

    def _moves(self) -> dict[str, tuple[str, Callable[[int, str], object]]]:
        return {**self.moves, "Z": ("undo", lambda token, note: self._undo(token))}

    def _hear(self) -> None:
        """Do what the keys say that the screen has heard."""
        log = _read_log(f"{self.page}-keys")
        if log.get("work") == self.turn.work_id:  # else they are about a batch that is closed
            self.turn.hear(read_presses(log.get("pending")), dict(self._moves().values()))

    def _undo(self, token: int) -> None:
        if not self.turn.undo(token) and token == self.turn.token:
            self.turn.error = f"There is nothing left to undo in this {self.whole}."

    def draw_answers(self) -> None:
        """Draw a button for each answer, the one in force marked."""
        token, mine = self.turn.token, self.turn.mine
        with st.container(key=f"{self.page}-answers"):
            for answer, key in KEYS.items():
                st.button(
                    self.words[answer],
                    key=f"{self.page}-{key}-{token}",
                    shortcut=key,
                    type="primary" if mine is not None and answer == mine.final_answer else "secondary",
                    width="stretch",
                    on_click=self.turn.attempt,
                    args=(lambda given=answer: self.turn.answer(token, given, self.note),),
                )

    def draw_move(self, words: str, key: str) -> None:
        """Draw a button for what one of the `moves` does."""
        token, do = self.turn.token, self._moves()[key][1]
        act = partial(self.turn.attempt, lambda: do(token, self.note))
        st.button(words, key=f"{self.page}-{words}-{token}", shortcut=key, width="stretch", on_click=act)

    def draw_undo(self) -> None:
        """Draw the button that takes the last answer back."""
        self.draw_move("Undo", "Z")

    def draw_note(self, *, at_once: bool = False) -> None:
        """Draw the place for a note on the card on view; `at_once` keeps it as soon as it is written."""

        def annotate(token: int = self.turn.token) -> None:
            self.turn.attempt(lambda: self.turn.annotate(token, self.note))

        with st.container(key=f"{self.page}-note"):
            st.text_input(
                "Note",
                value=self._noted,
                key=self._note_key,
                placeholder="Note: press T to write, Enter when done",
                max_chars=500,
                label_visibility="collapsed",
                on_change=annotate if at_once else None,
            )

    @property
    def note(self) -> str:
        """What is written in the place for a note, or was before."""
        return str(st.session_state.get(self._note_key, self._noted))

    def draw_stopped(self) -> None:
        """Say that the journal refused, and offer the ways out: nothing goes on before every decision is safe."""
        log = self.turn.log
        st.error(literal(self.turn.error or log.problems[-1]), icon=":material/error:")
        n = len(log.unsaved)
        st.markdown(f"**Paused: {count(n, 'decision')} {choose_verb(n, 'is', 'are')} not saved yet.**")
        with st.container(horizontal=True):
            again, act = self.turn.attempt, self.turn.save_again
            st.button("Try again", type="primary", shortcut="Enter", on_click=again, args=(act,))
            download_journal(self.turn, f"{self.page}-download-stopped")

    @property
    def _note_key(self) -> str:
        return f"{self.page}.note.{self.turn.shown}"

    @property
    def _noted(self) -> str:
        return self.turn.mine.note if self.turn.mine else ""


def _read_log(name: str) -> dict[str, Any]:
    """What the screen last said through the component of that name."""
    log = getattr(st.session_state.get(name), "log", None)
    return dict(log) if isinstance(log, Mapping) else {}


def download_journal(turn: Turn[Any], key: str, on_click: Callable[[], None] | None = None) -> None:
    """Draw the button that downloads the rows that may be shown to whoever is here, with what could not be kept."""
    about_these = account.tells_by_name()  # now: the file is made outside of the visit, where nobody knows whose it is
    offer_download(
        "Download the journal",
        lambda: to_csv(turn.list_rows(about_these=about_these)),
        "corrections.csv",
        key=key,
        on_click=on_click or "rerun",
    )
