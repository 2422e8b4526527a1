"""The keys by which a cell is decided, drawn in the same way wherever one annotator decides on cell after cell."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE, Log, Turn, to_csv
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import PARTS
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

# What Streamlit's shortcuts lack: a key held down answers once.
_keys = st.components.v2.component("answer_keys", js=(PARTS / "keys.js").read_text())


@dataclass(frozen=True)
class AnswerKeys:
    """The keys of one page. `words` say what each answer is called there, and `whole` what one goes through."""

    page: str
    """What the keys of its widgets begin with."""
    turn: Turn[Any]
    words: Mapping[str, str]
    whole: str

    def listen(self) -> None:
        """Hear the keys; to be called once a page."""
        _keys(key=f"{self.page}-keys")

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

    def draw_move(self, words: str, key: str, act: Callable[[], object]) -> None:
        """Draw a button, with its key, for something else than an answer."""
        name = f"{self.page}-{words}-{self.turn.token}"
        st.button(words, key=name, shortcut=key, width="stretch", on_click=self.turn.attempt, args=(act,))

    def draw_undo(self) -> None:
        """Draw the button that takes the last answer back."""

        def undo(token: int = self.turn.token) -> None:
            if not self.turn.undo(token) and token == self.turn.token:
                self.turn.error = f"There is nothing left to undo in this {self.whole}."

        self.draw_move("Undo", "Z", undo)

    def draw_note(self, *, at_once: bool = False) -> None:
        """Draw the place for a note on the card on view; `at_once` keeps it as soon as it is written."""

        def annotate(token: int = self.turn.token) -> None:
            self.turn.attempt(lambda: self.turn.annotate(token, self.note))

        with st.container(key=f"{self.page}-note"):
            st.text_input(
                "Note",
                value=self._noted,
                key=self._note_key,
                placeholder="Note: T to write, Enter to go back to the keys",
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
        st.markdown(f"**Nothing goes on: {count(n, 'decision')} {choose_verb(n, 'is', 'are')} not kept yet.**")
        with st.container(horizontal=True):
            again, act = self.turn.attempt, self.turn.save_again
            st.button("Try again", type="primary", shortcut="Enter", on_click=again, args=(act,))
            download_journal(log, f"{self.page}-download-stopped")

    @property
    def _note_key(self) -> str:
        return f"{self.page}.note.{self.turn.shown}"

    @property
    def _noted(self) -> str:
        return self.turn.mine.note if self.turn.mine else ""


def download_journal(log: Log, key: str, on_click: Callable[[], None] | None = None) -> None:
    """Draw the button that downloads the journal, with what could not be kept."""
    offer_download(
        "Download the journal",
        lambda: to_csv([*log.state.rows, *log.unsaved]),
        "corrections.csv",
        key=key,
        on_click=on_click or "rerun",
    )
