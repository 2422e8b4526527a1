"""Where the cell rates come from: held-out scores of the shipped model, or cells that another page brought."""

import logging
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from malaria import model
from malaria.card import Card
from malaria.sample import OperatingPoint, Scores, ThresholdChoice, read_scores, scores_file, threshold_choices
from malaria.ui.frame import Frame

_log = logging.getLogger(__name__)
_BROUGHT: Final = "sample.brought"


def scores_of(frame: Frame) -> Scores | None:
    """Return the cells the rates are measured on: those brought from a batch, else the picked model's held-out ones."""
    return brought() or (held_out_scores(frame.model_name) if frame.model_name else None)


def held_out_scores(model_name: str) -> Scores | None:
    """Return the held-out scores that came with a model, or None where it has none that can be used."""
    path = scores_file(model.MODELS_DIR / model_name)
    try:
        return None if path is None else _read(path, path.stat().st_mtime_ns)
    except (OSError, EOFError, KeyError, ValueError):  # cut short, other columns, no cells of one class
        _log.exception("The held-out scores in %s cannot be used", path)
        return None


@st.cache_resource(max_entries=4, show_spinner="Reading the held-out scores …")
def _read(path: Path, changed: int) -> Scores:
    """Read once for all sessions; `changed` is there so that a replaced file is read anew."""
    return read_scores(path)


@st.cache_resource(max_entries=64, show_spinner="Trying every threshold …")
def choices(
    _scores: Scores, token: str, reading: str, cells: int, target_sensitivity: float, target_specificity: float
) -> list[ThresholdChoice]:
    """Return the rule at every threshold of `_scores`, which their `token` stands for in the cache."""
    return threshold_choices(
        _scores.curve(reading), cells, target_sensitivity=target_sensitivity, target_specificity=target_specificity
    )


def from_card(card: Card) -> OperatingPoint:
    """Return the rates that a model's card states, where the scores themselves are not there."""
    _, figures = card.reading()
    return OperatingPoint.from_counts(card.threshold, **figures["confusion"])


def bring(table: pd.DataFrame, name: str) -> None:
    """Make the page start from these cells, until `forget`. Columns as of `Scores`; raises SampleError if unusable."""
    scores = Scores(name, table)
    scores.held_out(scores.readings[0])
    st.session_state[_BROUGHT] = scores


def brought() -> Scores | None:
    """Return the cells that were brought in this session."""
    found: Scores | None = st.session_state.get(_BROUGHT)
    return found


def forget() -> None:
    """Go back to the model's own scores."""
    st.session_state.pop(_BROUGHT, None)
