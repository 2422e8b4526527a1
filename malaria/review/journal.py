"""The journal as a CSV file (`LineFile`): a row for each decision; who is on which card stands in a file beside it."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from malaria.errors import JournalError
from malaria.review.decisions import HEADER, Decision, from_line, next_moment, to_line
from malaria.review.line_file import LineFile
from malaria.review.store import KEPT, LEASE_SECONDS, News

_REFUSAL: Final = (
    f"is not a journal of decisions: it does not begin with the line {HEADER}. Name another file. (If a spreadsheet "
    "saved the journal again, upload the journal to continue with it.)"
)


class CsvJournal:
    """A `Store` in a CSV file. Safe with several processes on one file of a local disk."""

    def __init__(self, path: Path | str) -> None:
        """Nothing is read or written yet: the file is made by the first decision."""
        self._file = LineFile(
            path,
            HEADER,
            refusal=_REFUSAL,
            kept=KEPT,
            again=", and its card comes back.",
        )
        self.path = self._file.path

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self.path)

    @cached_property
    def survives(self) -> bool:
        """Whether the disk keeps its files when the machine starts anew."""
        return survives_restart(self.path)

    def append(self, decisions: Sequence[Decision]) -> list[Decision]:
        """Write the rows, all or none, and return them when they are on the disk. Raises JournalError."""
        kept: list[Decision] = []

        def make(last_line: str) -> str:
            last = _moment_of(last_line)
            for decision in decisions:
                last = decision.decided_at or next_moment(last)
                kept.append(replace(decision, decided_at=last))
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


def _moment_of(line: str) -> str:
    """The `decided_at` of the last row; empty where that line is the header, or damaged."""
    with suppress(JournalError):
        return from_line(line).decided_at
    return ""


def _leases(path: Path) -> dict[str, tuple[str, float]]:
    """annotator -> the card they are on, and until when. A file that is missing or damaged frees all cards."""
    try:
        found = json.loads(path.read_bytes())
        return {str(name): (str(image_id), float(until)) for name, (image_id, until) in found.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


FORGETFUL: Final = frozenset({"tmpfs", "ramfs", "overlay", "overlayfs", "aufs", "fuse-overlayfs", "zfs-overlay"})
"""Kinds of file system that live in memory or in a container's own layer, and go with it."""

_MOUNTS: Final = Path("/proc/mounts")


def survives_restart(path: Path, mounts: str | None = None) -> bool:
    """Return False for a place in memory, in a container's own layer (as on Streamlit Community Cloud) or temporary.

    `mounts` is the text of Linux's /proc/mounts, read from there unless given; elsewhere only temporary folders are
    known to forget. A volume that is mounted into a container survives.
    """
    place = path.absolute()
    if place.is_relative_to(tempfile.gettempdir()):
        return False
    if mounts is None:
        try:
            mounts = _MOUNTS.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return True
    return _file_system(place, mounts) not in FORGETFUL


def _file_system(place: Path, mounts: str) -> str | None:
    """The kind of the file system that holds a path: that of the deepest mount above it, of several the last."""
    found, depth = None, -1
    for line in mounts.splitlines():
        parts = line.split()
        if len(parts) < 3:
            continue
        point = Path(parts[1].replace("\\040", " "))
        if place.is_relative_to(point) and len(point.parts) >= depth:
            found, depth = parts[2], len(point.parts)
    return found
