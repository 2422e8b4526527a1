"""Where a batch goes from here: into files, to label review, to the sample threshold."""

import json
from collections.abc import Callable

import streamlit as st

from malaria.batch import Batch, Reading, report
from malaria.cells import to_csv
from malaria.ui.batch.desk import Desk
from malaria.ui.frame import Frame


def take_further(batch: Batch, desk: Desk, frame: Frame) -> None:
    """Draw the downloads and the ways to other pages."""
    st.subheader("Take it further", anchor=False)
    with st.container(horizontal=True):
        _download("Predictions (CSV)", lambda: to_csv(batch.table), "predictions.csv", "text/csv")
        _download("Figures (JSON)", lambda: figures(batch), "evaluation.json", "application/json")
        _download("Report (HTML)", lambda: _report(batch, desk, frame), "report.html", "text/html")


def figures(batch: Batch) -> str:
    """Return what `python -m malaria evaluate --json` writes."""
    return json.dumps(batch.evaluation.to_dict(), indent=2, allow_nan=False) + "\n"


def _report(batch: Batch, desk: Desk, frame: Frame) -> str:
    as_given, corrected, undisputed = (desk.batch(frame, reading).at(batch.threshold) for reading in Reading)
    disputed = as_given.disputed.any()
    return report(batch, as_given.readings(corrected, undisputed) if disputed else None)


def _download(label: str, made: Callable[[], str], file: str, kind: str) -> None:
    """A file that is made when it is asked for."""
    st.download_button(label, made, file, kind, icon=":material/download:", on_click="ignore", key=f"batch-{file}")
