"""`triage`: fields of view -> a ranked table of cells and a report."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from malaria.commands._shared import JsonOption, ModelOption, open_sources, progress, say, write_json, write_text
from malaria.errors import ImageError
from malaria.images import Source, decode
from malaria.model import classifier as models
from malaria.review import read_journal, replay
from malaria.sample import RED_CELLS_PER_UL, CellRates, Scores, read_scores, scores_file
from malaria.smear import (
    SCAN_MAX_PIXELS,
    Assumed,
    Cells,
    Copy,
    Count,
    FieldTriage,
    Head,
    Readings,
    Result,
    Triage,
    cell_rates,
    cells_csv,
    head_rates,
    pooled,
    report_html,
    triage_field,
)
from malaria.smear.field.objects import RGB
from malaria.smear.result import LEUKOCYTES_PER_UL, LIMITS, MOST_COUNTED, WISHED_PER_UL
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
    output: Annotated[Path, typer.Option(metavar="DIR", help=f"Where {CSV_FILE} and {REPORT_FILE} go.")],
    model: ModelOption = None,
    threshold: Annotated[
        float | None, typer.Option(min=0, max=1, help="Keep cells from this p_parasitized on; the card's unless given.")
    ] = None,
    adapted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A head that triage-adapt made for your laboratory.")
    ] = None,
    decisions: Annotated[
        Path | None,
        typer.Option(metavar="CSV", exists=True, dir_okay=False, help="A journal of the smear triage page."),
    ] = None,
    sample: Annotated[str, typer.Option(help="What the report calls the sample.")] = "",
    red_cells_per_ul: Annotated[
        int, _per_ul("red_cells_per_ul", "Red cells per microlitre, the patient's own.")
    ] = RED_CELLS_PER_UL,
    leukocytes_per_ul: Annotated[
        int, _per_ul("leukocytes_per_ul", "Leukocytes per microlitre, the patient's own.")
    ] = LEUKOCYTES_PER_UL,
    wished_per_ul: Annotated[
        int, _per_ul("wished_per_ul", "Parasites per microlitre, found in 95 of 100 samples.")
    ] = WISHED_PER_UL,
    counted_red_cells: Annotated[int | None, _counted("Red cells")] = None,
    counted_parasitized: Annotated[int | None, _counted("Parasitized cells among them")] = None,
    counted_leukocytes: Annotated[int | None, _counted("Leukocytes")] = None,
    json: JsonOption = None,
) -> None:
    """Find the red cells of microscope fields, rank them by p_parasitized, and write a table and a report.

    Exit status 0 if at least one field was read, else 2.
    """
    assumed = Assumed(red_cells_per_ul, leukocytes_per_ul, wished_per_ul)
    by_hand = Count.by_hand(counted_red_cells, counted_parasitized, counted_leukocytes)
    try:
        output.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise typer.BadParameter(f"{output} cannot be a folder ({problem.strerror}). Name another.") from None
    classifier = models.load(model)
    head = None if adapted is None else Head.from_file(adapted)
    sources = open_sources(fields)
    judged: list[FieldTriage] = []
    unreadable: dict[str, str] = {}
    copies: list[Copy] = []
    ids: dict[str, str] = {}
    for name, rgb in progress(decoded(sources, unreadable, copies, ids), sum(map(len, sources)), unit="field"):
        judged.append(triage_field(rgb, classifier, name, head))
        for concern in judged[-1].concerns:
            say(f"{name}: {concern.sentence}")
    found = pooled(judged, classifier, threshold, unreadable, head, copies)
    rates = head_rates(head, found.threshold) if head else _rates(classifier.card, found.threshold)
    result = Result(found, _readings(found, ids, decisions), rates, by_hand, assumed, sample)
    write_text(cells_csv(result), str(output / CSV_FILE))
    write_text(report_html(result), str(output / REPORT_FILE))
    if json is not None:
        write_json(found.summary() | {"result": result.summary()}, json)
    say(
        f"{count(len(judged), 'field')}, {count(found.red_cells, 'red cell')}: {len(found.suspects):,} kept for a "
        f"human, {found.red_cells - len(found.suspects):,} discarded. Research use only. See {output / REPORT_FILE}."
    )
    if not judged:
        raise typer.Exit(2)


def _rates(card: models.Card, threshold: float) -> CellRates | None:
    file = scores_file(models.MODELS_DIR / card.name)
    scores: Scores | None = None
    try:
        scores = None if file is None else read_scores(file)
    except (OSError, EOFError, KeyError, ValueError) as problem:  # cut short, other columns, cells of one class
        say(f"{file} cannot be used ({problem}), so error rates are those of the model's card.")
    return cell_rates(card, scores, threshold)


def _readings(found: Triage, ids: dict[str, str], journal: Path | None) -> Readings:
    """What a journal says of these fields."""
    rows = [] if journal is None else read_journal(journal.read_bytes())
    return Cells(found, ids).readings(replay(rows))


def decoded(
    sources: list[Source], unreadable: dict[str, str], copies: list[Copy], ids: dict[str, str] | None = None
) -> Iterator[tuple[str, RGB]]:
    """Yield every field that can be read, by a name of its own; write into `unreadable` why the others cannot.

    The same bytes count once; every further file of them goes into `copies`. The image_id of each field goes into
    `ids`. Names are unique only within a source, so a name that an earlier source had gets its source in front.
    """
    taken: set[str] = set()
    first: dict[str, str] = {}
    for number, source in enumerate(sources, start=1):
        for file in source:
            image_id = file.image_id or ""
            if image_id in first:
                copies.append(Copy(file.file, first[image_id]))
                say(copies[-1].sentence)
                continue
            name = file.file if file.file not in taken else f"{source.name}/{file.file}"
            name = name if name not in taken else f"{number}/{name}"
            taken.add(name)
            try:
                if file.data is None:
                    raise ImageError(name, file.error or "It could not be read.", "")
                first[image_id] = name
                if ids is not None:
                    ids[name] = image_id
                yield name, decode(file.data, name, max_pixels=SCAN_MAX_PIXELS)
            except ImageError as error:
                unreadable[name] = file.error or str(error)
                say(unreadable[name])
