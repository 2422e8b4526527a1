"""How many red cells outlines stand for, and which of them show one place: each cell and parasite counts once."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from malaria.smear.field.objects import Box, Outline

_SAME: Final = 0.6
"""Share of the smaller of two boxes from which on they show one place. Cells that touch share far less."""
_CUT: Final = 0.8
"""Share of a usual cell's area below which an outline at the border is a part of a cell. Outlines of less than a fifth
are not found at all, so cells of which the border leaves more than four fifths count whole: then as many cells are
counted as have their middles inside."""
_FRAGMENT: Final = 0.9
"""Share of a usual cell's area below which a piece of a clump is no cell."""
_PAIR: Final = 1.4
"""Usual cells of area from which on a clump holds at least two."""
_HIDDEN: Final = 1.1
"""Cells for each usual cell's area of a clump, in which cells lie on one another."""
_ENOUGH: Final = 5
"""Whole cells that say what a usual area is; with fewer the diameter does."""


def count_cells(outlines: Sequence[Outline], diameter: float) -> NDArray[np.float64]:
    """Return how many red cells each outline of a field stands for, float64 (n,): their sum is the field's number.

    1 for a whole cell; 0.5 for one that the border cuts; 0 for a fragment of a clump, a window, and other kinds; so
    many as lie in a clump, by its area. `diameter` is a usual cell's, in pixels.
    """
    whole = [item.area for item in outlines if item.is_whole_cell and not item.touches_border]
    usual = float(np.median(whole)) if len(whole) >= _ENOUGH else np.pi * max(diameter, 1.0) ** 2 / 4
    return np.array([_cells(item, item.area / usual) if item.kind == "red_cell" else 0 for item in outlines], float)


def _cells(item: Outline, area: float) -> float:
    if item.touches_border:
        return 0.5 if area < _CUT else 1
    if not item.is_clump:
        return 1
    if area < _FRAGMENT:
        return 0
    return 1 if area < _PAIR else max(2, round(_HIDDEN * area))


def is_one_place(one: Box, other: Box) -> bool:
    """Whether two boxes of a field show the same place, as a window does that lies over a cell or a clump."""
    return one.shared_area(other) >= _SAME * min(one.area, other.area)


def find_views(boxes: Sequence[Box], order: Iterable[int]) -> dict[int, int]:
    """Return which boxes show the place of another one that comes before them in `order`: {it: the other}.

    `order` holds numbers of boxes, the best first; those that it leaves out are not looked at.
    """
    listed = list(order)
    side = max(1, int(np.median([max(boxes[at][2:]) for at in listed]))) if listed else 1
    near: dict[tuple[int, int], list[int]] = defaultdict(list)
    views: dict[int, int] = {}
    for at in listed:
        squares = list(_squares(boxes[at], side))
        known = dict.fromkeys(other for square in squares for other in near[square])
        first = next((other for other in known if is_one_place(boxes[at], boxes[other])), None)
        if first is not None:
            views[at] = first
            continue
        for square in squares:
            near[square].append(at)
    return views


def _squares(box: Box, side: int) -> Iterator[tuple[int, int]]:
    """The squares of a grid, `side` pixels wide, that a box lies in."""
    for column in range(box.x // side, (box.x + box.width) // side + 1):
        for row in range(box.y // side, (box.y + box.height) // side + 1):
            yield column, row
