"""`predict`: p_parasitized for every image of files, folders and zips."""

from dataclasses import asdict
from typing import Annotated

import pandas as pd
import typer

from malaria.cells import to_csv
from malaria.commands._shared import (
    STANDARD_OUTPUT,
    CsvOption,
    ModelOption,
    ThresholdOption,
    say,
    score_sources,
    write_text,
)
from malaria.errors import SourceError
from malaria.images import Source, open_source
from malaria.model.classifier import load
from malaria.wording.words import count

COLUMNS = ["file", "patient", "p_parasitized", "label", "error"]


def predict(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Images, folders (with all below) or zips.")],
    model: ModelOption = None,
    threshold: ThresholdOption = None,
    csv: CsvOption = STANDARD_OUTPUT,
) -> None:
    """Say of every image how likely the cell is parasitized: one row each, unreadable ones with their error.

    Exit status 0 if at least one image was read, else 2.
    """
    sources, refused = _open(paths)
    classifier = load(model)
    rows = [asdict(row) for row in score_sources(classifier, sources, threshold)]
    table = pd.DataFrame([*rows, *refused], columns=COLUMNS)
    write_text(to_csv(table), csv or STANDARD_OUTPUT)
    read = int(table["error"].isna().sum())
    say(f"{read:,} of {count(len(table), 'image')} read by {classifier.card.name}; {len(table) - read:,} unreadable.")
    if not read:
        raise typer.Exit(2)


def _open(paths: list[str]) -> tuple[list[Source], list[dict[str, str]]]:
    """The sources, and a row with its error for each path that is none: one bad path does not stop the others.

    Raises `SourceError` when all are bad.
    """
    sources: list[Source] = []
    refused: list[dict[str, str]] = []
    for path in paths:
        try:
            sources.append(open_source(path))
        except SourceError as error:
            refused.append({"file": path, "error": str(error)})
    if not sources:
        raise SourceError(" ".join(row["error"] for row in refused))
    return sources, refused
