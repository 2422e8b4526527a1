"""`leaderboard`: every network of the zoo measured by patient, in one table."""

from pathlib import Path
from typing import Annotated

import typer

from malaria.commands._shared import LabelColumnOption, LabelsOption, say
from malaria.errors import TrainingError
from malaria.model import DEFAULT_MODEL, MODELS_DIR


def leaderboard(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A folder or zip of labelled cells.")],
    runs: Annotated[Path, typer.Option(help="Folder for the runs; one that is there already is not repeated.")],
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds by patient.")] = 5,
    seed: Annotated[int, typer.Option(help="The same seed gives the same folds.")] = 1,
    epochs: Annotated[int | None, typer.Option(min=1, help="Epochs, if not each recipe's own.")] = None,
    leave_out_disputed: Annotated[bool, typer.Option("--leave-out-disputed/--learn-disputed")] = True,
    train: Annotated[bool, typer.Option("--train/--no-train", help="Train what is missing, or leave it out.")] = True,
    only: Annotated[list[str] | None, typer.Option(help="Train only this network, if it is missing.")] = None,
    output: Annotated[Path, typer.Option(help="The table.", show_default="models/leaderboard.csv")] = MODELS_DIR
    / "leaderboard.csv",
) -> None:
    """Train every network that has no model folder and no run yet, and write the table of all of them.

    Runs are only measured: five folds, no final network. Model folders in models/ give their own figures. A network
    without a run keeps its row, if the table has one.
    """
    import pandas as pd

    from malaria.training.leaderboard import leaderboard as build
    from malaria.training.leaderboard import trainable
    from malaria.training.publish import FIGURES, measure
    from malaria.training.run import Options, check_options, read_cells, train_folds

    folders, missing = [], {}
    for name in trainable():
        folder = MODELS_DIR / name
        if not folder.is_dir():
            folder = runs / name
        if (folder / "card.json").exists() or (folder / FIGURES).exists():
            folders.append(folder)
            continue
        if not train or (only and name not in only):
            missing[name] = "not trained yet"
            continue
        options = Options(
            str(path),
            name,
            labels=str(labels) if labels else None,
            label_column=label_column,
            folds=folds,
            epochs=epochs,
            seed=seed,
            leave_out_disputed=leave_out_disputed,
        )
        check_options(options, folder, resume=True)
        dataset = read_cells(options, say)
        try:
            train_folds(options, folder, dataset, final=False, report=lambda line, name=name: say(f"{name}  {line}"))  # type: ignore[misc]
        except TrainingError as error:
            say(str(error))
            missing[name] = str(error)
            continue
        measure(options, folder, dataset, say)
        folders.append(folder)
    earlier = pd.read_csv(output) if output.exists() else None
    table = build(folders, MODELS_DIR / DEFAULT_MODEL, missing, say, earlier)
    table.to_csv(output, index=False)
    say(f"Wrote {output}: {len(table)} networks, {table['date'].notna().sum()} of them measured")
