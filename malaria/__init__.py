"""Malaria cell images: predictions, label review, sample thresholds and smear triage. For research and review only.

    import malaria

    malaria.predict(["cell.png", "cells.zip"])              # the table of cells: p_parasitized for every image
    malaria.evaluate("cells.zip", labels="labels.csv")      # every rate with its interval, by cell and by patient
    malaria.triage("fields/").triage.suspects               # the cells of a sample's fields to look at, worst first

When something cannot be done, you get an exception from `malaria.errors` whose sentence says what to do. Importing this
package loads nothing else: each function loads what it needs when first used, and none loads TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from malaria.errors import (
    ImageError,
    JournalError,
    LabelsError,
    MalariaError,
    MetricsError,
    ModelError,
    NoHeldOutError,
    ReaderTestError,
    SampleError,
    SourceError,
    TrainingError,
    UnknownLabelsError,
)

if TYPE_CHECKING:
    from malaria.model.classifier import load
    from malaria.scoring import evaluate, predict
    from malaria.smear.triage_sample import triage

__all__ = [
    "ImageError",
    "JournalError",
    "LabelsError",
    "MalariaError",
    "MetricsError",
    "ModelError",
    "NoHeldOutError",
    "ReaderTestError",
    "SampleError",
    "SourceError",
    "TrainingError",
    "UnknownLabelsError",
    "evaluate",
    "load",
    "predict",
    "triage",
]

_HOMES = {
    "evaluate": "malaria.scoring",
    "load": "malaria.model.classifier",
    "predict": "malaria.scoring",
    "triage": "malaria.smear.triage_sample",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
