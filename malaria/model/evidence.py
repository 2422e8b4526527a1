"""What one answer rests on: places of a cell are covered, and the network is asked again."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.model.preprocessing import Preprocessing

Pixels = NDArray[np.uint8]
Odds = Callable[[Pixels], NDArray[np.float64]]
"""Log-odds of p_parasitized, shape (n,), of preprocessed cells (n, height, width, 3)."""

OUTLINED: Final = 0.5
"""Where a map (0 to 1) reaches this, a place stands out."""
_FULL: Final = 4.0  # the fall of the log-odds that a map shows as 1: odds 55 times lower
_PATCH: Final = 0.19  # of the input's side: each is covered alone
_STRIDE: Final = 0.0625  # of the input's side, from one to the next
_WORTH: Final = 0.15  # of the largest fall: the small steps around one that is smaller are not asked about
_PATCHES: Final = (0.25, 0.4, 0.55)  # of the input's side: covered together, larger where the smaller change nothing
_APART: Final = 0.125  # of the input's side, between two places that are tried
_MOST_PLACES: Final = 8
_MOST_COVERED: Final = 0.5  # of the cell: with more gone, there is no cell left to ask about
_ENOUGH: Final = 0.5  # of the way down to the threshold: a place that goes so far explains the answer alone
_COUNTS: Final = 0.05  # a smaller fall is none
_NEEDED: Final = 0.03  # of the whole fall: a place that adds less is not marked
_BLUR: Final = 0.02  # of the input's side
_STRONG: Final = (0.9, 0.75, 0.6, 0.45)  # shares of the changed pixels shown as less than 1: ever larger shapes
_MOST: Final = 0.9  # of the fall by covering squares, for a finer shape to stand in for them
_CLEAR: Final = (0.6, 0.9)  # of the cell's pixels by lightness: neither parasite nor highlight

Window = tuple[slice, slice]
Place = tuple[int, int]
"""Of a window among those that were laid: its row and column."""


@dataclass(frozen=True)
class Evidence:
    """Where a cell looks parasitized, and what became of the answer when that was covered.

    heat: float32 (height, width) of the cell, 0 to 1; 1 stands for a fall of the log-odds by 4 or the largest fall if
    that is more. places: how many places the map marks together; 1 where each was covered alone, 0 where nothing stands
    out. before, after: log-odds of p_parasitized of the cell as it is, and with what is marked covered.
    """

    heat: NDArray[np.float32]
    places: int
    before: float
    after: float


def find_evidence(ask: Odds, preprocessing: Preprocessing, rgb: Pixels, threshold: float) -> Evidence:
    """Return what speaks for a parasite in a cell: uint8 RGB (height, width, 3).

    Each place is covered alone (`cover_each`). Where none stands out, or none takes the log-odds half of the way down
    to `threshold` (log-odds, too), as in a cell full of parasites, places are covered together: the one whose covering
    lowers the log-odds most, then the next beside it, until the answer turns, half of the cell is covered, or eight
    places are; larger ones where small ones change nothing. Places that turn out not to be needed are left out.
    """
    heat, before, lowest = cover_each(ask, preprocessing, rgb)
    alone = Evidence(heat, int(heat.max() >= OUTLINED), before, lowest)
    if before < threshold or (alone.places and before - lowest >= _ENOUGH * (before - threshold)):
        return alone
    cell = _Cell(preprocessing, rgb)
    windows, after = _cover_together(ask, cell, before, threshold)
    if after >= lowest or before - after < OUTLINED * _FULL:
        return alone
    marked = _mark_changed(ask, cell, windows, before, after)
    if marked is None:
        marked = cell.locate(windows)
    else:
        after = float(ask(cell.cover_where(marked >= OUTLINED)[None])[0])
    shown = (marked * min(1.0, (before - after) / _FULL)).astype(np.float32)
    return Evidence(preprocessing.fit_back(shown, rgb.shape), len(windows), before, after)


def cover_each(ask: Odds, preprocessing: Preprocessing, rgb: Pixels) -> tuple[NDArray[np.float32], float, float]:
    """Return how much each place matters alone, float32 (height, width) of `rgb`, 0 to 1, and two log-odds.

    A square of the cell's own mean colour is moved over the cell in small steps; where covering it lowers the log-odds
    of p_parasitized, the map is high (Zeiler and Fergus 2014, doi:10.1007/978-3-319-10590-1_53). 1 stands for a fall of
    4 (odds 55 times lower) or the largest fall if that is more, so a cell in which nothing matters stays dark. The
    log-odds are those of the cell as it is, and the lowest.

    Steps of twice the size come first. Only where one of these lowers the log-odds are the small steps between them
    asked about; elsewhere they are taken for the mean of their neighbours.
    """
    cell = _Cell(preprocessing, rgb)
    windows = cell.lay_windows(_PATCH, _STRIDE)
    first = [place for place in windows if not _list_near(place, windows)]
    odds = ask(np.concatenate([cell.covered(cell.pixels, [windows[at] for at in first], cell.mean), cell.pixels[None]]))
    before, lowest = float(odds[-1]), float(odds.min())
    falls = dict(zip(first, before - odds, strict=False))
    worth = max(_COUNTS, _WORTH * (before - lowest))
    near = {place: [falls[at] for at in _list_near(place, windows)] for place in windows if place not in falls}
    second = [place for place, around in near.items() if max(around) >= worth]
    if second:
        odds = ask(cell.covered(cell.pixels, [windows[at] for at in second], cell.mean))
        lowest = min(lowest, float(odds.min()))
    falls = {at: float(np.mean(around)) for at, around in near.items()} | falls
    falls |= dict(zip(second, before - odds, strict=False))
    total, times = np.zeros(cell.inside.shape), np.full(cell.inside.shape, 1e-6)
    for at, fall in falls.items():
        total[windows[at]] += fall
        times[windows[at]] += 1
    heat = np.clip(total / times, 0, None) * cell.inside
    shown = (heat / max(_FULL, float(heat.max()))).astype(np.float32)
    return preprocessing.fit_back(shown, rgb.shape), before, lowest


def _list_near(place: Place, places: Collection[Place]) -> list[Place]:
    """Return those of the `places` in even rows and columns that are next to one in an odd row or column."""
    if all(at % 2 == 0 for at in place):
        return []
    rows, columns = ((at,) if at % 2 == 0 else (at - 1, at + 1) for at in place)
    return [(row, column) for row in rows for column in columns if (row, column) in places]


class _Cell:
    """A cell as the network sees it, which of its pixels are the cell, and colours to cover them with."""

    def __init__(self, preprocessing: Preprocessing, rgb: Pixels) -> None:
        self.pixels = preprocessing.pixels(rgb)
        self.inside = preprocessing.fit_to_input(rgb).max(axis=2) > 0
        own = self.pixels[self.inside].astype(np.float64)
        self.mean = self.clear = np.zeros(3, np.uint8)
        if own.size:
            light = own.sum(axis=1)
            low, high = np.quantile(light, _CLEAR)
            self.mean = own.mean(axis=0).astype(np.uint8)
            self.clear = own[(light >= low) & (light <= high)].mean(axis=0).astype(np.uint8)

    def lay_windows(self, patch: float, stride: float) -> dict[Place, Window]:
        """Return the squares of `patch`, `stride` apart (of the width), that hold some of the cell, by their places."""
        height, width = self.inside.shape
        side, step = max(2, round(patch * width)), max(1, round(stride * width))
        windows = {
            (row, column): (slice(max(0, top), top + side), slice(max(0, left), left + side))
            for row, top in enumerate(range(-side // 2, height, step))
            for column, left in enumerate(range(-side // 2, width, step))
        }
        return {place: window for place, window in windows.items() if self.inside[window].any()}

    def covered(self, pixels: Pixels, windows: Sequence[Window], colour: Pixels) -> Pixels:
        """Return `pixels` once for each window, which is covered there where it is the cell."""
        covered = np.repeat(pixels[None], len(windows), axis=0)
        for number, window in enumerate(windows):
            covered[number][window][self.inside[window]] = colour
        return covered

    def covered_by_all(self, windows: Sequence[Window]) -> Pixels:
        """Return the cell with all windows covered at once."""
        pixels = self.pixels
        for window in windows:
            pixels = self.covered(pixels, [window], self.clear)[0]
        return pixels

    def cover_where(self, there: NDArray[np.bool_]) -> Pixels:
        """Return the cell covered in any shape."""
        return np.asarray(np.where((there & self.inside)[..., None], self.clear, self.pixels), np.uint8)

    def find_core(self) -> NDArray[np.bool_]:
        """Return where the cell is, without two pixels of its rim."""
        inside = self.inside.astype(np.uint8)
        core = cv2.erode(inside, np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        return np.asarray(core > 0)

    def locate(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        """Return 1 where the windows hold some of the cell, else 0."""
        there = np.zeros(self.inside.shape)
        for window in windows:
            there[window] = 1.0
        return np.where(self.inside, there, 0.0)


def _cover_together(ask: Odds, cell: _Cell, before: float, threshold: float) -> tuple[list[Window], float]:
    """Return the places found one after another, and the log-odds with all of them covered."""
    chosen: list[Window] = []
    after, size = before, 0
    tried = list(cell.lay_windows(_PATCHES[size], _APART).values())
    while tried and len(chosen) < _MOST_PLACES and after >= min(threshold, before - _FULL):
        odds = ask(cell.covered(cell.covered_by_all(chosen), tried, cell.clear))
        best = int(np.argmin(odds))
        if (
            after - odds[best] >= _COUNTS
            and cell.locate([*chosen, tried[best]]).sum() <= _MOST_COVERED * cell.inside.sum()
        ):
            chosen.append(tried[best])
            after = float(odds[best])
            continue
        size += 1
        tried = list(cell.lay_windows(_PATCHES[size], _APART).values()) if size < len(_PATCHES) else []
    return _leave_out(ask, cell, chosen, before, after)


def _mark_changed(
    ask: Odds, cell: _Cell, windows: Sequence[Window], before: float, after: float
) -> NDArray[np.float64] | None:
    """Return, 0 to 1, how much covering changed each pixel: parasites, not the clear cell around them in a square.

    None where covering only what is changed much does not do most of what covering the squares does.
    """
    within = cell.locate(windows) * cell.find_core()  # at the rim, cell and background mix
    change = np.abs(cell.pixels.astype(np.float64) - cell.clear).max(axis=2) * within
    change = cv2.GaussianBlur(change, (0, 0), _BLUR * cell.inside.shape[1]) * cell.inside
    if not change.any():
        return None
    levels = np.quantile(change[change > 0], _STRONG)
    shapes = [np.clip(change / level, 0, 1) for level in levels]
    left = ask(np.stack([cell.cover_where(shape >= OUTLINED) for shape in shapes]))
    enough = before - left >= _MOST * (before - after)
    return shapes[int(np.argmax(enough))] if enough.any() else None


def _leave_out(ask: Odds, cell: _Cell, chosen: list[Window], before: float, after: float) -> tuple[list[Window], float]:
    """Take back the places, from the first on, without which the log-odds are hardly higher."""
    allowed = after + _NEEDED * (before - after)
    for window in tuple(chosen):
        fewer = [one for one in chosen if one != window]
        if fewer and (odds := float(ask(cell.covered_by_all(fewer)[None])[0])) <= allowed:
            chosen, after = fewer, odds
    return chosen, after
