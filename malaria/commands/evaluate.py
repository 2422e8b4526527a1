"""`evaluate`: a model against labels."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from malaria.cells import evaluate_cells, labels_from_folders, match, read_labels, to_csv
from malaria.commands._shared import (
    ModelOption,
    ThresholdOption,
    open_sources,
    say,
    score_sources,
    write_json,
    write_text,
)
from malaria.errors import LabelsError
from malaria.model import Classifier, load

LabelsOption = Annotated[Path | None, typer.Option("--labels", help="CSV with a `file` column (name or stem).")]
LabelColumnOption = Annotated[str | None, typer.Option("--label-column", help="Column of the CSV that holds labels.")]
PathArgument = Annotated[str, typer.Argument(metavar="PATH", help="A folder or zip of labelled cells.")]


def evaluate(
    path: PathArgument,
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    model: ModelOption = None,
    threshold: ThresholdOption = None,
    json: Annotated[str | None, typer.Option(help="Where the figures go; - is standard output.")] = None,
    csv: Annotated[str | None, typer.Option(help="Where the table of cells goes; - is standard output.")] = None,
) -> None:
    """Measure a model on labelled cells: rates with 95 % intervals, by cell and by patient.

    Labels come from the folder names, or from a CSV; images that are not in the CSV are left out and counted.
    """
    classifier = load(model)
    table = score_labelled(classifier, path, labels, label_column, threshold)
    at = classifier.card.threshold if threshold is None else threshold
    evaluation = evaluate_cells(table, at, model=classifier.card.name)
    if csv:
        write_text(to_csv(table), csv)
    if json:
        write_json(evaluation.to_dict(), json)
    if "-" not in (json, csv):
        for name, rate in evaluation.rates.items():
            value = "-" if rate.value is None else f"{rate.value:.4f}  [{rate.low:.4f}, {rate.high:.4f}]"
            typer.echo(f"{name:28}{value:28}n {rate.n}  {rate.reason or ''}".rstrip())
    say(f"{evaluation.n} cells measured, {evaluation.left_out} left out, {evaluation.unreadable} unreadable.")


def score_labelled(
    classifier: Classifier, path: str, labels: Path | None, label_column: str | None, threshold: float | None = None
) -> pd.DataFrame:
    """Score every image of a source and join its label: the table of cells.

    Raises `LabelsError` when no image has a label.
    """
    known = read_labels(labels, column=label_column) if labels else None
    rows = [asdict(row) for row in score_sources(classifier, open_sources([path]), threshold)]
    table = pd.DataFrame(rows, columns=["file", "patient", "p_parasitized", "label", "error", "image_id"])
    if known:
        joined = match(table["file"], known, table["image_id"]).table
        table["given_label"] = joined["given_label"]
        if "patient" in joined:
            table["patient"] = joined["patient"].fillna(table["patient"])
    else:
        folders = labels_from_folders(table["file"])
        table["given_label"] = table["file"].map(folders.labels)
        if folders.questions and not folders.labels:
            heard = ", ".join(f"{question.folder} (perhaps {question.suggested})" for question in folders.questions)
            raise LabelsError(
                f"{path}: no folder is named Parasitized or Uninfected, but there are {heard}. Rename them."
            )
    table = table.astype({"given_label": object})
    if table["given_label"].notna().sum() == 0:
        raise LabelsError(
            f"{path}: none of {len(table)} images has a label. Put them in folders named Parasitized and Uninfected, "
            "or give a CSV with the columns file and label (--labels)."
        )
    return table
