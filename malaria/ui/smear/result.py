"""What the sample comes to, over all its fields: counts, parasitaemia with its interval, and the cells still needed."""

import math
from typing import Final

import pandas as pd
import streamlit as st

from malaria.labels import PARASITIZED
from malaria.review import UNSURE
from malaria.sample import RED_CELLS_PER_UL, CellRates, estimate_parasitaemia, required_cells
from malaria.sample.numbers import per_ul, percent
from malaria.ui.frame import Frame
from malaria.ui.sample.scores import from_card, held_out_scores
from malaria.ui.smear.bench import Bench
from malaria.ui.smear.desk import Desk

_NONE: Final = "–"
_WISHED: Final = 200
"""Parasites per microlitre at which WHO evaluates rapid tests."""


def result(desk: Desk, bench: Bench, frame: Frame) -> None:
    """Draw the figures of the sample, pooled over its fields."""
    st.subheader("The sample, over all its fields", anchor=False)
    red_cells_per_ul, wished = _inputs()
    manual = _manual()
    alone = _rates(frame, bench.triage.threshold)
    reviewed = alone.reviewed(1.0, 0.0)
    leukocytes = sum(one.count("leukocyte") for one in bench.triage.fields)
    confirmed = bench.count(PARASITIZED)
    columns = {
        "Machine alone": _column(bench.triage.red_cells, len(bench.suspects), leukocytes, alone, red_cells_per_ul),
        "With your decisions": _column(bench.cells_counted, confirmed, leukocytes, reviewed, red_cells_per_ul),
        "Your own count": _column(*manual, CellRates(1, 0), red_cells_per_ul),
    }
    st.table(pd.DataFrame(columns))
    _provisional(bench)
    if desk.parasitized is not None:
        st.caption(f"These fields are synthetic: {desk.parasitized} of their cells were drawn parasitized.")
    _needed(bench, wished / red_cells_per_ul, reviewed)
    _fields(bench)
    st.caption(
        "Figures are pooled over fields, never averaged. Parasitaemia is corrected for the cells that the model flags "
        f"in error and misses, as measured on held-out patients at this threshold (sensitivity "
        f"{percent(alone.sensitivity)}, false alarms {percent(alone.false_positive_rate, 2)} of cells). **Another "
        "laboratory’s slides can be read worse.** It is assumed that with your decisions no false alarm is left and no "
        "parasite is rejected; for your own count, that you saw every cell. Intervals hold 95 % and take "
        "these rates as known. A clump counts as one cell."
    )


def _inputs() -> tuple[float, float]:
    left, right = st.columns(2)
    with left:
        per = st.number_input(
            "Red cells per microlitre",
            1_000_000,
            10_000_000,
            RED_CELLS_PER_UL,
            100_000,
            key="smear.per_ul",
            help="The patient’s own count where it is known.",
        )
    with right:
        wished = st.number_input(
            "Wished limit of detection, parasites per microlitre", 1, 1_000_000, _WISHED, 50, key="smear.wished"
        )
    return float(per), float(wished)


def _manual() -> tuple[int | None, int | None, int | None]:
    """What the user counted: red cells, parasitized ones, leukocytes."""
    names = ("Red cells you counted", "Parasitized ones among them", "Leukocytes you counted")
    with st.expander("Enter your own count", icon=":material/pin:"):
        parts = st.columns(3)
        cells, found, white = (
            part.number_input(name, 0, 10_000_000, None, key=f"smear.manual.{at}", placeholder="None")
            for at, (part, name) in enumerate(zip(parts, names, strict=True))
        )
        if cells is not None and found is not None and found > cells:
            st.warning("There are more parasitized cells than cells. Correct one of the two.")
            return None, None, white
    return cells, found, white


def _column(
    cells: int | None, found: int | None, leukocytes: int | None, rates: CellRates, red_cells_per_ul: float
) -> dict[str, str]:
    parasitaemia = density = _NONE
    if cells and found is not None and rates.sensitivity > rates.false_positive_rate:
        estimate = estimate_parasitaemia(min(found, cells), cells, rates)
        share, (low, high) = estimate.parasitaemia, estimate.interval
        parasitaemia = f"{percent(share)} ({percent(low)} to {percent(high)})"
        density = " ".join(
            [per_ul(share, red_cells_per_ul), f"({per_ul(low, red_cells_per_ul)} to {per_ul(high, red_cells_per_ul)})"]
        )
    return {
        "Red cells": _number(cells),
        "Parasitized": _number(found),
        "Parasitaemia": parasitaemia,
        "Parasites per microlitre": density,
        "Leukocytes": _number(leukocytes),
    }


def _number(count: int | None) -> str:
    return _NONE if count is None else f"{count:,}"


def _provisional(bench: Bench) -> None:
    """Say what is still open."""
    left, unsure = len(bench.undecided), bench.count(UNSURE)
    if left or unsure:
        st.info(
            f"Provisional: suspects without a decision: {left:,}; unsure: {unsure:,}. They count as not parasitized "
            "under “With your decisions”.",
            icon=":material/pending:",
        )


def _needed(bench: Bench, parasitaemia: float, rates: CellRates) -> None:
    needed, counted = _required(parasitaemia, rates), bench.cells_counted
    aim = f"To find {percent(parasitaemia)} parasitaemia in 95 of 100 samples"
    if needed is None:
        st.markdown(f"{aim}, no number of cells is enough at these rates.")
        return
    left = max(0, needed - counted)
    words = f"{aim}, **{needed:,} red cells** are needed"
    if not left:
        st.markdown(f"{words}: there are enough.")
        return
    fields = math.ceil(left * len(bench.fields) / counted) if counted else None
    more = f", about {fields:,} more fields like these" if fields else ""
    st.markdown(f"{words}: **{left:,} are still missing**{more}.")


def _fields(bench: Bench) -> None:
    rows = [
        {
            "Field": name,
            "Red cells": f"{one.count('red_cell'):,}",
            "Leukocytes": f"{one.count('leukocyte'):,}",
            "Suspects": f"{sum(cell.field == name for cell in bench.suspects):,}",
            "Quality": " ".join(concern.sentence for concern in one.concerns) or "Good.",
        }
        for name, one in bench.fields.items()
    ]
    rows += [
        {"Field": name, "Red cells": _NONE, "Leukocytes": _NONE, "Suspects": _NONE, "Quality": f"Not read: {why}"}
        for name, why in bench.triage.unreadable.items()
    ]
    with st.expander(f"Field by field ({len(rows)})", icon=":material/table_rows:"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _rates(frame: Frame, threshold: float) -> CellRates:
    """The picked model's cell rates at a threshold, cautious where hardly an error was seen."""
    scores = held_out_scores(frame.card.name)
    point = from_card(frame.card) if scores is None else scores.at(scores.readings[0], threshold)
    return point.cautious_rates


@st.cache_data(max_entries=64, show_spinner=False)
def _required(parasitaemia: float, rates: CellRates) -> int | None:
    return required_cells(parasitaemia, rates)
