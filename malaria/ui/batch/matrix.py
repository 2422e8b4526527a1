"""The confusion matrix as four buttons, each with the way to relabel the cells behind it."""

from typing import Final, TypeAlias

import streamlit as st
from markupsafe import Markup

from malaria.batch import Batch
from malaria.batch.tables import CLINICAL, OUTCOMES
from malaria.labels import CLASSES
from malaria.ui.batch import card
from malaria.wording.numbers import DASH, percent
from malaria.wording.words import choose_verb, count

Outcome: TypeAlias = tuple[str, str]
"""The given label of some cells, and what the model calls them."""

_PICKED: Final = "batch.outcome"


def draw_matrix(batch: Batch) -> None:
    """Draw the matrix, given label down, predicted across; a click on a count shows its cells, a second hides them."""
    confusion = batch.evaluation.confusion
    counts = dict(zip(OUTCOMES, (confusion.tp, confusion.fn, confusion.fp, confusion.tn), strict=True))
    shares = []
    with st.container(key="batch-matrix"):
        st.html("<span>True label ↓</span>")
        for predicted in CLASSES:
            st.html(Markup("<b>Predicted {}</b>").format(predicted))
        for true in CLASSES:
            n = sum(counts[true, predicted] for predicted in CLASSES)
            st.html(Markup("<b>{}</b><br>{}").format(true, count(n, "cell")))
            for predicted in CLASSES:
                k = counts[true, predicted]
                _draw_count((true, predicted), k, n)
                shares.append((_name((true, predicted)), k / n if n else 0.0))
    # The darker, the larger the share of its row; faint enough for the text on it.
    st.html(
        "<style>" + "".join(f".st-key-{key} button {{ --share: {share:.3f} }}" for key, share in shares) + "</style>"
    )


def get_picked() -> Outcome | None:
    """The cells that were picked in the matrix; None for all mistakes."""
    picked: Outcome | None = st.session_state.get(_PICKED)
    return picked


def name_cells(outcome: Outcome | None, n: int) -> str:
    """What `n` cells of the matrix are called: "8 false negatives"; without an outcome, all mistakes."""
    return count(n, CLINICAL[outcome] if outcome else "cell") + (
        "" if outcome else f" where model and label {choose_verb(n, 'disagrees', 'disagree')}"
    )


def _draw_count(outcome: Outcome, k: int, n: int) -> None:
    share = percent(k / n, n=n) if n else DASH
    name = _name(outcome)
    with st.container(key=f"{name}-cell", gap=None):
        st.button(
            f"**{k:,}** *{share} {OUTCOMES[outcome]}* *{CLINICAL[outcome]}*",
            key=name,
            type="primary" if get_picked() == outcome else "secondary",
            wrap=True,
            width="stretch",
            on_click=_pick,
            args=(None if get_picked() == outcome else outcome,),
        )
        if k:
            st.button(
                f"Relabel {'this one' if k == 1 else f'these {k:,}'}",
                key=f"{name}-relabel",
                type="tertiary",
                icon=":material/edit:",
                width="stretch",
                on_click=_relabel,
                args=(outcome,),
            )


def _pick(outcome: Outcome | None) -> None:
    st.session_state[_PICKED] = outcome
    card.close()


def _relabel(outcome: Outcome) -> None:
    st.session_state[_PICKED] = outcome
    card.open_next()


def _name(outcome: Outcome) -> str:
    return f"batch-{OUTCOMES[outcome].replace(' ', '-')}"
