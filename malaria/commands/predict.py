"""`predict`: p_parasitized for every image of files, folders and zips."""

from dataclasses import asdict
from typing import Annotated

import pandas as pd
import typer

from malaria.cells import to_csv
from malaria.commands._shared import ModelOption, ThresholdOption, open_sources, say, score_sources, write_text
from malaria.model import load

COLUMNS = ["file", "patient", "p_parasitized", "label", "error"]


def predict(
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Images, folders (with all below) or zips.")],
    model: ModelOption = None,
    threshold: ThresholdOption = None,
    csv: Annotated[str, typer.Option(help="Where the table goes; - is standard output.")] = "-",
) -> None:
    """Say of every image how likely the cell is parasitized: one row each, unreadable ones with their error.

    Exit status 0 if at least one image was read, else 2.
    """
    classifier = load(model)
    rows = [asdict(row) for row in score_sources(classifier, open_sources(paths), threshold)]
    table = pd.DataFrame(rows, columns=[*COLUMNS, "image_id"])
    write_text(to_csv(table[COLUMNS]), csv)
    read = int(table["error"].isna().sum())
    say(f"{read} of {len(table)} images read by {classifier.card.name}; {len(table) - read} unreadable.")
    if not read:
        raise typer.Exit(2)
