"""What people said of a triaged sample: its cells as the journal knows them, who decided what, and what they agree on.

The journal knows a cell by its field's SHA-256 and its place, so a decision stands whatever else is triaged beside it.
"""

import dataclasses
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Final

import cv2

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNUSABLE, Decision, State, consensus
from malaria.smear.field import counting
from malaria.smear.field.objects import RGB, Box, Kind, Outline
from malaria.smear.field_triage import FieldTriage
from malaria.smear.triage import Triage

_PLACE: Final = re.compile(r".*#xywh=(-?\d{1,9}),(-?\d{1,9}),(\d{1,9}),(\d{1,9})")
_NARROWEST: Final = 8  # pixels, of a cell that a human marks


@dataclass(frozen=True)
class Cell:
    """One place in a field. Where the machine found no red cell, all but the place is None.

    p_parasitized (0 to 1), rank among all fields (from 1), `number` (what it is called) and `row` in the table of the
    triage are the machine's.
    """

    image_id: str
    field: str = dataclasses.field(compare=False)
    box: Box = dataclasses.field(compare=False)
    outline: Outline | None = dataclasses.field(default=None, compare=False)
    p_parasitized: float | None = dataclasses.field(default=None, compare=False)
    rank: int | None = dataclasses.field(default=None, compare=False)
    number: str | None = dataclasses.field(default=None, compare=False)
    row: int | None = dataclasses.field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The field's name with the place in it, as addresses name a part of a picture (W3C Media Fragments)."""
        return f"{self.field}#xywh={','.join(map(str, self.box))}"


class Cells:
    """The red cells of a triage. `ids` gives the image_id (SHA-256 of its bytes) of each field by its name."""

    def __init__(self, triage: Triage, ids: Mapping[str, str]) -> None:
        self.triage, self._ids = triage, ids
        self.fields = {one.field: one for one in triage.fields}

    @cached_property
    def red(self) -> dict[str, Cell]:
        """Everything that the classifier was asked about, by image_id, the most suspicious first."""
        table = self.triage.table
        outlines = list(chain.from_iterable(one.outlines for one in self.triage.fields))
        red = table[table["rank"].notna()].sort_values("rank")
        columns = (red[name] for name in ("field", "p_parasitized", "rank", "number"))
        found = (
            self._cell(name, outlines[row].box, outlines[row], float(p), int(rank), number, int(row))
            for row, name, p, rank, number in zip(red.index, *columns, strict=True)
        )
        return {cell.image_id: cell for cell in found}

    @cached_property
    def suspects(self) -> list[Cell]:
        """The red cells that a human should see, the most suspicious first."""
        return list(self.red.values())[: len(self.triage.suspects)]

    @cached_property
    def below(self) -> list[Cell]:
        """The most suspicious cells that are no suspects, where there are few suspects."""
        return [self.by_row[one.row] for one in self.triage.below]

    @cached_property
    def by_row(self) -> dict[int, Cell]:
        """Every red cell by its row in the table of the triage."""
        return {cell.row: cell for cell in self.red.values() if cell.row is not None}

    def crop(self, cell: Cell) -> RGB | None:
        """The picture of a red cell that the machine found, None if many cells of its field are more suspicious."""
        first = sum(len(one.outlines) for one in self.triage.fields[: list(self.fields).index(cell.field)])
        return None if cell.row is None else self.fields[cell.field].crops.get(cell.row - first)

    def at(self, name: str, x: float, y: float) -> Cell:
        """What was judged at a place of the field `name`, in its pixels, or the leukocyte that lies there.

        Where there is neither, a new cell of usual size.
        """
        for cell in self.red.values():
            if cell.field == name and cell.outline is not None and _holds(cell.outline, x, y):
                return cell
        about = self.fields[name]
        for item in about.outlines:
            if item.kind == "leukocyte" and _holds(item, x, y):
                return self.marked(name, item.box)
        side = max(_NARROWEST, round(about.diameter))
        whole = Box(round(x - side / 2), round(y - side / 2), side, side)
        return self.marked(name, whole.within(Box(0, 0, about.width, about.height)))

    def kind_at(self, name: str, x: float, y: float) -> Kind | None:
        """What else than a red cell the machine found at a place of the field `name`, if anything."""
        found = (one for one in self.fields[name].outlines if not one.is_judged and _holds(one, x, y))
        return next((one.kind for one in found), None)

    def marked(self, name: str, box: Box) -> Cell:
        """A cell that the machine missed, at a place of the field `name`."""
        return self._cell(name, box)

    def of(self, decision: Decision) -> Cell | None:
        """The cell that a decision is about; None if it is of another sample.

        A cell that the machine found, but in another version that drew it elsewhere, is nobody's here; neither is one
        outside its field, which only a journal that was tampered with holds.
        """
        if decision.image_id in self.red:
            return self.red[decision.image_id]
        place = _PLACE.fullmatch(decision.file)
        if place is None or decision.p_parasitized is not None:
            return None
        box = Box(*map(int, place.groups()))
        marked = (self.marked(name, box) for name, one in self.fields.items() if _lies_in(box, one))
        return next((cell for cell in marked if cell.image_id == decision.image_id), None)

    def decisions(self, state: State) -> "SampleDecisions":
        """What a journal holds about this sample."""
        found: dict[Cell, dict[str, Decision]] = {}
        for image_id in state.opinions:
            said = state.of_cell(image_id)
            if cell := self.of(next(iter(said.values()))):
                found[cell] = said
        return SampleDecisions(found, state)

    def _cell(
        self,
        name: str,
        box: Box,
        outline: Outline | None = None,
        p_parasitized: float | None = None,
        rank: int | None = None,
        number: str | None = None,
        row: int | None = None,
    ) -> Cell:
        place = f"{self._ids[name]}#xywh={','.join(map(str, box))}"
        return Cell(hashlib.sha256(place.encode()).hexdigest(), name, box, outline, p_parasitized, rank, number, row)


def is_one_place(one: Cell, other: Cell) -> bool:
    """Whether two outlines show the same place, as a window does that lies over a cell or a clump."""
    return one.field == other.field and counting.is_one_place(one.box, other.box)


def places(cells: Iterable[Cell]) -> list[Cell]:
    """One cell for each place that `cells` show: of outlines of one place the smallest, and what people added last.

    So a clump is a place of its own only where nothing in it is one.
    """
    kept: dict[str, list[Cell]] = defaultdict(list)
    for cell in sorted(cells, key=lambda one: (one.row is None, one.box.area, one.image_id)):
        if not any(is_one_place(cell, other) for other in kept[cell.field]):
            kept[cell.field].append(cell)
    return list(chain.from_iterable(kept.values()))


def split_answers(answers: Mapping[Cell, str | None]) -> tuple[list[Cell], list[int]]:
    """Return (the places called parasitized, the rows in which there is none): what is not sure is in neither."""
    denied = [cell.row for cell, said in answers.items() if cell.row is not None and said in (UNINFECTED, UNUSABLE)]
    return places(cell for cell, said in answers.items() if said == PARASITIZED), denied


@dataclass(frozen=True, eq=False)
class SampleDecisions:
    """Decisions in force about the cells of one sample, by cell and annotator, and the journal's state they are from.

    Where several have read a cell, its answer is their consensus (`malaria.review.RULE`).
    """

    said: Mapping[Cell, Mapping[str, Decision]] = dataclasses.field(default_factory=dict)
    state: State = dataclasses.field(default_factory=State)

    @property
    def annotators(self) -> list[str]:
        """Who has decided on any cell, in the order of their names."""
        return sorted({name for said in self.said.values() for name in said})

    @cached_property
    def answers(self) -> dict[Cell, str | None]:
        """What the readers of each cell say together, one of `malaria.review.ANSWERS`; None without a majority."""
        return {cell: consensus(said.values()).answer for cell, said in self.said.items()}

    @property
    def disputed(self) -> list[Cell]:
        """The cells on which readers differ, the most suspicious first, then what people added."""
        differ = (cell for cell, said in self.said.items() if len({one.final_answer for one in said.values()}) > 1)
        return sorted(differ, key=_by_rank)

    def of(self, annotator: str) -> "SampleDecisions":
        """Only what one annotator said."""
        return self._where(lambda _, name: name == annotator)

    def blind_for(self, annotator: str) -> "SampleDecisions":
        """What an annotator may see of others before all is decided: only cells that they have decided themselves."""
        return self._where(lambda cell, name: annotator in self.said[cell])

    @cached_property
    def of_sample(self) -> State:
        """The journal's opinions on these cells by these annotators alone, for `malaria.review.compare_pairs`."""
        return State(
            opinions={
                cell.image_id: {name: self.state.opinions[cell.image_id][name] for name in said}
                for cell, said in self.said.items()
            }
        )

    def _where(self, wanted: Callable[[Cell, str], bool]) -> "SampleDecisions":
        left = {
            cell: {name: one for name, one in said.items() if wanted(cell, name)} for cell, said in self.said.items()
        }
        return SampleDecisions({cell: said for cell, said in left.items() if said}, self.state)


def _holds(outline: Outline, x: float, y: float) -> bool:
    return cv2.pointPolygonTest(outline.contour, (float(x), float(y)), measureDist=False) >= 0


def _lies_in(box: Box, field: FieldTriage) -> bool:
    return box.shared_area(Box(0, 0, field.width, field.height)) > 0


def _by_rank(cell: Cell) -> tuple[bool, int, str]:
    return cell.rank is None, cell.rank or 0, cell.name
