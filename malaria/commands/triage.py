"""`triage`: fields of view -> a ranked table of cells and a report."""

from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import typer

from malaria.commands._shared import JsonOption, ModelOption, open_sources, progress, say, write_json, write_text
from malaria.model import classifier as models
from malaria.review import read_journal, replay
from malaria.sample import RED_CELLS_PER_UL, CellRates, Scores, read_scores, scores_file
from malaria.smear import (
    Assumed,
    Cells,
    Count,
    FieldNames,
    FieldTriage,
    Head,
    Refused,
    Result,
    SampleDecisions,
    Triage,
    cell_rates,
    cells_csv,
    head_rates,
    judge_field,
    pool_fields,
    report_html,
)
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
    names = FieldNames()
    for name, file in progress(names.name(chain.from_iterable(sources)), sum(map(len, sources)), unit="field"):
        one = judge_field(name, file, classifier, head)
        if isinstance(one, Refused):
            unreadable[name] = one.why
            say(one.why)
            continue
        judged.append(one)
        for concern in one.concerns:
            say(f"{name}: {concern.sentence}")
    for copy in names.copies:
        say(copy.sentence)
    found = pool_fields(judged, classifier, threshold, unreadable, head, names.copies)
    rates = head_rates(head, found.threshold) if head else _rates(classifier.card, found.threshold)
    result = Result(found, _read_decisions(found, names.ids, decisions), rates, by_hand, assumed, sample)
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


def _read_decisions(found: Triage, ids: dict[str, str], journal: Path | None) -> SampleDecisions:
    """What a journal says of these fields."""
    rows = [] if journal is None else read_journal(journal.read_bytes())
    return Cells(found, ids).decisions(replay(rows))
