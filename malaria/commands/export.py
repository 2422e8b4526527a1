"""`export`: corrected labels of cells, or the cells of a triaged sample, as other tools read them."""

from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from functools import partial
from itertools import chain
from pathlib import Path
from typing import IO, Annotated, Any

import pandas as pd
import typer

from malaria import export as formats
from malaria.commands._shared import (
    LabelColumnOption,
    LabelsOption,
    MeaningOption,
    ModelOption,
    ThresholdOption,
    meanings,
    open_sources,
    progress,
    say,
    writable,
    write_text,
)
from malaria.errors import LabelsError
from malaria.images import Source, open_source
from malaria.labels import CLASSES
from malaria.review import relabel
from malaria.scoring import read_labelled
from malaria.smear import FieldNames, triage_sample
from malaria.wording.words import count, list_some

_NAMED = 10


class Format(StrEnum):
    """What is written. The first three are of labelled cells, the others of the fields of one sample."""

    FOLDERS = "folders"
    IMAGEFOLDER = "imagefolder"
    LABEL_STUDIO = "label-studio"
    COCO = "coco"
    YOLO = "yolo"
    CVAT = "cvat"


_OF_CELLS = {Format.FOLDERS, Format.IMAGEFOLDER, Format.LABEL_STUDIO}


def export(
    format: Annotated[Format, typer.Argument(help="folders, imagefolder, label-studio; coco, yolo, cvat.")],
    paths: Annotated[list[str], typer.Argument(metavar="PATH...", help="Labelled cells; or fields of one sample.")],
    output: Annotated[
        str, typer.Option(metavar="FILE", callback=writable, help="A zip, JSON or XML file, depending on the format.")
    ],
    decisions: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV",
            exists=True,
            dir_okay=False,
            help="A journal from the pages; for cells, also corrected labels.",
        ),
    ] = None,
    labels: LabelsOption = None,
    label_column: LabelColumnOption = None,
    meaning: MeaningOption = None,
    image_prefix: Annotated[
        str, typer.Option(metavar="URL", help="What label-studio puts before the name of each image.")
    ] = formats.LOCAL_FILES,
    model: ModelOption = None,
    threshold: ThresholdOption = None,
    adapted: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A head that triage-adapt made for your laboratory.")
    ] = None,
) -> None:
    """Write labels or boxes for other tools.

    Of one folder or zip of labelled cells: class folders (zip), a Hugging Face imagefolder (zip with metadata.csv) or
    Label Studio tasks (JSON), with the corrections of a journal or of corrected_labels.csv. Of fields of one sample,
    triaged first: COCO (JSON), YOLO (zip with the images) or CVAT (XML), with the decisions of a journal. Exit status 2
    if there was nothing to write.
    """
    of_cells = {"--labels": labels, "--label-column": label_column, "--meaning": meaning}
    of_fields = {"--model": model, "--threshold": threshold, "--adapted": adapted}
    other, takes = (of_fields, "labelled cells") if format in _OF_CELLS else (of_cells, "the fields of a sample")
    if given := [name for name, value in other.items() if value is not None]:
        raise typer.BadParameter(f"{format.value} is made from {takes}. Leave out {list_some(given)}.")
    if format not in _OF_CELLS:
        triage = partial(triage_sample.triage, paths, model, threshold, adapted=adapted, decisions=decisions)
        _export_fields(format, paths, output, triage)
    elif len(paths) > 1:
        raise typer.BadParameter(f"{format.value} takes one folder or zip of cells, not {len(paths)}.")
    else:
        table = read_labelled(paths[0], labels, label_column, meanings(meaning), read=_list_cells, say=say)
        _export_cells(format, paths[0], output, _correct(table, decisions), image_prefix)


def _list_cells(source: Source) -> pd.DataFrame:
    """Every image that can be read, one in memory at a time."""
    rows, unread = [], []
    for file in progress(source, len(source)):
        if file.image_id is None:
            unread.append(file.error or file.file)
        else:
            rows.append((file.file, file.image_id, file.patient))
    for why in unread[:_NAMED]:
        say(why)
    if len(unread) > _NAMED:
        say(f"And {len(unread) - _NAMED:,} more cannot be read.")
    return pd.DataFrame(rows, columns=["file", "image_id", "patient"], dtype=object)


def _correct(table: pd.DataFrame, decisions: Path | None) -> pd.DataFrame:
    """The table with corrected_label: what readers decided, else what is given."""
    if decisions is None:
        return table.assign(corrected_label=table["given_label"])
    corrected = relabel(table.assign(label=table["given_label"]), decisions)
    return table.assign(corrected_label=pd.Series(corrected, index=table.index, dtype=object))


def _export_cells(format: Format, path: str, output: str, cells: pd.DataFrame, prefix: str) -> None:
    there = Counter(label for label in cells["corrected_label"] if label in CLASSES)
    if not there:
        raise LabelsError(f"{path}: No image is labelled {CLASSES[0]} or {CLASSES[1]}, so there is nothing to write.")
    unreadable: list[str] = []
    if format is Format.LABEL_STUDIO:
        write_text(formats.format_label_studio(cells, prefix), output)
    else:
        write = formats.write_folders if format is Format.FOLDERS else formats.write_imagefolder
        with open_source(path) as source:
            unreadable = _write_zip(output, lambda target: write(target, source, cells))
    written, unlabelled = there.total() - len(unreadable), len(cells) - there.total()
    say(f"{count(written, 'cell')} written to {output}: {_list_counts(there)}. Without a label: {unlabelled:,}.")
    if unreadable:
        say(f"Not read, and left out: {list_some(unreadable, _NAMED)}.")


def _export_fields(format: Format, paths: list[str], output: str, triage: Callable[..., Any]) -> None:
    fields = formats.label_boxes(triage(watch=partial(progress, unit="field"), say=say))
    if not fields:
        raise LabelsError("No field could be read, so there is nothing to write.")
    if format is Format.YOLO:
        _write_zip(output, lambda target: formats.write_yolo(target, fields, _read_fields(paths)))
    else:
        write_text(formats.format_coco(fields) if format is Format.COCO else formats.format_cvat(fields), output)
    there = Counter(box.label for field in fields for box in field.boxes)
    say(f"{count(len(fields), 'field')} written to {output}: {_list_counts(there) or 'no cell'}.")


def _read_fields(paths: list[str]) -> Iterator[tuple[str, bytes]]:
    """The fields' files by their names in the sample, one in memory at a time."""
    for name, file in FieldNames().name(chain.from_iterable(open_sources(paths))):
        if file.data is not None:
            yield name, file.data


def _list_counts(there: Counter[str]) -> str:
    return ", ".join(f"{label} {n:,}" for label, n in sorted(there.items()))


def _write_zip(output: str, write: Callable[[IO[bytes]], Any]) -> Any:
    """Write a zip. Ends the program when the file cannot be written."""
    if output == "-":
        raise typer.BadParameter("A zip cannot go to standard output. Name a file.")
    try:
        with Path(output).open("wb") as target:
            return write(target)
    except OSError as problem:
        say(f"{output} cannot be written ({problem.strerror}). Name another file.")
        raise typer.Exit(2) from None
