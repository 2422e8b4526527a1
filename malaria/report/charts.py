"""Small line charts as SVG, for a report that is one file and needs no program to be read: black on white, to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from malaria.report.html import render

WIDTH: Final = 300
HEIGHT: Final = 250
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 10, 285, 195
_TICKS: Final = (0.0, 0.5, 1.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Points to join: `x` and `y` (0 to 1) of shape (n,). `dash` is SVG's, as "4 3"; with `dots` each is marked."""

    x: Floats
    y: Floats
    dash: str = ""
    dots: bool = False

    @property
    def points(self) -> list[tuple[float, float]]:
        """The points in the units of the drawing."""
        return [(_x(x), _y(y)) for x, y in zip(self.x, self.y, strict=True)]


def line_chart(
    title: str, x_title: str, y_title: str, lines: Sequence[Line], mark: tuple[float, float] | None
) -> Markup:
    """Draw lines over axes from 0 to 1, with a ringed dot at `mark`. The title is its text."""
    ringed = None if mark is None else (_x(mark[0]), _y(mark[1]))
    ticks = [(tick, f"{tick:g}") for tick in _TICKS]
    return _chart("line_chart", (title, x_title, y_title), ticks, lines=lines, mark=ringed)


def histogram(
    title: str, x_title: str, above: Floats, below: Floats, names: tuple[str, str], threshold: float
) -> Markup:
    """Draw two histograms over 0 to 1, one upwards and filled, one downwards and hatched, and the threshold.

    `above` and `below` hold counts of equal bins, shape (bins,); heights are on a logarithmic scale.
    """
    top = max(float(above.max(initial=1)), float(below.max(initial=1)), 1.0)

    def height(counts: Floats | int) -> Floats:
        return np.asarray(np.log10(1 + counts) / np.log10(1 + top) / 2)

    powers = [10**k for k in range(1, int(np.log10(top)) + 1)]
    ticks = [(0.5, "0"), *((0.5 + sign * float(height(n)), f"{n:,}") for n in powers for sign in (1, -1))]
    width = 1 / above.size
    bars = [
        {
            "x": round(_x(number * width) + 0.5, 1),
            "y": _y(bottom),
            "width": round(_x(width) - _x(0) - 0.5, 1),
            "height": round(_y(0) - _y(share), 1),
            "fill": fill,
        }
        for number, (up, down) in enumerate(zip(height(above), height(below), strict=True))
        for share, bottom, fill in ((up, 0.5 + up, "#222"), (down, 0.5, "url(#hatch)"))
        if share > 0
    ]
    titles = (title, x_title, "cells (log scale)")
    return _chart("histogram", titles, ticks, bars=bars, names=names, threshold=_x(threshold))


def _chart(name: str, titles: tuple[str, str, str], ticks: Sequence[tuple[float, str]], **parts: object) -> Markup:
    """Fill the template of a chart with its frame: titles of itself and both axes, and `ticks` along y."""
    title, x_title, y_title = titles
    return render(
        f"report/{name}.svg",
        title=title,
        x_title=x_title,
        y_title=y_title,
        x_ticks=[(_x(tick), f"{tick:g}") for tick in _TICKS],
        y_ticks=[(_y(at), text) for at, text in ticks],
        width=WIDTH,
        height=HEIGHT,
        left=_LEFT,
        top=_TOP,
        right=_RIGHT,
        bottom=_BOTTOM,
        **parts,
    )


def _x(share: float) -> float:
    return round(_LEFT + float(share) * (_RIGHT - _LEFT), 1)


def _y(share: float) -> float:
    return round(_BOTTOM - float(share) * (_BOTTOM - _TOP), 1)
