"""The models page's charts: told apart without colour, readable in light and dark, each told in a sentence."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from malaria.model.leaderboard import READINGS
from malaria.ui.parts import plots
from malaria.ui.parts.plots import BLUE, GREY, ORANGE, show
from malaria.wording.words import count

Floats = NDArray[np.float64]

_TICKS: Final = (0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9999)
_PLOT: Final = (300.0, 330.0)
"""The plotting area on a phone, in pixels: labels that do not meet there do not meet on a wide screen either."""
_LETTER, _LINE = 6.4, 15.0
_INK: Final = {"light": {"color": "#26222e"}, "dark": {"color": "#ebe8f0"}}
"""The colour of text in each theme: by itself an annotation is paler than reads well."""
_AROUND: Final = tuple((46 * side, -up) for up in (18, -18, 34, -34, 50, -50, 72, -72) for side in (0, 1, -1))
"""Where a label may stand, in pixels right of and below its point; the nearest places first."""


def cost_and_accuracy(table: pd.DataFrame, reading: str, cost: str, cost_words: str, default: str) -> None:
    """Every measured network as a labelled point with its interval: accuracy in one reading over a cost.

    The axis of accuracy is stretched towards 1, so that halving the errors is one step wherever it happens.
    """
    accuracy = table[f"{reading}_accuracy"].to_numpy(np.float64)
    low, high = (table[f"{reading}_accuracy_{end}"].to_numpy(np.float64) for end in ("low", "high"))
    x, y = table[cost].to_numpy(np.float64), _stretch(accuracy)
    symbols = ["star" if name == default else "circle" for name in table["name"]]
    shipped = table["shipped"].to_numpy(bool)
    figure = plots.new_figure(cost_words.capitalize(), f"Accuracy, labels {READINGS[reading]}", 430)
    figure.add_scatter(
        x=x,
        y=y,
        mode="markers",
        marker={
            "symbol": [symbol if use else f"{symbol}-open" for symbol, use in zip(symbols, shipped, strict=True)],
            "size": [16 if name == default else 10 for name in table["name"]],
            "color": [ORANGE if name == default else BLUE for name in table["name"]],
            "line": {"width": 2},
        },
        error_y=plots.error_bars(y, _stretch(low), _stretch(high), color=GREY, thickness=1.5, width=4),
        customdata=[
            f"{name}: {value:.4f} ({bottom:.4f} to {top:.4f})"
            for name, value, bottom, top in zip(table["name"], accuracy, low, high, strict=True)
        ],
        hovertemplate="%{customdata}<extra></extra>",
    )
    decades = range(int(np.floor(np.log10(x.min()))), int(np.ceil(np.log10(x.max()))) + 1)
    places = [step * 10.0**decade for decade in decades for step in (1, 3)]
    figure.update_xaxes(type="log", tickvals=places, ticktext=[_shorten(place) for place in places])
    ticks = [tick for tick in _TICKS if low.min() - 0.15 <= tick <= 1 - (1 - high.max()) / 1.5]
    figure.update_yaxes(tickvals=_stretch(np.array(ticks)), ticktext=[f"{tick:g}" for tick in ticks])
    _add_labels(figure, np.log10(x), y, table["name"].tolist(), default)
    listed = "; ".join(f"{name} {a:.4f} at {c:,.3g}" for name, a, c in zip(table["name"], accuracy, x, strict=True))
    told = f"Accuracy against {cost_words}, labels {READINGS[reading]}. {listed}. The default is {default}."
    show(figure, "models-board", told)


def history(rows: pd.DataFrame, measure: str, title: str, best: int) -> None:
    """One measure of training over the epochs: on the cells trained on, on those watched, and the best epoch."""
    figure = plots.new_figure("Epoch", title, 300)
    for column, name, colour, dash in (
        (measure, "trained on", GREY, "dot"),
        (f"val_{measure}", "watched", BLUE, "solid"),
    ):
        if column in rows:
            figure.add_scatter(
                x=rows["epoch"],
                y=rows[column],
                name=name,
                mode="lines",
                line={"color": colour, "dash": dash, "width": 2.5},
                hovertemplate=f"epoch %{{x}}, {name}: %{{y:.4f}}<extra></extra>",
            )
    told = f"{title} over {count(len(rows), 'epoch')}."
    chosen = rows[rows["epoch"] == best]
    if f"val_{measure}" in rows and not chosen.empty:
        value = float(chosen[f"val_{measure}"].iloc[0])
        mark = {"color": ORANGE, "size": 13, "symbol": "diamond-open", "line": {"width": 3}}
        figure.add_scatter(
            x=[best],
            y=[value],
            name=f"best epoch, {best}",
            mode="markers",
            marker=mark,
            hovertemplate=f"best epoch {best}: %{{y:.4f}}<extra></extra>",
        )
        told += f" At the best epoch, {best}, it is {value:.4f} on the cells watched."
    figure.update_layout(showlegend=True)
    show(figure, f"models-history-{measure}", told)


def _shorten(number: float) -> str:
    """A cost as short as a phone needs it: 0.3, 30 k, 3 M."""
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:g}{letter}"
    return f"{number:g}"


def _stretch(accuracy: Floats) -> Floats:
    """Accuracy as the number of halvings of the errors: 0.5 is 1, 0.75 is 2, 0.875 is 3."""
    return np.asarray(-np.log2(np.clip(1 - accuracy, 1e-6, 1)), np.float64)


def _add_labels(figure: go.Figure, x: Floats, y: Floats, names: Sequence[str], default: str) -> None:
    """Write each name beside its point, where it meets no other name and no point, with a line to the point."""
    spots = np.stack([_to_pixels(x, _PLOT[0]), _PLOT[1] - _to_pixels(y, _PLOT[1])], axis=1)
    taken: list[tuple[float, float, float, float]] = [(a - 7, b - 7, a + 7, b + 7) for a, b in spots]
    for place in np.argsort(spots[:, 1]):
        name = f"{names[place]} (default)" if names[place] == default else names[place]
        boxes = [(offset, _frame_text(spots[place] + np.array(offset), name)) for offset in _AROUND]
        offset, box = min(boxes, key=lambda entry: sum(_measure_overlap(entry[1], other) for other in taken))
        taken.append(box)
        figure.add_annotation(
            x=x[place],
            y=y[place],
            ax=offset[0],
            ay=offset[1],
            text=name,
            showarrow=True,
            arrowhead=0,
            arrowwidth=1,
            arrowcolor=GREY,
            standoff=6,
            font={"size": 12} | _INK.get(st.context.theme.type or "", {}),
        )


def _to_pixels(values: Floats, size: float) -> Floats:
    span = float(values.max() - values.min()) or 1.0
    return np.asarray(0.06 * size + 0.88 * size * (values - values.min()) / span, np.float64)


def _frame_text(middle: Floats, text: str) -> tuple[float, float, float, float]:
    half = _LETTER * len(text) / 2
    return middle[0] - half, middle[1] - _LINE / 2, middle[0] + half, middle[1] + _LINE / 2


def _measure_overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> float:
    """The area that two boxes share; leaving the plot counts as well, by the width that is outside."""
    outside = max(0.0, -a[0]) + max(0.0, a[2] - _PLOT[0])
    shared = max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))
    return shared + outside
