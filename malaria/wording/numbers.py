"""Numbers as pages and reports write them: enough digits, no false ones, never in scientific notation."""

import math

import numpy as np


def percent(share: float, digits: int = 3) -> str:
    """Return a share (0 to 1) in percent, to `digits` significant digits: 0.02219 is "2.22 %"."""
    return f"{plain(100 * share, digits)} %"


def chance(probability: float) -> str:
    """Return a probability (0 to 1) in percent, never claiming certainty: "less than 0.1 %", "more than 99.9 %"."""
    if probability < 0.001:
        return "less than 0.1 %"
    return "more than 99.9 %" if probability > 0.999 else percent(probability)


def percent_of(n: int, total: int) -> str:
    """Return `n` things of a `total` above 0 in percent, with one decimal: "33.3 %"."""
    return f"{100 * n / total:.1f} %"


def percent_range(low: float, high: float) -> str:
    """Return an interval of a share (0 to 1) in percent, with one decimal: "0.9 to 1.6 %"."""
    return f"{100 * low:.1f} to {100 * high:.1f} %"


def plain(number: float, digits: int = 3) -> str:
    """Return a number to `digits` significant digits, without exponent or trailing zeros."""
    return str(np.format_float_positional(number, precision=digits, fractional=False, trim="-"))


def per_ul(share: float, red_cells_per_ul: float) -> str:
    """Return a parasitaemia (0 to 1) as infected cells per microlitre, to two significant digits: "94,000/µL"."""
    return f"{rounded(share * red_cells_per_ul):,}/µL"


def rounded(number: float) -> int:
    """Return a number of 1 or more to two significant digits, a smaller one as 0 or 1."""
    if number < 10:
        return round(number)
    places = 1 - math.floor(math.log10(number))
    return int(round(number, places))
