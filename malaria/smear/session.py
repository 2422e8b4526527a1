"""Where a human decides on the suspects: which cell is on view, what was said of each, and what may be seen of that."""

from dataclasses import replace

from malaria.review import Decision, Log
from malaria.smear.adapt import Head
from malaria.smear.decisions import Cell, Cells, SampleDecisions
from malaria.smear.triage import Triage


class TriageSession:
    """One triaged sample before one annotator. `ids` gives the image_id of each field by its name.

    While `blind`, what others said of a cell is hidden until the annotator has decided on it, and their figures until
    no cell is left.
    """

    def __init__(
        self, triage: Triage, ids: dict[str, str], log: Log, annotator: str, *, sample: str = "", blind: bool = True
    ) -> None:
        self.log, self.annotator, self.sample, self.blind = log, annotator, sample, blind
        self.cells = Cells(triage, ids)
        self.chosen: Cell | None = None
        self.field = next(iter(self.cells.fields), "")
        """The field on view."""
        self.head: Head | None = None
        """What adapted the triage to a laboratory, if anything did."""
        self.error: str | None = None
        """The last thing that went wrong, until something goes right."""
        self.token = 0
        """Changes with what is on view, so that a key pressed twice does not answer a cell that was never seen."""
        self._ids = ids
        self._looks: dict[str, tuple[float, float]] = {}
        self._grew = False  # since the last answer, perhaps by something more suspicious than what is on view
        self._read: tuple[object, SampleDecisions] | None = None
        self.go_on()

    def take(self, triage: Triage) -> None:
        """Go on with more fields, or with another threshold. What is on view stays there, and so does its token."""
        if _extent(triage) == _extent(self.triage):
            return
        self.cells, self._grew = Cells(triage, self._ids), True
        if self.field not in self.cells.fields:  # there was none yet, or it was left out
            self.field = next(iter(self.cells.fields), "")
        if self.chosen is None or self.chosen.field not in self.cells.fields:
            self.go_on()
        else:
            self.chosen = self.cells.red.get(self.chosen.image_id, self.chosen)

    # What there is

    @property
    def triage(self) -> Triage:
        """The fields judged so far."""
        return self.cells.triage

    @property
    def suspects(self) -> list[Cell]:
        """The red cells that a human should see, the most suspicious first."""
        return self.cells.suspects

    @property
    def asked(self) -> list[Cell]:
        """What is to be decided: the suspects, then whatever cells another reader has picked out beside them."""
        suspects = set(self.suspects)
        others = (cell for cell, said in self.decisions.said.items() if set(said) != {self.annotator})
        more = [cell for cell in others if cell not in suspects]
        return self.suspects + sorted(more, key=lambda cell: (cell.rank is None, cell.rank or 0, cell.name))

    @property
    def undecided(self) -> list[Cell]:
        """What the annotator has still to decide."""
        answers = self.answers
        return [cell for cell in self.asked if cell not in answers]

    def at(self, x: float, y: float) -> Cell:
        """The cell at a place of the field on view, in its pixels: one that was marked, one found, or a new one."""
        marked = (one for one in [*self.answers, *self.asked] if one.row is None and one.field == self.field)
        return next((one for one in marked if one.box.holds(x, y)), None) or self.cells.at(self.field, x, y)

    @property
    def look(self) -> tuple[float, float]:
        """The place of the field on view, in its pixels, at which one looks: its middle, until one chooses or moves."""
        about = self.cells.fields[self.field]
        return self._looks.get(self.field, (about.width / 2, about.height / 2))

    @look.setter
    def look(self, place: tuple[float, float]) -> None:
        self._looks[self.field] = place

    # What was said

    @property
    def decisions(self) -> SampleDecisions:
        """What everybody says of this sample, whether the annotator may see it or not."""
        key = (self.cells, len(self.log.state.rows))
        if self._read is None or self._read[0] != key:
            self._read = key, self.cells.decisions(self.log.state)
        return self._read[1]

    @property
    def answers(self) -> dict[Cell, str]:
        """What the annotator says, one of `malaria.review.ANSWERS`, by cell."""
        said = self.decisions.of(self.annotator).said
        return {cell: by[self.annotator].final_answer for cell, by in said.items()}

    @property
    def visible(self) -> SampleDecisions:
        """What results rest on: everybody's decisions, or while blind only the annotator's own until none is left."""
        return self.decisions.of(self.annotator) if self.blind and self.undecided else self.decisions

    @property
    def compared(self) -> SampleDecisions:
        """Everybody's decisions, while blind only on cells that the annotator has decided."""
        return self.decisions.blind_for(self.annotator) if self.blind else self.decisions

    # What is done

    def choose(self, cell: Cell | None) -> None:
        """Put a cell on view."""
        self.chosen = cell
        if cell:
            self.field, self._looks[cell.field] = cell.field, cell.box.centre
        self.token += 1

    def go_on(self, after: Cell | None = None) -> None:
        """Put the next cell without an answer on view, None if there is none left."""
        left = self.undecided
        rank = after.rank if after and after.rank and not self._grew else 0
        self._grew = False
        self.choose(next((cell for cell in left if (cell.rank or 0) > rank), left[0] if left else None))

    def answer(self, token: int, answer: str, note: str = "") -> None:
        """Keep what is said of the cell on view, and go to the next one. Raises JournalError."""
        cell = self.chosen
        if token != self.token or cell is None or self.log.unsaved:
            return
        self._keep(cell, answer, note)
        self.go_on(cell)

    def annotate(self, token: int, note: str) -> None:
        """Keep a note on the cell on view if it has an answer; else the answer brings it. Raises JournalError."""
        mine = self.mine
        if token == self.token and self.chosen is not None and mine and not self.log.unsaved:
            self._keep(self.chosen, mine.final_answer, note)

    @property
    def mine(self) -> Decision | None:
        """What the annotator says of the cell on view; None before an answer."""
        return None if self.chosen is None else self.log.state.mine(self.chosen.image_id, self.annotator)

    def undo(self, token: int) -> bool:
        """Take back the last answer and show its cell. False where none is left that is about this sample."""
        last = self.log.refresh().last(self.annotator)
        cell = self.cells.of(last) if last else None
        if token != self.token or cell is None or self.log.unsaved:
            return False
        self.log.undo(self.annotator)
        self.choose(cell)
        return True

    def save_again(self) -> None:
        """Try to keep what the store refused, and go on. Raises JournalError."""
        self.log.save_again()
        self.go_on(self.chosen)

    def _keep(self, cell: Cell, answer: str, note: str) -> None:
        earlier = self.log.state.mine(cell.image_id, self.annotator)
        if earlier is None:
            self.log.append(self._decision(cell, answer, note))
        elif (earlier.final_answer, earlier.note) != (answer, note.strip()):
            changed = replace(earlier, final_answer=answer, note=note, supersedes=earlier.decided_at, decided_at="")
            self.log.append(changed)

    def _decision(self, cell: Cell, answer: str, note: str) -> Decision:
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
            blind=self.blind and not self._was_told(cell),
            note=note,
        )

    def _was_told(self, cell: Cell) -> bool:
        """Whether an answer, since taken back, may have shown what others said of a cell."""
        state = self.log.state
        others = state.opinions.get(cell.image_id, {}).keys() - {self.annotator}
        return bool(others) and state.was_shown(cell.image_id, self.annotator)


def _extent(triage: Triage) -> tuple[float, list[str], int]:
    """What differs once more fields are there, or the threshold is another."""
    return triage.threshold, [one.field for one in triage.fields], len(triage.unreadable)
