"""What a triaged sample comes to, pooled over its fields: counts, parasitaemia, density, and the cells still needed.

The machine alone, each reader, what they say together and a count by hand stand side by side, each with its interval.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from typing import Final

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model.card import Card
from malaria.review import UNUSABLE, Decision
from malaria.sample import (
    CellRates,
    OperatingPoint,
    Scores,
    required_cells,
)
from malaria.smear.adapt import Head
from malaria.smear.counts import PERFECT, Assumed, Count, Range, estimate_share
from malaria.smear.decisions import Cell, SampleDecisions, places, split_answers
from malaria.smear.field.counting import is_one_place
from malaria.smear.sample_survey import SampleSurvey
from malaria.smear.triage import Triage
from malaria.wording.words import count

_NONE: Final = "No red cell was found, so there is nothing to take a share of."
_UNKNOWN: Final = "The error rates of this model at this threshold are not known."
_SETTLED: Final = (PARASITIZED, UNINFECTED, UNUSABLE)


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
        """What the machine alone comes to: no parasitaemia where the sample is not like those it was measured on."""
        shift = self.triage.shift
        rates, reason = (None, shift.reason) if shift.shifted else (self.rates, None if self.rates else _UNKNOWN)
        if not self.triage.red_cells:
            reason = _NONE
        return Count(self.triage.red_cells, len(self.triage.suspects), self.leukocytes, rates=rates, reason=reason)

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
    def chances(self) -> dict[int, float]:
        """How likely each row of the triage was to be put before the reader who has gone farthest (0 to 1)."""
        if self.triage.survey is None:
            return {}
        rows = (
            [cell.row for cell in self.decisions.of(name).said if cell.row is not None]
            for name in self.decisions.annotators
        )
        each = [self.triage.survey.chances(decided) for decided in rows]
        return {row: max(one[row] for one in each) for row in each[0]} if each else {}

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
        """Fields that count although they are unusable, because somebody took them in."""
        return [one.field for one in self.triage.fields if one.is_unusable]

    @property
    def counted(self) -> int:
        """Red cells as people left them, or as the machine found them."""
        return (self.together or self.machine).red_cells or 0

    @cached_property
    def needed(self) -> int | None:
        """Red cells with which the wished density is found in 95 of 100 samples; None if no number is enough."""
        if self.rates is None or self.triage.shift.shifted:
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
            "reason": count.reason,
            "survey": None if count.found is None else asdict(count.found),
        }

    def densities(self, count: Count) -> dict[str, Range | None]:
        """Parasites per microlitre, as each assumption gives them."""
        by_red, by_white = count.parasitaemia, count.per_leukocyte
        return {
            "per_ul_by_red_cells": by_red and by_red.times(self.assumed.red_cells_per_ul),
            "per_ul_by_leukocytes": by_white and by_white.times(self.assumed.leukocytes_per_ul),
        }

    def _decided(self, answers: Mapping[Cell, str | None]) -> Count:
        if self.triage.survey is not None:
            return self._surveyed(self.triage.survey, answers)
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
            reason=None if self.rates else _UNKNOWN,
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

    def _surveyed(self, survey: SampleSurvey, answers: Mapping[Cell, str | None]) -> Count:
        """The same where not the machine's error rates but the reader's own answers say what the rest holds."""
        parasitized, denied = split_answers(answers)
        found = survey.estimate(parasitized, denied)
        return Count(
            self._red_cells(answers),
            found.confirmed,
            self.leukocytes - self._no_leukocytes(parasitized),
            sum(answer not in _SETTLED for answer in answers.values()),
            PERFECT,
            found=found,
            reason=f"Estimated from {count(found.decided, 'decided cell')} of {found.cells:,}.",
        )

    def forecast(self, reader: str) -> Range | None:
        """About what a reader's next decisions, one step of the survey, will make of the parasitaemia."""
        survey = self.triage.survey
        if survey is None:
            return None
        said = self.decisions.of(reader).said
        answers = {cell: one[reader].final_answer for cell, one in said.items()}
        return estimate_share(survey.forecast(*split_answers(answers)), 0, self.by_reader[reader].red_cells)


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


@lru_cache(maxsize=64)
def _needed(parasitaemia: float, rates: CellRates) -> int | None:
    return required_cells(min(1.0, parasitaemia), rates)
