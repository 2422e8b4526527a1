"""Where a human decides on the suspects: which cell is on view, what was said of each, and what may be seen of that."""

from collections.abc import Iterator

from malaria.review import Decision, Log, Turn
from malaria.smear.adapt import Head
from malaria.smear.decisions import Cell, Cells, SampleDecisions
from malaria.smear.sample_survey import MORE
from malaria.smear.triage import Triage


class TriageSession(Turn[Cell]):
    """One triaged sample before one annotator. `ids` gives the image_id of each field by its name.

    While `blind`, what others said of a cell is hidden until the annotator has decided on it, and their figures until
    no cell is left.
    """

    def __init__(
        self, triage: Triage, ids: dict[str, str], log: Log, annotator: str, *, sample: str = "", blind: bool = True
    ) -> None:
        super().__init__(log, annotator)
        self.sample, self.blind = sample, blind
        self.cells = Cells(triage, ids)
        self.field = next(iter(self.cells.fields), "")
        """The field on view."""
        self.head: Head | None = None
        """What adapted the triage to a laboratory, if anything did."""
        self._ids = ids
        self._looks: dict[str, tuple[float, float]] = {}
        self._grew = False  # since the last answer, perhaps by something more suspicious than what is on view
        self._read: tuple[object, SampleDecisions, dict[Cell, str]] | None = None
        self._further = 0  # cells of the survey beyond its first goal
        self.advance()

    def take(self, triage: Triage) -> None:
        """Go on with more fields, or with another threshold. What is on view stays there, and so does its token."""
        if _extent(triage) == _extent(self.triage):
            return
        self.cells, self._grew = Cells(triage, self._ids), True
        self._break_promises()
        if self.field not in self.cells.fields:  # there was none yet, or it was left out
            self.field = next(iter(self.cells.fields), "")
        if self.current is None or self.current.field not in self.cells.fields:
            self.advance()
        else:
            self.current = self.cells.red.get(self.current.image_id, self.current)

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
    def is_survey(self) -> bool:
        """Whether the cells are drawn for an estimate, as the machine alone cannot count this sample."""
        return self.triage.survey is not None

    @property
    def chosen_cells(self) -> list[Cell]:
        """What the product puts before a reader: the suspects, or the first cells of a survey, in its order."""
        survey = self.triage.survey
        if survey is None:
            return self.suspects
        by_row = self.cells.by_row
        return [by_row[row] for row in survey.order[: survey.goal + self._further]]

    @property
    def listed(self) -> list[Cell]:
        """What is shown to choose from: those, and at least the first ranks where few are suspects."""
        return self.chosen_cells if self.is_survey else self.suspects + self.cells.below

    @property
    def is_all_asked(self) -> bool:
        """Whether a survey has no further cells."""
        survey = self.triage.survey
        return survey is None or survey.goal + self._further >= len(survey.order)

    def name(self, cell: Cell) -> str:
        """What a cell that the machine found is called."""
        if self.is_survey:
            what = "Cell" if cell in set(self.chosen_cells) else "A cell beside the list:"
        else:
            what = "Suspect" if cell in set(self.suspects) else "Not a suspect:"
        return f"{what} {cell.number}"

    def go_further(self) -> None:
        """Ask for more cells of the survey."""
        self._further += MORE
        self.advance()

    @property
    def asked(self) -> list[Cell]:
        """What is to be decided: the cells chosen, then whatever another reader has picked out beside them."""
        mine = self.chosen_cells
        chosen = set(mine)
        others = (cell for cell, said in self.decisions.said.items() if set(said) != {self.annotator})
        more = [cell for cell in others if cell not in chosen]
        return mine + sorted(more, key=lambda cell: (cell.rank is None, cell.rank or 0, cell.name))

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
        return self._read_journal()[0]

    @property
    def answers(self) -> dict[Cell, str]:
        """What the annotator says, one of `malaria.review.ANSWERS`, by cell."""
        return self._read_journal()[1]

    def _read_journal(self) -> tuple[SampleDecisions, dict[Cell, str]]:
        """What everybody says, and the annotator, worked out once for all who ask until either may have changed."""
        key = (self.cells, len(self.log.state.rows))
        if self._read is None or self._read[0] != key:
            found, name = self.cells.decisions(self.log.state), self.annotator
            self._read = key, found, {cell: by[name].final_answer for cell, by in found.of(name).said.items()}
        return self._read[1:]

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
        self._break_promises()
        self._look_at(cell)

    def advance(self) -> None:
        """Put the next cell without an answer on view, None if there is none left."""
        self._look_at(self._take_promised() or next(self._foresee(), None))
        self._grew = False

    def answer(self, token: int, answer: str, note: str = "") -> None:
        """Keep what is said of the cell on view, and go to the next one. Raises JournalError."""
        if self.keep(token, answer, note):
            self.advance()

    def _look_at(self, cell: Cell | None) -> None:
        self._show(cell)
        if cell:
            self.field, self._looks[cell.field] = cell.field, cell.box.centre

    def _foresee(self) -> Iterator[Cell]:
        left, after = self.undecided, self.current
        rank = after.rank if after and after.rank and not (self._grew or self.is_survey) else 0
        yield from (cell for cell in left if (cell.rank or 0) > rank)
        yield from (cell for cell in left if (cell.rank or 0) <= rank)

    def _find_waiting(self, card: Cell) -> Cell | None:
        return next((cell for cell in self.undecided if cell.image_id == card.image_id), None)

    def _find(self, decision: Decision) -> Cell | None:
        return self.cells.of(decision)

    def _show_undone(self, card: Cell, undone: Decision) -> None:
        self.choose(card)

    def _decide(self, card: Cell, answer: str, note: str) -> Decision:
        return Decision(
            self.annotator,
            card.image_id,
            card.name,
            first_answer=answer,
            final_answer=answer,
            patient=self.sample or None,
            p_parasitized=card.p_parasitized,
            model=self.triage.model,
            threshold=self.triage.threshold,
            blind=self.blind and not self._was_told(card),
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
