"""The report and the table of cells, as files to keep."""

import streamlit as st

from malaria.images import RGB
from malaria.smear import Box, Result, cells_csv, report_html
from malaria.ui.smear.bench import Bench
from malaria.ui.smear.desk import Desk
from malaria.ui.text import literal


def downloads(desk: Desk, bench: Bench, result: Result) -> None:
    """Offer report.html and cells.csv. Both are made only when clicked."""

    def look(name: str, box: Box) -> RGB:
        return desk.cut(name, box, 1.3 * max(box.width, box.height))

    with st.container(horizontal=True):
        st.download_button(
            "Download the report",
            lambda: report_html(result, look=look),
            "report.html",
            "text/html",
            type="primary",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Download cells.csv",
            lambda: cells_csv(result),
            "cells.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.caption(
        "The report is one file that opens anywhere and prints; it names no patient but by what you typed above. "
        f"Decisions are kept in {literal(bench.log.store.place)}."
    )
