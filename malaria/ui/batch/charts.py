"""The charts of the batch page alone: p_parasitized by true label, and the rates of each patient."""

from typing import Final

import numpy as np
import streamlit as st

from malaria.batch.report import count_scores
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.metrics import Evaluation, PatientRates
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, GREY, ORANGE, show
from malaria.wording.numbers import DASH, percent
from malaria.wording.words import count

_NAMED: Final = 40
"""With more patients than this, names on the axis would overlap; they are then in the text under the pointer only."""


def draw_histogram(evaluation: Evaluation) -> None:
    """p_parasitized of the parasitized cells (upwards) and of the uninfected ones (downwards), and the threshold."""
    above, below = count_scores(evaluation)
    width = 1 / above.size
    middle = (np.arange(above.size) + 0.5) * width
    figure = plots.new_figure("p_parasitized", "Cells (log scale)", height=340, top=10, zooms=True)
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
            customdata=[count(int(n), "cell") for n in counts],
            hovertemplate=f"%{{customdata}} labelled {name} near %{{x:.3f}}<extra></extra>",
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
    show(figure, "histogram", told, title="p_parasitized by true label; the dashed line is the threshold")


def draw_patients(rates: tuple[PatientRates, ...]) -> None:
    """Sensitivity and false-positive rate of each patient, with Wilson intervals, the worst at the top."""
    left, right = st.columns(2)
    with left:
        _draw_dots(rates, "sensitivity", "Sensitivity", worst_is_low=True, colour=ORANGE, symbol="circle")
    with right:
        _draw_dots(
            rates, "false_positive_rate", "False-positive rate", worst_is_low=False, colour=BLUE, symbol="diamond"
        )


def _draw_dots(
    rates: tuple[PatientRates, ...], name: str, title: str, colour: str, symbol: str, *, worst_is_low: bool
) -> None:
    found = [(patient.patient, getattr(patient, name)) for patient in rates]
    known = [(patient, rate) for patient, rate in found if rate.value is not None]
    if not known:
        st.markdown(f"**{title} by patient:** {DASH}. {found[0][1].reason if found else ''}")
        return
    known.sort(key=lambda entry: (entry[1].value, entry[1].n), reverse=worst_is_low)
    value = np.array([rate.value for _, rate in known])
    low, high = np.array([rate.interval for _, rate in known]).T
    figure = plots.new_figure(
        title, "", height=max(260, 90 + (18 if len(rates) <= _NAMED else 4) * len(rates)), top=10, zooms=True
    )
    figure.add_scatter(
        x=value,
        y=np.arange(len(known)),
        mode="markers",
        marker={"color": colour, "size": 8 if len(known) <= _NAMED else 5, "symbol": symbol},
        error_x=plots.error_bars(value, low, high, color=GREY, thickness=1, width=0),
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
    worst = "; ".join(f"{patient} {percent(rate.value, n=rate.n)} of {rate.n}" for patient, rate in known[-5:][::-1])
    told = f"{title} of {count(len(known), 'patient')}. The worst: {worst}."
    show(figure, f"patients-{name}", told, title=f"{title}, {count(len(known), 'patient')}, the worst at the top")
