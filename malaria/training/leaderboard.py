"""One table of every network: what it costs, and how good it is on the same held-out patients, with intervals."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from ai_edge_litert.interpreter import Interpreter

from malaria.errors import TrainingError
from malaria.model.card import FILE, Card, read_card
from malaria.model.classifier import MODELS_DIR
from malaria.model.leaderboard import alike, complete_old_table, describe_measurement, flat_rates, say_how_measured
from malaria.model.provenance import Provenance
from malaria.training.architectures import RECIPES, Recipe, find_recipe
from malaria.training.datasets import Dataset
from malaria.training.export import to_litert
from malaria.training.fitting import build_network
from malaria.training.networks import count_macs
from malaria.training.provenance import FIGURES, MeasuredRun, provenance
from malaria.training.run import Options, make_recipe

BATCHES = (1, 256)
ROUNDS = 15


def leaderboard(
    folders: Sequence[Path],
    default: Path,
    missing: dict[str, str],
    report: Callable[[str], None] = print,
    earlier: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return a row for each run in `folders` (model folders, or runs that were only measured), best first.

    Times are relative to the model in `default`, taken in one run: `relative_ms_1` and `relative_ms_256` compare one
    cell, in batches of 1 and of 256, on one thread. `missing` maps networks without a run to the reason; one that was
    measured in an `earlier` table keeps its row.
    """
    reference = (default / "model.tflite").read_bytes()
    rows = []
    for folder in folders:
        report(f"timing {folder.name}")
        rows.append(_row(folder, reference))
    rows += [_keep_row(name, earlier) or _empty_row(find_recipe(name), reason) for name, reason in missing.items()]
    by = ["expert_accuracy", "as_given_accuracy"]  # the second where no labels are disputed
    return pd.DataFrame(rows).sort_values(by, ascending=False, na_position="last", ignore_index=True)


def describe_request(options: Options, dataset: Dataset) -> dict[str, Any]:
    """Return on what a run by `options` would be measured, as columns of the table."""
    undisputed = len(dataset.table) - int(dataset.table["disputed"].sum())
    run = provenance(options, options.architecture, dataset, make_recipe(options))
    return describe_measurement(run) | {"undisputed_n": undisputed if undisputed < len(dataset.table) else None}


def find_measured_folder(
    name: str, runs: Path, asked: Mapping[str, Any], models: Path = MODELS_DIR, epochs: int | None = None
) -> Path | None:
    """Return where the network called `name` was measured as `asked`: its model folder, else its run; None if nowhere.

    Raises `TrainingError` for a run in `runs` that was measured otherwise or, where `epochs` are asked for, was trained
    for others.
    """
    of_model = models / name  # which may hold any network
    if is_measured(of_model) and read_run(of_model).architecture == name and alike(_read_folder(of_model), asked):
        return of_model
    folder = runs / name
    if not is_measured(folder):
        return None
    found = _read_folder(folder)
    if not alike(found, asked) or (epochs and found["epochs"] != epochs):
        wanted = f" and {epochs} epochs" if epochs else ""
        raise TrainingError(
            f"{folder} was measured on {say_how_measured(found)}, trained for at most {found['epochs']} epochs. Asked "
            f"for are {say_how_measured(asked)}{wanted}. Name another folder with --runs, or remove this one."
        )
    return folder


def read_earlier(file: Path) -> pd.DataFrame | None:
    """Return the table that is to be written anew, None where there is none yet.

    Raises `TrainingError` for a file that cannot be such a table, or could not be written.
    """
    if not file.parent.is_dir():
        raise TrainingError(f"There is no folder {file.parent} for the table. Make it, or name another --output.")
    if not file.exists():
        return None
    try:
        table = pd.read_csv(file)
        if "name" not in table:
            raise ValueError("it has no column name")
    except (ValueError, OSError) as problem:
        said = " ".join(str(problem).split())
        raise TrainingError(f"{file} is not a table of networks ({said}). Name another --output.") from None
    return complete_old_table(table)


def refuse_other_rows(table: pd.DataFrame, asked: Mapping[str, Any], file: Path) -> None:
    """Raise `TrainingError` where an earlier table, read from `file`, has rows that were measured otherwise."""
    for row in table.to_dict("records"):
        if pd.notna(row.get("date")) and not alike(row, asked):
            raise TrainingError(
                f"{file} is a table of {say_how_measured(row)} ({row['name']}); asked for are "
                f"{say_how_measured(asked)}. What is not measured alike has no place in one table: name another file "
                "with --output."
            )


def read_run(folder: Path) -> Card | MeasuredRun:
    """Return what a run measured, from its card or its figures."""
    if (folder / FILE).exists():
        return read_card(folder)
    return MeasuredRun.model_validate_json((folder / FIGURES).read_text())


def is_measured(folder: Path) -> bool:
    """Whether `folder` holds what a run measured."""
    return (folder / FILE).exists() or (folder / FIGURES).exists()


def _read_folder(folder: Path) -> dict[str, Any]:
    run = read_run(folder)
    return describe_measurement(run.trained_on) | flat_rates(run.metrics)


def _row(folder: Path, reference: bytes) -> dict[str, Any]:
    run = read_run(folder)
    recipe = find_recipe(run.architecture)
    network = build_network(recipe, 1)
    shipped = (folder / "model.tflite").exists()
    litert = (folder / "model.tflite").read_bytes() if shipped else _export_untrained(recipe)
    times = _relative_times(litert, reference)
    return {
        "name": folder.name,
        "about": recipe.about,
        "shipped": shipped,
        "parameters": network.count_params(),
        "macs": count_macs(network),
        "size_bytes": len(litert),
        **{f"relative_ms_{batch}": round(ratio, 3) for batch, ratio in zip(BATCHES, times, strict=True)},
        **flat_rates(run.metrics),
        "note": _note(run.trained_on, recipe),
        "date": run.date.isoformat(),
        **describe_measurement(run.trained_on),
    }


def _note(run: Provenance, recipe: Recipe) -> str:
    """What a reader must know about how a run was trained, beside its recipe."""
    shorter = f"{run.epochs} epochs instead of {recipe.epochs}" if run.epochs != recipe.epochs else ""
    pretrained = f"starts from the weights {run.pretrained}" if run.pretrained else ""
    return ", ".join(filter(None, (shorter, pretrained)))


def _keep_row(name: str, earlier: pd.DataFrame | None) -> dict[str, Any] | None:
    """The row of a network that was measured before."""
    if earlier is None or "date" not in earlier:
        return None
    measured = earlier[(earlier["name"] == name) & earlier["date"].notna()]
    return None if measured.empty else {str(key): value for key, value in measured.iloc[0].items()}


def _empty_row(recipe: Recipe, reason: str) -> dict[str, Any]:
    return {"name": recipe.name, "about": recipe.about, "shipped": False, "note": f"not measured: {reason}"}


def _export_untrained(recipe: Recipe) -> bytes:
    """The LiteRT file of a network that was only measured: its weights do not matter for size and time."""
    cells = np.zeros((8, recipe.preprocessing.height, recipe.preprocessing.width, 3), np.uint8)
    return to_litert(build_network(recipe, 1), recipe, cells)


def _relative_times(litert: bytes, reference: bytes) -> list[float]:
    """Median time of one network over that of the reference, for each batch size, the two taken in turns."""
    return [
        statistics.median(_seconds(one) / _seconds(other) for _ in range(ROUNDS))
        for one, other in ((_prepare(litert, batch), _prepare(reference, batch)) for batch in BATCHES)
    ]


def _prepare(litert: bytes, batch: int) -> Interpreter:
    interpreter = Interpreter(model_content=litert, num_threads=1)
    (given,) = interpreter.get_input_details()
    shape = (batch, *given["shape"][1:])
    interpreter.resize_tensor_input(given["index"], shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(given["index"], np.random.default_rng(0).random(shape, np.float32))
    interpreter.invoke()
    return interpreter


def _seconds(interpreter: Interpreter) -> float:
    started = time.perf_counter()
    interpreter.invoke()
    return time.perf_counter() - started


def trainable() -> list[str]:
    """Names of the networks that belong on the table: all but those that only teach."""
    return [name for name, recipe in RECIPES.items() if recipe.serves]
