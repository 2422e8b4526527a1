"""Figures as HTML tables, for the page and for the report: every rate with its interval and n, or a dash and why."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from markupsafe import Markup

from malaria.batch.relabelled import Relabelled
from malaria.labels import CLASSES, PARASITIZED, READINGS, UNINFECTED
from malaria.metrics import ByPatient, Confusion, Evaluation, Rate, Readings
from malaria.report.html import Entry, TableCell, render_table
from malaria.wording import numbers
from malaria.wording.numbers import DASH, coefficient, percent

NAMES: Final = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "precision": "Precision",
    "negative_predictive_value": "Negative predictive value",
    "f1": "F1",
    "mcc": "Matthews",
    "kappa": "Cohen’s kappa",
    "auc": "AUC",
    "brier": "Brier score",
    "ece": "Calibration error",
}
"""How the figures of an evaluation are called, by their names in JSON."""

MEANINGS: Final = {
    "accuracy": "of all cells match their label",
    "sensitivity": "of the parasitized cells found",
    "specificity": "of the uninfected cells cleared",
    "precision": "of the cells called parasitized are",
    "negative_predictive_value": "of the cells called uninfected are",
}

_SHARES: Final = frozenset(MEANINGS)

OUTCOMES: Final = {
    (PARASITIZED, PARASITIZED): "found",
    (PARASITIZED, UNINFECTED): "missed",
    (UNINFECTED, PARASITIZED): "false alarm",
    (UNINFECTED, UNINFECTED): "cleared",
}
"""What the four counts of the confusion matrix mean, by true and predicted label."""

CLINICAL: Final = {
    (PARASITIZED, PARASITIZED): "true positive",
    (PARASITIZED, UNINFECTED): "false negative",
    (UNINFECTED, PARASITIZED): "false positive",
    (UNINFECTED, UNINFECTED): "true negative",
}
"""What the four are called in the clinic, by true and predicted label."""


def value(name: str, rate: Rate) -> str:
    """A rate as text: shares in percent, coefficients with three or four decimals, a dash where there is none."""
    return DASH if rate.value is None else _writer(name, rate.n)(rate.value)


def interval(name: str, rate: Rate) -> str:
    """A rate's 95 % interval as text, or the reason why it has none."""
    return numbers.interval(*rate.interval, _writer(name, rate.n)) if rate.interval else rate.reason or DASH


def choose_rate(name: str, evaluation: Evaluation) -> Rate:
    """A rate with the interval to believe: by patient, unless cells of unknown patients lead the rate out of that."""
    rate = evaluation.rates[name]
    patients = getattr(evaluation.by_patient, name) if evaluation.by_patient else rate
    if patients.interval and rate.value is not None and patients.interval[0] <= rate.value <= patients.interval[1]:
        return replace(rate, low=patients.low, high=patients.high)
    return rate


def relabelled_table(relabelled: Relabelled) -> Markup:
    """The rates by the given labels beside those by the corrected ones, each with its interval and n."""
    sides = (relabelled.before, relabelled.after)
    rows: list[list[Entry]] = []
    for name in ("sensitivity", "specificity", "accuracy"):
        rates = [choose_rate(name, side) for side in sides]
        rows.append(
            [NAMES[name], *(TableCell(value(name, rate), _say_ground(name, rate), bold=True) for rate in rates)]
        )
    return render_table("Corrected figures", ["", "Given labels", "Corrected labels"], rows)


def _say_ground(name: str, rate: Rate) -> str:
    """A rate's interval and what it was counted from; or why there is none."""
    counted = "" if rate.numerator is None else f", {rate.numerator:,}\u00a0of\u00a0{rate.n:,}"
    return interval(name, rate) + counted


def rates_table(evaluation: Evaluation) -> Markup:
    """Every rate with its interval by cell and, where patients are known, by patient, and what it was counted from."""
    patients = evaluation.by_patient.rates if evaluation.by_patient else {}
    head = ["", "Value", "95 % interval", *(["by patient"] if patients else []), "n"]
    rows: list[list[Entry]] = []
    for name, rate in evaluation.rates.items():
        cells: list[Entry] = [TableCell(value(name, rate), bold=True), interval(name, rate)]
        if patients:
            cells.append(interval(name, patients[name]) if name in patients else "")
        counted = f"{rate.numerator:,} of {rate.n:,}" if rate.numerator is not None else f"{rate.n:,}"
        rows.append([TableCell(NAMES[name], MEANINGS.get(name, "")), *cells, counted])
    return render_table("Rates at this threshold", head, rows)


def comparison_table(a: Evaluation, b: Evaluation) -> Markup:
    """The rates of two models side by side."""
    rows: list[list[Entry]] = [
        [NAMES[name], _with_interval(name, a.rates[name]), _with_interval(name, b.rates[name])] for name in a.rates
    ]
    head = ["", *(f"{one.model or ''} at {one.threshold:g}" for one in (a, b))]
    return render_table("Rates, with 95 % intervals", head, rows)


def by_patient_table(patients: ByPatient, by_cell: Evaluation) -> Markup:
    """The rates that have an interval by patient, beside the interval that takes cells as independent."""
    rows: list[list[Entry]] = [
        [
            NAMES[name],
            TableCell(value(name, rate), bold=True),
            interval(name, by_cell.rates[name]),
            interval(name, rate),
        ]
        for name, rate in patients.rates.items()
    ]
    return render_table("Intervals by cell and by patient", ["", "Value", "by cell", "by patient"], rows)


def classification_report(confusion: Confusion) -> Markup:
    """Precision, recall and F1 of each class."""
    support = {PARASITIZED: confusion.parasitized, UNINFECTED: confusion.uninfected}
    rows: list[list[Entry]] = []
    for label, figures in confusion.report().items():
        # As a coefficient, which is how such reports give all three.
        cells = [_with_interval("f1", figures[name]) for name in ("precision", "recall", "f1")]
        rows.append([label, *cells, f"{support[label]:,}"])
    return render_table("Classification report", ["True label", "Precision", "Recall", "F1", "Cells"], rows)


def matrix_table(confusion: Confusion, title: str) -> Markup:
    """The confusion matrix, true label down, predicted across, with counts and row percentages."""
    rows: list[list[Entry]] = []
    for label, counts in zip(CLASSES, ((confusion.tp, confusion.fn), (confusion.fp, confusion.tn)), strict=True):
        n = sum(counts)
        shares = [percent(count / n, n=n) if n else DASH for count in counts]
        cells = [TableCell(f"{count:,}", share, bold=True) for count, share in zip(counts, shares, strict=True)]
        rows.append([label, *cells])
    return render_table(title, ["True label", *(f"Predicted {label}" for label in CLASSES)], rows)


def readings_table(readings: Readings) -> Markup:
    """Every figure as given, re-read and undisputed, with how far the last two are from the first."""

    def cell(name: str, figure: float | None, change: float | None) -> TableCell:
        if figure is None:
            return TableCell(DASH)
        points = f"{100 * change:+.2f}" if name in _SHARES and change is not None else None
        moved = "" if change is None else points or f"{change:+.4f}"
        return TableCell(_writer(name, readings.as_given.n)(figure), moved)

    rows: list[list[Entry]] = [
        [
            NAMES[change.name],
            cell(change.name, change.as_given, None),
            cell(change.name, change.corrected, change.by_correcting),
            cell(change.name, change.undisputed, change.by_leaving_out),
        ]
        for change in readings.changes
    ]
    sizes: list[Entry] = [f"{reading.n:,}" for reading in (readings.as_given, readings.corrected, readings.undisputed)]
    return render_table("Three readings", ["", *READINGS.values()], [["Cells", *sizes], *rows])


def _with_interval(name: str, rate: Rate) -> TableCell:
    return TableCell(value(name, rate), interval(name, rate), bold=True)


def _writer(name: str, n: int) -> Callable[[float], str]:
    """How a figure of `n` cells is written: shares in percent, the others as they are."""
    return partial(percent if name in _SHARES else coefficient, n=n)
