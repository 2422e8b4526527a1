"""A batch on one page: a single HTML file that needs nothing else, to read, to send and to print."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any, Final

import numpy as np
from markupsafe import Markup

from malaria.batch import sentences, tables
from malaria.batch.relabelled import Relabelled
from malaria.batch.table import Batch
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.metrics import Evaluation, Readings
from malaria.model.calibration import say_calibration
from malaria.report.charts import Line, histogram, line_chart
from malaria.report.html import render, render_page

BINS: Final = 40
"""Of the histogram of p_parasitized."""


def report(
    batch: Batch, readings: Readings | None = None, today: date | None = None, relabelled: Relabelled | None = None
) -> str:
    """Return the report of a batch at its threshold as HTML; `today` is the date it bears.

    With figures that were `relabelled`, these stand there, too.
    """
    evaluation = batch.evaluation
    body = render(
        "batch/report.html",
        batch=batch,
        day=today or date.today(),
        summary=sentences.summarise(evaluation),
        counted=sentences.say_what_counts(batch),
        by_patient=sentences.by_patient_sentence(evaluation),
        calibration=sentences.calibration_sentence(evaluation),
        tables={
            "matrix": tables.matrix_table(
                evaluation.confusion, f"Confusion matrix at threshold {evaluation.threshold:g}"
            ),
            "classes": tables.classification_report(evaluation.confusion),
            "rates": tables.rates_table(evaluation),
            "readings": tables.readings_table(readings) if readings else "",
            "relabelled": tables.relabelled_table(relabelled) if relabelled else "",
        },
        bias=sentences.say_bias(relabelled) if relabelled else "",
        figures=list(_figures(evaluation)),
        facts=_essentials(batch),
    )
    return render_page(f"Evaluation of {batch.name}", Path(__file__).with_name("report.css"), body)


def count_scores(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """Counts of p_parasitized in `BINS` equal bins: of cells labelled parasitized, of cells labelled uninfected."""
    curve = evaluation.curve
    first, second = (np.histogram(p, BINS, (0, 1))[0].astype(np.float64) for p in (curve.positives, curve.negatives))
    return first, second


def _figures(evaluation: Evaluation) -> Iterable[Markup]:
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
        *count_scores(evaluation),
        (f"labelled {PARASITIZED}", f"labelled {UNINFECTED}"),
        evaluation.threshold,
    )


def _essentials(batch: Batch) -> dict[str, Any]:
    card = batch.card
    run = card.trained_on
    learned = (run.data, run.cells, run.patients, run.labels, run.split and run.split.in_words)
    return {
        "Model": f"{card.name} {card.version}, {card.architecture}, {card.date.isoformat()}, licence {card.licence}",
        "Size": f"{card.parameters:,} parameters, {card.macs / 1e6:.1f} million multiply-accumulates a cell",
        "Trained on": ", ".join(
            f"{key} {said}"
            for key, said in zip(("data", "cells", "patients", "labels", "split"), learned, strict=True)
            if said
        ),
        "Its own threshold": f"{card.threshold:g}. {card.threshold_chosen}",
        "Its calibration": say_calibration(card),
        "Intended use": card.intended_use,
        "Limits": card.limits,
        "Classes": f"{CLASSES[0]} is positive: p_parasitized at or above the threshold",
    }
