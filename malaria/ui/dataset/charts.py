"""The data set page's charts: told apart without colour, each told in a sentence."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, GREY, ORANGE, show
from malaria.wording.words import count

_NAMED: Final = 20
_BARS: Final = 40
_Look = tuple[str, str, str]  # colour, hatching, mark
_OWN: Final[dict[str, _Look]] = {PARASITIZED: (ORANGE, "", "●"), UNINFECTED: (BLUE, "/", "○")}
_OTHERS: Final[tuple[_Look, ...]] = ((GREY, "x", "◇"), ("#5f8f5a", ".", "□"), (BLUE, "-", "△"), (ORANGE, "+", "▽"))
"""The looks of other people's classes in turn."""


def draw_balance(patients: pd.DataFrame) -> None:
    """How many cells of each class each patient has, most cells first."""
    classes = [name for name in patients.columns if name != "n"]
    figure = plots.new_figure("Patients, most cells first", "Cells", 320, legend=True)
    for label, (colour, hatch, mark) in zip(classes, _choose_looks(classes), strict=True):
        _add_bars(figure, patients[label], f"{mark} {label}", colour, hatch, [f"{p}, {label}" for p in patients.index])
    _name_patients(figure, [str(name) for name in patients.index])
    worst = patients.iloc[0]
    told = (
        f"Cells of each of {count(len(patients), 'patient')} by class. "
        f"Most: {patients.index[0]} with {worst['n']:,}; fewest: {patients.index[-1]} with {patients['n'].iloc[-1]:,}."
    )
    show(figure, "balance", told, caption=True)


def draw_sizes(table: pd.DataFrame) -> None:
    """How long the longer side of the images is, by class."""
    longer = table[["width", "height"]].max(axis=1).astype(int)
    step = 1 + int(longer.max() - longer.min()) // _BARS
    edges = np.arange(longer.min(), longer.max() + step + 1, step) - 0.5
    middle = edges[:-1] + step / 2
    figure = plots.new_figure("Longer side, pixels", "Images", 300, legend=True)
    labels = sorted(table["given_label"].dropna().unique())
    for label, (colour, hatch, mark) in zip(labels, _choose_looks(labels), strict=True):
        counts = np.histogram(longer[table["given_label"] == label], edges)[0]
        figure.add_bar(
            x=middle,
            y=counts,
            width=np.diff(edges),
            name=f"{mark} {label}",
            marker={"color": colour, "pattern": {"shape": hatch}},
            hovertemplate=f"%{{y:,}} {label}, about %{{x:.0f}} pixels<extra></extra>",
        )
    if table["given_label"].isna().any():
        counts = np.histogram(longer[table["given_label"].isna()], edges)[0]
        figure.add_bar(x=middle, y=counts, width=np.diff(edges), name="without a label", marker={"color": GREY})
    figure.update_layout(barmode="stack")
    spread = f"{longer.min()} to {longer.max()} pixels, median {longer.median():.0f}"
    told = f"Longer side of {count(len(longer), 'image')}: {spread}."
    show(figure, "sizes", told, caption=True)


def draw_split(counts: Sequence[tuple[str, int, int]], key: str, told: str) -> None:
    """For each patient, how many cells are trained on and how many held out."""
    figure = plots.new_figure("Patients", "Cells", 260, legend=True)
    names = [name for name, _, _ in counts]
    for place, words, (colour, hatch, mark) in (
        (1, "trained on", _OWN[UNINFECTED]),
        (2, "held out", _OWN[PARASITIZED]),
    ):
        values = [row[place] for row in counts]
        _add_bars(figure, values, f"{mark} {words}", colour, hatch, [f"{name}, {words}" for name in names])
    _name_patients(figure, names)
    show(figure, f"split-{key}", told, caption=True)


def _name_patients(figure: go.Figure, names: Sequence[str]) -> None:
    """Write the names below the bars where they have room; else they are under the pointer only."""
    figure.update_xaxes(
        tickvals=list(range(len(names))), ticktext=list(names), showticklabels=len(names) <= _NAMED, showgrid=False
    )


def _add_bars(figure: go.Figure, values: Any, name: str, colour: str, hatch: str, said: Sequence[str]) -> None:
    figure.add_bar(
        x=list(range(len(values))),
        y=list(values),
        name=name,
        marker={"color": colour, "pattern": {"shape": hatch}, "line": {"width": 0}},
        customdata=[f"{told}: {count(int(n), 'cell')}" for told, n in zip(said, values, strict=True)],
        hovertemplate="%{customdata}<extra></extra>",
    )
    figure.update_layout(barmode="stack", bargap=0.1)


def _choose_looks(classes: Sequence[str]) -> list[_Look]:
    others = cycle(_OTHERS)
    return [_OWN.get(name) or next(others) for name in classes]
