"""`benchmark`: how fast and how small, beside the targets."""

import os
import platform
from datetime import UTC, datetime
from typing import Annotated

import typer

from malaria.benchmark import PARTS, Figure, Task
from malaria.commands._shared import STANDARD_OUTPUT, JsonOption, ModelOption, say, write_json
from malaria.model.classifier import load, threads


def benchmark(
    path: Annotated[
        str | None,
        typer.Argument(metavar="[PATH]", help="Cells to time, or fields for the part triage. Default: synthetic ones."),
    ] = None,
    model: ModelOption = None,
    only: Annotated[
        list[str] | None, typer.Option(help=f"Measure this part only ({', '.join(PARTS)}); may be repeated.")
    ] = None,
    json: JsonOption = None,
) -> None:
    """Measure speed and size on this machine and print them beside their targets.

    Ratios are medians over turns in which both sides are timed one after the other, so that a busy machine changes
    them little; rates and times are this machine's.
    """
    unknown = [name for name in only or () if name not in PARTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r} is not one of {', '.join(PARTS)}.", param_hint="--only")
    task = Task(model, path)
    card = load(model).card
    figures: list[Figure] = []
    for name, part in PARTS.items():
        if not only or name in only:
            say(f"Measuring {name} ...")
            figures += part(task)
    machine = {"system": platform.platform(), "python": platform.python_version(), "cores": threads()}
    report = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": card.name,
        "machine": machine | {"load": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None},
        "figures": [figure.to_dict() for figure in figures],
    }
    if json:
        write_json(report, json)
    if json != STANDARD_OUTPUT:
        _print_table(figures)


def _print_table(figures: list[Figure]) -> None:
    rows = [figure.row() for figure in figures]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)][1:]
    for about, *cells in rows:
        typer.echo("  ".join(cell.rjust(width) for cell, width in zip(cells, widths, strict=True)) + f"  {about}")
