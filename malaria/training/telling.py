"""What a run says of itself when it ends: every figure with its interval, and whatever speaks against the network."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from malaria.metrics import TEMPERATURES, is_at_bound
from malaria.model.provenance import Figures
from malaria.wording.numbers import DASH
from malaria.wording.words import list_some

_RATES: Final = ("accuracy", "kappa", "sensitivity", "specificity", "auc", "ece")
_RATES_OF_MANY: Final = ("accuracy", "kappa", "answered", "accuracy_answered", "ece")
_NAMES: Final = {"ece": "calibration error", "accuracy_answered": "accuracy of these", "auc": "AUC"}


def tell(
    metrics: Mapping[str, Figures],
    classes: Sequence[str],
    temperature: float,
    histories: Mapping[str, Sequence[Mapping[str, Any]]],
) -> str:
    """Return the lines that a run ends with: its held-out figures by reading, then a sentence for each concern.

    `classes` in the order of the outputs, the positive one second of two; `histories` holds each training's epochs.
    """
    figures = [_tell_figures(name, reading) for name, reading in metrics.items()]
    concerns = (
        _tell_unused(metrics["as_given"], classes),
        _tell_temperature(temperature),
        _tell_validation(histories),
    )
    return "\n".join([*figures, *filter(None, concerns)])


def _tell_figures(name: str, figures: Figures) -> str:
    rates = _RATES_OF_MANY if figures.classes else _RATES
    shown = (f"{_NAMES.get(rate, rate)} {_tell_rate(figures, rate)}" for rate in rates)
    return f"held out, {name.replace('_', ' ')}: n {figures.n}, {', '.join(shown)}"


def _tell_rate(figures: Figures, name: str) -> str:
    value, ends = figures.rate(name), figures.interval(name)
    if value is None:
        return f"{DASH} (cannot be computed)"
    return f"{value:.4f}" + (f" [{ends[0]:.4f}, {ends[1]:.4f}]" if ends else "")


def _tell_unused(figures: Figures, classes: Sequence[str]) -> str:
    """Name the classes that no held-out cell was called."""
    if figures.confusion_matrix:
        called = [sum(column) for column in zip(*figures.confusion_matrix, strict=True)]
    elif counts := figures.confusion:
        called = [counts.fn + counts.tn, counts.tp + counts.fp]
    else:
        return ""
    unused = [name for name, n in zip(classes, called, strict=True) if not n]
    return f"Not one of the {figures.n:,} held-out cells was called {list_some(unused)}." if unused else ""


def _tell_temperature(temperature: float) -> str:
    if not is_at_bound(temperature):
        return ""
    low, high = TEMPERATURES
    return (
        f"The temperature stopped at {temperature:.3g}, an end of the range that is searched ({low:g} to {high:g}): "
        "the probabilities are not calibrated."
    )


def _tell_validation(histories: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """Name the trainings whose validation loss was never lower than after their first epoch."""
    stuck = [
        _name_training(name)
        for name, rows in histories.items()
        if len(rows) > 1 and "val_loss" in rows[0] and min(row["val_loss"] for row in rows[1:]) >= rows[0]["val_loss"]
    ]
    return f"Validation never improved on the first epoch, whose network was kept: {list_some(stuck)}." if stuck else ""


def _name_training(name: str) -> str:
    """The training called "fold-0" as progress counts it: "fold 1"."""
    kind, _, number = name.partition("-")
    return f"{kind} {int(number) + 1}" if number else kind
