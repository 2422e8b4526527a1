"""Where a human decides on the suspects: which cell is on view, what was said of each, and what that comes to."""

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain
from typing import Final

import cv2

from malaria.review import SKIPPED, UNUSABLE, Decision, Log
from malaria.smear import Box, FieldTriage, Outline, Triage

_PLACE: Final = re.compile(r"(.*)#xywh=(-?\d+),(-?\d+),(\d+),(\d+)")


@dataclass(frozen=True, eq=False)
class Cell:
    """One place in a field. Where the machine found no red cell, all but the place is None.

    p_parasitized (0 to 1), rank among all fields (from 1) and `row` in the table of the triage are the machine's.
    """

    image_id: str
    field: str
    box: Box
    outline: Outline | None = None
    p_parasitized: float | None = None
    rank: int | None = None
    row: int | None = None

    @property
    def name(self) -> str:
        """The field's name with the place in it, as addresses name a part of a picture (W3C Media Fragments)."""
        return f"{self.field}#xywh={','.join(map(str, self.box))}"


class Bench:
    """One triaged sample before one annotator. `ids` gives the image_id of each field by its name.

    The journal knows a cell by the SHA-256 of its field's image_id and its place: the same field gives the same cells.
    """

    def __init__(self, triage: Triage, ids: dict[str, str], log: Log, annotator: str, sample: str = "") -> None:
        self.triage, self.log, self.annotator, self.sample = triage, log, annotator, sample
        self.fields: dict[str, FieldTriage] = {one.field: one for one in triage.fields}
        self.chosen: Cell | None = None
        self.field = next(iter(self.fields), "")
        """The field on view."""
        self.error: str | None = None
        """The last thing that went wrong, until something goes right."""
        self.token = 0
        """Changes with what is on view, so that a key pressed twice does not answer a cell that was never seen."""
        self._ids = ids
        self.go_on()

    # What there is

    @cached_property
    def red_cells(self) -> dict[str, Cell]:
        """Every red cell that the machine found, by image_id, the most suspicious first."""
        table = self.triage.table
        outlines = list(chain.from_iterable(one.outlines for one in self.triage.fields))
        red = table[table["kind"] == "red_cell"].sort_values("rank")
        found = (
            self._cell(field, outlines[row].box, outlines[row], float(p), int(rank), int(row))
            for row, field, p, rank in zip(red.index, red["field"], red["p_parasitized"], red["rank"], strict=True)
        )
        return {cell.image_id: cell for cell in found}

    @cached_property
    def suspects(self) -> list[Cell]:
        """The red cells that a human should see, the most suspicious first."""
        return list(self.red_cells.values())[: len(self.triage.suspects)]

    def at(self, field: str, x: float, y: float) -> Cell:
        """The red cell at a place of a field, in its pixels; where there is none, a new one of the usual size."""
        for cell in self.red_cells.values():
            if cell.field == field and cell.outline is not None:
                inside = cv2.pointPolygonTest(cell.outline.contour, (float(x), float(y)), measureDist=False)
                if inside >= 0:
                    return cell
        side = max(8, round(self.fields[field].diameter))
        return self._cell(field, Box(round(x - side / 2), round(y - side / 2), side, side))

    # What was said

    @property
    def answers(self) -> dict[str, str]:
        """What the annotator says, one of `malaria.review.ANSWERS`, by image_id, of cells of this sample."""
        return {cell.image_id: said.final_answer for cell, said in self.decisions}

    @property
    def decisions(self) -> list[tuple[Cell, Decision]]:
        """What the annotator says of cells of this sample, each as it is in force."""
        mine = (self._mine(image_id) for image_id in self.log.state.readings)
        return [(cell, said) for said in mine if said and (cell := self._known(said))]

    @property
    def added(self) -> list[Cell]:
        """What the annotator marked where the machine had found nothing, as the journal has it."""
        return [cell for cell, _ in self.decisions if cell.outline is None]

    @property
    def undecided(self) -> list[Cell]:
        """The suspects without an answer."""
        answers = self.answers
        return [cell for cell in self.suspects if cell.image_id not in answers]

    def count(self, answer: str) -> int:
        """How many cells got this answer, suspects or not."""
        return sum(said == answer for said in self.answers.values())

    @property
    def cells_counted(self) -> int:
        """Red cells: those found, less those that the annotator says are none, and those added."""
        answers = self.answers
        wrong = sum(said == UNUSABLE for one, said in answers.items() if one in self.red_cells)
        more = sum(said != UNUSABLE for one, said in answers.items() if one not in self.red_cells)
        return self.triage.red_cells - wrong + more

    # What is done

    def choose(self, cell: Cell | None) -> None:
        """Put a cell on view."""
        self.chosen = cell
        self.field = cell.field if cell else self.field
        self.token += 1

    def go_on(self, after: Cell | None = None) -> None:
        """Put the next suspect without an answer on view, None if there is none left."""
        left = self.undecided
        rank = after.rank if after and after.rank else 0
        self.choose(next((cell for cell in left if (cell.rank or 0) > rank), left[0] if left else None))

    def answer(self, token: int, answer: str) -> None:
        """Keep what is said of the cell on view, and go to the next suspect. Raises JournalError."""
        cell = self.chosen
        if token != self.token or cell is None or self.log.unsaved:
            return
        earlier = self._mine(cell.image_id)
        if earlier is None:
            self.log.append(self._decision(cell, answer))
        elif earlier.final_answer != answer:
            self.log.append(replace(earlier, final_answer=answer, supersedes=earlier.decided_at, decided_at=""))
        self.go_on(cell)

    def undo(self, token: int) -> bool:
        """Take back the last answer and show its cell. False where none is left that is about this sample."""
        last = self.log.refresh().last(self.annotator)
        cell = self._known(last) if last else None
        if token != self.token or cell is None or self.log.unsaved:
            return False
        self.log.undo(self.annotator)
        self.choose(cell)
        return True

    def save_again(self) -> None:
        """Try to keep what the store refused, and go on. Raises JournalError."""
        self.log.save_again()
        self.go_on(self.chosen)

    def _decision(self, cell: Cell, answer: str) -> Decision:
        return Decision(
            self.annotator,
            cell.image_id,
            cell.name,
            first_answer=answer,
            final_answer=answer,
            patient=self.sample or None,
            p_parasitized=cell.p_parasitized,
            model=self.triage.model,
            threshold=self.triage.threshold,
        )

    def _mine(self, image_id: str) -> Decision | None:
        said = self.log.state.mine(image_id, self.annotator)
        return None if said is None or said.final_answer == SKIPPED else said

    def _known(self, said: Decision) -> Cell | None:
        """The cell that a decision is about; None if it is of another sample."""
        if said.image_id in self.red_cells:
            return self.red_cells[said.image_id]
        place = _PLACE.fullmatch(said.file)
        if place is None or place[1] not in self._ids:
            return None
        x, y, width, height = map(int, place.groups()[1:])
        cell = self._cell(place[1], Box(x, y, width, height))
        # The machine's own cells of another model or version are not the annotator's.
        by_hand = said.p_parasitized is None and cell.image_id == said.image_id
        return cell if by_hand and cell.field in self.fields else None

    def _cell(
        self,
        field: str,
        box: Box,
        outline: Outline | None = None,
        p_parasitized: float | None = None,
        rank: int | None = None,
        row: int | None = None,
    ) -> Cell:
        place = f"{self._ids[field]}#xywh={','.join(map(str, box))}"
        return Cell(hashlib.sha256(place.encode()).hexdigest(), field, box, outline, p_parasitized, rank, row)
