"""What a run says of itself: the cells, the labels, the split and the training; and the file of one without a card."""

import hashlib
import shlex
from dataclasses import asdict
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, model_validator

from malaria.model.old_cards import convert_old_card
from malaria.model.provenance import Figures, Provenance, Split
from malaria.training.architectures import Recipe
from malaria.training.datasets import Dataset
from malaria.training.networks import vgg16_weights
from malaria.training.run import Options, split_run

FIGURES = "figures.json"
"""What was measured, for runs that have no network to ship and so no card."""


class MeasuredRun(BaseModel):
    """What `FIGURES` says: the part of a card that needs no network."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    architecture: str
    trained_on: Provenance
    metrics: dict[str, Figures]
    date: date

    _convert = model_validator(mode="before")(convert_old_card)


def provenance(options: Options, name: str, dataset: Dataset, recipe: Recipe) -> Provenance:
    """Return what the card of a run called `name` says of its cells, its labels, its split and its training."""
    return Provenance(
        data=Path(options.data).name,
        cells=len(dataset.table),
        patients=None if options.by_image else int(dataset.table["patient"].nunique()),
        fingerprint=hashlib.sha256("".join(sorted(dataset.table["image_id"])).encode()).hexdigest(),
        labels=dataset.learned_from,
        labels_file=Path(options.labels).name if options.labels else None,
        disputed=int(dataset.table["disputed"].sum()),
        disputed_left_out=options.leave_out_disputed,
        corrections=bool(options.corrections),
        split=_split(options, dataset),
        seed=options.seed,
        pretrained=Path(vgg16_weights()).name if recipe.frozen else None,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        learning_rate=recipe.learning_rate,
        schedule=recipe.schedule,
        teachers=tuple(Path(teacher).name for teacher in options.teachers),
        oversampled=options.oversample,
        early_stopping=recipe.patience is not None,
        eight_bit=recipe.eight_bit,
        augmentation=asdict(recipe.augmentation) | ({"jitter": recipe.jitter} if recipe.jitter else {}),
        threshold_of_metrics=0.5,
        command=_command(options, name),
    )


def _split(options: Options, dataset: Dataset) -> Split:
    if options.folds:
        return Split(by="image" if options.by_image else "patient", folds=options.folds)
    (split,), patients = split_run(dataset, options), dataset.patients
    return Split(
        by="image" if options.by_image else "patient",
        folds=0,
        held_out=len(set(patients[split.held_out])),
        of=len(set(patients)),
    )


def _command(options: Options, output: str) -> str:
    """The command that repeats the run, file names without their folders."""
    words = ["python", "-m", "malaria", "train", Path(options.data).name]
    words += ["--architecture", options.architecture, "--output", output]
    for name, value in asdict(options).items():
        flag = f"--{name.replace('_', '-').removesuffix('s') if name == 'teachers' else name.replace('_', '-')}"
        if name in ("data", "architecture") or value in (None, False, (), 0):
            continue
        for one in value if isinstance(value, tuple) else (value,):
            words += [flag] if one is True else [flag, Path(one).name if isinstance(one, str) else str(one)]
    return shlex.join(words)
