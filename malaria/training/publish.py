"""From a finished run to a model folder: held-out figures, temperature, both files of the network, and the card."""

import hashlib
import json
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.model_selection import GroupKFold

from malaria.images import patient_of
from malaria.labels import CLASSES, PARASITIZED
from malaria.metrics import Evaluation, Readings, apply_temperature, fit_temperature, readings
from malaria.model.card import FILE, Card
from malaria.model.classifier import Classifier
from malaria.model.held_out import FILE as HELD_OUT
from malaria.model.network import Network
from malaria.model.provenance import Figures
from malaria.training.architectures import Recipe
from malaria.training.datasets import Dataset
from malaria.training.export import litert_outputs, to_litert
from malaria.training.fitting import build_network, log_odds
from malaria.training.multiclass import SURE, calibrate_classes, measure_classes
from malaria.training.networks import count_macs
from malaria.training.provenance import FIGURES, MeasuredRun, provenance
from malaria.training.records import load_best, write_answers
from malaria.training.run import WORK, Options, make_recipe, read_held_out_answers, split_run
from malaria.training.telling import tell
from malaria.wording.numbers import percent
from malaria.wording.words import count

VERSION = "1.0.0"
"""What the version of every card begins with."""
CHECKED_CELLS = 2000
"""Cells on which the LiteRT and the Keras file are held against each other."""
INTENDED_USE = "Research, teaching and the review of labels of single red blood cells from Giemsa-stained thin smears."
NIH_LIMITS = (
    "Not a diagnosis and not a medical device. Trained on thin-smear cells of P. falciparum from one hospital "
    "(Chittagong, Bangladesh), photographed by phone; other stains, species and cameras lower its accuracy."
)
_NIH_NAME = re.compile(r"_IMG_\d{8}_\d{6}.*_cell_\d+\.\w+$")
"""What follows the slide in every file name of the NIH set: the phone's name for the photograph, the cell's number."""


@dataclass(frozen=True)
class Measured:
    """What the held-out answers of a run gave: a temperature, figures by reading, and how the temperature was had."""

    temperature: float
    metrics: dict[str, Figures]
    fitted: str


def publish(options: Options, output: Path, dataset: Dataset, report: Callable[[str], None]) -> None:
    """Write the model folder for a run whose folds, and final network if it has folds, are trained."""
    recipe = make_recipe(options)
    if recipe.serves and recipe.eight_bit:
        _answer_as_served(options, output, dataset, recipe, report)
    measured = measure(options, output, dataset, report)
    if recipe.serves:
        _write_network(options, output, dataset, recipe, measured, report)
        (output / FIGURES).unlink()


def measure(options: Options, output: Path, dataset: Dataset, report: Callable[[str], None]) -> Measured:
    """Write the held-out answers, the history and the figures of a run, and return those figures."""
    recipe = make_recipe(options)
    table = read_held_out_answers(dataset, options, output)
    if len(dataset.classes) == 2:
        table, temperature, fitted = _calibrate(table, dataset.classes)
        patients = None if options.by_image else table["patient"].tolist()
        metrics = _metrics(table, dataset.classes, patients, _second_reading(options, dataset))
    else:
        table, temperature = calibrate_classes(table, dataset.classes)
        metrics, fitted = measure_classes(table, dataset.classes), ""
    table.drop(columns=["answer", "disputed", "image_id"], errors="ignore").to_csv(
        output / HELD_OUT, index=False, float_format="%.6g", compression={"method": "gzip", "mtime": 0}
    )
    histories = _read_histories(output)
    (output / "history.json").write_text(json.dumps(histories, indent=1))
    run = MeasuredRun(
        architecture=recipe.name,
        trained_on=provenance(options, output.name, dataset, recipe),
        metrics=metrics,
        date=datetime.now(UTC).date(),
    )
    (output / FIGURES).write_text(run.model_dump_json(indent=1) + "\n")
    report(tell(metrics, dataset.classes, temperature, histories))
    return Measured(temperature, metrics, fitted)


def _answer_as_served(
    options: Options, output: Path, dataset: Dataset, recipe: Recipe, report: Callable[[str], None]
) -> None:
    """Replace each fold's held-out answers by those of the LiteRT file made from its network.

    The figures of the card are then about what is served, 8-bit rounding and all.
    """
    serving = dataset.serving
    for number, split in enumerate(split_run(dataset, options)):
        folder = output / WORK / f"fold-{number}"
        network = build_network(recipe, dataset.outputs)
        load_best(network, folder)
        raw = litert_outputs(to_litert(network, recipe, serving[split.train]), recipe, serving[split.held_out])
        write_answers(folder, split.held_out, log_odds(raw, recipe))
        report(f"fold {number + 1}: held-out cells answered as served")


def _calibrate(table: pd.DataFrame, classes: tuple[str, ...]) -> tuple[pd.DataFrame, float, str]:
    """Add p of the positive class, each patient's at a temperature fitted on the others.

    Return the temperature of all as well, and in words how it was had. Temperatures are fitted on undisputed
    cells; where those are of one class there is none to fit, and p stays as it is.
    """
    p = expit(np.clip(table["answer"].to_numpy(np.float64), -20, 20))
    positive = (table["label"] == classes[1]).to_numpy()
    sure = ~table["disputed"].to_numpy(bool)
    scaled, as_it_was, groups = p.copy(), np.ones(len(p), bool), table["patient"].to_numpy()
    parts = min(5, len(set(groups)))
    for fitted, applied in GroupKFold(parts).split(p, groups=groups) if parts > 1 else ():
        chosen = fitted[sure[fitted]]
        if temperature := _temperature(p[chosen], positive[chosen]):
            scaled[applied] = apply_temperature(p[applied], temperature)
            as_it_was[applied] = False
    whole = _temperature(p[sure], positive[sure])
    said = _tell_how_fitted(classes[1], whole, as_it_was)
    return table.assign(**{_column(classes[1]): scaled}), whole or 1.0, said


def _column(positive: str) -> str:
    return "p_parasitized" if positive == PARASITIZED else f"p_{positive}"


def _temperature(p: NDArray[np.float64], positive: NDArray[np.bool_]) -> float | None:
    """The temperature at which the labels are likeliest; None where they are of one class."""
    return fit_temperature(p, positive) if positive.any() and not positive.all() else None


def _tell_how_fitted(positive: str, temperature: float | None, as_it_was: NDArray[np.bool_]) -> str:
    name = "p_parasitized" if positive == PARASITIZED else f"p of {positive}"
    if temperature is None:
        return f"{name} is not calibrated, because the held-out cells are of one class; the temperature is 1."
    if not as_it_was.any():
        return f"{name} has a temperature fitted on held-out patients."
    return (
        f"{name} has a temperature fitted on held-out patients, but {as_it_was.sum():,} of the "
        f"{count(as_it_was.size, 'cell')} that the figures are about were measured without, "
        "because the other held-out patients have cells of one class only."
    )


def _second_reading(options: Options, dataset: Dataset) -> str:
    """Whose labels are learned, where they are not those given: the name of the reading by them (`name_reading`)."""
    if options.corrections or dataset.learned_from == "corrected_label":
        return "corrected"
    return "expert" if dataset.learned_from == "expert_label" else "learned"


def _metrics(
    table: pd.DataFrame, classes: tuple[str, ...], patients: list[str] | None, second: str
) -> dict[str, Figures]:
    """Held-out figures in every reading that the labels allow, at a threshold of one half."""
    positive = classes[1]
    given, learned = (table[column] == positive for column in ("given_label", "label"))
    p = table[_column(positive)].to_numpy()
    other = learned.map({True: CLASSES[0], False: CLASSES[1]})
    three: Readings = readings(given, other, p, 0.5, patients, name=second)
    named = {"as_given": three.as_given}
    if three.disputed:
        named |= {three.name: three.corrected, "undisputed": three.undisputed}
    return {name: _figures(reading) for name, reading in named.items()}


def _figures(reading: Evaluation) -> Figures:
    """One reading's figures, with the sensitivity at the specificity that a whole sample needs."""
    strict = reading.curve.sensitivity_at_specificity(0.9995)
    figures = reading.to_dict() | {"sensitivity_at_9995_specificity": strict.value}
    figures["intervals"]["sensitivity_at_9995_specificity"] = list(strict.interval) if strict.interval else None
    said = {name: _round_all(value) for name, value in figures.items() if name not in ("model", "reasons", "left_out")}
    return Figures.model_validate(said)


def _write_network(
    options: Options,
    output: Path,
    dataset: Dataset,
    recipe: Recipe,
    measured: Measured,
    report: Callable[[str], None],
) -> None:
    network = build_network(recipe, dataset.outputs)
    load_best(network, output / WORK / ("final" if options.folds else "fold-0"))
    chosen = np.random.default_rng(options.seed).permutation(len(dataset.table))[:CHECKED_CELLS]
    serving = dataset.serving[chosen]
    litert = to_litert(network, recipe, serving)
    card = Card(
        name=output.name,
        version=VERSION,
        architecture=recipe.name,
        about=recipe.about,
        preprocessing=recipe.preprocessing,
        classes=dataset.classes,
        output=recipe.output if len(dataset.classes) == 2 else "softmax",
        temperature=round(measured.temperature, 4),
        **_threshold(dataset, measured),
        parameters=network.count_params(),
        macs=count_macs(network),
        trained_on=provenance(options, output.name, dataset, recipe),
        metrics=measured.metrics,
        date=datetime.now(UTC).date(),
        commit=_commit(),
        **_use(options, dataset),
    )
    network.save(output / "model.keras")
    (output / "model.tflite").write_bytes(litert)
    served = Classifier(card, litert) if card.judges_cells else Network(card, litert)
    difference = largest_difference(network, served, serving)
    hashes = {name: _hash(output / name) for name in ("model.tflite", "model.keras")}
    card = card.model_copy(
        update={"largest_difference": round(difference, 6), "version": _version(card, litert), "sha256": hashes}
    )
    report(f"LiteRT and Keras differ by at most {difference:.2g} over {count(len(serving), 'cell')}")
    (output / FILE).write_text(card.model_dump_json(indent=1) + "\n")


def _hash(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _version(card: Card, litert: bytes) -> str:
    """A version of this network and no other: whatever is remembered of a model is remembered by its version."""
    told = card.model_dump_json(exclude={"version", "largest_difference", "sha256", "date", "commit"})
    return f"{VERSION}+{hashlib.sha256(told.encode() + litert).hexdigest()[:8]}"


def _threshold(dataset: Dataset, measured: Measured) -> dict[str, Any]:
    """The card's threshold and how it was chosen."""
    if len(dataset.classes) == 2:
        return {"threshold": 0.5, "threshold_chosen": f"One half. {measured.fitted}"}
    return {
        "threshold": measured.metrics["as_given"].threshold,
        "threshold_chosen": f"The lowest probability of the likeliest class from which on {percent(SURE)} of "
        "the held-out answers are right; below it there is no answer.",
    }


def _use(options: Options, dataset: Dataset) -> dict[str, str]:
    """What the card says of the use and limits of the network: what is known of the NIH's cells only of those."""
    measured = f"Trained and measured on {len(dataset.table):,} pictures of one set"
    if set(dataset.classes) == set(CLASSES):
        if all(patient_of(file) and _NIH_NAME.search(file) for file in dataset.table["file"]):
            return {"intended_use": INTENDED_USE, "limits": NIH_LIMITS}
        return {
            "intended_use": "Research, teaching and the review of labels of single red blood cells in pictures like "
            "those it was trained on.",
            "limits": f"Not a diagnosis and not a medical device. {measured}, {Path(options.data).name}; other "
            "laboratories, species, stains and cameras lower its accuracy.",
        }
    names = ", ".join(dataset.classes)
    return {
        "intended_use": f"Research and teaching: telling {names} apart in pictures like those it was trained on.",
        "limits": "Not a diagnosis and not a medical device. It knows these classes only, and calls anything else one "
        f"of them too. {measured}; other laboratories, stains and cameras lower its accuracy.",
    }


def largest_difference(network: keras.Model, served: Network, serving: NDArray[np.uint8]) -> float:
    """Return the largest difference between the two files, on uint8 cells as the network sees them.

    In p_parasitized where the network judges cells, else in what it answers with.
    """
    scaled = served.card.preprocessing.scale_values(serving)
    raw = np.asarray(network.predict(scaled, verbose=0, batch_size=256), np.float32)
    if isinstance(served, Classifier):
        return float(np.abs(served.p_from_outputs(raw) - served.predict_pixels(serving)).max())
    return float(np.abs(raw - served.outputs(serving)).max())


def _read_histories(output: Path) -> dict[str, Any]:
    """The history of every fold, and of the final network, by name."""
    return {path.parent.name: json.loads(path.read_text()) for path in sorted((output / WORK).glob("*/history.json"))}


def _round_all(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _round_all(entry) for name, entry in value.items()}
    return [_round_all(entry) for entry in value] if isinstance(value, list | tuple) else value


def _commit() -> str | None:
    """The commit of the checkout that this package stands in; None where it was installed from a wheel."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():  # git would go on to look above it, and find somebody else's
        return None
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
            cwd=checkout,
            timeout=10,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip()
