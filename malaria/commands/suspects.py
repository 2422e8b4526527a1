"""`suspects`: which labels are most likely wrong."""

from typing import Annotated

import typer

from malaria.cells import count_once, format_csv
from malaria.commands._shared import (
    LabelColumnOption,
    LabelsOption,
    MeaningOption,
    ModelOption,
    meanings,
    progress,
    say,
    say_unread,
    writable,
    write_text,
)
from malaria.errors import ModelError, NoHeldOutError
from malaria.model import classifier as models
from malaria.model.held_out import HeldOut, read_held_out
from malaria.review import SUSPECTS_COLUMNS, out_of_sample, rank
from malaria.scoring import score_labelled
from malaria.wording.words import count


def suspects(
    path: Annotated[str, typer.Argument(metavar="PATH", help="A folder or zip of labelled cells.")],
    csv: Annotated[
        str,
        typer.Option(
            help="Write the ranking to this file; - is standard output.", callback=writable, show_default=False
        ),
    ],
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    meaning: MeaningOption = None,
    model: ModelOption = None,
) -> None:
    """Rank labelled cells by how likely the given label is to be wrong, most suspect first.

    A cell that the model learned from is judged by networks that had not seen its patient. Copies of an image are
    ranked once; files of one image under different labels are named and not ranked.
    """
    classifier = models.load(model)
    name = classifier.card.name
    held_out: HeldOut | ModelError
    try:
        held_out = read_held_out(models.MODELS_DIR / name)
    except NoHeldOutError as why:
        held_out = why
    table = score_labelled(classifier, path, labels, label_column, meaning=meanings(meaning), watch=progress, say=say)
    say_unread(table)
    table, basis = out_of_sample(count_once(table).table, held_out, name)
    ranked = rank(table)
    write_text(format_csv(ranked[list(SUSPECTS_COLUMNS)]), csv)
    left_out = count(len(table) - len(ranked), "image")
    say(f"{count(len(ranked), 'label')} ranked, {left_out} without a label or unreadable left out.")
    say(basis.sentence)
    if basis.warning:
        say(f"Warning: {basis.warning}")
