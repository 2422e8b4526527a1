"""The leaderboard: every network measured alike, as a picture and as a table, in three readings of the labels."""

from typing import Final

import pandas as pd
import streamlit as st

from malaria.errors import ModelError
from malaria.model.classifier import DEFAULT_MODEL
from malaria.model.leaderboard import COSTS, READINGS, find_measured_alike, ranks, read_leaderboard
from malaria.ui.models import charts
from malaria.ui.parts import address
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal
from malaria.wording.numbers import estimate
from malaria.wording.words import count

FLATTERED: Final = ("seed-cnn-6", 0.9815)
"""The network that its source measured after a split by image, and the accuracy it reported."""

_MEANINGS: Final = {
    "as_given": "The labels as the data set has them; about one in twenty is disputed.",
    "expert": "The labels that an expert gave when reading the cells again.",
    "undisputed": "Only cells on which both agree. No reading is the truth, so look at all three.",
}
_RATES: Final = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "auc": "AUC",
    "mcc": "Matthews",
    "kappa": "Cohen’s kappa",
    "sensitivity_at_9995": "Sensitivity at 99.95 % specificity",
}

_TITLES: Final = {"epochs": "Epochs, at most"}


def board(frame: Frame) -> None:
    """Draw the leaderboard."""
    try:
        table = read_leaderboard(frame.cards)
    except ModelError as error:
        st.warning(literal(str(error)), icon=":material/warning:")
        return
    if table.empty:
        st.info("There is no model yet. Train one: `python -m malaria train --help`", icon=":material/model_training:")
        return
    reading = _pick_reading()
    alike = find_measured_alike(table)
    if alike.any():
        _draw_chart(table[alike].dropna(subset=[f"{reading}_accuracy"]), reading)
        _say_moves(table[alike], reading)
        _draw_table(table[alike], reading)
        _name_unmeasured(table[alike], reading)
    _draw_measured_otherwise(table[~alike], reading)
    _explain_flattery(table[alike])


def _pick_reading() -> str:
    if st.query_params.get("reading") == "expert":  # as addresses had it when the reading was called so
        st.session_state["reading"] = READINGS["expert"]
    else:
        address.check_choice("reading", READINGS.values())
    picked = st.segmented_control(
        "Measured against labels",
        list(READINGS.values()),
        default=READINGS["undisputed"],
        required=True,
        key="reading",
        bind="query-params",
    )
    reading = next(name for name, words in READINGS.items() if words == picked)
    st.caption(_MEANINGS[reading])
    return reading


def _draw_chart(measured: pd.DataFrame, reading: str) -> None:
    cost = st.selectbox("Against", list(COSTS), format_func=lambda name: COSTS[name].capitalize(), key="models.cost")
    shown = measured.dropna(subset=[cost])
    shown = shown[shown[cost] > 0]
    if shown.empty:
        st.markdown("No network has both figures.")
        return
    charts.cost_and_accuracy(shown, reading, cost, COSTS[cost], DEFAULT_MODEL)
    st.caption(
        "★ is the default. You can pick the filled points in this app; the open ones are measured only. Bars are 95 % "
        "intervals by cell. The accuracy axis is stretched towards 1: each step up halves the errors."
    )


def _say_moves(table: pd.DataFrame, reading: str) -> None:
    """Say in a sentence whose rank is another in the other readings."""
    places = ranks(table)
    moved = []
    for name, of in zip(table["name"], places.dropna().reindex(table.index).to_dict("records"), strict=True):
        if 1 < len(set(of.values())) < 1 + len(READINGS) and not any(map(pd.isna, of.values())):
            listed = ", ".join(f"{words} {of[other]:.0f}" for other, words in READINGS.items())
            moved.append(f"**{literal(name)}** ({listed})")
    if moved:
        st.markdown(f"The choice of reading changes the rank of {_join(moved)}.")
    else:
        st.markdown("All three readings rank the networks in the same order, though the figures differ.")


def _draw_table(table: pd.DataFrame, reading: str) -> None:
    places = ranks(table)
    shown = pd.DataFrame({"Network": table["name"], "Rank": places[reading]})
    for rate, title in _RATES.items():
        shown[title] = table[f"{reading}_{rate}"]
        shown[f"{title}: 95 %"] = [
            "" if pd.isna(low) else f"{low:.4f} to {high:.4f}"
            for low, high in zip(table[f"{reading}_{rate}_low"], table[f"{reading}_{rate}_high"], strict=True)
        ]
    shown["n"] = table[f"{reading}_n"]
    for other, words in READINGS.items():
        if other != reading:
            shown[f"Rank, {words}"] = places[other]
    shown["Parameters"], shown["Multiply-accumulates"] = table["parameters"], table["macs"]
    shown["kB"] = table["size_bytes"] / 1000
    shown["Time, one cell"], shown["Time, 256 cells"] = table["relative_ms_1"], table["relative_ms_256"]
    shown["Here"] = table["shipped"]
    for name in ("about", "note", "folds", "patients", "epochs", "date"):
        shown[_TITLES.get(name, name.capitalize())] = table[name]
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.sort_values("Rank", kind="stable"),
        hide_index=True,
        height=min(600, 40 + 35 * len(shown)),
        placeholder="–",
        column_config={
            **{title: number(format="%.4f") for title in _RATES.values()},
            **{name: number(format="localized") for name in ("n", "Parameters", "Multiply-accumulates")},
            **{name: number(format="%.2f ×") for name in ("Time, one cell", "Time, 256 cells")},
            "kB": number(format="%.0f"),
        },
        alt=f"The leaderboard, labels {READINGS[reading]}: every network with its figures, intervals and costs",
    )
    st.caption(
        "Click a column heading to sort. Times are for the served file on the machine that made the table, as "
        "multiples of the default's time. You can make the table again with `python -m malaria leaderboard`."
    )


def _name_unmeasured(table: pd.DataFrame, reading: str) -> None:
    """Name the networks that have no figures in this reading."""
    missing = table[table[f"{reading}_accuracy"].isna()]
    if not missing.empty:
        names = ", ".join(literal(name) for name in missing["name"])
        st.markdown(f"Without figures in this reading: {names}.")


def _draw_measured_otherwise(table: pd.DataFrame, reading: str) -> None:
    """List the networks whose figures cannot stand beside the others."""
    if table.empty:
        return
    st.markdown(
        "**Measured differently, so not ranked:** on other cells or labels, in other folds, or with a split by image, "
        "which flatters. These figures do not show which network is better."
    )
    shown = pd.DataFrame({"Network": table["name"], "Accuracy": table[f"{reading}_accuracy"]})
    for name in ("folds", "patients", "cells", "epochs", "date"):
        shown[_TITLES.get(name, name.capitalize())] = table[name]
    st.dataframe(
        shown,
        hide_index=True,
        placeholder="–",
        column_config={"Accuracy": st.column_config.NumberColumn(format="%.4f")},
        alt=f"Networks measured differently, labels {READINGS[reading]}",
    )


def _explain_flattery(table: pd.DataFrame) -> None:
    """Say why a split by image flatters, with the source's own figure beside the one by patient."""
    name, reported = FLATTERED
    why = (
        "Cells of one patient share a stain, a lamp and a camera. When they are on both sides of a split, the network "
        "is tested on smears it has already seen, and its accuracy says little about the next patient."
    )
    row = table[table["name"] == name]
    needed = ["as_given_accuracy", "as_given_accuracy_low", "as_given_accuracy_high", "as_given_n", "patients"]
    if row.empty or row[needed].isna().any(axis=None):
        st.info(f"**Why splits by image flatter.** {why}", icon=":material/call_split:")
        return
    accuracy, low, high, n, patients = row[needed].iloc[0]
    reached = estimate(accuracy, (low, high), int(n), "{:.4f}".format)
    st.info(
        f"**Why splits by image flatter.** {why} The source of `{name}` split by image and reported {reported}. The "
        f"same network, trained again here and tested only on patients it had not seen, reaches {reached}, on "
        f"{count(int(patients), 'patient')}, labels as given. The cells and the training differ a little as well, so "
        "the split does not explain the whole gap.",
        icon=":material/call_split:",
    )


def _join(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
