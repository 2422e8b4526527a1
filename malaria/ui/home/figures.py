"""The three figures of the home page: what is found, what is cleared, and what a sample can detect."""

from typing import Final, NamedTuple

from malaria.errors import ModelError
from malaria.labels import name_reading
from malaria.model.card import Card
from malaria.sample import MeasuredRate, OperatingPoint, Scores, rule_interval, sample_rule
from malaria.ui.parts.held_out import read_card_point
from malaria.ui.parts.text import literal
from malaria.wording.numbers import interval, percent
from malaria.wording.words import count

_CELLS: Final = 1000
"""Of the sample that the limit of detection is told for."""


class Figure(NamedTuple):
    """A number with its 95 % interval, what it means in plain words, what it is called, and what it rests on."""

    value: str
    ends: str
    means: str
    name: str
    basis: str


class Figures(NamedTuple):
    """The figures, and in markdown which labels and which data they are from."""

    all: tuple[Figure, ...]
    source: str


def measure(card: Card, scores: Scores | ModelError) -> Figures | None:
    """Return the figures at the model's own threshold, from its card where there are no scores; None without either.

    They are those of the sample page: intervals allow for cells of one slide being alike.
    """
    if isinstance(scores, ModelError):
        point = read_card_point(card)
        return Figures(_collect(point), _say_source(card, card.reading()[0], point)) if point else None
    reading = scores.readings[0]
    point = scores.at(reading, card.threshold)
    source = _say_source(card, reading, point)
    if reading != "as_given":
        source += f" {_say_as_given(scores.at('as_given', card.threshold))}"
    return Figures(_collect(point), source)


def _collect(point: OperatingPoint) -> tuple[Figure, ...]:
    wrong = point.false_positive_rate
    cleared = MeasuredRate(wrong.trials - wrong.events, wrong.trials, wrong.design_effect)
    return (
        _tell_rate(point.sensitivity, "of parasitized cells found", "sensitivity"),
        _tell_rate(cleared, "of uninfected cells cleared", "specificity"),
        _tell_limit(point),
    )


def _tell_rate(rate: MeasuredRate, means: str, name: str) -> Figure:
    n = int(rate.trials)
    ends = interval(*rate.interval(), lambda share: percent(share, n=n))
    return Figure(percent(rate.estimate, n=n), ends, means, name, f"n = {n:,}")


def _tell_limit(point: OperatingPoint) -> Figure:
    rule = sample_rule(_CELLS, point.rates)
    name, limit = "limit of detection", rule.limit_of_detection
    if limit is None:
        return Figure(
            "No infection", "none", f"is sure to be detected in a sample of {_CELLS:,}", name, f"n = {_CELLS:,}"
        )
    known = rule_interval(_CELLS, point.sensitivity, point.false_positive_rate, point.overdispersion)
    low, high = known.limit_of_detection
    ends = "not known" if low is None else f"at least {_in_short(low)}"
    if low is not None and high is not None:
        ends = interval(low, high, _in_short)
    means = f"infected cells: the lowest share that a sample of {_CELLS:,} can detect"
    return Figure(_in_short(limit), ends, means, name, f"positive from {count(rule.count_threshold, 'flagged cell')}")


def _in_short(share: float) -> str:
    return percent(share, 2)


def _say_source(card: Card, reading: str, point: OperatingPoint) -> str:
    run = card.trained_on
    patients = f" of {count(run.patients, 'patient')}" if run.patients else ""
    how = "patients also used in training, so the figures flatter" if run.by_image else "held out in training"
    cells = f"{count(_count(point), 'cell')}{patients} ({literal(run.data)}), {how}"
    return f"{literal(card.name)} on {cells}. Labels: {name_reading(reading)}. 95 % intervals."


def _say_as_given(point: OperatingPoint) -> str:
    said = ", ".join(f"{one.value} ({one.ends})" for one in _collect(point))
    return f"With all labels as given, disputed ones included: {said}, n = {_count(point):,}."


def _count(point: OperatingPoint) -> int:
    return int(point.sensitivity.trials + point.false_positive_rate.trials)
