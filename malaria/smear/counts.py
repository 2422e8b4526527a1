"""One way of counting a sample: cells, parasitized ones among them, and the parasitaemia with its interval."""

import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Final, NamedTuple, Self

from malaria.errors import SampleError
from malaria.sample import RED_CELLS_PER_UL, CellRates, ParasitaemiaEstimate, estimate_parasitaemia
from malaria.smear.survey import Found

LEUKOCYTES_PER_UL: Final = 8_000
"""Leukocytes per microlitre where the patient's own count is not known (WHO, Basic Malaria Microscopy, 2010)."""
WISHED_PER_UL: Final = 200
"""Parasites per microlitre at which WHO evaluates rapid tests."""
LIMITS: Final = {
    "red_cells_per_ul": (100_000, 10_000_000),
    "leukocytes_per_ul": (100, 1_000_000),
    "wished_per_ul": (1, 1_000_000),
}
"""The least and the most that a user may give for each part of `Assumed`: a count in millions per µL is refused."""
MOST_COUNTED: Final = 5_000_000
"""By hand; parasitized cells and leukocytes together are then still a number that `malaria.sample` takes."""

PERFECT: Final = CellRates(1, 0)
"""Rates of whoever misses nothing and takes nothing else for it."""


@dataclass(frozen=True)
class Assumed:
    """What turns shares into densities: the patient's own counts where known. All in cells per microlitre, above 0.

    `wished_per_ul` is the density of parasites that one wishes to detect in 95 of 100 samples.
    """

    red_cells_per_ul: float = RED_CELLS_PER_UL
    leukocytes_per_ul: float = LEUKOCYTES_PER_UL
    wished_per_ul: float = WISHED_PER_UL

    def __post_init__(self) -> None:
        if not all(number > 0 for number in asdict(self).values()):
            raise SampleError("Cells per microlitre must be above 0.")


class Range(NamedTuple):
    """An estimate with its 95 % interval. `value` is None while decisions are open: then it lies somewhere between."""

    value: float | None
    low: float
    high: float

    def times(self, factor: float) -> "Range":
        """The same in another unit."""
        return Range(None if self.value is None else self.value * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Count:
    """One way of counting the sample: red cells, the parasitized ones among them, leukocytes; None: not counted.

    `open` more cells may turn out parasitized. `rates` are those of finding cells this way; None: not known.
    `rates_at_most` are those if all of the open ones do that the machine has shown; the same unless given. `found` is
    what a reader's answers say of all cells, where the machine alone cannot count them. `reason` says why there is no
    parasitaemia, or what it rests on where that is not the machine's error rates.
    """

    red_cells: int | None
    parasitized: int | None
    leukocytes: int | None = None
    open: int = 0
    rates: CellRates | None = None
    rates_at_most: CellRates | None = None
    found: Found | None = None
    reason: str | None = None

    @classmethod
    def by_hand(cls, red_cells: int | None, parasitized: int | None, leukocytes: int | None) -> Self | None:
        """A count by hand, taken to be right; None where nothing was counted. Raises SampleError."""
        if red_cells is not None and parasitized is not None and parasitized > red_cells:
            raise SampleError("There are more parasitized cells than cells. Correct one of the two.")
        if red_cells is parasitized is leukocytes is None:
            return None
        return cls(red_cells, parasitized, leukocytes, rates=PERFECT)

    @cached_property
    def parasitaemia(self) -> Range | None:
        """Parasitized cells among red cells (0 to 1), corrected by the rates (`estimate_parasitaemia`)."""
        if self.parasitized is None:
            return None
        if self.found is not None:
            return estimate_share(self.found, self.open, self.red_cells)
        fewest = _estimate(self.parasitized, self.red_cells, self.rates)
        most = _estimate(self.parasitized + self.open, self.red_cells, self.rates_at_most or self.rates)
        if fewest is None or most is None:
            return None
        return Range(None if self.open else fewest.parasitaemia, fewest.interval.low, most.interval.high)

    @cached_property
    def per_leukocyte(self) -> Range | None:
        """Parasitized cells for each leukocyte; None where false alarms are among them, or no leukocyte was found.

        Given their sum, the parasitized ones of both are binomial; so the interval is exact (Przyborowski and
        Wilenski, Biometrika 31, 1940). The leukocytes are taken to be found without error.
        """
        if not (self.leukocytes and self.rates and self.rates.sensitivity) or self.rates.false_positive_rate:
            return None
        if self.parasitized is None:
            return None
        if self.found is not None:
            all_of_them = Count(None, self.found.low, self.leukocytes, self.found.high - self.found.low, PERFECT)
            known = all_of_them.per_leukocyte
            return known and known._replace(value=self.found.value / self.leukocytes)
        white, fewest, most = self.leukocytes, self.parasitized, self.parasitized + self.open
        low = estimate_parasitaemia(fewest, fewest + white, PERFECT).interval.low
        high = estimate_parasitaemia(most, most + white, PERFECT).interval.high
        value = None if self.open else fewest / white / self.rates.sensitivity
        at_most = self.rates_at_most or self.rates
        return Range(value, low / (1 - low) / self.rates.sensitivity, high / (1 - high) / at_most.sensitivity)


def estimate_share(found: Found, unsure: int, cells: int | None) -> Range | None:
    """The parasitaemia (0 to 1) of what a survey found; `unsure` cells more may be parasitized.

    Two things are uncertain, what the cells hold that nobody decided on, and that these cells are a sample of the
    blood: distances from the estimate to the end of either interval are squared and added (MOVER; Zou and Donner,
    Statistics in Medicine 27, 2008).
    """
    if not cells:
        return None
    value = min(1.0, found.value / cells)
    low, high = (min(1.0, end / cells) for end in (found.low, found.high + unsure))
    drawn = estimate_parasitaemia(min(cells, round(found.value)), cells, PERFECT)
    below = math.hypot(max(0.0, value - low), drawn.parasitaemia - drawn.interval.low)
    above = math.hypot(max(0.0, high - value), drawn.interval.high - drawn.parasitaemia)
    return Range(value, max(0.0, value - below), min(1.0, value + above))


def _estimate(found: int, cells: int | None, rates: CellRates | None) -> ParasitaemiaEstimate | None:
    """The parasitaemia of `found` among `cells`; None where nothing can be said."""
    if not cells or rates is None or rates.sensitivity <= rates.false_positive_rate:
        return None
    return estimate_parasitaemia(min(found, cells), cells, rates)
