"""`leaderboard`: every network of the zoo measured by patient, in one table."""

from pathlib import Path
from typing import Annotated

import typer

from malaria.commands._shared import LabelColumnOption, LabelsOption, say
from malaria.errors import TrainingError
from malaria.model.classifier import DEFAULT_MODEL, MODELS_DIR


def leaderboard(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder or zip of labelled cells.")],
    runs: Annotated[Path, typer.Option(help="Folder for the runs. A run that already exists is not repeated.")],
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds by patient.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**31, help="The same seed gives the same folds.")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs. Default: each recipe's own.")] = None,
    leave_out_disputed: Annotated[bool, typer.Option("--leave-out-disputed/--learn-disputed")] = True,
    train: Annotated[
        bool, typer.Option("--train/--no-train", help="Train networks that are missing, or leave them out.")
    ] = True,
    only: Annotated[list[str] | None, typer.Option(help="Train only this network, if it is missing.")] = None,
    output: Annotated[Path, typer.Option(help="The table.", show_default="models/leaderboard.csv")] = MODELS_DIR
    / "leaderboard.csv",
) -> None:
    """Train every network that has no model folder and no run yet, then write the table of all networks.

    Runs are only measured: five folds, no final network. Model folders in models/ give their own figures, where they
    were measured on the same cells in the same folds. A network without a run keeps its row, if the table has one.
    """
    from malaria.training.leaderboard import (
        describe_request,
        find_measured_folder,
        is_measured,
        read_earlier,
        refuse_other_rows,
        trainable,
    )
    from malaria.training.leaderboard import leaderboard as build
    from malaria.training.publish import measure
    from malaria.training.run import Options, check_options, make_recipe, read_cells, train_folds

    if unknown := set(only or ()) - set(trainable()):
        raise TrainingError(f"No network is called {', '.join(sorted(unknown))}. There are: {', '.join(trainable())}.")

    def options_for(name: str) -> Options:
        return Options(
            str(path),
            name,
            labels=str(labels) if labels else None,
            label_column=label_column,
            folds=folds,
            epochs=epochs,
            seed=seed,
            leave_out_disputed=leave_out_disputed,
        )

    earlier = read_earlier(output)
    for name in only or trainable() if train else ():
        if not is_measured(runs / name):
            check_options(options_for(name), runs / name, resume=True)  # before any cell is decoded
    first = options_for(trainable()[0])
    asked = describe_request(first, read_cells(first, say))
    if earlier is not None:
        refuse_other_rows(earlier, asked, output)
    folders, missing = [], {}
    for name in trainable():
        options, wanted = options_for(name), name in only if only else epochs is not None
        folder = find_measured_folder(name, runs, asked, epochs=make_recipe(options).epochs if wanted else None)
        if folder:
            if only and name in only:
                say(f"{name} is measured already, in {folder}")
            folders.append(folder)
            continue
        if not train or (only and name not in only):
            missing[name] = "not trained yet"
            continue
        folder = runs / name
        dataset = read_cells(options, say)
        try:
            train_folds(options, folder, dataset, final=False, report=lambda line, name=name: say(f"{name}  {line}"))  # type: ignore[misc]
        except TrainingError as error:
            say(str(error))
            missing[name] = str(error)
            continue
        measure(options, folder, dataset, say)
        folders.append(folder)
    table = build(folders, MODELS_DIR / DEFAULT_MODEL, missing, say, earlier)
    table.to_csv(output, index=False)
    say(f"Wrote {output}: {len(table)} networks, {table['date'].notna().sum()} of them measured")
