"""The curves of an `Evaluation` that pages share, told apart without colour, readable in light and dark."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from malaria.metrics import Evaluation
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, ORANGE, show
from malaria.wording.numbers import DASH
from malaria.wording.words import count


def draw_roc(evaluation: Evaluation) -> None:
    """The ROC curve with the point of the threshold on it."""
    confusion, points = evaluation.confusion, evaluation.curve.roc(400)
    sensitivity, false_alarms = confusion.sensitivity.value, confusion.false_positive_rate.value
    if evaluation.auc.value is None or sensitivity is None or false_alarms is None:
        st.markdown(f"**ROC curve:** {DASH}. {evaluation.auc.reason}")
        return
    figure = _new_square("False-positive rate", "Sensitivity")
    plots.add_diagonal(figure)
    _add_curve(figure, points.x, points.y, points.threshold)
    _add_point(figure, false_alarms, sensitivity, evaluation.threshold)
    told = (
        f"ROC curve with an area of {evaluation.auc.value:.4f}. At threshold {evaluation.threshold:g} sensitivity "
        f"is {sensitivity:.4f} and the false-positive rate {false_alarms:.4f}."
    )
    show(figure, "roc", told, title="ROC curve")


def draw_precision_recall(evaluation: Evaluation) -> None:
    """The precision-recall curve with the point of the threshold on it."""
    confusion, points = evaluation.confusion, evaluation.curve.precision_recall(400)
    sensitivity, precision = confusion.sensitivity.value, confusion.precision.value
    if sensitivity is None:
        st.markdown(f"**Precision-recall curve:** {DASH}. {confusion.sensitivity.reason}")
        return
    figure = _new_square("Sensitivity (recall)", "Precision")
    _add_curve(figure, points.x, points.y, points.threshold)
    told = "Precision-recall curve."
    if precision is not None:
        _add_point(figure, sensitivity, precision, evaluation.threshold)
        told += f" At threshold {evaluation.threshold:g} recall is {sensitivity:.4f} and precision {precision:.4f}."
    show(figure, "precision-recall", told, title="Precision-recall curve")


def draw_reliability(evaluation: Evaluation) -> None:
    """The reliability diagram: the share labelled parasitized against p_parasitized, by bins, with 95 % intervals."""
    bins = [one for one in evaluation.reliability if one.mean_p is not None and one.observed.interval]
    x = [one.mean_p for one in bins]
    y = [one.observed.value or 0.0 for one in bins]
    limits = np.array([one.observed.interval for one in bins]).reshape(-1, 2)
    figure = _new_square("Mean p_parasitized of the bin", "Share labelled parasitized")
    plots.add_diagonal(figure)
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_y=plots.error_bars(y, limits[:, 0], limits[:, 1]),
        customdata=[count(one.n, "cell") for one in bins],
        hovertemplate="mean %{x:.3f}, observed %{y:.3f}, %{customdata}<extra></extra>",
    )
    listed = "; ".join(
        f"mean {one.mean_p:.2f}, observed {one.observed.value:.2f}, {count(one.n, 'cell')}" for one in bins
    )
    show(figure, "reliability", f"Reliability diagram. {listed}.", title="Reliability")


def _new_square(x_title: str, y_title: str) -> go.Figure:
    figure = plots.new_figure(x_title, y_title, height=360, top=10, zooms=True)
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.02])
    return figure


def _add_curve(figure: go.Figure, x: Any, y: Any, threshold: Any) -> None:
    figure.add_scatter(
        x=np.round(x, 5),
        y=np.round(y, 5),
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        customdata=[f"{t:.4g}" if np.isfinite(t) else "above all" for t in threshold],
        hovertemplate="%{x:.4f}, %{y:.4f} at threshold %{customdata}<extra></extra>",
    )


def _add_point(figure: go.Figure, x: float, y: float, threshold: float) -> None:
    marker = {"color": "rgba(0,0,0,0)", "size": 16, "symbol": "circle", "line": {"color": ORANGE, "width": 4}}
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker=marker,
        cliponaxis=False,
        hovertemplate=f"threshold {threshold:g}: %{{x:.4f}}, %{{y:.4f}}<extra></extra>",
    )
