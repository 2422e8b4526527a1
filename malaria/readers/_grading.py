"""How good one reader is, by the answers to one test: rates with n and intervals, consistency, time, level."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any

from malaria.errors import ReaderTestError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.metrics import Agreement, Rate, cohen, exact_kappa
from malaria.readers._answers import ANSWERS, Answer
from malaria.readers._bias import Bias, measure_bias, was_shown
from malaria.readers._files import Key
from malaria.readers._levels import OF_SLIDES, Level, grade_level
from malaria.review import UNSURE
from malaria.sample import MeasuredRate
from malaria.wording.words import choose_verb, count

NO_PARASITIZED = "No parasitized cell was read."
NO_UNINFECTED = "No uninfected cell was read."
NOTHING_READ = "No cell was read."


@dataclass(frozen=True)
class Mistake:
    """A card that was not answered as the reference has it; `position` counts from 1."""

    position: int
    image_id: str
    reference: str
    answer: str


@dataclass(frozen=True)
class Grade:
    """What one reader's answers to one test say.

    `rates` (sensitivity, specificity, accuracy, kappa) count "can't tell" (`unsure` cells) as not right, `decided`
    leaves those cells out. All are over the first look at each cell, without the cards that showed the network's call;
    intervals are exact (Clopper-Pearson; kappa's as `exact_kappa`). `with_oneself` compares the two looks at repeated
    cells, three answers told apart. `seconds` is the median time of a card. `missing` are positions, from 1, without an
    answer. `began` and `ended` are the moments (UTC, ISO 8601) of the first and the last answer, empty where unknown.
    `notes` are sentences to be read with the figures.
    """

    reader: str
    test: str
    cards: int
    answered: int
    began: str
    ended: str
    missing: tuple[int, ...]
    unsure: int
    rates: Mapping[str, Rate]
    decided: Mapping[str, Rate]
    with_oneself: Agreement
    seconds: Rate
    level: Level
    bias: Bias | None
    mistakes: tuple[Mistake, ...]
    notes: tuple[str, ...] = field(default=())

    def for_sample(self) -> dict[str, MeasuredRate]:
        """Sensitivity and false-positive rate as counts, as `malaria.sample` takes them: "when a person looks".

        Raises ReaderTestError where cells of one class were not read.
        """
        sensitivity, specificity = self.rates["sensitivity"], self.rates["specificity"]
        if not sensitivity.n or not specificity.n:
            raise ReaderTestError(f"{self.reader} has not read cells of both classes, so there are no rates to go on.")
        found, cleared = sensitivity.numerator or 0, specificity.numerator or 0
        return {
            "sensitivity": MeasuredRate(found, sensitivity.n),
            "false_positive_rate": MeasuredRate(specificity.n - cleared, specificity.n),
        }

    def to_dict(self) -> dict[str, Any]:
        """The grade as JSON has it: every rate with value, low, high, numerator, n and reason."""
        return asdict(self) | {
            "level": asdict(self.level) | {"decided": self.level.decided, "sentence": self.level.sentence},
            "level_is_of": OF_SLIDES,
        }


def grade(key: Key, answers: Iterable[Answer], reader: str | None = None) -> Grade:
    """Grade one reader by the answers to the test of `key`; `reader` may be left out where the answers name but one.

    Of several answers to one card the first counts. Raises ReaderTestError where there are none, several readers, or
    answers that fit no card of the test.
    """
    own = [answer for answer in answers if answer.test == key.test.id and reader in (None, answer.reader)]
    names = {answer.reader for answer in own}
    if not own:
        who = f" by {reader}" if reader else ""
        raise ReaderTestError(
            f"There are no answers{who} to the test {key.test.id}. Use the key of the test that was read."
        )
    if len(names) > 1:
        raise ReaderTestError(f"The answers are from {count(len(names), 'reader')}. Name the reader to grade.")
    given = by_place(key, own)
    firsts = [place for place in key.test.firsts if place in given]
    alone = [place for place in firsts if not was_shown(key, place, given[place])]
    notes = [*key.notes]
    if again := len(own) - len(given):
        notes.append(f"{count(again, 'card')} answered more than once: the first answer counts.")
    if len(alone) < len(firsts):
        n = len(firsts) - len(alone)
        notes.append(
            f"{count(n, 'card')} that showed the network's call {choose_verb(n, 'is', 'are')} left out of the reader's "
            "own rates."
        )
    missing = tuple(place + 1 for place in range(len(key.test.cards)) if place not in given)
    if missing:
        notes.append(f"Not finished: {len(missing):,} of {count(len(key.test.cards), 'card')} have no answer.")
    moments = [answer.moment for answer in given.values() if answer.moment]
    rates, decided = _rates(key, given, alone)
    twice = [(given[a].answer, given[b].answer) for a, b in key.test.repeats.items() if a in given and b in given]
    return Grade(
        reader=own[0].reader,
        test=key.test.id,
        cards=len(key.test.cards),
        answered=len(given),
        began=min(moments, default=""),
        ended=max(moments, default=""),
        missing=missing,
        unsure=sum(given[place].answer == UNSURE for place in alone),
        rates=rates,
        decided=decided,
        with_oneself=cohen([a for a, _ in twice], [b for _, b in twice], ANSWERS, exact=True),
        seconds=median_with_interval([given[place].seconds for place in alone]),
        level=grade_level([given[place].answer == key.reference(place) for place in alone]),
        bias=measure_bias(key, {place: given[place] for place in firsts}),
        mistakes=tuple(
            Mistake(place + 1, given[place].image_id, key.reference(place), given[place].answer)
            for place in firsts
            if given[place].answer != key.reference(place)
        ),
        notes=tuple(notes),
    )


def by_place(key: Key, answers: Iterable[Answer]) -> dict[int, Answer]:
    """One reader's answers by their place in the test, from 0; raises ReaderTestError for one that fits no card."""
    given: dict[int, Answer] = {}
    for answer in answers:
        place = answer.position - 1
        if not fits_card(key, answer):
            raise ReaderTestError(
                f"The answer of {answer.reader} to card {answer.position} is about a different cell from the one in "
                "the test. Use the answer file unchanged."
            )
        given.setdefault(place, answer)
    return given


def fits_card(key: Key, answer: Answer) -> bool:
    """Whether an answer is about a card of the test."""
    cards = key.test.cards
    return (
        answer.test == key.test.id
        and answer.position <= len(cards)
        and cards[answer.position - 1].image_id == answer.image_id
    )


def median_with_interval(seconds: Iterable[float], reason: str = "No card was timed.") -> Rate:
    """The median of times, NaN left out, with the 95 % interval that order statistics give whatever their distribution.

    Its ends are times that were measured (David & Nagaraja, Order Statistics, 2003, 7.1); fewer than six have none.
    """
    from scipy.stats import binom

    times = sorted(value for value in seconds if not math.isnan(value))
    n = len(times)
    if not n:
        return Rate.missing(reason)
    rank = int(binom.ppf(0.025, n, 0.5))  # from both ends, so many times may lie outside
    if rank < 1:
        return Rate(median(times), None, None, None, n, "An interval needs at least six times.")
    return Rate(median(times), times[rank - 1], times[n - rank], None, n)


def _rates(key: Key, given: Mapping[int, Answer], places: Sequence[int]) -> tuple[dict[str, Rate], dict[str, Rate]]:
    """The rates over first looks, with "can't tell" as not right, and those over the decided cells."""
    told = [(key.reference(place), given[place].answer) for place in places]
    reasons = (NO_PARASITIZED, NO_UNINFECTED, NOTHING_READ)
    rates = share_right(told, reasons)
    sensitivity, specificity = rates["sensitivity"], rates["specificity"]
    if sensitivity.n and specificity.n:
        rates["kappa"] = exact_kappa(
            sensitivity.numerator or 0, sensitivity.n, specificity.numerator or 0, specificity.n
        )
    else:
        rates["kappa"] = Rate.missing(NO_UNINFECTED if sensitivity.n else NO_PARASITIZED, len(told))
    return rates, share_right([one for one in told if one[1] != UNSURE], reasons)


def share_right(told: Sequence[tuple[str, str]], reasons: tuple[str, str, str]) -> dict[str, Rate]:
    """Sensitivity, specificity and accuracy of (reference, answer) for each cell; `reasons` say why one is missing."""
    parts = {
        "sensitivity": [one for one in told if one[0] == PARASITIZED],
        "specificity": [one for one in told if one[0] == UNINFECTED],
        "accuracy": told,
    }
    return {
        name: Rate.exact_share(sum(reference == answer for reference, answer in part), len(part), reason)
        for (name, part), reason in zip(parts.items(), reasons, strict=True)
    }
