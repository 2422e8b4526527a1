"""A measured rate in words."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from malaria.wording.numbers import DASH, estimate, percent

if TYPE_CHECKING:
    from malaria.metrics import Rate  # statistics that a page of cards needs only at its end


def describe_rate(rate: "Rate", write: Callable[..., str] = percent) -> str:
    """A rate with its 95 % interval, or why it has none; `write` is `percent` or `coefficient`."""
    if rate.value is None or rate.interval is None:
        return rate.reason or DASH
    return estimate(rate.value, rate.interval, write=partial(write, n=rate.n))
