"""The journal as a CSV file (`LineFile`): a row for each decision; who is on which card stands in a file beside it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Final

from malaria.errors import JournalError
from malaria.review.decisions import HEADER, Decision, date_all, from_line, to_csv, to_line
from malaria.review.durability import survives_restart
from malaria.review.imports import read_journal
from malaria.review.line_file import LineFile
from malaria.review.moments import latest_believed
from malaria.review.store import KEPT, LEASE_SECONDS, News

_REFUSAL: Final = (
    "is not a journal of decisions that can be read here. If it is no journal, whoever runs this app must name another "
    "file."
)


class CsvJournal:
    """A `Store` in a CSV file. Safe with several processes on one file of a local disk."""

    def __init__(self, path: Path | str) -> None:
        """Nothing is read or written yet: the file is made by the first decision."""
        self._file = LineFile(
            path,
            HEADER,
            is_row=lambda line: _row(line) is not None,
            convert=lambda data: to_csv(read_journal(data)),
            refusal=_REFUSAL,
            kept=KEPT,
            again=", and its card comes back.",
        )
        self.path = self._file.path

    @property
    def place(self) -> str:
        """The name of the file; where on the server it lies is for who runs the app."""
        return self.path.name

    @cached_property
    def survives(self) -> bool:
        """Whether the disk keeps its files when the machine starts anew."""
        return survives_restart(self.path)

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Write the rows, all or none, and return them when they are on the disk. Raises JournalError."""
        kept: list[Decision] = []

        def make(lines: Iterator[str]) -> str:
            kept.extend(date_all(decisions, _last_moment(lines)))
            return "".join(map(to_line, kept))

        self._file.append(make)
        return kept

    def read(self, cursor: int = 0) -> News:
        """Return the rows from byte `cursor` on. A line that cannot be read is passed over and reported."""
        found = self._file.read(cursor)
        rows: list[Decision] = []
        problems = [*found.repairs]
        for number, line in enumerate(found.lines, start=found.first or 0):
            try:
                rows.append(from_line(line.decode()))
            except (JournalError, UnicodeDecodeError) as problem:
                where = f"Line {number}" if found.first else "A new line"
                problems.append(f"{where} of {self.path.name} was skipped: {problem}")
        return News(tuple(rows), found.cursor, tuple(problems))

    def claim(self, image_ids: Sequence[str], annotator: str) -> str | None:
        """Give the first card that nobody else is on; who is on what stands in a small file beside the journal."""
        path = Path(f"{self.path}.leases")
        with self._file.held(), self._file.sentences("written", path):
            now = time.time()
            leases = {name: lease for name, lease in _leases(path).items() if name != annotator and lease[1] > now}
            others = {image_id for image_id, _ in leases.values()}
            chosen = next((image_id for image_id in image_ids if image_id not in others), None)
            if chosen is not None:
                leases[annotator] = (chosen, now + LEASE_SECONDS)
            path.write_text(json.dumps(leases), encoding="utf-8")
        return chosen


def _last_moment(lines: Iterator[str]) -> str:
    """The `decided_at` of the first of these lines that is a row and may have come already; empty without one."""
    latest = latest_believed()
    rows = map(_row, lines)
    return next((row.decided_at for row in rows if row and row.decided_at <= latest), "")


def _row(line: str) -> Decision | None:
    """The decision in a line; None where it is damaged, or the header."""
    with suppress(JournalError):
        return from_line(line)
    return None


def _leases(path: Path) -> dict[str, tuple[str, float]]:
    """annotator -> the card they are on, and until when. A file that is missing or damaged frees all cards."""
    try:
        found = json.loads(path.read_bytes())
        return {str(name): (str(image_id), float(until)) for name, (image_id, until) in found.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}
