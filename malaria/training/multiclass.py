"""Held-out figures for any number of classes: accuracy and Cohen's kappa with intervals, and the confusion matrix."""

from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import cohen_kappa_score, confusion_matrix

from malaria.metrics import Rate

RESAMPLES = 1000


def measure_classes(table: pd.DataFrame, classes: tuple[str, ...], seed: int = 0) -> dict[str, Any]:
    """Measure held-out cells against the labels learned.

    `table` has `label` and a column `p_CLASS` for each class. Accuracy has a 95 % Wilson interval, kappa a 95 %
    bootstrap interval over cells (1,000 resamples).
    """
    answers = np.asarray(classes)[table[[f"p_{name}" for name in classes]].to_numpy().argmax(axis=1)]
    labels = table["label"].to_numpy()
    accuracy = Rate.share(int((answers == labels).sum()), len(table), "There are no cells.")
    random = np.random.default_rng(seed)
    kappas = [
        cohen_kappa_score(labels[chosen], answers[chosen], labels=list(classes))
        for chosen in random.integers(0, len(table), (RESAMPLES, len(table)))
    ]
    return {
        "as_given": {
            "n": len(table),
            "classes": list(classes),
            "confusion_matrix": confusion_matrix(labels, answers, labels=list(classes)).tolist(),
            "accuracy": accuracy.value,
            "kappa": float(cohen_kappa_score(labels, answers, labels=list(classes))),
            "intervals": {
                "accuracy": list(accuracy.interval) if accuracy.interval else None,
                "kappa": np.nanpercentile(kappas, [2.5, 97.5]).tolist(),
            },
        }
    }
