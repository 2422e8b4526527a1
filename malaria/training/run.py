"""One training run, from labelled cells to a model folder: folds, held-out answers, temperature, final network."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.errors import ModelError, TrainingError
from malaria.model.card import NAME
from malaria.model.held_out import read_held_out_file
from malaria.training.architectures import Recipe, Schedule, find_recipe, resize
from malaria.training.datasets import Dataset, load_dataset
from malaria.training.fitting import Pixels, build_network, fit, frozen_features, logits, shorten
from malaria.training.records import answers_file, load_best, read_answers, read_json, write_answers, write_json
from malaria.training.splits import Fold, split_folds, split_validation

WORK = "work"
"""Folder inside the output that holds every fold's weights, so that a killed run goes on where it was."""
OPTIONS, CELLS = "options.json", "cells.json"
"""Files in it: what the run was asked for, and the fingerprint of the cells that it was asked it of."""
DISTRUST_BELOW = 0.3
"""A cell whose given label earlier held-out answers find less likely than this is not learned from."""


@dataclass(frozen=True)
class Options:
    """What a run was asked for; kept beside it, and compared when it is resumed."""

    data: str
    architecture: str
    labels: str | None = None
    label_column: str | None = None
    corrections: str | None = None
    folds: int = 0
    epochs: int | None = None
    seed: int = 0
    by_image: bool = False
    leave_out_disputed: bool = False
    distrust: str | None = None
    teachers: tuple[str, ...] = ()
    member: int = 0
    """Another start of the same folds, for ensembles."""
    without: tuple[str, ...] = ()
    oversample: bool = False
    """Show cells of rare classes as often as those of the most frequent one."""
    blocks: int | None = None
    channels: int | None = None
    schedule: Schedule | None = None
    """How the learning rate falls. Default: as the recipe says."""
    all_epochs: bool = False
    """Stop at no validation loss, and learn from the cells that would have been kept for it too."""
    eight_bit: bool = False
    """Serve with 8-bit weights and activations."""


def check_options(options: Options, output: Path, resume: bool = False, only: Sequence[int] = ()) -> None:
    """Raise `TrainingError` for what can be told before any cell is read, an output folder in use among it.

    `only` names the folds to be trained, if not all are.
    """
    recipe = make_recipe(options)
    if only and not options.folds:
        raise TrainingError("--only-fold chooses one of several folds. Say how many there are with --folds.")
    if wrong := [number for number in only if not 0 <= number < options.folds]:
        raise TrainingError(f"There is no fold {wrong[0]}: the {options.folds} folds are 0 to {options.folds - 1}.")
    if options.folds == 1:
        raise TrainingError("One fold is not a split. Use --folds 2 or more, or leave out --folds to hold out a fifth.")
    if options.teachers and recipe.output != "logit":
        raise TrainingError(f"{recipe.name} cannot be taught: only networks that answer in log-odds can.")
    for name in (options.labels, options.corrections, options.distrust):
        if name and not Path(name).is_file():
            raise TrainingError(f"There is no file {name}.")
    if recipe.serves and not re.fullmatch(NAME, output.name):
        raise TrainingError(
            f"{output.name!r} cannot be the name of a model. Name an --output of at most 64 small letters a to z, "
            "digits, points, hyphens and underscores, a letter or digit first."
        )
    _check_writable(output)
    if output.exists() and not resume:
        raise TrainingError(f"{output} exists. Choose another folder, or add --resume to continue the run in it.")
    if _holds_no_run(output):
        raise TrainingError(
            f"{output} holds no run that could be continued, and would be overwritten. Choose another folder."
        )
    for name in _list_teachers(options, resume):
        _check_teacher(Path(name), options)
    if _is_started(output) and (found := _find_differences(_read_options(output), _plain(options))):
        raise TrainingError(f"The run in {output} was started with other options ({', '.join(found)}). Use those.")


def read_cells(options: Options, report: Callable[[str], None] = print) -> Dataset:
    """Read the labelled cells that `options` name, as their network wants them."""
    return load_dataset(
        Path(options.data),
        make_recipe(options),
        labels=Path(options.labels) if options.labels else None,
        label_column=options.label_column,
        corrections=Path(options.corrections) if options.corrections else None,
        by_image=options.by_image,
        report=report,
    )


def train_folds(
    options: Options,
    output: Path,
    dataset: Dataset,
    *,
    only: Sequence[int] = (),
    final: bool = True,
    tensorboard: bool = False,
    report: Callable[[str], None] = print,
) -> None:
    """Train on `dataset` what `options` ask for into `output`/work: each fold, then the final network.

    What is there already is kept.

    `only` names the folds to train in this process, for runs spread over machines; empty means all.
    """
    recipe = make_recipe(options)
    outputs = dataset.outputs
    _check_cells(options, output, dataset)
    splits = split_run(dataset, options)
    pixels = _pixels(dataset, recipe, options)
    _record(options, output, dataset)  # only now, so that what is refused leaves no folder behind
    final = bool(final and options.folds)
    folders = {number: output / WORK / f"fold-{number}" for number in only or range(len(splits))}
    waiting = [number for number, folder in sorted(folders.items()) if not answers_file(folder).exists()]
    for at, number in enumerate(waiting, 1):
        split, folder = splits[number], folders[number]
        started = time.monotonic()
        network, _ = fit(
            recipe,
            pixels,
            _choose_learned(split.train, split.validation, pixels, options),
            split.validation,
            folder,
            outputs=outputs,
            seed=options.seed + number + 1000 * options.member,
            teachers=lambda number=number: _load_teachers(options.teachers, [number], outputs),  # type: ignore[misc]
            tensorboard=tensorboard,
            after=len(waiting) - at + final,
            report=lambda line, number=number: report(f"fold {number + 1}/{len(splits)}  {line}"),  # type: ignore[misc]
        )
        write_answers(folder, split.held_out, logits(network, recipe, pixels.serving[split.held_out]))
        report(f"fold {number + 1}/{len(splits)} took {time.monotonic() - started:.0f} s")
    if final:
        everything = np.arange(len(dataset.table))
        train, validation = split_validation(everything, dataset.targets, dataset.patients, options.seed)
        fit(
            recipe,
            pixels,
            _choose_learned(train, validation, pixels, options),
            validation,
            output / WORK / "final",
            outputs=outputs,
            seed=options.seed,
            teachers=lambda: _load_teachers(options.teachers[:1], range(options.folds), outputs),
            tensorboard=tensorboard,
            report=lambda line: report(f"final  {line}"),
        )


def split_run(dataset: Dataset, options: Options) -> list[Fold]:
    """Return the splits of a run: one hold-out of a fifth of the patients, or every fold."""
    splits = list(
        split_folds(dataset.targets, dataset.patients, options.folds or _holdout_parts(dataset), options.seed)
    )
    return splits if options.folds else splits[:1]


def read_held_out_answers(dataset: Dataset, options: Options, output: Path) -> pd.DataFrame:
    """Return the table of held-out cells with `fold` and `answer` (log-odds) or one `p_CLASS` column a class.

    Raises `TrainingError` where a fold answered other cells than those its split holds out.
    """
    parts = []
    for number, split in enumerate(split_run(dataset, options)):
        folder = output / WORK / f"fold-{number}"
        positions, answers = read_answers(folder)
        if not np.array_equal(positions, split.held_out):
            raise TrainingError(f"{folder} is of another split: its cells are not those held out here. Remove it.")
        part = dataset.table.iloc[positions].assign(fold=number)
        if answers.ndim == 1:
            part["answer"] = answers
        else:
            part[[f"p_{name}" for name in dataset.classes]] = answers
        parts.append(part)
    table: pd.DataFrame = pd.concat(parts).sort_index()
    return table


def _plain(options: Options) -> dict[str, Any]:
    """The options as JSON gives them back."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(options)))
    return plain


_PATHS = ("data", "labels", "corrections", "distrust", "teachers")


def _find_differences(before: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """Options that changed what is learned. New ones were at their default before.

    Where files lie changes nothing, and what is in them the fingerprint tells; but as many must be given.
    """
    known = _plain(Options("", "")) | before

    def told(name: str, value: Any) -> Any:
        return len(value if isinstance(value, list) else [value]) if value and name in _PATHS else value

    return [name for name, value in now.items() if told(name, known[name]) != told(name, value)]


def _check_writable(output: Path) -> None:
    """Raise `TrainingError` where no folder can be made, or nothing put into it, before hours are spent on training."""
    try:
        there = next(folder for folder in (output, *output.parents) if folder.exists())
        with tempfile.TemporaryDirectory(dir=there):
            pass
    except OSError as problem:
        raise TrainingError(f"{output} cannot be written ({problem.strerror}). Name another folder.") from None


def _is_started(output: Path) -> bool:
    """Whether there is a run in `output`."""
    return (output / WORK / OPTIONS).is_file()


def _holds_no_run(output: Path) -> bool:
    """Whether `output` has something in it, such as a model that came from elsewhere, but no run."""
    return output.is_dir() and any(output.iterdir()) and not _is_started(output)


def _record(options: Options, output: Path, dataset: Dataset) -> None:
    """Write beside the run what it was asked for, and of which cells."""
    (output / WORK).mkdir(parents=True, exist_ok=True)
    write_json(dataset.fingerprint, output / WORK / CELLS)
    write_json(_plain(options), output / WORK / OPTIONS)


def _check_cells(options: Options, output: Path, dataset: Dataset) -> None:
    """Raise `TrainingError` where the run in `output`, or a teacher, was about other cells, labels or patients.

    Its folds would then be others, and a network would be measured on patients that it, or its teacher, has seen.
    """
    started = _is_started(output)
    if options.teachers and dataset.outputs > 1:
        raise TrainingError(f"Teachers can teach two classes only, and there are {len(dataset.classes)}.")
    if started and (found := _other_cells(output, dataset)):
        raise TrainingError(
            f"The run in {output} was started with {found}. Use those again, or choose another --output."
        )
    for name in _list_teachers(options, started):
        if found := _other_cells(Path(name), dataset):
            raise TrainingError(f"The teacher {name} was trained with {found}. Train it on the same data first.")


def _other_cells(run: Path, dataset: Dataset) -> str:
    """What of the cells of a run is not as in `dataset`, in words; nothing if all is."""
    record = run / WORK / CELLS
    if not record.is_file():
        return "cells that nobody wrote down, by an earlier version"
    before = read_json(record)
    found = [name for name, digest in dataset.fingerprint.items() if before.get(name) != digest]
    return f"other {' and other '.join(found)}" if found else ""


def _list_teachers(options: Options, resume: bool) -> list[str]:
    """The teachers; in a resumed run, which may have learned from them elsewhere, those that are still at hand."""
    return [name for name in options.teachers if not resume or Path(name).exists()]


def _check_teacher(run: Path, options: Options) -> None:
    """Raise `TrainingError` for a teacher whose folds, as far as its options tell, are not those of `options`."""
    asked = _plain(Options("", "")) | _read_options(run)
    if found := [name for name in ("folds", "seed", "by_image") if asked[name] != getattr(options, name)]:
        raise TrainingError(
            f"The teacher {run} was trained on other folds ({', '.join(found)}). Use the same --folds, --seed and "
            "--by-image."
        )


def make_recipe(options: Options) -> Recipe:
    """Return the recipe of the network that was asked for, with all that was asked to be otherwise."""
    recipe = shorten(find_recipe(options.architecture), options.epochs)
    recipe = resize(recipe, options.blocks, options.channels)
    recipe = replace(recipe, schedule=options.schedule or recipe.schedule, eight_bit=options.eight_bit)
    recipe = replace(recipe, patience=None) if options.all_epochs else recipe
    return recipe.with_augmentation(recipe.augmentation.without(*options.without)) if options.without else recipe


def _pixels(dataset: Dataset, recipe: Recipe, options: Options) -> Pixels:
    weights = np.ones(len(dataset.table), np.float32)
    if options.leave_out_disputed:
        weights[dataset.table["disputed"].to_numpy()] = 0
    if options.distrust:
        weights[_find_distrusted(dataset, Path(options.distrust))] = 0
    features = frozen_features(recipe, dataset.serving) if recipe.frozen else None
    return Pixels(dataset.training, dataset.serving, dataset.targets.astype(np.float32), weights, features)


def _find_distrusted(dataset: Dataset, held_out: Path) -> NDArray[np.bool_]:
    """Cells whose label an earlier run, which had not trained on them, finds unlikely."""
    try:
        answers = read_held_out_file(held_out)
    except ModelError as why:
        raise TrainingError(f"{why} --distrust takes the file of an earlier run on malaria cells.") from None
    earlier = dict(zip(answers.files, answers.p_parasitized.tolist(), strict=True))
    p = np.array([earlier.get(file, np.nan) for file in dataset.table["file"]])
    p_of_label = np.where(dataset.targets == 1, p, 1 - p)
    return np.asarray(p_of_label < DISTRUST_BELOW)


def _choose_learned(
    train: NDArray[np.int64], validation: NDArray[np.int64], pixels: Pixels, options: Options
) -> NDArray[np.int64]:
    """The positions learned from in one epoch; those of rare classes several times where that was asked for."""
    train = np.concatenate([train, validation]) if options.all_epochs else train
    learned = train[pixels.weights[train] > 0]
    if not options.oversample:
        return learned
    classes = [learned[pixels.targets[learned] == target] for target in np.unique(pixels.targets[learned])]
    return np.concatenate([np.resize(positions, max(map(len, classes))) for positions in classes])


def _read_options(run: Path) -> dict[str, Any]:
    """The options of an earlier run."""
    if not _is_started(run):
        raise TrainingError(
            f"{run} holds no run. Name the --output of an earlier one whose {WORK} folder is still there."
        )
    asked: dict[str, Any] = read_json(run / WORK / OPTIONS)
    return asked


def _load_teachers(runs: Sequence[str], folds: Sequence[int], outputs: int) -> list[Any]:
    """Load the networks of earlier runs that were trained on the same folds, so that none has seen what is held out."""
    teachers = []
    for name in runs:
        recipe = make_recipe(Options(**_read_options(Path(name))))
        for fold in folds:
            network = build_network(recipe, outputs)
            load_best(network, Path(name) / WORK / f"fold-{fold}")
            teachers.append(network)
    return teachers


def _holdout_parts(dataset: Dataset) -> int:
    """A fifth of the patients is held out, or more where a class has fewer than five."""
    table = dataset.table
    return min(5, *(table["patient"][table["label"] == name].nunique() for name in dataset.classes))
