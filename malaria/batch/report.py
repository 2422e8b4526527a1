"""A batch on one page: a single HTML file that needs nothing else, to read, to send and to print."""

from collections.abc import Iterable
from datetime import date
from html import escape
from pathlib import Path
from typing import Final

import numpy as np

from malaria.batch import tables
from malaria.batch.drawing import Line, histogram, line_chart
from malaria.batch.table import Batch
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.metrics import Evaluation, Readings

BY_PATIENT: Final = (
    "Cells of one patient share a slide, a stain and a smear, so they go wrong together: many cells of few patients "
    "tell less than as many cells of different patients. The intervals by patient take that into account: they are "
    "mostly wider, and they are the ones to believe for patients the model has not met."
)
"""Why there are two intervals, and which of them to believe."""

BINS: Final = 40
"""Of the histogram of p_parasitized."""

_STYLE: Final = Path(__file__).with_name("report.css")


def report(batch: Batch, readings: Readings | None = None, today: date | None = None) -> str:
    """Return the report of a batch at its threshold as HTML; `today` is the date it bears."""
    evaluation = batch.evaluation
    parts = [
        "<h1>Malaria cells: evaluation of a batch</h1>",
        f"<p>{escape(batch.name)} · model {escape(batch.model)} {escape(batch.card.version)} · "
        f"{(today or date.today()).isoformat()} · for research and review; a cell’s answer is not a diagnosis.</p>",
        f"<p><b>{escape(summary(evaluation))}</b> {escape(counted(batch))}</p>",
        '<div class="side">',
        tables.matrix_table(evaluation.confusion, f"Confusion matrix at threshold {evaluation.threshold:g}"),
        tables.classification_report(evaluation.confusion),
        "</div>",
        tables.rates_table(evaluation),
        f"<p>{escape(by_patient_sentence(evaluation))}</p>",
        '<div class="side">',
        *_figures(evaluation),
        "</div>",
        f"<p>{escape(calibration_sentence(evaluation))}</p>",
        *([tables.readings_table(readings)] if readings else []),
        "<h2>The model</h2>",
        _essentials(batch),
    ]
    title = f"Evaluation of {escape(batch.name)}"
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE.read_text()}</style></head>'
        f"<body>{''.join(parts)}</body></html>"
    )


def summary(evaluation: Evaluation) -> str:
    """The answer in one sentence: which share of each class is called rightly at this threshold."""
    patients = evaluation.by_patient.rates if evaluation.by_patient else {}

    def share(name: str, of: str) -> str:
        rate = patients[name] if patients and patients[name].interval else evaluation.rates[name]
        if rate.value is None:
            return f"{tables.DASH} {of} ({rate.reason})"
        around = f" ({tables.interval(name, rate)})" if rate.interval else ""
        return f"{tables.percent(rate.value, rate.n)} {of}{around}"

    found, cleared = share("sensitivity", "of the parasitized cells"), share("specificity", "of the uninfected ones")
    return f"At threshold {evaluation.threshold:g} the model finds {found} and clears {cleared}."


def counted(batch: Batch) -> str:
    """What the figures rest on, and what is not among it."""
    evaluation = batch.evaluation
    cells = f"{evaluation.n:,} cells measured"
    if evaluation.by_patient:
        cells += f", of {evaluation.by_patient.n:,} patients"
    left_out = [
        (evaluation.unreadable, "could not be read"),
        (evaluation.left_out, "without a label"),
        (batch.total - len(batch.table) if batch.reading != "undisputed" else 0, "not reached before the stop"),
    ]
    return ". ".join([cells, *(f"{n:,} {why}" for n, why in left_out if n)]) + "."


def by_patient_sentence(evaluation: Evaluation) -> str:
    """Which of the intervals to believe."""
    if evaluation.by_patient is None:
        return "No patient can be told from the file names, so intervals take cells as independent, and are too narrow."
    without = evaluation.by_patient.without
    return BY_PATIENT + (f" {without:,} cells of unknown patients are not in them." if without else "")


def calibration_sentence(evaluation: Evaluation) -> str:
    """The Brier score and the calibration error in words."""
    if evaluation.brier is None or evaluation.ece is None:
        return f"Brier score {tables.DASH}: there are no labelled cells."
    return (
        f"Brier score {evaluation.brier:.4f} (0 is perfect; always saying one half gives 0.25). On average "
        f"p_parasitized is {100 * evaluation.ece:.1f} points off the share that is labelled parasitized."
    )


def scores(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """Counts of p_parasitized in `BINS` equal bins: of cells labelled parasitized, of cells labelled uninfected."""
    curve = evaluation.curve
    first, second = (np.histogram(p, BINS, (0, 1))[0].astype(np.float64) for p in (curve.positives, curve.negatives))
    return first, second


def _figures(evaluation: Evaluation) -> Iterable[str]:
    confusion, curve = evaluation.confusion, evaluation.curve
    diagonal = Line(np.array([0.0, 1.0]), np.array([0.0, 1.0]), dash="3 3")
    fpr, sensitivity, precision = (
        confusion.false_positive_rate.value,
        confusion.sensitivity.value,
        confusion.precision.value,
    )
    roc, pr = curve.roc(300), curve.precision_recall(300)
    yield line_chart(
        "ROC curve",
        "false-positive rate",
        "sensitivity",
        [Line(roc.x, roc.y), diagonal],
        None if fpr is None or sensitivity is None else (fpr, sensitivity),
    )
    yield line_chart(
        "Precision-recall curve",
        "sensitivity",
        "precision",
        [Line(pr.x, pr.y)],
        None if sensitivity is None or precision is None else (sensitivity, precision),
    )
    bins = [(one.mean_p, one.observed.value) for one in evaluation.reliability if one.mean_p is not None and one.n]
    points = np.array(bins, dtype=np.float64).reshape(-1, 2).T
    yield line_chart(
        "Reliability",
        "mean p_parasitized",
        "share parasitized",
        [Line(points[0], points[1], dots=True), diagonal],
        None,
    )
    yield histogram(
        "Scores by true label",
        "p_parasitized",
        *scores(evaluation),
        (f"labelled {PARASITIZED}", f"labelled {UNINFECTED}"),
        evaluation.threshold,
    )


def _essentials(batch: Batch) -> str:
    card = batch.card
    learned = card.trained_on
    facts = {
        "Model": f"{card.name} {card.version}, {card.architecture}, {card.date.isoformat()}, licence {card.licence}",
        "Size": f"{card.parameters:,} parameters, {card.macs / 1e6:.1f} million multiply-accumulates a cell",
        "Trained on": ", ".join(
            f"{key} {learned[key]}" for key in ("data", "cells", "patients", "labels", "split") if key in learned
        ),
        "Its own threshold": f"{card.threshold:g}. {card.threshold_chosen}",
        "Intended use": card.intended_use,
        "Limits": card.limits,
        "Classes": f"{CLASSES[0]} is positive: p_parasitized at or above the threshold",
    }
    return (
        "<dl>"
        + "".join(f"<dt>{escape(name)}</dt><dd>{escape(str(fact))}</dd>" for name, fact in facts.items())
        + "</dl>"
    )
