"""What can only be measured in a process of its own: against Keras, which nothing that serves may load, and the app."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from malaria.benchmark.figures import Figure, Task
from malaria.model import classifier as model

_PATIENCE: Final = 900  # seconds
_STUDIES: Final = Path(__file__).resolve().parents[2] / "studies"


def measure_one_cell(task: Task) -> Iterator[Figure]:
    """Measure one cell at batch size 1 against `keras.Model.predict` on the same network."""
    name = task.model or model.DEFAULT_MODEL
    if (model.MODELS_DIR / name / "model.keras").is_file():
        found, problem = _run("studies.keras_timing", task)
    else:
        found, problem = {}, f"{name} has no model.keras to compare with"
    note = problem or f"median of {found['repeats']} turns"
    yield Figure(
        "one_cell_times_faster",
        found.get("ratio"),
        "times",
        "one cell, faster than keras.Model.predict on the same network",
        at_least=50,
        note=note,
    )
    yield Figure("one_cell_ms", found.get("ours_ms"), "ms", "one cell, resizing included")
    yield Figure("keras_predict_ms", found.get("keras_ms"), "ms", "one cell, keras.Model.predict")


def measure_app(task: Task) -> Iterator[Figure]:
    """Measure the app: the first page, answers on the single-cell page, and the memory of the server after them."""
    found, problem = _run("studies.app_timing", task)
    figures = (
        Figure("app_first_page_s", found.get("first_page_s"), "s", "app: start to first page sent", at_most=5),
        Figure("app_prediction_s", found.get("prediction_s"), "s", "app: single-cell page with its answer"),
        Figure("app_resident_mb", found.get("resident_mb"), "MB", "app: resident memory", at_most=400),
        Figure("app_tensorflow_loaded", found.get("tensorflow_loaded"), "", "app: TensorFlow loaded", at_most=0),
    )
    after = f"after {found.get('predictions')} predictions"
    notes = (problem, problem, problem or after, problem or after)
    yield from (replace(figure, note=note) for figure, note in zip(figures, notes, strict=True))


def measure_users(task: Task) -> Iterator[Figure]:
    """Measure twenty visitors at once on the single-cell page: how long they wait, what it costs, what goes wrong."""
    found, problem = _run("studies.users_timing", task)
    note = problem or f"{found['users']} at once, {found['answers']} answers"
    figures = (
        Figure("users_wrong", found.get("wrong"), "", "users: answers other than the library's", at_most=0),
        Figure("users_lost", found.get("lost"), "", "users: cells without an answer", at_most=0),
        Figure("users_processor_s", found.get("processor_s"), "s", "users: processor time per answer", at_most=0.08),
        Figure("users_p50_s", found.get("p50_s"), "s", "users: half have their answer within"),
        Figure("users_p95_s", found.get("p95_s"), "s", "users: 95 % have their answer within"),
        Figure("users_whole_p95_s", found.get("whole_p95_s"), "s", "users: 95 % have the whole page within"),
        Figure("users_per_second", found.get("answers_per_second"), "answers/s", "users: answers"),
        Figure("users_peak_mb", found.get("peak_mb"), "MB", "users: most resident memory of the server"),
    )
    yield from (replace(figure, note=note) for figure in figures)


def _run(module: str, task: Task) -> tuple[dict[str, Any], str]:
    """What the module prints as JSON, and "", or nothing and the last thing that it said."""
    if not _STUDIES.is_dir():
        return {}, "needs a checkout of the project"
    command = [sys.executable, "-m", module, *([task.model] if task.model else [])]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        return {}, f"gave up after {_PATIENCE} seconds"
    if done.returncode:
        return {}, (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found, ""
