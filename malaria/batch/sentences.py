"""What an evaluation comes to, in sentences that the page and the report share."""

from typing import Final

from malaria.batch import tables
from malaria.batch.comparison import Comparison
from malaria.batch.relabelled import Relabelled
from malaria.batch.table import Batch, Reading
from malaria.metrics import Evaluation
from malaria.review import Basis
from malaria.wording.numbers import DASH
from malaria.wording.words import count

BY_PATIENT: Final = (
    "Cells of one patient share a slide, a stain and a smear, so the model tends to get them wrong together. Many "
    "cells from a few patients tell you less than the same number from many patients. The intervals by patient allow "
    "for this. They are usually wider, and they are the ones to believe for new patients."
)
"""Why there are two intervals, and which of them to believe."""


def summarise(evaluation: Evaluation) -> str:
    """The answer in a sentence: which share of each class is called rightly at this threshold, or why that is open."""
    told, open_ = [], []
    for name, verb, of in (("sensitivity", "finds", "parasitized"), ("specificity", "clears", "uninfected")):
        rate = evaluation.rates[name]
        if rate.value is None:
            open_.append(rate.reason or "")
            continue
        told.append(f"{verb} {tables.value(name, rate)} of the {of} cells{_say_interval(name, evaluation)}")
    answer = [f"At threshold {evaluation.threshold:g} the model {' and '.join(told)}."] if told else []
    return " ".join([*answer, *open_])


def _say_interval(name: str, evaluation: Evaluation) -> str:
    """The interval of a rate in brackets, where it has one."""
    rate = tables.choose_rate(name, evaluation)
    return f" ({tables.interval(name, rate)})" if rate.interval else ""


def warn_of_learning(basis: Basis) -> str:
    """Say so when the model has learned from what it is measured on, or nobody can tell; empty where all is well."""
    if basis.unknown:
        return (
            f"{basis.unknown} So {basis.model} does not say which cells it was trained on. If it was trained on these, "
            "the figures flatter it."
        )
    if known := basis.held_out + basis.seen:
        return f"{basis.model} was trained on {known:,} of these cells, so these figures flatter it."
    if basis.known_patient:
        return (
            f"{basis.model} was trained on other cells from the same patients as {basis.known_patient:,} of these "
            "cells, so these figures flatter it somewhat."
        )
    return ""


def say_bias(relabelled: Relabelled) -> str:
    """Whom the corrected figures favour, and why; empty where every cell was looked at."""
    wrong, right = relabelled.disagreeing, relabelled.agreeing
    if right.answered == right.n:
        return ""
    looked = f"{right.answered:,}" if right.answered else "none"
    return (
        f"These figures favour the model: you relabelled {wrong.answered:,} of the {count(wrong.n, 'cell')} where it "
        f"and the given label disagree, but {looked} of the {right.n:,} where they agree."
    )


def say_what_counts(batch: Batch) -> str:
    """What the figures rest on, and what is not among it."""
    evaluation = batch.evaluation
    cells = f"{count(evaluation.n, 'cell')} measured"
    if evaluation.by_patient:
        cells += f", of {count(evaluation.by_patient.n, 'patient')}"
    left_out = [
        (evaluation.unreadable, "could not be read"),
        (evaluation.left_out, "without a label"),
        (batch.copies, "a copy of another, counted once" if batch.copies == 1 else "copies of others, counted once"),
        (batch.total - len(batch.table) if batch.reading != Reading.UNDISPUTED else 0, "not reached before the stop"),
    ]
    return ". ".join([cells, *(f"{n:,} {why}" for n, why in left_out if n)]) + "."


def by_patient_sentence(evaluation: Evaluation) -> str:
    """Which of the intervals to believe."""
    if evaluation.by_patient is None:
        return (
            "The file names do not show the patients, so the intervals treat cells as independent and are too narrow."
        )
    without = evaluation.by_patient.without
    return BY_PATIENT + (f" These intervals leave out {count(without, 'cell')} of unknown patients." if without else "")


def calibration_sentence(evaluation: Evaluation) -> str:
    """The Brier score and the calibration error in words."""
    if evaluation.brier is None or evaluation.ece is None:
        return f"Brier score {DASH}: there are no labelled cells."
    return (
        f"Brier score {evaluation.brier:.4f} (0 is perfect; always answering one half gives 0.25). On average, "
        f"p_parasitized is {100 * evaluation.ece:.1f} points away from the share of cells labelled parasitized."
    )


def comparison_sentence(both: Comparison) -> str:
    """What McNemar's test says of two models, and what it takes for granted."""
    test, a, b = both.test, both.a.model, both.b.model
    if not test.only_a + test.only_b:
        same = f"Both models are right on the same cells out of {test.n:,}"
        return f"{same}: McNemar’s test has nothing to compare."
    chance = "is larger than chance alone explains" if test.p_value < 0.05 else "may well be chance"
    p_value = f"= {test.p_value:.3f}" if test.p_value >= 0.001 else "below 0.001"
    return (
        f"Of {count(test.n, 'cell')}, only {a} is right on {test.only_a:,} and only {b} on {test.only_b:,}. Both are "
        f"right on {test.both_right:,}, neither on {test.both_wrong:,}. McNemar’s exact test: p {p_value}, so the "
        f"difference {chance}. The test treats cells as independent, which cells from one patient are not."
    )
