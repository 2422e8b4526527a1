"""`triage-adapt`: a laboratory's own labelled fields -> a head that ranks the cells of its smears better."""

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
from malaria.commands.triage import decoded
from malaria.errors import LabelsError
from malaria.model.classifier import load
from malaria.smear import Copy, fit_head, kept_share, label_field, read_boxes, together
from malaria.wording.words import count


def triage_adapt(
    fields: Annotated[list[str], typer.Argument(metavar="FIELD...", help="Labelled fields: images, folders, zips.")],
    labels: Annotated[
        Path,
        typer.Option(
            metavar="CSV", help="Columns field, x, y, width, height, label: Parasitized cells. Or a decided cells.csv."
        ),
    ],
    output: Annotated[
        str, typer.Option(metavar="FILE", callback=writable, help="Where the head goes, for triage --adapted FILE.")
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
    parts, unreadable, copies, lost = [], dict[str, str](), list[Copy](), 0
    for name, rgb in progress(decoded(sources, unreadable, copies), sum(map(len, sources)), unit="field"):
        if name in boxes:
            cells, not_found = label_field(rgb, name, boxes[name], classifier)
            parts.append(cells)
            lost += len(not_found)
    if not parts:
        raise LabelsError(
            f"{labels.name} labels no cell of these fields. Its column field must hold their names, and a cells.csv "
            "somebody's answers."
        )
    unlabelled = sum(map(len, sources)) - len(unreadable) - len(copies) - len(parts)
    head = fit_head(together(parts), classifier.card.name, classifier.card.version, discard)
    write_text(head.model_dump_json(indent=1) + "\n", output)
    rate = kept_share(head)
    figures = {
        **head.model_dump(exclude={"weights", "intercept"}),
        "kept_share": rate.value,
        "interval": rate.interval,
        "boxes_without_a_cell": lost,
        "fields_without_labels": unlabelled,
        "unreadable": unreadable,
        "copies": [copy._asdict() for copy in copies],
    }
    if json is not None:
        write_json(figures, json)
    say(
        f"{head.kept} of {count(head.parasitized, 'parasitized cell')} kept with {discard:.0%} of "
        f"{count(head.cells, 'red cell')} discarded, cross-validated over {count(head.fields, 'field')} "
        f"({head.kept_as_shipped} without adapting). Labelled boxes in which no red cell was found: {lost}. "
        f"Use it with: triage --adapted {output}"
    )
