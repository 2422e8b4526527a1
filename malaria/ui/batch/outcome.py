"""Where a batch goes from here: into files, to label review, to the sample threshold."""

import json
from collections.abc import Callable
from typing import Final

import streamlit as st

from malaria.batch import Batch, report
from malaria.cells import to_csv
from malaria.errors import SampleError
from malaria.ui.batch.desk import Desk
from malaria.ui.frame import Frame
from malaria.ui.text import literal
from malaria.words import count

_REVIEW: Final = "pages/3_Label_review.py"


def take_further(batch: Batch, desk: Desk, frame: Frame) -> None:
    """Draw the downloads and the ways to other pages."""
    st.header("Take it further", anchor=False)
    with st.container(horizontal=True):
        _download("Predictions (CSV)", lambda: to_csv(batch.table), "predictions.csv", "text/csv")
        _download("Figures (JSON)", lambda: figures(batch), "evaluation.json", "application/json")
        _download(
            "Report (HTML)", lambda: report(batch, desk.readings(frame, batch.threshold)), "report.html", "text/html"
        )
    with st.container(horizontal=True):
        wrong = len(batch.errors)
        if st.button(
            f"Review the labels, {count(wrong, 'mistake')} among them", icon=":material/rule:", disabled=not wrong
        ):
            st.switch_page(_REVIEW, query_params={})
        if st.button("What this means for a whole sample", icon=":material/bloodtype:"):
            _to_sample(batch, desk, frame)


def _to_sample(batch: Batch, desk: Desk, frame: Frame) -> None:
    """Open the sample threshold page on these cells, at this threshold."""
    from malaria.ui import sample_page  # only here: it needs 70 MB of statistics that this page does without

    try:
        cells = desk.batch(frame).table.drop(columns="label")  # there a column of that name is a second label
        sample_page.bring(cells, f"{batch.name} by {batch.model}")
    except SampleError as error:
        st.error(literal(str(error)), icon=":material/error:")
        return
    st.switch_page(sample_page.PAGE, query_params={"threshold": f"{batch.threshold:.10g}"})


def figures(batch: Batch) -> str:
    """Return what `python -m malaria evaluate --json` writes."""
    return json.dumps(batch.evaluation.to_dict(), indent=2, allow_nan=False) + "\n"


def _download(label: str, made: Callable[[], str], file: str, kind: str) -> None:
    """A file that is made when it is asked for."""
    st.download_button(label, made, file, kind, icon=":material/download:", on_click="ignore", key=f"batch-{file}")
