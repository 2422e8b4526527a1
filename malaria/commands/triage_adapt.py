"""`triage-adapt`: a laboratory's own labelled fields -> a head that ranks the cells of its smears better."""

from collections import deque
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from malaria.commands._shared import (
    JsonOption,
    ModelOption,
    open_sources,
    progress,
    say,
    writable,
    write_json,
    write_text,
)
from malaria.errors import ImageError, LabelsError
from malaria.model.classifier import load
from malaria.smear import FieldNames, decode_field, fit_head, join_cells, kept_share, label_field, read_boxes
from malaria.wording.numbers import percent
from malaria.wording.words import count, list_some

_NAMED = 10


def triage_adapt(
    fields: Annotated[list[str], typer.Argument(metavar="FIELD...", help="Labelled fields: images, folders, zips.")],
    labels: Annotated[
        Path,
        typer.Option(
            metavar="CSV", help="Columns field, x, y, width, height, label: Parasitized cells. Or a decided cells.csv."
        ),
    ],
    output: Annotated[
        str,
        typer.Option(metavar="FILE", callback=writable, help="Write the head to this file, for triage --adapted FILE."),
    ],
    model: ModelOption = None,
    discard: Annotated[
        float, typer.Option(min=0.01, max=0.99, help="The share of red cells that the threshold should discard.")
    ] = 0.85,
    json: JsonOption = None,
) -> None:
    """Adapt the triage to your laboratory: learn from fields in which you labelled every parasitized cell.

    Red cells without a Parasitized box count as uninfected. The printed figure is cross-validated by field.
    """
    classifier = load(model)
    boxes = read_boxes(labels)
    sources = open_sources(fields)
    total = sum(map(len, sources))
    names = FieldNames()
    deque(names.name(chain.from_iterable(sources)), maxlen=0)  # all of them, since a label may mean any
    labelled = {field: said for said, field in names.match(boxes).items()}
    parts, unreadable, lost = [], dict[str, str](), 0
    for name, file in progress(FieldNames().name(chain.from_iterable(sources)), total, unit="field"):
        try:
            rgb = decode_field(name, file)
        except ImageError as error:
            unreadable[name] = file.error or str(error)
            say(unreadable[name])
            continue
        if name in labelled:
            cells, not_found = label_field(rgb, name, boxes[labelled[name]], classifier)
            parts.append(cells)
            lost += len(not_found)
    unlabelled = [name for name in names.fields if name not in labelled and name not in unreadable]
    not_given = [name for name in boxes if name not in labelled.values()]
    _tell(unlabelled, f"without a label in {labels.name}, so not learned from")
    _tell(not_given, f"labelled in {labels.name} but not among those given")
    for copy in names.copies:
        say(copy.sentence)
    if not parts:
        raise LabelsError(
            f"{labels.name} labels no cell of these fields. Its column field must hold their names, and a cells.csv "
            "somebody's answers."
        )
    head = fit_head(join_cells(parts), classifier.card.name, classifier.card.version, discard)
    write_text(head.model_dump_json(indent=1) + "\n", output)
    rate = kept_share(head)
    figures = {
        **head.model_dump(exclude={"weights", "intercept"}),
        "kept_share": rate.value,
        "interval": rate.interval,
        "boxes_without_a_cell": lost,
        "fields_without_labels": len(unlabelled),
        "labelled_but_not_given": len(not_given),
        "unreadable": unreadable,
        "copies": [copy._asdict() for copy in names.copies],
    }
    if json is not None:
        write_json(figures, json)
    say(
        f"{head.kept} of {count(head.parasitized, 'parasitized cell')} kept with {percent(discard)} of "
        f"{count(head.cells, 'red cell')} discarded, cross-validated over {count(head.fields, 'field')} "
        f"({head.kept_as_shipped} without adapting). Labelled boxes where no red cell was found: {lost}. Use it with: "
        f"triage --adapted {output}"
    )


def _tell(fields: list[str], what: str) -> None:
    """Name the fields of which something is true."""
    if fields:
        say(f"{count(len(fields), 'field')} {what}: {list_some(fields, _NAMED)}.")
