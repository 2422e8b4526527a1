"""Numbers as pages and reports write them: enough digits, no false ones, never in scientific notation."""

import math
from collections.abc import Callable
from typing import Final

import numpy as np

DASH: Final = "–"
"""What stands where there is no number."""

_MANY: Final = 5000  # from so many cells on a share carries one more decimal


def percent(share: float, digits: int = 3, *, n: int | None = None) -> str:
    """Return a share (0 to 1) in percent, to `digits` significant digits: 0.02219 is "2.22 %".

    With the number `n` of cells that it was counted from, it has instead as many decimals as they carry, so that
    figures in a column line up: "2.2 %". It is "0 %" or "100 %" only when it is none or all, not when it is near.
    """
    if n is None:
        text, decimals = plain(100 * share, digits), max(0, digits - 2)
    else:
        decimals = 1 if n < _MANY else 2
        text = f"{100 * share:.{decimals}f}"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10**-decimals:.{decimals}f}"
    elif share > 0 and float(text) == 0:
        text = f"{10**-decimals:.{decimals}f}"
    return f"{text} %"


def coefficient(figure: float, n: int) -> str:
    """Return a figure of at most 1 with as many decimals as `n` cells carry: "0.997"; "1.000" only when it is 1."""
    decimals = 3 if n < _MANY else 4
    text = f"{round(figure, decimals) + 0.0:.{decimals}f}"  # + 0.0: never -0.000
    return f"{1 - 10**-decimals:.{decimals}f}" if figure < 1 and float(text) == 1 else text


def interval(low: float, high: float, write: Callable[[float], str] = percent) -> str:
    """Return the ends of an interval, each as `write` has it: "96.1 to 97.3 %"."""
    return f"{write(low).removesuffix(' %')} to {write(high)}"


def estimate(
    value: float, ends: tuple[float, float] | None, n: int | None = None, write: Callable[[float], str] = percent
) -> str:
    """Return a value with its interval and what it was counted from: "96.7 % (96.1 to 97.3 %), n = 5,000"."""
    between = f" ({interval(*ends, write)})" if ends else ""
    return f"{write(value)}{between}" + ("" if n is None else f", n = {n:,}")


def keep_together(text: str) -> str:
    """Return text in which no line ends between a number and its sign."""
    return text.replace(" %", "\u00a0%").replace("n = ", "n\u00a0=\u00a0")


def chance(probability: float) -> str:
    """Return a probability (0 to 1) in percent, never claiming certainty: "less than 0.1 %", "more than 99.9 %"."""
    if probability < 0.001:
        return "less than 0.1 %"
    return "more than 99.9 %" if probability > 0.999 else percent(probability)


def plain(number: float, digits: int = 3) -> str:
    """Return a number to `digits` significant digits, without exponent or trailing zeros."""
    return str(np.format_float_positional(number, precision=digits, fractional=False, trim="-"))


def per_ul(share: float, red_cells_per_ul: float) -> str:
    """Return a parasitaemia (0 to 1) as infected cells per microlitre, to two significant digits: "94,000/µL"."""
    return f"{round_figures(share * red_cells_per_ul):,}/µL"


def round_figures(number: float) -> int:
    """Return a number of 1 or more to two significant digits, a smaller one as 0 or 1."""
    if number < 10:
        return round(number)
    places = 1 - math.floor(math.log10(number))
    return int(round(number, places))
