"""Small line charts as SVG, for a report that is one file and needs no program to be read: black on white, to print."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
from numpy.typing import NDArray

WIDTH: Final = 300
HEIGHT: Final = 250
_LEFT, _TOP, _RIGHT, _BOTTOM = 60, 10, 285, 195
_TICKS: Final = (0.0, 0.5, 1.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """Points to join: `x` and `y` of shape (n,). `dash` is SVG's, as "4 3"; with `dots` each point is marked."""

    x: Floats
    y: Floats
    name: str = ""
    dash: str = ""
    dots: bool = False


def line_chart(title: str, x_title: str, y_title: str, lines: Sequence[Line], mark: tuple[float, float] | None) -> str:
    """Draw lines over axes from 0 to 1, with a ringed dot at `mark`. The title and the line names are its text."""
    parts = [_frame(title, x_title, y_title, [(tick, f"{tick:g}") for tick in _TICKS])]
    for line in lines:
        points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(line.x, line.y, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="#222" stroke-dasharray="{line.dash}"/>')
        if line.dots:
            parts += [f'<circle cx="{p.split(",")[0]}" cy="{p.split(",")[1]}" r="2.5"/>' for p in points.split()]
    if mark:
        parts.append(
            f'<circle cx="{_x(mark[0]):.1f}" cy="{_y(mark[1]):.1f}" r="5" fill="#fff" stroke="#222" stroke-width="2"/>'
        )
    return _svg(title, parts)


def histogram(title: str, x_title: str, above: Floats, below: Floats, names: tuple[str, str], threshold: float) -> str:
    """Draw two histograms over 0 to 1, one upwards and filled, one downwards and hatched, and the threshold.

    `above` and `below` hold counts of equal bins, shape (bins,); heights are on a logarithmic scale.
    """
    top = max(float(above.max(initial=1)), float(below.max(initial=1)), 1.0)
    heights = [np.log10(1 + counts) / np.log10(1 + top) / 2 for counts in (above, below)]
    powers = [10**k for k in range(1, int(np.log10(top)) + 1)]
    ticks = [(0.5 + sign * np.log10(1 + n) / np.log10(1 + top) / 2, f"{n:,}") for n in powers for sign in (1, -1)]
    parts = [_frame(title, x_title, "cells (log scale)", [(0.5, "0"), *ticks])]
    width = 1 / above.size
    for number, (up, down) in enumerate(zip(*heights, strict=True)):
        left, right = _x(number * width) + 0.5, _x((number + 1) * width)
        for share, bottom, fill in ((up, 0.5 + up, "#222"), (down, 0.5, "url(#hatch)")):
            if share > 0:
                box = f'x="{left:.1f}" y="{_y(bottom):.1f}" width="{right - left:.1f}" height="{_y(0) - _y(share):.1f}"'
                parts.append(f'<rect {box} fill="{fill}" stroke="#222" stroke-width="0.5"/>')
    parts.append(
        f'<path d="M{_x(threshold):.1f} {_TOP}V{_BOTTOM}" stroke="#222" stroke-dasharray="5 3"/>'
        f'<text x="{_LEFT + 6}" y="{_TOP + 16}">▲ {escape(names[0])}</text>'
        f'<text x="{_LEFT + 6}" y="{_BOTTOM - 6}">▼ {escape(names[1])}</text>'
    )
    hatch = (
        '<defs><pattern id="hatch" width="4" height="4" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<path d="M0 0V4" stroke="#222"/></pattern></defs>'
    )
    return _svg(title, [hatch, *parts])


def _frame(title: str, x_title: str, y_title: str, y_ticks: Sequence[tuple[float, str]]) -> str:
    lines = [f'<path d="M{_LEFT} {_TOP}V{_BOTTOM}H{_RIGHT}" fill="none" stroke="#222"/>']
    lines += [f'<text x="{_x(tick)}" y="{_BOTTOM + 19}" text-anchor="middle">{tick:g}</text>' for tick in _TICKS]
    for at, text in y_ticks:
        lines.append(
            f'<path d="M{_LEFT} {_y(at):.1f}H{_RIGHT}" stroke="#ddd"/>'
            f'<text x="{_LEFT - 4}" y="{_y(at) + 6:.1f}" text-anchor="end">{text}</text>'
        )
    middle = (_TOP + _BOTTOM) / 2
    lines.append(
        f'<text x="{(_LEFT + _RIGHT) / 2}" y="{_BOTTOM + 42}" text-anchor="middle">{escape(x_title)}</text>'
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(y_title)}</text>'
    )
    return "".join(lines)


def _svg(title: str, parts: Sequence[str]) -> str:
    return (
        f'<figure><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg></figure>'
    )


def _x(share: float) -> float:
    return _LEFT + share * (_RIGHT - _LEFT)


def _y(share: float) -> float:
    return _BOTTOM - share * (_BOTTOM - _TOP)
