"""The held-out scores of a model, read once for all sessions."""

import logging
from pathlib import Path

import streamlit as st

from malaria.model import classifier as model
from malaria.sample import Scores, read_scores, scores_file

_log = logging.getLogger(__name__)


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
