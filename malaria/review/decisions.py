"""One decision of one annotator about one cell: what it holds, and its line in the journal."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Final

from malaria.cells import format_row, read_number, restore
from malaria.errors import JournalError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.review.moments import is_moment, latest_believed, next_moment
from malaria.wording.words import count

UNSURE: Final = "Unsure"
"""The annotator looked and cannot tell."""

UNUSABLE: Final = "Unusable"
"""The picture shows no single cell that could be told: debris, two cells, out of focus."""

SKIPPED: Final = "Skipped"
"""No answer yet: the card comes back when no other is left."""

ANSWERS: Final = (PARASITIZED, UNINFECTED, UNSURE, UNUSABLE)
"""What an annotator may say of a cell."""

COLUMNS: Final = (
    "decided_at",
    "annotator",
    "image_id",
    "file",
    "patient",
    "given_label",
    "p_parasitized",
    "model",
    "threshold",
    "blind",
    "first_answer",
    "final_answer",
    "corrected_label",
    "note",
    "supersedes",
)
"""The columns of a journal, in their order."""

HEADER: Final = ",".join(COLUMNS)
MAX_NOTE: Final = 2000
"""The most characters of a note that are kept."""

ADJUDICATION: Final = "[adjudication]"
"""What a note begins with where the answer is a third reader's, given because others disagree. It stands in the note
so that journals keep their columns: those that exist, and programs that read them, go on as before."""

TRUE: Final = frozenset(("true", "1", "yes", "wahr", "vrai", "verdadero", "verdadeiro", "vero", "waar", "prawda"))
_FALSE: Final = frozenset(("", "false", "0", "no", "falsch", "faux", "falso", "onwaar", "fałsz"))
"""What spreadsheets write in the languages of most of their users, beside what is written here: true and false."""

_IMAGE_ID: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Decision:
    """One row of the journal. Checked when made: raises JournalError for an unknown answer, a number out of range.

    `final_answer` is one of `ANSWERS` or `SKIPPED`; `first_answer` what was said before given label and model's view
    were shown, where `blind`, and else the same. `supersedes` is the `decided_at` of an earlier row of the same
    annotator that this one takes the place of; with an empty `final_answer` it takes that row back (undo).
    `decided_at` (UTC, ISO 8601 with microseconds) is empty until a store has the row; it never repeats for an
    annotator, so it is the row's name. Text is kept on one line.
    """

    annotator: str
    image_id: str
    file: str
    first_answer: str
    final_answer: str
    patient: str | None = None
    given_label: str | None = None
    p_parasitized: float | None = None
    model: str = ""
    threshold: float | None = None
    blind: bool = False
    note: str = ""
    supersedes: str = ""
    decided_at: str = ""

    def __post_init__(self) -> None:
        for name in ("annotator", "file", "model", "patient", "given_label", "note"):
            object.__setattr__(self, name, _one_line(getattr(self, name)))
        object.__setattr__(self, "note", self.note[:MAX_NOTE].rstrip())
        for problem, found in self._problems().items():
            if found:
                raise JournalError(f"A decision {problem}.")

    def _problems(self) -> dict[str, bool]:
        moments = [moment for moment in (self.decided_at, self.supersedes) if moment]
        numbers = [number for number in (self.p_parasitized, self.threshold) if number is not None]
        allowed = {*ANSWERS, SKIPPED} | ({""} if self.supersedes else set())
        return {
            "names no annotator": not self.annotator,
            "names no image: its image_id must be 64 hexadecimal digits": not _IMAGE_ID.fullmatch(self.image_id),
            f"holds an answer other than {', '.join(ANSWERS)}": not {self.first_answer, self.final_answer} <= allowed,
            "gives a label that is not a class": self.given_label not in (None, *CLASSES),
            "holds a probability or threshold outside 0 to 1": not all(0 <= number <= 1 for number in numbers),
            "holds a time that is not as 2026-01-31T12:00:00.000000Z": not all(map(is_moment, moments)),
        }

    @property
    def corrected_label(self) -> str | None:
        """The class that was decided; None for the other answers."""
        return self.final_answer if self.final_answer in CLASSES else None

    @property
    def takes_back(self) -> bool:
        """Whether this row undoes the one it supersedes and puts nothing in its place."""
        return not self.final_answer

    @property
    def adjudicates(self) -> bool:
        """Whether this is a third reader's answer, given because others disagree."""
        return self.note.startswith(ADJUDICATION)

    @property
    def key(self) -> tuple[str, str]:
        """What names the row: annotator and decided_at."""
        return self.annotator, self.decided_at


def mark_note(note: str, *, adjudicates: bool) -> str:
    """Return a note that says whether its answer is a third reader's, whatever it said of that before."""
    plain = note.strip().removeprefix(ADJUDICATION).strip()
    return f"{ADJUDICATION} {plain}".strip() if adjudicates else plain


def to_line(decision: Decision) -> str:
    """Return a decision's line, line feed included; text that a spreadsheet would run as a formula is neutralised."""
    values = asdict(decision) | {
        "corrected_label": decision.corrected_label,
        "blind": "true" if decision.blind else "false",
    }
    return format_row(values[name] for name in COLUMNS)


def to_csv(decisions: Sequence[Decision]) -> str:
    """Return a whole journal: header and a line for each decision, the same whichever store they come from."""
    return f"{HEADER}\n" + "".join(map(to_line, decisions))


def date_all(decisions: Iterable[Decision], last: str) -> list[Decision]:
    """Return decisions with a `decided_at`: their own, else a moment after that of the one before, or after `last`."""
    dated = []
    for decision in decisions:
        moment = decision.decided_at or next_moment(last)
        last = max(last, moment) if moment <= latest_believed() else last
        dated.append(replace(decision, decided_at=moment))
    return dated


def from_line(line: str) -> Decision:
    """Read one line of a journal; raises JournalError for anything that `to_line` would not have written."""
    try:
        (values,) = csv.reader([line], strict=True)
        if len(values) != len(COLUMNS):
            raise JournalError(f"A line holds {count(len(values), 'field')} instead of {len(COLUMNS)}.")
        return from_fields(dict(zip(COLUMNS, map(restore, values), strict=True)))
    except (csv.Error, ValueError) as problem:
        raise JournalError(f"A line cannot be read ({problem}).") from None


def from_fields(fields: Mapping[str, str]) -> Decision:
    """Make a decision of the text in a row's columns. Raises JournalError, naming the column that cannot be read."""
    return Decision(
        **{name: fields.get(name, "") for name in ("annotator", "image_id", "file", "first_answer", "final_answer")},
        **{name: fields.get(name, "") for name in ("model", "note", "supersedes", "decided_at")},
        patient=fields.get("patient") or None,
        given_label=fields.get("given_label") or None,
        p_parasitized=_share(fields, "p_parasitized"),
        threshold=_share(fields, "threshold"),
        blind=_truth(fields, "blind"),
    )


def _one_line(text: str | None) -> str | None:
    if text is None:
        return None
    return "".join(character if character.isprintable() else " " for character in text).strip()


def _share(fields: Mapping[str, str], name: str) -> float | None:
    text = fields.get(name, "").strip()
    try:
        value = read_number(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not 0 <= value <= 1:
        raise JournalError(f"The column {name} holds {text!r}, which is not a number from 0 to 1.")
    return value


def _truth(fields: Mapping[str, str], name: str) -> bool:
    text = fields.get(name, "").strip()
    if text.casefold() not in TRUE | _FALSE:
        raise JournalError(f"The column {name} holds {text!r}, which is neither true nor false.")
    return text.casefold() in TRUE
