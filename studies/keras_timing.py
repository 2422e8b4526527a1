"""One cell at batch size 1, by the serving classifier and by `keras.Model.predict` on the same network, in turn.

`python -m malaria benchmark` runs this as `python -m studies.keras_timing` in a process of its own, because Keras
takes seconds to load and most of a gigabyte, and reads the JSON that it prints.
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

from malaria import phantom
from malaria.model.classifier import MODELS_DIR, load
from studies._command import Model, run

REPEATS: Final = 40


@dataclass(frozen=True)
class OneCell:
    """Medians over `repeats` turns; `ratio` is the median of the ratios, each taken within one turn."""

    keras_ms: float
    """`keras.Model.predict` on the cell as the network takes it, already resized and scaled."""
    ours_ms: float
    """`Classifier.predict` on the RGB cell: resizing and scaling are in it."""
    ratio: float
    repeats: int


def main(model: Model = None) -> None:
    """Time one cell, answered here and by Keras, and print it as JSON."""
    print(json.dumps(asdict(measure(model))))


def measure(name: str | None = None) -> OneCell:
    """Time both on one synthetic cell. The model's folder must hold model.keras."""
    classifier = load(name)
    path = MODELS_DIR / classifier.card.name / "model.keras"
    network = keras.saving.load_model(path, compile=False, safe_mode=True)
    rgb = phantom.cell("ring")
    given = classifier.preprocess(rgb)[np.newaxis]

    def with_keras() -> object:
        return network.predict(given, batch_size=1, verbose=0)

    def ours() -> object:
        return classifier.predict([rgb])

    turns = [(_milliseconds(with_keras, 1), _milliseconds(ours, 20)) for _ in range(REPEATS + 3)][3:]  # 3 to warm up
    slow, fast = zip(*turns, strict=True)
    return OneCell(median(slow), median(fast), median(a / b for a, b in turns), REPEATS)


def _milliseconds(call: Callable[[], object], times: int) -> float:
    started = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - started) / times * 1000


if __name__ == "__main__":
    run(main)
