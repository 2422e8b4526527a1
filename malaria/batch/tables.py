"""Figures as HTML tables, for the page and for the report: every rate with its interval and n, or a dash and why."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.metrics import ByPatient, Confusion, Evaluation, Rate, Readings

DASH: Final = "–"
PERCENT: Final = "\u00a0%"
"""The sign, with a space that no line ends at."""

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
    "accuracy": "of all cells called as labelled",
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
"""What the four fields of the confusion matrix mean, by true and predicted label."""


def percent(share: float, n: int) -> str:
    """A share (0 to 1) of `n` as text, with no more decimals than `n` can carry, and 100 % only when it is all."""
    decimals = 1 if n < 5000 else 2
    text = f"{100 * share:.{decimals}f}"
    if share < 1 and float(text) == 100:
        text = f"{100 - 10**-decimals:.{decimals}f}"
    if share > 0 and float(text) == 0:
        text = f"{10**-decimals:.{decimals}f}"
    return f"{text}{PERCENT}"


def value(name: str, rate: Rate) -> str:
    """A rate as text: shares in percent, coefficients with three decimals, a dash where there is none."""
    if rate.value is None:
        return DASH
    return percent(rate.value, rate.n) if name in _SHARES else f"{rate.value:.3f}"


def interval(name: str, rate: Rate) -> str:
    """A rate's 95 % interval as text, or the reason why it has none."""
    if rate.interval is None:
        return rate.reason or DASH
    low, high = rate.interval
    if name in _SHARES:
        return f"{percent(low, rate.n).removesuffix(PERCENT)} to {percent(high, rate.n)}"
    return f"{low:.3f} to {high:.3f}"


def rates_table(evaluation: Evaluation) -> str:
    """Every rate with its interval by cell and, where patients are known, by patient, and what it was counted from."""
    patients = evaluation.by_patient.rates if evaluation.by_patient else {}
    head = ["", "Value", "95 % interval", *(["by patient"] if patients else []), "n"]
    rows = []
    for name, rate in evaluation.rates.items():
        cells = [f"<b>{value(name, rate)}</b>", escape(interval(name, rate))]
        if patients:
            cells.append(escape(interval(name, patients[name])) if name in patients else "")
        counted = f"{rate.numerator:,} of {rate.n:,}" if rate.numerator is not None else f"{rate.n:,}"
        meaning = f"<small>{MEANINGS[name]}</small>" if name in MEANINGS else ""
        rows.append((f"{NAMES[name]}{meaning}", [*cells, counted]))
    return _table("Rates at this threshold", head, rows)


def comparison_table(a: Evaluation, b: Evaluation) -> str:
    """The rates of two models side by side."""
    rows = [(NAMES[name], [_with_interval(name, rate) for rate in (a.rates[name], b.rates[name])]) for name in a.rates]
    head = ["", *(f"{escape(one.model or '')} at {one.threshold:g}" for one in (a, b))]
    return _table("Rates, with 95 % intervals", head, rows)


def by_patient_table(patients: ByPatient, by_cell: Evaluation) -> str:
    """The rates that have an interval by patient, beside the interval that takes cells as independent."""
    rows = [
        (NAMES[name], [f"<b>{value(name, rate)}</b>", interval(name, by_cell.rates[name]), interval(name, rate)])
        for name, rate in patients.rates.items()
    ]
    return _table("Intervals by cell and by patient", ["", "Value", "by cell", "by patient"], rows)


def classification_report(confusion: Confusion) -> str:
    """Precision, recall and F1 of each class."""
    support = {PARASITIZED: confusion.parasitized, UNINFECTED: confusion.uninfected}
    rows = []
    for label, figures in confusion.report().items():
        cells = [_three(figures[name]) for name in ("precision", "recall", "f1")]
        rows.append((label, [*cells, f"{support[label]:,}"]))
    return _table("Classification report", ["True label", "Precision", "Recall", "F1", "Cells"], rows)


def matrix_table(confusion: Confusion, title: str) -> str:
    """The confusion matrix, true label down, predicted across, with counts and row percentages."""
    rows = []
    for label, counts in zip(CLASSES, ((confusion.tp, confusion.fn), (confusion.fp, confusion.tn)), strict=True):
        n = sum(counts)
        shares = [percent(count / n, n) if n else DASH for count in counts]
        cells = [f"<b>{count:,}</b><small>{share}</small>" for count, share in zip(counts, shares, strict=True)]
        rows.append((label, cells))
    return _table(title, ["True label", *(f"Predicted {label}" for label in CLASSES)], rows)


def readings_table(readings: Readings) -> str:
    """Every figure as given, corrected and undisputed, with how far the last two are from the first."""

    def cell(name: str, figure: float | None, change: float | None) -> str:
        if figure is None:
            return DASH
        scale, decimals = (100, 2) if name in _SHARES else (1, 4)
        unit = PERCENT if name in _SHARES else ""
        moved = "" if change is None else f"<small>{scale * change:+.{decimals}f}</small>"
        return f"{scale * figure:.{decimals}f}{unit}{moved}"

    rows = [
        (
            NAMES[change.name],
            [
                cell(change.name, change.as_given, None),
                cell(change.name, change.corrected, change.by_correcting),
                cell(change.name, change.undisputed, change.by_leaving_out),
            ],
        )
        for change in readings.changes
    ]
    sizes = [f"{reading.n:,}" for reading in (readings.as_given, readings.corrected, readings.undisputed)]
    return _table("Three readings", ["", "as given", "corrected", "undisputed"], [("Cells", sizes), *rows])


def _with_interval(name: str, rate: Rate) -> str:
    return f"<b>{value(name, rate)}</b><small>{escape(interval(name, rate))}</small>"


def _three(rate: Rate) -> str:
    """A rate with three decimals, and below it its interval or the reason why there is none."""
    figure = DASH if rate.value is None else f"{rate.value:.3f}"
    below = f"{rate.low:.3f} to {rate.high:.3f}" if rate.interval else rate.reason or ""
    return f"<b>{figure}</b><small>{escape(below)}</small>"


def _table(caption: str, head: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """`head` and the first of each row are headings; what is in the cells is HTML already."""
    columns = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{name}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>' for name, cells in rows
    )
    return (
        f'<div class="figures"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table></div>"
    )
