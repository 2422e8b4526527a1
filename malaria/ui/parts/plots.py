"""What charts with axes start from: one look on every page, in both themes."""

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go
import streamlit as st

ORANGE: Final = "#cf5f2a"
BLUE: Final = "#3b82c4"
GREY: Final = "#8b8496"
"""Each has a contrast of at least 3.5 to 1 against the light and against the dark background."""


def new_figure(
    x_title: str, y_title: str, height: int, *, legend: bool = False, top: int = 24, zooms: bool = False
) -> go.Figure:
    """Return a figure `height` pixels tall, `top` of them above the plot; axes do not move unless it `zooms`."""
    figure = go.Figure()
    figure.update_layout(
        height=height,
        margin={"l": 10, "r": 10, "t": top, "b": 10},
        showlegend=legend,
        dragmode=False,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"namelength": -1},
    )
    figure.update_xaxes(title=x_title, automargin=True, fixedrange=None if zooms else True)
    figure.update_yaxes(title=y_title, automargin=True, fixedrange=None if zooms else True)
    return figure


def add_diagonal(figure: go.Figure) -> None:
    """Draw the line of equal rates from 0 to 1."""
    figure.add_scatter(x=[0, 1], y=[0, 1], mode="lines", line={"color": GREY, "dash": "dot"}, hoverinfo="skip")


def error_bars(value: Any, low: Any, high: Any, **look: Any) -> dict[str, Any]:
    """Return error bars from `low` to `high` (arrays, or lists of numbers) around `value`."""
    value = np.asarray(value)
    return {"type": "data", "symmetric": False, "array": high - value, "arrayminus": value - low} | look


def show(figure: go.Figure, key: str, told: str, *, title: str = "", caption: bool = False) -> None:
    """Draw a figure below its `title`. What it says in words, `told`, is for those who cannot see it; as a `caption`
    it stands below the figure for all. `key` is the chart's own on its page."""
    if title:
        st.markdown(f"**{title}**")
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=told)
    if caption:
        st.caption(told)
