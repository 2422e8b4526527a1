"""What comes in from earlier reviews: a journal to go on with, corrections to measure by or to learn."""

from __future__ import annotations

from pathlib import Path

from malaria.cells import Labels, read_labels, read_table
from malaria.errors import JournalError, LabelsError
from malaria.review.agreement import consensus
from malaria.review.decisions import COLUMNS, Decision, from_fields
from malaria.review.state import State, replay


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
            raise JournalError(f"Row {number} of the journal is damaged: {problem} Mend or delete it.") from None
        if not decision.decided_at:
            raise JournalError(f"Row {number} of the journal has no decided_at. Mend or delete it.")
        decisions.append(decision)
    return decisions


def read_corrections(data: bytes | Path | str) -> Labels:
    """Read corrected labels by file and image_id, from corrected_labels.csv or from a journal itself.

    Of a journal only what is in force counts, several annotators by their consensus; cells without one have no label.
    Raises LabelsError or JournalError.
    """
    header, _ = read_table(data)
    if not {"decided_at", "final_answer"} <= set(header):
        return read_labels(data, column="corrected_label")
    return corrections(replay(read_journal(data)))


def corrections(state: State) -> Labels:
    """Return what is decided as labels by image_id and by file; a file name of several images is no name."""
    labels: dict[str, str] = {}
    for image_id in state.readings:
        if label := consensus(state.of_cell(image_id).values()).corrected_label:
            labels[image_id] = label
    files: dict[str, set[str]] = {}
    for row in state.rows:
        files.setdefault(row.file, set()).add(row.image_id)
    names = {file: labels[next(iter(ids))] for file, ids in files.items() if len(ids) == 1 and ids <= labels.keys()}
    return Labels("corrected_label", names, labels)
