"""`triage`: fields of view -> a ranked table of cells and a report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from malaria.commands._shared import ModelOption, open_sources, progress, say, write_json, write_text
from malaria.errors import ImageError
from malaria.images import Source, decode
from malaria.model import load
from malaria.smear import SCAN_MAX_PIXELS, FieldTriage, Head, cells_csv, pooled, report_html, triage_field
from malaria.smear.objects import RGB

CSV_FILE = "cells.csv"
REPORT_FILE = "report.html"


def triage(
    fields: Annotated[
        list[str], typer.Argument(metavar="FIELD...", help="Fields of one sample: images, folders, zips.")
    ],
    output: Annotated[Path, typer.Option(metavar="DIR", help=f"Where {CSV_FILE} and {REPORT_FILE} go.")],
    model: ModelOption = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keep cells from this p_parasitized on; the card's unless given.")
    ] = None,
    adapted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A head that triage-adapt made for your laboratory.")
    ] = None,
    sample: Annotated[str, typer.Option(help="What the report calls the sample.")] = "",
    json: Annotated[
        str | None, typer.Option(metavar="FILE", help="Where the figures go; - is standard output.")
    ] = None,
) -> None:
    """Find the red cells of microscope fields, rank them by p_parasitized, and write a table and a report.

    Exit status 0 if at least one field was read, else 2.
    """
    classifier = load(model)
    head = None if adapted is None else Head.from_file(adapted)
    sources = open_sources(fields)
    judged: list[FieldTriage] = []
    unreadable: dict[str, str] = {}
    for name, rgb in progress(decoded(sources, unreadable), sum(map(len, sources)), unit="field"):
        judged.append(triage_field(rgb, classifier, name, head))
        for concern in judged[-1].concerns:
            say(f"{name}: {concern.sentence}")
    result = pooled(judged, classifier, threshold, unreadable, head)
    output.mkdir(parents=True, exist_ok=True)
    write_text(cells_csv(result), str(output / CSV_FILE))
    write_text(report_html(result, sample=sample), str(output / REPORT_FILE))
    if json is not None:
        write_json(result.summary(), json)
    say(
        f"{len(judged)} fields, {result.red_cells} red cells: {len(result.suspects)} kept for a human, "
        f"{result.red_cells - len(result.suspects)} discarded. Research use only. See {output / REPORT_FILE}."
    )
    if not judged:
        raise typer.Exit(2)


def decoded(sources: list[Source], unreadable: dict[str, str]) -> Iterator[tuple[str, RGB]]:
    """Yield every field that can be read, by a name of its own; write into `unreadable` why the others cannot.

    Names are unique only within a source, so a name that an earlier source had gets its source in front.
    """
    taken: set[str] = set()
    for number, source in enumerate(sources, start=1):
        for file in source:
            name = file.file if file.file not in taken else f"{source.name}/{file.file}"
            name = name if name not in taken else f"{number}/{name}"
            taken.add(name)
            try:
                if file.data is None:
                    raise ImageError(name, file.error or "It could not be read.", "")
                yield name, decode(file.data, name, max_pixels=SCAN_MAX_PIXELS)
            except ImageError as error:
                unreadable[name] = file.error or str(error)
                say(unreadable[name])
