"""What comes in from earlier reviews: a journal to go on with, corrections to measure by or to learn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import pandas as pd

from malaria.cells import Labels, match, read_labels, read_table
from malaria.errors import JournalError, LabelsError
from malaria.review.agreement import consensus
from malaria.review.decisions import COLUMNS, Decision, from_fields
from malaria.review.state import State, replay
from malaria.wording.words import count


def read_journal(data: bytes | Path | str) -> list[Decision]:
    """Read a journal, whole, as saved here or by a spreadsheet: any separator and encoding, columns in any order.

    Raises JournalError, with the row, for a file that is no journal or a row that is no decision.
    """
    try:
        header, rows = read_table(data)
    except LabelsError as problem:
        raise JournalError(str(problem)) from None
    if missing := [name for name in COLUMNS if name not in header]:
        raise JournalError(f"This is not a journal of decisions: it lacks the columns {', '.join(missing)}.")
    decisions = []
    for number, row in enumerate(rows, start=2):
        try:
            decision = from_fields(dict(zip(header, row, strict=True)))
        except (JournalError, ValueError) as problem:
            raise JournalError(f"Row {number} of the journal is damaged: {problem} Correct or delete it.") from None
        if not decision.decided_at:
            raise JournalError(f"Row {number} of the journal has no decided_at. Correct or delete it.")
        decisions.append(decision)
    return decisions


def read_corrections(data: bytes | Path | str) -> Labels:
    """Read corrected labels by file and image_id, from corrected_labels.csv or from a journal itself.

    Of a journal only what is in force counts, several annotators by their consensus; cells without one have no label.
    Raises LabelsError or JournalError.
    """
    state = _state(data)
    return corrections(state) if state else read_labels(data, column="corrected_label")


def corrections(state: State) -> Labels:
    """Return what is decided as labels by image_id and by file; a file name of several images is no name."""
    return _labels(state, lost=None)


def relabel(table: pd.DataFrame, data: bytes | Path | str) -> list[str | None]:
    """Return the label of each row of `table` (file, image_id, label) after the corrections in a CSV, as `RULE` has it.

    A row's own label stands where nobody has read the cell, and None where those who have did not arrive at a class.
    Any word may be a class. Raises LabelsError, also where not one row is among those corrected, or JournalError.
    """
    state = _state(data)
    known = _labels(state, lost=_LOST) if state else _with_lost(data)
    found = match(table["file"], known, table["image_id"]).table["given_label"]
    if found.isna().all():
        raise LabelsError(
            f"None of the {count(len(table), 'image')} is among the corrections. Use corrections made for these "
            "images: they are matched by `image_id` or by `file`."
        )
    pairs = zip(found, table["label"], strict=True)
    return [None if said == _LOST else (said or own) for said, own in pairs]


_LOST: Final = "\0"  # stands for the label of a cell that was read and has none; no word of a CSV can be this


def _state(data: bytes | Path | str) -> State | None:
    """What a journal adds up to; None for another CSV."""
    header, _ = read_table(data)
    return replay(read_journal(data)) if {"decided_at", "final_answer"} <= set(header) else None


def _labels(state: State, lost: str | None) -> Labels:
    labels: dict[str, str] = {}
    for image_id in state.opinions:
        if label := consensus(state.of_cell(image_id).values()).corrected_label or lost:
            labels[image_id] = label
    files: dict[str, set[str]] = {}
    for row in state.rows:
        files.setdefault(row.file, set()).add(row.image_id)
    names = {file: labels[next(iter(ids))] for file, ids in files.items() if len(ids) == 1 and ids <= labels.keys()}
    return Labels("corrected_label", names, labels, identified=names.keys())


def _with_lost(data: bytes | Path | str) -> Labels:
    """Corrected labels of a CSV, with those that its readers (`n_readers`) did not arrive at."""
    labels = read_labels(data, column="corrected_label", classes=None)
    header, rows = read_table(data)
    columns = ("file", "image_id", "n_readers", "corrected_label")
    if not set(columns) <= set(header):
        return labels
    cells = [[row[header.index(name)].strip() for name in columns] for row in rows]
    read = [(file, image_id) for file, image_id, n, label in cells if n not in ("", "0") and not label]
    lost_files, lost_ids = (dict.fromkeys(column, _LOST) for column in zip(*read, strict=True)) if read else ({}, {})
    identified = labels.identified | {file for file, image_id in read if image_id}
    return replace(labels, names={**lost_files, **labels.names}, ids={**lost_ids, **labels.ids}, identified=identified)
