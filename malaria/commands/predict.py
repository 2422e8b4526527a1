"""`predict`: p_parasitized for every image of files, folders and zips."""

from typing import Annotated

import typer

from malaria.cells import to_csv
from malaria.commands._shared import (
    STANDARD_OUTPUT,
    CsvOption,
    ModelOption,
    ThresholdOption,
    progress,
    say,
    say_unread,
    write_text,
)
from malaria.images import Source, open_images
from malaria.model.classifier import load
from malaria.scoring import score, tell_pictures
from malaria.wording.words import count


def predict(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Images, folders (with subfolders) or zips.")],
    model: ModelOption = None,
    threshold: ThresholdOption = None,
    csv: CsvOption = STANDARD_OUTPUT,
) -> None:
    """Print how likely each cell is to be parasitized: one row per image. Unreadable images get a row with the error.

    Exit status 0 if at least one image was read, else 2.
    """
    opened = open_images(paths)
    classifier = load(model)
    table = score(classifier, opened, threshold, progress)
    write_text(to_csv(table.drop(columns="image_id")), csv or STANDARD_OUTPUT)
    tell_pictures(table, say)
    say_unread(table, " ".join(one.told_skipped for one in opened if isinstance(one, Source) and one.skipped))
    read = int(table["error"].isna().sum())
    say(f"{read:,} of {count(len(table), 'image')} read by {classifier.card.name}; {len(table) - read:,} unreadable.")
    if not read:
        raise typer.Exit(2)
