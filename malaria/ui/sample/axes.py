"""What the page's charts share: labels at what they name, marked places, axes of parasitaemia and of percentages."""

from typing import Any, Final

import numpy as np
import plotly.graph_objects as go

from malaria.ui.parts.plots import GREY
from malaria.wording.numbers import percent, plain

HEIGHT: Final = 320
DECADES: Final = np.arange(-6, 1)


def add_label(figure: go.Figure, x: float, y: float, text: str, **place: Any) -> None:
    """Write `text` at a point, as an annotation has it: the logarithm of a value where the axis is one."""
    figure.add_annotation(**({"x": x, "y": y, "text": text, "showarrow": False, "font": {"size": 13}} | place))


def add_line(figure: go.Figure, x: float, text: str, *, log: float | None = None) -> None:
    """Mark one place of the x axis. Shapes take the value and annotations its logarithm where the axis is one."""
    place = log or x
    dashed = {"color": GREY, "dash": "dash", "width": 2}
    figure.add_shape(type="line", x0=place, x1=place, y0=0, y1=1, yref="paper", line=dashed)
    add_label(figure, x, 1, text, yref="paper", yanchor="bottom", font={"size": 12})


def add_landmark(figure: go.Figure, share: float, text: str, *, at_top: bool) -> None:
    """Mark a parasitaemia with its name along the line, where the curve is not."""
    dotted = {"color": GREY, "dash": "dot", "width": 1.5}
    figure.add_shape(type="line", x0=share, x1=share, y0=0, y1=1, yref="paper", line=dotted)
    y, anchor = (0.98, "top") if at_top else (0.02, "bottom")
    look = {"textangle": -90, "xanchor": "right", "font": {"size": 12}, "yref": "paper"}
    add_label(figure, np.log10(share), y, text, yanchor=anchor, **look)


def set_parasitaemia_axis(figure: go.Figure, lowest: float, red_cells_per_ul: float) -> None:
    """Name the decades of the x axis in percent and per microlitre."""
    decades = [10.0 ** int(n) for n in np.arange(np.ceil(np.log10(lowest)), 1)]
    ticks = [f"{percent(share)}<br>{_shorten(share * red_cells_per_ul)}/µL" for share in decades]
    figure.update_xaxes(type="log", tickvals=decades, ticktext=ticks, tickangle=0, range=[np.log10(lowest), 0.02])


def set_percent_axis(figure: go.Figure) -> None:
    """Name 1 and 3 of every decade of the y axis in percent."""
    shares = [factor * 10.0 ** int(n) for n in DECADES for factor in (1, 3)]
    figure.update_yaxes(type="log", tickvals=shares, ticktext=[percent(share) for share in shares])


def write_powers(exponents: range) -> list[str]:
    """Return powers of ten as ticks have them."""
    return [f"{10**n:,}" for n in exponents]


def _shorten(number: float) -> str:
    """Return a density as short as a phone needs it: 50, 5k, 5M."""
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if number >= size:
            return plain(number / size, 2) + letter
    return plain(number, 2)
