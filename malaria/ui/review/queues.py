"""Which labels are reviewed: the queue and the filters, each with how many it leaves, kept in the address."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import streamlit as st

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import Filter
from malaria.review.queue import Which
from malaria.ui.parts import account, address
from malaria.ui.parts.text import literal
from malaria.ui.review.label_review import LabelReview

DISPUTE: Final = "dispute"
ALL: Final = "all"
THIRD: Final = "third"
MINE: Final = "mine"
QUEUES: Final = {DISPUTE: "In dispute", ALL: "All labels", THIRD: "Third reader", MINE: "My decisions"}
"""The queues by their names in the address. The first is what the page opens on."""
WRONG: Final = {"false-positive": UNINFECTED, "false-negative": PARASITIZED}
"""The model's errors, if the given label is right, by what is given."""

_ASKED: Final = "review.asked"
_SEEN: Final = "review.asked.seen"  # what the address last said
_WORDS: Final = {"false-positive": "False positives", "false-negative": "False negatives"}
_WHICH: Final[dict[str, Which]] = {THIRD: "adjudication", MINE: "mine"}
_ANY: Final = "All patients"
_KEYS: Final = ("queue", "wrong", "patient", "differ", "suspicion")


@dataclass(frozen=True)
class Asked:
    """What the annotator chose, as the address has it."""

    queue: str = DISPUTE
    wrong: str | None = None
    patient: str | None = None
    differ: bool = False
    low: float = 0.0
    high: float = 1.0

    @property
    def filter(self) -> Filter:
        """The same for the library."""
        return Filter(
            _WHICH.get(self.queue, "undecided"),
            WRONG[self.wrong] if self.wrong else None,
            self.patient,
            self.low,
            self.high,
            contradicted=self.queue == DISPUTE or self.wrong is not None,
            differ=self.differ,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether there is a filter beside the queue."""
        return self != Asked(self.queue)

    def to_query(self) -> dict[str, str]:
        """The parameters of the address, but those that are as they are at first."""
        suspicion = "" if (self.low, self.high) == (0, 1) else f"{self.low:g}-{self.high:g}"
        queue = "" if self.queue == DISPUTE else self.queue
        values = (queue, self.wrong, self.patient, "yes" if self.differ else "", suspicion)
        return {name: value for name, value in zip(_KEYS, values, strict=True) if value}


def get_asked(review: LabelReview) -> Asked:
    """Return what is asked for: what the address says anew, else what was chosen before."""
    query = {name: st.query_params[name] for name in _KEYS if name in st.query_params}
    if query and query != st.session_state.get(_SEEN):
        st.session_state[_ASKED] = _read(query, review.patients)
    asked: Asked = st.session_state.get(_ASKED, Asked())
    if asked.queue not in list_queues():
        asked = replace(asked, queue=DISPUTE)
    if asked.patient not in (None, *review.patients):  # of another batch
        asked = replace(asked, patient=None)
    wanted = asked.to_query()
    for name in _KEYS:
        if name not in wanted:
            st.query_params.pop(name, None)
        elif st.query_params.get(name) != wanted[name]:
            st.query_params[name] = wanted[name]
    st.session_state[_SEEN] = wanted
    return asked


def list_queues() -> list[str]:
    """Return the queues of whoever is here: the third reader has to see what others answered."""
    return [name for name in QUEUES if name != THIRD or account.sees_all()]


def ask_for(asked: Asked) -> None:
    """Have the page show this from now on."""
    address.forget(*_KEYS)
    st.session_state[_ASKED] = asked


def draw_queue(review: LabelReview, asked: Asked) -> None:
    """Draw the choice of a queue."""
    numbers = {
        DISPUTE: review.count(replace(asked, queue=DISPUTE).filter),
        ALL: review.count(replace(asked, queue=ALL).filter),
        THIRD: review.count_waiting(replace(asked, queue=THIRD).filter),
    }
    st.session_state["review.queue"] = asked.queue

    def choose() -> None:
        ask_for(replace(asked, queue=st.session_state["review.queue"]))

    st.selectbox(
        "Queue",
        list_queues(),
        format_func=lambda one: f"{QUEUES[one]} · {numbers[one]:,}" if one in numbers else QUEUES[one],
        key="review.queue",
        label_visibility="collapsed",
        width=190,
        on_change=choose,
    )


def draw_filters(review: LabelReview, asked: Asked) -> None:
    """Draw the filters, each choice with how many cells it leaves beside the others."""
    state = {
        "review.wrong": asked.wrong,
        "review.patient": asked.patient or _ANY,
        "review.differ": asked.differ,
        "review.suspicion": (asked.low, asked.high),
    }
    st.session_state.update(state)

    def choose() -> None:
        chosen = st.session_state
        patient, (low, high) = chosen["review.patient"], chosen["review.suspicion"]
        ask_for(
            Asked(
                asked.queue,
                chosen["review.wrong"],
                None if patient == _ANY else patient,
                chosen["review.differ"],
                low,
                high,
            )
        )

    wrong = {name: review.count(replace(asked, wrong=name).filter) for name in WRONG}
    st.pills(
        "The model’s errors, if the label is right",
        WRONG,
        format_func=lambda name: f"{_WORDS[name]} {wrong[name]:,}",
        key="review.wrong",
        on_change=choose,
        help="This filter tells you the given label, so your answers are then not recorded as blind.",
    )
    differ = review.count(replace(asked, differ=True).filter)
    st.toggle(f"Readers differ {differ:,}", key="review.differ", on_change=choose)
    patients = Counter(card.patient for card in review.choose(replace(asked, patient=None).filter))
    st.selectbox(
        "Patient",
        [_ANY, *review.patients],
        format_func=lambda name: f"{name} · {patients.total() if name == _ANY else patients[name]:,}",
        key="review.patient",
        on_change=choose,
    )
    st.slider("Suspicion", 0.0, 1.0, step=0.01, key="review.suspicion", on_change=choose)
    draw_clear(asked, "review-clear")


def draw_clear(asked: Asked, key: str) -> None:
    """Draw the button that takes the filters off, where there are any."""
    if asked.is_filtered:
        words, icon = "Clear the filters", ":material/filter_alt_off:"
        st.button(words, icon=icon, key=key, on_click=ask_for, args=(Asked(asked.queue),))


def count_filters(asked: Asked) -> int:
    """How many filters there are."""
    return len(asked.to_query().keys() - {"queue"})


def describe(review: LabelReview, asked: Asked) -> str:
    """Say what is left out of the queue: by the filters, or for it is less suspect."""
    parts = []
    more = review.count(replace(asked, queue=ALL).filter) - review.count(asked.filter)
    if asked.queue == DISPUTE and more:
        parts.append(f"{more:,} more at lower suspicion")
    if asked.queue == THIRD:
        parts.append("others disagree on these")
    if asked.wrong:
        parts.append(f"only {_WORDS[asked.wrong].lower()}")
    if asked.patient:
        parts.append(f"only patient {literal(asked.patient)}")
    if asked.differ:
        parts.append("only where readers differ")
    if (asked.low, asked.high) != (0, 1):
        parts.append(f"only suspicion {asked.low:g} to {asked.high:g}")
    return " · ".join(parts)


def say_rule(review: LabelReview, asked: Asked) -> str:
    """Say in one sentence which cells are in the queue."""
    return {
        DISPUTE: f"In dispute: the {review.answers} contradicts the given label.",
        ALL: "All labels, the most suspect first.",
        THIRD: "Third reader: others disagree on these cells. You see their answers after yours.",
        MINE: "My decisions: your earlier answers, to look through again.",
    }[asked.queue]


def _read(query: Mapping[str, str], patients: list[str]) -> Asked:
    """Read the address; say of each thing that cannot be that it was left out."""
    address.forget(*_KEYS)
    good = {
        "queue": (query.get("queue") in QUEUES, f"must be one of {', '.join(QUEUES)}"),
        "wrong": (query.get("wrong") in WRONG, f"must be one of {', '.join(WRONG)}"),
        "patient": (query.get("patient") in patients, "must be a patient of this batch"),
        "differ": (query.get("differ") == "yes", "must be yes"),
        "suspicion": (_range(query.get("suspicion", "")) is not None, "must be two numbers from 0 to 1, as in 0.5-1"),
    }
    for name in query:
        if not good[name][0]:
            address.leave_out(name, query[name], good[name][1])
    taken = {name: value for name, value in query.items() if good[name][0]}
    low, high = _range(taken.get("suspicion", "")) or (0.0, 1.0)
    return Asked(taken.get("queue", DISPUTE), taken.get("wrong"), taken.get("patient"), "differ" in taken, low, high)


def _range(text: str) -> tuple[float, float] | None:
    try:
        low, high = map(float, text.split("-"))
    except ValueError:
        return None
    return (low, high) if 0 <= low <= high <= 1 else None
