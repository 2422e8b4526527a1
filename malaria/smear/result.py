"""What a triaged sample comes to, pooled over its fields: counts, parasitaemia, density, and the cells still needed.

The machine alone, each reader, what they say together and a count by hand stand side by side, each with its interval.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NamedTuple, Self

from malaria.errors import SampleError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model.card import Card
from malaria.review import UNUSABLE, Decision
from malaria.sample import (
    RED_CELLS_PER_UL,
    CellRates,
    OperatingPoint,
    ParasitaemiaEstimate,
    Scores,
    estimate_parasitaemia,
    required_cells,
)
from malaria.smear.adapt import Head
from malaria.smear.decisions import Cell, SampleDecisions, places
from malaria.smear.field.counting import is_one_place
from malaria.smear.triage import Triage

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

_PERFECT: Final = CellRates(1, 0)
_SETTLED: Final = (PARASITIZED, UNINFECTED, UNUSABLE)


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
    `rates_at_most` are those if all of the open ones do that the machine has shown; the same unless given.
    """

    red_cells: int | None
    parasitized: int | None
    leukocytes: int | None = None
    open: int = 0
    rates: CellRates | None = None
    rates_at_most: CellRates | None = None

    @classmethod
    def by_hand(cls, red_cells: int | None, parasitized: int | None, leukocytes: int | None) -> Self | None:
        """A count by hand, taken to be right; None where nothing was counted. Raises SampleError."""
        if red_cells is not None and parasitized is not None and parasitized > red_cells:
            raise SampleError("There are more parasitized cells than cells. Correct one of the two.")
        if red_cells is parasitized is leukocytes is None:
            return None
        return cls(red_cells, parasitized, leukocytes, rates=_PERFECT)

    @cached_property
    def parasitaemia(self) -> Range | None:
        """Parasitized cells among red cells (0 to 1), corrected by the rates (`estimate_parasitaemia`)."""
        if self.parasitized is None:
            return None
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
        white, fewest, most = self.leukocytes, self.parasitized, self.parasitized + self.open
        low = estimate_parasitaemia(fewest, fewest + white, _PERFECT).interval.low
        high = estimate_parasitaemia(most, most + white, _PERFECT).interval.high
        value = None if self.open else fewest / white / self.rates.sensitivity
        at_most = self.rates_at_most or self.rates
        return Range(value, low / (1 - low) / self.rates.sensitivity, high / (1 - high) / at_most.sensitivity)


@dataclass(frozen=True, eq=False)
class Result:
    """A sample and all that is said of it.

    `rates` are the classifier's on single cells at the threshold of the triage; None where they are not known.
    `manual` is what somebody counted by hand. `sample` is its name, as typed.
    """

    triage: Triage
    decisions: SampleDecisions = field(default_factory=SampleDecisions)
    rates: CellRates | None = None
    manual: Count | None = None
    assumed: Assumed = field(default_factory=Assumed)
    sample: str = ""

    @cached_property
    def leukocytes(self) -> int:
        """Leukocytes that the machine found."""
        return sum(one.count("leukocyte") for one in self.triage.fields)

    @property
    def machine(self) -> Count:
        """What the machine alone comes to."""
        return Count(self.triage.red_cells, len(self.triage.suspects), self.leukocytes, rates=self.rates)

    @cached_property
    def by_reader(self) -> dict[str, Count]:
        """What each reader's decisions make of it; a suspect is open until they are sure of it."""
        return {
            name: self._decided({cell: said[name].final_answer for cell, said in self.decisions.of(name).said.items()})
            for name in self.decisions.annotators
        }

    @cached_property
    def together(self) -> Count | None:
        """What all readers say together; None where nobody has read.

        A cell without a majority is open, but for one that nobody takes for parasitized: whether it is a cell or no
        cell, there is no parasite in it.
        """
        answers = self.decisions.answers.items()
        said = {cell: answer or _denied(self.decisions.said[cell].values()) for cell, answer in answers}
        return self._decided(said) if said else None

    @property
    def counts(self) -> dict[str, Count]:
        """Every way of counting that there is, by its heading."""
        readers = {f"Decided by {name}": count for name, count in self.by_reader.items()}
        together = {"Consensus": self.together} if self.together and len(readers) > 1 else {}
        by_hand = {"Counted by hand": self.manual} if self.manual else {}
        return {"Machine alone": self.machine, **readers, **together, **by_hand}

    @property
    def added(self) -> list[Cell]:
        """Cells that the machine had missed, as people marked them."""
        return [cell for cell, answer in self.decisions.answers.items() if cell.row is None and answer != UNUSABLE]

    @property
    def removed(self) -> list[Cell]:
        """Outlines of the machine that hold no red cell, as people say."""
        return [cell for cell, answer in self.decisions.answers.items() if cell.row is not None and answer == UNUSABLE]

    @property
    def rejected(self) -> dict[str, str]:
        """Fields that could not be used, each with the reason."""
        return self.triage.unreadable

    @property
    def unfit(self) -> list[str]:
        """Fields that count although they hardly show red cells of a smear."""
        return [
            one.field
            for one in self.triage.fields
            if any(concern.code in ("not_a_smear", "empty") for concern in one.concerns)
        ]

    @property
    def counted(self) -> int:
        """Red cells as people left them, or as the machine found them."""
        return (self.together or self.machine).red_cells or 0

    @cached_property
    def needed(self) -> int | None:
        """Red cells with which the wished density is found in 95 of 100 samples; None if no number is enough."""
        if self.rates is None:
            return None
        return _needed(self.assumed.wished_per_ul / self.assumed.red_cells_per_ul, self.rates.reviewed(1.0, 0.0))

    @property
    def missing(self) -> int | None:
        """Red cells still to be counted for it."""
        return None if self.needed is None else max(0, self.needed - self.counted)

    @property
    def missing_fields(self) -> int | None:
        """About how many more fields like these that takes."""
        if self.missing is None or not self.counted:
            return None
        return math.ceil(self.missing * len(self.triage.fields) / self.counted)

    def summary(self) -> dict[str, object]:
        """The figures, fit for JSON."""
        return {
            "sample": self.sample,
            "assumed": asdict(self.assumed),
            "counts": {name: self._figures(count) for name, count in self.counts.items()},
            "added": len(self.added),
            "removed": len(self.removed),
            "red_cells_needed": self.needed,
            "red_cells_missing": self.missing,
        }

    def _figures(self, count: Count) -> dict[str, object]:
        ranges = {"parasitaemia": count.parasitaemia, **self.densities(count)}
        return {
            **{name: getattr(count, name) for name in ("red_cells", "parasitized", "open", "leukocytes")},
            **{name: None if found is None else found._asdict() for name, found in ranges.items()},
        }

    def densities(self, count: Count) -> dict[str, Range | None]:
        """Parasites per microlitre, as each assumption gives them."""
        by_red, by_white = count.parasitaemia, count.per_leukocyte
        return {
            "per_ul_by_red_cells": by_red and by_red.times(self.assumed.red_cells_per_ul),
            "per_ul_by_leukocytes": by_white and by_white.times(self.assumed.leukocytes_per_ul),
        }

    def _decided(self, answers: Mapping[Cell, str | None]) -> Count:
        suspects = {suspect.row for suspect in self.triage.suspects}
        open_suspects = len(suspects - {cell.row for cell, answer in answers.items() if answer in _SETTLED})
        open_others = sum(answer not in _SETTLED and cell.row not in suspects for cell, answer in answers.items())
        parasitized = places(cell for cell, answer in answers.items() if answer == PARASITIZED)
        shown = sum(cell.row in suspects for cell in parasitized)
        confirmed, still_open = len(parasitized), open_suspects + open_others
        return Count(
            self._red_cells(answers),
            confirmed,
            self.leukocytes - self._no_leukocytes(parasitized),
            still_open,
            self.rates and _reviewed(self.rates, shown, confirmed),
            self.rates and _reviewed(self.rates, shown + open_suspects, confirmed + open_suspects),
        )

    def _red_cells(self, answers: Mapping[Cell, str | None]) -> int:
        """Red cells without those of outlines that hold none, and with those added or found in a leukocyte's place."""
        cells = self.triage.table["cells"]
        removed = sum(
            cells[cell.row] for cell, answer in answers.items() if cell.row is not None and answer == UNUSABLE
        )
        added = sum(
            answer != UNUSABLE if cell.outline is None else answer == PARASITIZED and cell.outline.kind == "leukocyte"
            for cell, answer in answers.items()
        )
        return max(0, math.floor(float(cells.sum() - removed) + added + 0.5))

    def _no_leukocytes(self, parasitized: Iterable[Cell]) -> int:
        """How many leukocytes of the machine people call parasitized red cells."""
        said = [cell for cell in parasitized if cell.outline is None or cell.outline.kind == "leukocyte"]
        return sum(
            any(cell.field == one.field and is_one_place(cell.box, item.box) for cell in said)
            for one in self.triage.fields
            for item in one.outlines
            if item.kind == "leukocyte"
        )


def _denied(said: Iterable[Decision]) -> str | None:
    """Uninfected, where readers differ only on whether there is a cell at all."""
    return UNINFECTED if all(one.final_answer in (UNINFECTED, UNUSABLE) for one in said) else None


def _reviewed(rates: CellRates, shown: int, confirmed: int) -> CellRates:
    """The rates with a reader who confirmed so many cells, `shown` of them by the machine.

    Those that the reader found beside them are of the machine's misses, for which the count must not be raised again.
    """
    sensitivity = rates.sensitivity
    if confirmed > shown:
        sensitivity = min(1.0, sensitivity * confirmed / shown) if shown else 1.0
    return CellRates(sensitivity, 0.0, rates.overdispersion)


def cell_rates(card: Card, scores: Scores | None, threshold: float) -> CellRates | None:
    """The classifier's rates on single cells at a threshold (0 to 1), cautious where hardly an error was seen.

    From its held-out scores, or else from its card, which states them at its own threshold only; None where neither
    says them.
    """
    if scores is not None:
        return scores.at(scores.readings[0], threshold).cautious_rates
    if threshold != card.threshold:
        return None
    confusion = card.reading()[1].confusion
    return OperatingPoint.from_counts(threshold, **confusion.model_dump()).cautious_rates if confusion else None


def head_rates(head: Head, threshold: float) -> CellRates | None:
    """The rates of a triage adapted to a laboratory, from its cross-validation; None at another threshold than its own.

    False alarms are what it keeps beside parasitized cells: it keeps at most the share that it does not discard.
    """
    if threshold != head.threshold:
        return None
    kept = max(head.kept, int((1 - head.discard) * head.cells))
    uninfected = head.cells - head.parasitized
    return OperatingPoint.from_counts(
        threshold,
        tp=head.kept,
        fn=head.parasitized - head.kept,
        fp=kept - head.kept,
        tn=uninfected - (kept - head.kept),
    ).cautious_rates


def _estimate(found: int, cells: int | None, rates: CellRates | None) -> ParasitaemiaEstimate | None:
    """The parasitaemia of `found` among `cells`; None where nothing can be said."""
    if not cells or rates is None or rates.sensitivity <= rates.false_positive_rate:
        return None
    return estimate_parasitaemia(min(found, cells), cells, rates)


@lru_cache(maxsize=64)
def _needed(parasitaemia: float, rates: CellRates) -> int | None:
    return required_cells(min(1.0, parasitaemia), rates)
