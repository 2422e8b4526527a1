"""From rows to what is in force: a pure function of the journal, so that a reload gives what was there before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from malaria.review.decisions import SKIPPED, Decision

Key: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Opinion:
    """One look of one annotator at one cell: what was said at first, and what it was changed to since."""

    versions: tuple[Decision, ...]

    @property
    def decision(self) -> Decision:
        """What is in force."""
        return self.versions[-1]

    @property
    def first_answer(self) -> str:
        """What was said before anything was changed."""
        return self.versions[0].first_answer


@dataclass
class State:
    """What the rows of a journal add up to. Rows are taken in by `apply`, in the order of the journal."""

    rows: list[Decision] = field(default_factory=list)
    """Every row, also those taken back."""
    in_force: dict[str, list[Decision]] = field(default_factory=dict)
    """annotator -> rows that were not taken back, oldest first: undo takes the last."""
    opinions: dict[str, dict[str, list[Opinion]]] = field(default_factory=dict)
    """image_id -> annotator -> opinions, never empty. The first counts; later ones tell if one agrees with oneself."""
    problems: list[str] = field(default_factory=list)
    """Rows that refer to what is not there, in sentences."""
    _looks: dict[Key, Key] = field(default_factory=dict, repr=False)  # row -> the first row of its reading
    _of_cell: dict[Key, list[Decision]] = field(default_factory=dict, repr=False)  # in force, by annotator and image
    _shown: set[Key] = field(default_factory=set, repr=False)

    def apply(self, row: Decision) -> None:
        """Take in the next row. One that is there already changes nothing."""
        if row.key in self._looks:
            return
        self.rows.append(row)
        self._looks[row.key] = row.key
        if row.takes_back:
            self._take_back(row)
        else:
            self._take_in(row)

    def mine(self, image_id: str, annotator: str) -> Decision | None:
        """What an annotator says of a cell; None before the first answer."""
        opinions = self.opinions.get(image_id, {}).get(annotator)
        return opinions[0].decision if opinions else None

    def of_cell(self, image_id: str) -> dict[str, Decision]:
        """annotator -> what each says of a cell."""
        return {name: opinions[0].decision for name, opinions in self.opinions.get(image_id, {}).items()}

    def decided_by(self, annotator: str) -> list[Decision]:
        """What an annotator says of cells that have a given label, one decision a cell."""
        mine = (cell[annotator][0].decision for cell in self.opinions.values() if annotator in cell)
        return [decision for decision in mine if decision.given_label]

    def last(self, annotator: str) -> Decision | None:
        """The row that undo would take back."""
        rows = self.in_force.get(annotator)
        return rows[-1] if rows else None

    def is_skipped(self, image_id: str, annotator: str) -> bool:
        """Whether the annotator passed the cell over and did not answer since."""
        rows = self._of_cell.get((annotator, image_id))
        return bool(rows) and rows[-1].final_answer == SKIPPED  # type: ignore[index]

    def was_shown(self, image_id: str, annotator: str) -> bool:
        """Whether the annotator ever answered, and so was shown the given label, even if the answer was undone."""
        return (annotator, image_id) in self._shown

    @property
    def annotators(self) -> list[str]:
        """Everyone with an answer in force, in the order of their names."""
        return sorted({name for opinions in self.opinions.values() for name in opinions})

    def _take_in(self, row: Decision) -> None:
        if row.supersedes:
            earlier = self._looks.get((row.annotator, row.supersedes))
            rows = self._of_cell.get((row.annotator, row.image_id), [])
            if earlier and any(self._looks[other.key] == earlier for other in rows):
                self._looks[row.key] = earlier
            else:
                self._report(row, "changes")
        self.in_force.setdefault(row.annotator, []).append(row)
        self._of_cell.setdefault((row.annotator, row.image_id), []).append(row)
        if row.final_answer != SKIPPED:
            self._shown.add((row.annotator, row.image_id))
        self._read_again(row)

    def _take_back(self, row: Decision) -> None:
        rows = self.in_force.get(row.annotator, [])
        place = next((at for at in reversed(range(len(rows))) if rows[at].decided_at == row.supersedes), None)
        if place is None:
            self._report(row, "takes back")
            return
        target = rows.pop(place)
        self._of_cell[target.annotator, target.image_id].remove(target)
        self._read_again(target)

    def _read_again(self, row: Decision) -> None:
        """Work out the opinions of one cell by one annotator from the rows in force."""
        looks: dict[Key, tuple[Decision, ...]] = {}
        for other in self._of_cell[row.annotator, row.image_id]:
            if other.final_answer != SKIPPED:
                first = self._looks[other.key]
                looks[first] = (*looks.get(first, ()), other)
        cell = self.opinions.setdefault(row.image_id, {})
        cell[row.annotator] = [Opinion(versions) for versions in looks.values()]
        if not looks:
            del cell[row.annotator]
        if not cell:
            del self.opinions[row.image_id]

    def _report(self, row: Decision, does: str) -> None:
        self.problems.append(f"The row of {row.annotator} at {row.decided_at} {does} a row that is not in force.")


def replay(rows: Iterable[Decision]) -> State:
    """Return what `rows` add up to. Any order of decide, change and undo gives the same state after every reload."""
    state = State()
    for row in rows:
        state.apply(row)
    return state
