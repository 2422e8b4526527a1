"""The held-out answers of the picked model, read once for all sessions; or the sentence that says why not."""

from pathlib import Path

import streamlit as st

from malaria.errors import ModelError
from malaria.model import classifier as model
from malaria.model.card import Card
from malaria.model.held_out import HeldOut, Stamp, read_held_out, stamp_held_out
from malaria.sample import OperatingPoint, Scores
from malaria.ui.parts.frame import Frame


def read_answers(frame: Frame) -> HeldOut | ModelError:
    """Return what networks said of the cells that the picked model learned from, or why that is not known."""
    folder = model.MODELS_DIR / frame.card.name
    return _read(folder, stamp_held_out(folder))


def read_scores(frame: Frame) -> Scores | ModelError:
    """Return the same for the calculations of a sample."""
    folder = model.MODELS_DIR / frame.card.name
    return _scores(folder, stamp_held_out(folder))


def read_card_point(card: Card) -> OperatingPoint | None:
    """Return the rates that a model's card states, where the scores themselves are not there; None if it has none."""
    confusion = card.reading()[1].confusion
    return OperatingPoint.from_counts(card.threshold, **confusion.model_dump()) if confusion else None


@st.cache_resource(max_entries=4, show_spinner="Reading the held-out answers …")
def _read(folder: Path, stamp: Stamp) -> HeldOut | ModelError:
    try:
        return read_held_out(folder)
    except ModelError as why:
        return why.with_traceback(None)  # which would keep the whole page in memory


@st.cache_resource(max_entries=4, show_spinner=False)
def _scores(folder: Path, stamp: Stamp) -> Scores | ModelError:
    answers = _read(folder, stamp)
    try:
        return answers if isinstance(answers, ModelError) else answers.scores()
    except ModelError as why:
        return why.with_traceback(None)
