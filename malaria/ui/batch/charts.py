"""The batch page's charts: drawn from an `Evaluation`, told apart without colour, readable in light and dark."""

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from malaria.batch.report import scores
from malaria.batch.tables import DASH, percent
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.metrics import Evaluation, PatientRates
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, GREY, ORANGE
from malaria.wording.words import count

_CONFIG: Final = {"displayModeBar": False}
_NAMED: Final = 40
"""With more patients than this, names on the axis would overlap; they are then in the text under the pointer only."""


def roc(evaluation: Evaluation) -> None:
    """The ROC curve with the point of the threshold on it."""
    confusion, points = evaluation.confusion, evaluation.curve.roc(400)
    sensitivity, false_alarms = confusion.sensitivity.value, confusion.false_positive_rate.value
    if evaluation.auc.value is None or sensitivity is None or false_alarms is None:
        st.markdown(f"**ROC curve:** {DASH}. {evaluation.auc.reason}")
        return
    figure = _square("False-positive rate", "Sensitivity")
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot"}, hoverinfo="skip")
    _curve(figure, points.x, points.y, points.threshold)
    _point(figure, false_alarms, sensitivity, evaluation.threshold)
    told = (
        f"ROC curve with an area of {evaluation.auc.value:.4f}. At threshold {evaluation.threshold:g} sensitivity "
        f"is {sensitivity:.4f} and the false-positive rate {false_alarms:.4f}."
    )
    _show(figure, "roc", "ROC curve", told)


def precision_recall(evaluation: Evaluation) -> None:
    """The precision-recall curve with the point of the threshold on it."""
    confusion, points = evaluation.confusion, evaluation.curve.precision_recall(400)
    sensitivity, precision = confusion.sensitivity.value, confusion.precision.value
    if sensitivity is None:
        st.markdown(f"**Precision-recall curve:** {DASH}. {confusion.sensitivity.reason}")
        return
    figure = _square("Sensitivity (recall)", "Precision")
    _curve(figure, points.x, points.y, points.threshold)
    told = "Precision-recall curve."
    if precision is not None:
        _point(figure, sensitivity, precision, evaluation.threshold)
        told += f" At threshold {evaluation.threshold:g} recall is {sensitivity:.4f} and precision {precision:.4f}."
    _show(figure, "pr", "Precision-recall curve", told)


def reliability(evaluation: Evaluation) -> None:
    """The reliability diagram: the share labelled parasitized against p_parasitized, by bins, with 95 % intervals."""
    bins = [one for one in evaluation.reliability if one.mean_p is not None and one.observed.interval]
    x = [one.mean_p for one in bins]
    y = [one.observed.value or 0.0 for one in bins]
    limits = np.array([one.observed.interval for one in bins]).reshape(-1, 2)
    figure = _square("Mean p_parasitized of the bin", "Share labelled parasitized")
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot"}, hoverinfo="skip")
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={"color": BLUE, "size": 9},
        error_y={"type": "data", "symmetric": False, "array": limits[:, 1] - y, "arrayminus": y - limits[:, 0]},
        customdata=[one.n for one in bins],
        hovertemplate="mean %{x:.3f}, observed %{y:.3f}, %{customdata} cells<extra></extra>",
    )
    listed = "; ".join(f"mean {one.mean_p:.2f}, observed {one.observed.value:.2f}, {one.n} cells" for one in bins)
    _show(figure, "reliability", "Reliability", f"Reliability diagram. {listed}.")


def histogram(evaluation: Evaluation) -> None:
    """p_parasitized of the parasitized cells (upwards) and of the uninfected ones (downwards), and the threshold."""
    above, below = scores(evaluation)
    width = 1 / above.size
    middle = (np.arange(above.size) + 0.5) * width
    figure = plots.figure("p_parasitized", "Cells (log scale)", height=340, top=10, zooms=True)
    for counts, sign, name, colour, shape in (
        (above, 1, PARASITIZED, ORANGE, ""),
        (below, -1, UNINFECTED, BLUE, "/"),
    ):
        figure.add_bar(
            x=middle,
            y=sign * np.log10(1 + counts),
            width=width,
            name=f"{'▲' if sign > 0 else '▼'} labelled {name}",
            marker={"color": colour, "pattern": {"shape": shape}},
            customdata=counts,
            hovertemplate=f"%{{customdata}} cells labelled {name} near %{{x:.3f}}<extra></extra>",
        )
    powers = [0, *(10**k for k in range(int(np.log10(max(above.max(), below.max(), 1))) + 1))]
    figure.update_yaxes(
        tickvals=[sign * np.log10(1 + n) for n in powers for sign in (1, -1)],
        ticktext=[f"{n:,}" for n in powers for _ in (1, -1)],
    )
    figure.update_layout(barmode="overlay", showlegend=True)
    figure.update_xaxes(range=[0, 1])
    figure.add_vline(x=evaluation.threshold, line={"dash": "dash", "color": GREY})
    confusion = evaluation.confusion
    told = (
        f"p_parasitized by true label. Above the threshold {evaluation.threshold:g} lie {confusion.tp} of "
        f"{confusion.parasitized} parasitized and {confusion.fp} of {confusion.uninfected} uninfected cells."
    )
    _show(figure, "histogram", "p_parasitized by true label; the dashed line is the threshold", told)


def patients(rates: tuple[PatientRates, ...]) -> None:
    """Sensitivity and false-positive rate of each patient, with Wilson intervals, the worst at the top."""
    left, right = st.columns(2)
    with left:
        _dots(rates, "sensitivity", "Sensitivity", worst_is_low=True, colour=ORANGE, symbol="circle")
    with right:
        _dots(rates, "false_positive_rate", "False-positive rate", worst_is_low=False, colour=BLUE, symbol="diamond")


def _dots(
    rates: tuple[PatientRates, ...], name: str, title: str, *, worst_is_low: bool, colour: str, symbol: str
) -> None:
    found = [(patient.patient, getattr(patient, name)) for patient in rates]
    known = [(patient, rate) for patient, rate in found if rate.value is not None]
    if not known:
        st.markdown(f"**{title} by patient:** {DASH}. {found[0][1].reason if found else ''}")
        return
    known.sort(key=lambda entry: (entry[1].value, entry[1].n), reverse=worst_is_low)
    value = np.array([rate.value for _, rate in known])
    low, high = np.array([rate.interval for _, rate in known]).T
    figure = plots.figure(
        title, "", height=max(260, 90 + (18 if len(rates) <= _NAMED else 4) * len(rates)), top=10, zooms=True
    )
    figure.add_scatter(
        x=value,
        y=np.arange(len(known)),
        mode="markers",
        marker={"color": colour, "size": 8 if len(known) <= _NAMED else 5, "symbol": symbol},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": high - value,
            "arrayminus": value - low,
            "color": GREY,
            "thickness": 1,
            "width": 0,
        },
        customdata=[f"{patient}: {rate.numerator} of {rate.n}" for patient, rate in known],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(
        tickvals=list(range(len(known))),
        ticktext=[patient for patient, _ in known],
        showticklabels=len(known) <= _NAMED,
        showgrid=False,
        range=[-1, len(known)],
    )
    worst = "; ".join(f"{patient} {percent(rate.value, rate.n)} of {rate.n}" for patient, rate in known[-5:][::-1])
    told = f"{title} of {count(len(known), 'patient')}. The worst: {worst}."
    _show(figure, f"patients-{name}", f"{title}, {count(len(known), 'patient')}, the worst at the top", told)


def _square(x_title: str, y_title: str) -> go.Figure:
    figure = plots.figure(x_title, y_title, height=360, top=10, zooms=True)
    figure.update_xaxes(range=[-0.02, 1.02])
    figure.update_yaxes(range=[-0.02, 1.02])
    return figure


def _curve(figure: go.Figure, x: Any, y: Any, threshold: Any) -> None:
    figure.add_scatter(
        x=np.round(x, 5),
        y=np.round(y, 5),
        mode="lines",
        line={"color": BLUE, "width": 2.5},
        customdata=[f"{t:.4g}" if np.isfinite(t) else "above all" for t in threshold],
        hovertemplate="%{x:.4f}, %{y:.4f} at threshold %{customdata}<extra></extra>",
    )


def _point(figure: go.Figure, x: float, y: float, threshold: float) -> None:
    marker = {"color": "rgba(0,0,0,0)", "size": 16, "symbol": "circle", "line": {"color": ORANGE, "width": 4}}
    figure.add_scatter(
        x=[x],
        y=[y],
        mode="markers",
        marker=marker,
        cliponaxis=False,
        hovertemplate=f"threshold {threshold:g}: %{{x:.4f}}, %{{y:.4f}}<extra></extra>",
    )


def _show(figure: go.Figure, key: str, title: str, told: str) -> None:
    """`told` is for those who cannot see the chart."""
    st.markdown(f"**{title}**")
    st.plotly_chart(figure, key=f"batch-chart-{key}", config=_CONFIG, alt=told)
