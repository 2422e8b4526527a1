"""`triage`: fields of view -> a ranked table of cells and a report."""

from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from malaria.commands._shared import (
    JSON_HELP,
    ModelOption,
    progress,
    refuse_unwritable,
    say,
    write_json,
    write_text,
)
from malaria.sample import RED_CELLS_PER_UL
from malaria.smear import Assumed, Count, cells_csv, report_html, triage_sample
from malaria.smear.counts import LEUKOCYTES_PER_UL, LIMITS, MOST_COUNTED, WISHED_PER_UL
from malaria.wording.words import count

CSV_FILE = "cells.csv"
REPORT_FILE = "report.html"


def _per_ul(part: str, about: str) -> Any:
    low, high = LIMITS[part]
    return typer.Option(min=low, max=high, help=about)


def _counted(what: str) -> Any:
    return typer.Option(min=0, max=MOST_COUNTED, help=f"{what} that you counted by hand.")


def triage(
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD...", help="Fields of one sample: images, folders, zips.")
    ],
    output: Annotated[Path, typer.Option(metavar="DIR", help=f"Folder for {CSV_FILE} and {REPORT_FILE}.")],
    model: ModelOption = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keep cells at or above this p_parasitized. Default: the card's.")
    ] = None,
    adapted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A head that triage-adapt made for your laboratory.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(metavar="CSV", exists=True, dir_okay=False, help="A journal from the Smear triage page."),
    ] = None,
    take_in: Annotated[
        list[str] | None,
        typer.Option(metavar="FIELD", help="Name of a field to count although it is reported as unusable."),
    ] = None,
    sample: Annotated[str, typer.Option(help="What the report calls the sample.")] = "",
    red_cells_per_ul: Annotated[
        int, _per_ul("red_cells_per_ul", "Red cells per microlitre, the patient's own.")
    ] = RED_CELLS_PER_UL,
    leukocytes_per_ul: Annotated[
        int, _per_ul("leukocytes_per_ul", "Leukocytes per microlitre, the patient's own.")
    ] = LEUKOCYTES_PER_UL,
    wished_per_ul: Annotated[
        int, _per_ul("wished_per_ul", "Parasites per microlitre to find in 95 of 100 samples.")
    ] = WISHED_PER_UL,
    counted_red_cells: Annotated[int | None, _counted("Red cells")] = None,
    counted_parasitized: Annotated[int | None, _counted("Parasitized cells among them")] = None,
    counted_leukocytes: Annotated[int | None, _counted("Leukocytes")] = None,
    json: Annotated[str | None, typer.Option("--json", help=JSON_HELP)] = None,
) -> None:
    """Find the red cells of microscope fields, rank them by p_parasitized, and write a table and a report.

    Exit status 0 if at least one field was read, else 2.
    """
    assumed = Assumed(red_cells_per_ul, leukocytes_per_ul, wished_per_ul)
    refuse_unwritable(json, output, "--json")
    by_hand = Count.by_hand(counted_red_cells, counted_parasitized, counted_leukocytes)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise typer.BadParameter(f"{output} cannot be a folder ({problem.strerror}). Name another.") from None
    result = triage_sample.triage(
        fields,
        model,
        threshold,
        adapted=adapted,
        decisions=decisions,
        by_hand=by_hand,
        assumed=assumed,
        sample=sample,
        take_in=take_in or (),
        watch=partial(progress, unit="field"),
        say=say,
    )
    found, file = result.triage, output / REPORT_FILE
    write_text(cells_csv(result), str(output / CSV_FILE))
    write_text(report_html(result), str(file))
    if json is not None:
        write_json(found.summary() | {"result": result.summary()}, json)
    say(
        f"{count(len(found.fields), 'field')}, {count(found.red_cells, 'red cell')}: {len(found.suspects):,} kept for "
        f"review, {found.discarded:,} discarded. Research use only. See {file}."
    )
    if not found.fields and not found.left_out:
        raise typer.Exit(2)
