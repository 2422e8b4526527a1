"""The survey of a whole sample, cell by cell: which comes when, and what the answers say of those nobody decided on."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.counting import is_one_place
from malaria.smear.field.objects import Box
from malaria.smear.null import Floats
from malaria.smear.survey import BLOCK, BY_LOT, Found, Survey, chances, reading_order

FIRST_GOAL: Final = 200
"""Cells that a reader is asked to decide on at first, unless there are more suspects than come among them."""
MORE: Final = 100
"""Cells by which the goal then grows."""

_GONE: Final = 0.7


class Place(Protocol):
    """A cell that somebody decided on: `row` is its row in the table of the triage, None if a human marked it."""

    @property
    def row(self) -> int | None: ...
    @property
    def field(self) -> str: ...
    @property
    def box(self) -> Box: ...


class SampleSurvey:
    """The places of a sample in the order in which a reader gets them.

    rows: those of the table of the triage, one for each place, the farthest out first. standing_out: of each, float64
    (n,). where: the field and box of each. suspects: how many of them are. seed: anything that tells one sample from
    another. `order` holds rows, `goal` is how many of them a reader is asked to decide on at first: enough for all
    suspects to be among them.
    """

    def __init__(
        self,
        rows: Sequence[int],
        standing_out: Floats,
        where: Sequence[tuple[str, Box]],
        suspects: int,
        seed: str,
    ) -> None:
        self._rows = list(rows)
        self._in_field: defaultdict[str, list[tuple[int, Box]]] = defaultdict(list)
        for at, (name, box) in enumerate(where):
            self._in_field[name].append((at, box))
        self._rank = {row: at for at, row in enumerate(self._rows)}
        self._survey = Survey(standing_out)
        self._order: NDArray[np.int64] = reading_order(np.arange(len(self._rows)), seed)
        self.order = [self._rows[at] for at in self._order.tolist()]
        blocks = -(-suspects // (BLOCK - BY_LOT))
        self.goal = min(len(self.order), max(FIRST_GOAL, blocks * BLOCK))

    def estimate(self, confirmed: Iterable[Place], denied: Iterable[int]) -> Found:
        """Return what the answers say of all cells: confirmed places, each once, and rows without a parasite."""
        yes, no, beside, extra = self._by_rank(confirmed, denied)
        return _add(self._survey.estimate(yes, no, beside), extra)

    def forecast(self, confirmed: Iterable[Place], denied: Iterable[int], following: int = MORE) -> Found:
        """Return about what so many further decisions, on the next cells of the order, will make of it."""
        yes, no, beside, extra = self._by_rank(confirmed, denied)
        decided = {*yes, *no, *beside}
        more = [at for at in self._order.tolist() if at not in decided][:following]
        return _add(self._survey.forecast(yes, no, beside, more), extra)

    def chances(self, decided: Iterable[int]) -> dict[int, float]:
        """Return how likely each row was to come before a reader who went as far as to decide on these rows."""
        rows = set(decided)
        gone = max((at + 1 for at, row in enumerate(self.order) if row in rows), default=0)
        certain, chance = chances(len(self.order), gone)
        return {row: 1.0 if at < certain else chance for row, at in self._rank.items()}

    def _by_rank(
        self, confirmed: Iterable[Place], denied: Iterable[int]
    ) -> tuple[list[int], list[int], list[int], int]:
        """Ranks of confirmed cells, of others that are decided, of those picked by hand; confirmed ones beside these.

        A card that shows a confirmed place under another outline holds no second parasite.
        """
        yes: set[int] = set()
        same: set[int] = set()
        extra = 0
        for cell in confirmed:
            shown = [at for at, box in self._in_field[cell.field] if is_one_place(cell.box, box)]
            own = None if cell.row is None else self._rank.get(cell.row)
            at = own if own is not None else next((at for at in shown if at not in yes), None)
            extra += at is None
            yes |= set() if at is None else {at}
            same |= set(shown)
        no = ({self._rank[row] for row in denied if row in self._rank} | same) - yes
        drawn = self._drawn(yes | no)
        picked = yes - drawn
        return sorted(yes & drawn), sorted(no & drawn), sorted((yes | no) - drawn), extra + len(picked)

    def _drawn(self, decided: set[int]) -> set[int]:
        """Cells as far as a reader went in the order: seven in ten of what comes so early are decided."""
        order = self._order.tolist()
        share = np.cumsum([at in decided for at in order]) / np.arange(1, len(order) + 1)
        reach = np.flatnonzero(share >= _GONE)
        return set(order[: int(reach[-1]) + 1 if len(reach) else 0])


def _add(found: Found, extra: int) -> Found:
    """The same with places that were confirmed where no card is."""
    if not extra:
        return found
    return replace(
        found,
        confirmed=found.confirmed + extra,
        value=found.value + extra,
        low=found.low + extra,
        high=found.high + extra,
    )
