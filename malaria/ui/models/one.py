"""One model: its card in words, its figures on held-out patients, how it was trained, its layers."""

import json
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from malaria.batch import sentences, tables
from malaria.errors import ModelError
from malaria.labels import name_reading
from malaria.metrics import Evaluation, readings
from malaria.model import classifier as model
from malaria.model.calibration import say_calibration
from malaria.model.card import Card
from malaria.model.classifier import DEFAULT_MODEL
from malaria.model.held_out import HeldOut, stamp_held_out
from malaria.model.layers import Layer, read_layers
from malaria.report.html import render_table
from malaria.ui.models import charts
from malaria.ui.parts.curves import draw_reliability, draw_roc
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_answers
from malaria.ui.parts.text import literal
from malaria.wording.words import count

HISTORY: Final = "history.json"
_MAX_BYTES: Final = 64 * 2**20
_FITS: Final = {
    "pad": "fitted without changing its shape, black around it",
    "stretch": "stretched to the square, whatever its shape",
}


def one(frame: Frame) -> None:
    """Draw everything that is known of the picked model."""
    card, folder = frame.card, model.MODELS_DIR / (frame.model_name or "")
    st.markdown(f"This is **{literal(card.name)}**, picked in the sidebar. {_describe(card)}")
    _draw_card(card)
    st.header("On cells it had not seen", anchor=False)
    _draw_measured(frame, folder)
    st.header("How it was trained", anchor=False)
    _draw_training(card, folder)
    st.header("Its layers", anchor=False)
    _draw_layers(card, folder)


def _describe(card: Card) -> str:
    prepared = card.preprocessing
    colours = "hue, saturation and value" if prepared.colour == "hsv" else "red, green and blue"
    default = " It is the default." if card.name == DEFAULT_MODEL else ""
    return (
        f"{literal(card.about)} It sees a cell as {prepared.height} × {prepared.width} pixels of {colours}, "
        f"{_FITS[prepared.fit]}, and answers with {card.macs / 1e6:.1f} million multiply-accumulates and "
        f"{card.parameters:,} parameters.{default}"
    )


def _draw_card(card: Card) -> None:
    run = card.trained_on
    learned = run.labels.replace("_", " ")
    learned += f" of {run.labels_file}" if run.labels_file else ""
    learned += ", corrected by annotators" if run.corrections else ""
    left_out = ", disputed ones left out" if run.disputed_left_out else ""
    commit = f", commit {card.commit[:10]}" if card.commit else ""
    trained_as = f", trained as {card.trained_as}" if card.trained_as != card.name else ""
    patients = f" of {count(run.patients, 'patient')}" if run.patients else ""
    cells = f"{count(run.cells or 0, 'cell')}{patients}, {run.data}"
    rows = [
        ["Version", f"{card.version}, of {card.date:%d %B %Y}{commit}{trained_as}"],
        ["Trained on", cells],
        ["Labels learned", f"{learned}{left_out}"],
        ["Measured by", run.split.in_words if run.split else "not said"],
        ["This network is", run.shipped_network],
        ["Threshold", f"{card.threshold:g}. {card.threshold_chosen}"],
        ["Temperature", f"{card.temperature:g} (above 1 softens the answers, below 1 sharpens them)"],
        ["Calibration", say_calibration(card)],
        ["Output", f"{card.output} over {', '.join(card.classes)}"],
        ["Meant for", card.intended_use],
        ["Limits", card.limits],
        ["Licence", card.licence],
    ]
    if card.largest_difference is not None:
        rows.insert(
            8, ["Served file", f"differs from the Keras file by at most {card.largest_difference:.3f} in p_parasitized"]
        )
    with st.expander("The model card in words", expanded=True, icon=":material/badge:"):
        st.markdown("\n".join(f"- **{name}:** {literal(said)}" for name, said in rows))


# Measured


def _draw_measured(frame: Frame, folder: Path) -> None:
    card, answers = frame.card, read_answers(frame)
    if isinstance(answers, ModelError):
        st.markdown(f"{literal(str(answers))} So there are no curves. These figures are from its card.")
        _draw_figures_of_card(card)
        return
    evaluations = _evaluate_readings(folder, card.version, stamp_held_out(folder), answers, card)
    names = list(evaluations)
    reading = names[0]
    if len(names) > 1:
        picked = st.segmented_control(
            "Measured against labels",
            names,
            format_func=name_reading,
            default="undisputed",
            required=True,
            key="models.one.reading",
        )
        reading = str(picked)
    evaluation = evaluations[reading]
    st.markdown(literal(sentences.summarise(evaluation)))
    st.html(tables.rates_table(evaluation))
    left, right = st.columns(2)
    with left:
        st.html(tables.matrix_table(evaluation.confusion, f"Confusion, n = {evaluation.n:,}"))
        draw_roc(evaluation)
    with right:
        draw_reliability(evaluation)
    st.caption(literal(sentences.calibration_sentence(evaluation)))
    st.caption(_say_how_measured(card))


def _say_how_measured(card: Card) -> str:
    if card.trained_on.by_image:
        return "Split by image: cells of one patient were used both to train and to measure, so these figures flatter."
    if card.trained_on.split and card.trained_on.split.folds:
        return (
            "Every cell was answered by a network that had not been trained on its patient. The network in this folder "
            "was then trained again on all patients, so its own answers may differ."
        )
    return "Measured on the held-out patients."


@st.cache_resource(max_entries=16, show_spinner="Measuring on held-out patients …")
def _evaluate_readings(
    folder: Path, version: str, stamp: object, _answers: HeldOut, _card: Card
) -> dict[str, Evaluation]:
    """The held-out answers measured in each reading that the labels allow."""
    card, cells = _card, _answers.table()
    given, learned, p = cells["given_label"], cells["label"], cells["p_parasitized"]
    patients = None if card.trained_on.by_image else cells["patient"].tolist()
    three = readings(given, learned, p, card.threshold, patients, name=card.second_reading)
    named = {"as_given": three.as_given}
    return named | {three.name: three.corrected, "undisputed": three.undisputed} if three.disputed else named


def _draw_figures_of_card(card: Card) -> None:
    rows = []
    for reading, figures in card.metrics.items():
        if figures.accuracy is None:
            continue
        ends = figures.interval("accuracy")
        interval = f"{ends[0]:.4f} to {ends[1]:.4f}" if ends else "–"
        rows.append([name_reading(reading), f"{figures.accuracy:.4f}", interval, f"{figures.n:,}"])
    st.html(render_table("Accuracy as its card has it", ["Labels", "Accuracy", "95 % by cell", "n"], rows))


# Training


def _draw_training(card: Card, folder: Path) -> None:
    runs = _read_history(str(folder), card.version)
    if not runs:
        st.markdown(f"The folder has no `{HISTORY}` that can be read, so the course of training is not known.")
        return
    names = sorted(runs, key=lambda name: (name != "final", name))
    name = st.selectbox("Run", names, format_func=_name_run, key="models.one.run") if len(names) > 1 else names[0]
    rows = pd.DataFrame(runs[name])
    best = int(rows["epoch"].iloc[rows["val_loss"].to_numpy().argmin() if "val_loss" in rows else -1])
    columns = st.columns(3)
    shown = (("loss", "Loss"), ("accuracy", "Accuracy"), ("auc", "AUC"))
    for column, (measure, title) in zip(columns, shown, strict=True):
        with column:
            if measure in rows:
                charts.history(rows, measure, title, best)
    st.caption(
        f"{count(len(rows), 'epoch')}. The dotted line is for the training cells, with augmentation. The solid line is "
        f"for cells of other patients, which decided when to stop. The network from epoch {best} was kept: its loss on "
        "the solid line is lowest."
    )


def _name_run(name: str) -> str:
    return (
        "The network of this folder, on all patients" if name == "final" else f"Fold {int(name.rpartition('-')[2]) + 1}"
    )


@st.cache_resource(max_entries=16, show_spinner=False)
def _read_history(folder: str, version: str) -> dict[str, list[dict[str, float]]]:
    """Every run's epochs by its name, those that have any; empty without a usable file."""
    path = Path(folder) / HISTORY
    try:
        found = json.loads(path.read_bytes()) if path.stat().st_size < _MAX_BYTES else {}
        return {str(name): rows for name, rows in found.items() if rows and all(row["epoch"] > 0 for row in rows)}
    except Exception:  # a damaged file raises nearly every kind there is
        return {}


# Layers


def _draw_layers(card: Card, folder: Path) -> None:
    try:
        layers = _read_layers(str(folder), card.version)
    except ModelError as error:
        st.markdown(literal(str(error)))
        return
    total = sum(layer.parameters for layer in layers)
    shown = pd.DataFrame(
        {
            "#": range(1, len(layers) + 1),
            "Layer": [layer.kind for layer in layers],
            "What it does": [layer.about for layer in layers],
            "Output": [shape(layer) for layer in layers],
            "Parameters": [layer.parameters for layer in layers],
            "Share": [layer.parameters / total if total else 0.0 for layer in layers],
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        height=min(420, 40 + 35 * len(layers)),
        column_config={
            "Parameters": st.column_config.NumberColumn(format="localized"),
            "Share": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
        },
        alt=f"The {len(layers)} layers in order, each with its output and parameters",
    )
    st.caption(f"{len(layers)} layers, {total:,} parameters, read from the Keras file without TensorFlow.")


@st.cache_resource(max_entries=16, show_spinner=False)
def _read_layers(folder: str, version: str) -> tuple[Layer, ...]:
    return read_layers(Path(folder))


def shape(layer: Layer) -> str:
    """A layer's output as text: "32 × 32 × 16"."""
    return " × ".join(map(str, layer.shape)) if layer.shape else "–"
