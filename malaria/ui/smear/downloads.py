"""The table of cells and the report, as files to keep."""

import streamlit as st

from malaria.smear import Decision, cells_csv, report_html
from malaria.ui.smear.bench import Bench
from malaria.ui.smear.words import SAID
from malaria.ui.text import literal


def downloads(bench: Bench) -> None:
    """Offer report.html and cells.csv. Both are made only when clicked."""
    decisions = {
        cell.row: Decision(SAID[said.final_answer], said.annotator, said.decided_at)
        for cell, said in bench.decisions
        if cell.row is not None
    }
    added = len(bench.added)
    with st.container(horizontal=True):
        st.download_button(
            "Download the report",
            lambda: report_html(bench.triage, sample=bench.sample, decisions=decisions),
            "report.html",
            "text/html",
            type="primary",
            on_click="ignore",
            icon=":material/download:",
        )
        st.download_button(
            "Download cells.csv",
            lambda: cells_csv(bench.triage),
            "cells.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )
    st.caption(
        "The report is one file that opens anywhere and prints; it names no patient but by what you typed above. "
        f"Decisions are in {literal(bench.log.store.place)}."
        + (f" The cells that you added ({added}) are there too, but in neither file." if added else "")
    )
