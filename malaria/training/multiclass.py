"""Held-out figures for any number of classes: calibrated probabilities, from when to believe them, accuracy, kappa."""

from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from sklearn.model_selection import GroupKFold

from malaria.metrics import TEMPERATURES, Rate, expected_calibration_error, reliability
from malaria.model.provenance import Figures

RESAMPLES = 1000
SURE: Final = 0.95
"""The share of right answers from which on a network's answers are given."""


def calibrate_classes(table: pd.DataFrame, classes: tuple[str, ...]) -> tuple[pd.DataFrame, float]:
    """Bring held-out answers to a temperature, each patient's to one fitted on the others; return that of all as well.

    `table` has `label`, `patient` and a column `p_CLASS` for each class, each row adding up to 1. The temperature
    divides the logarithms of the probabilities (Guo et al. 2017, arXiv:1706.04599).
    """
    columns = [f"p_{name}" for name in classes]
    odds = np.log(np.clip(table[columns].to_numpy(np.float64), 1e-9, 1))
    labels = table["label"].map(classes.index).to_numpy(np.int64)
    p, patients = softmax(odds, axis=1), table["patient"].to_numpy()
    parts = min(5, len(set(patients)))
    for fitted, applied in GroupKFold(parts).split(odds, groups=patients) if parts > 1 else ():
        p[applied] = softmax(odds[applied] / _temperature(odds[fitted], labels[fitted]), axis=1)
    return table.assign(**dict(zip(columns, p.T, strict=True))), _temperature(odds, labels)


def measure_classes(table: pd.DataFrame, classes: tuple[str, ...], seed: int = 0) -> dict[str, Figures]:
    """Measure held-out cells against the labels learned.

    `table` has `label` and a column `p_CLASS` for each class. Accuracy has a 95 % Wilson interval, kappa a 95 %
    bootstrap interval over cells (1,000 resamples). `ece` is about the probability of the likeliest class.
    `threshold` is the lowest probability of the likeliest class from which on `SURE` of the answers are right; it
    is chosen on the same cells that `answered`, the share above it, and `accuracy_answered` are about.
    """
    p = table[[f"p_{name}" for name in classes]].to_numpy(np.float64)
    answers = np.asarray(classes)[p.argmax(axis=1)]
    labels = table["label"].to_numpy()
    right = answers == labels
    threshold = find_sure_threshold(p.max(axis=1), right)
    given = p.max(axis=1) >= threshold
    rates = {
        "accuracy": Rate.share(int(right.sum()), len(table), "There are no cells."),
        "answered": Rate.share(int(given.sum()), len(table), "There are no cells."),
        "accuracy_answered": Rate.share(int(right[given].sum()), int(given.sum()), "Nothing was answered."),
    }
    random = np.random.default_rng(seed)
    kappas = [
        cohen_kappa_score(labels[chosen], answers[chosen], labels=list(classes))
        for chosen in random.integers(0, len(table), (RESAMPLES, len(table)))
    ]
    intervals = {name: rate.interval for name, rate in rates.items()}
    low, high = np.nanpercentile(kappas, [2.5, 97.5]).tolist()
    return {
        "as_given": Figures(
            n=len(table),
            classes=classes,
            confusion_matrix=confusion_matrix(labels, answers, labels=list(classes)).tolist(),
            **{name: rate.value for name, rate in rates.items()},
            kappa=float(cohen_kappa_score(labels, answers, labels=list(classes))),
            ece=expected_calibration_error(reliability(right, p.max(axis=1))),
            threshold=threshold,
            intervals={**intervals, "kappa": (low, high)},
        )
    }


def find_sure_threshold(p: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Return the lowest p from which on the share `SURE` of the answers (n,) are right; 0.99 if there is none.

    `p` (n,) is the probability of each answer. Whole hundredths are tried.
    """
    for threshold in np.arange(1, 100) / 100:
        given = p >= threshold
        if given.any() and right[given].mean() >= SURE:
            return float(threshold)
    return 0.99


def _temperature(odds: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature at which the labels (n,) are likeliest, given log-probabilities (n, classes)."""

    def loss(log_t: float) -> float:
        return float(-log_softmax(odds / np.exp(log_t), axis=1)[np.arange(len(labels)), labels].mean())

    low, high = np.log(TEMPERATURES)
    return float(np.exp(minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-6}).x))
