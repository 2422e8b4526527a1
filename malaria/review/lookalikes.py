"""Cells that look like a cell: by colour, stain and texture, whichever way they lie.

On 5,000 of the NIH cells the majority of a cell's five nearest, all of other patients, had its expert label in 85 %.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.errors import MalariaError
from malaria.images import RGB, decode
from malaria.labels import CLASSES
from malaria.review.queue import SuspectLabel

POOL: Final = 1000
"""So many cells of each class whose labels are little suspect, and so many of the most suspect, are looked through."""
LITTLE_SUSPECT: Final = 0.1

_SIDE: Final = 48  # pixels: enough for a ring
_RINGS: Final = 4
_SHARES: Final = (0.5, 2, 5, 10, 25, 75, 95)  # percent
_SURROUND: Final = 16  # what is darker lies outside the cell
_FARTHEST: Final = 4.0  # standard deviations: one odd feature must not outweigh all others

Floats: TypeAlias = NDArray[np.float32]


def describe(rgb: RGB) -> Floats:
    """Return what a cell (height, width, 3) looks like: float32, shape (69,).

    Its size and shape; then, all measured against the cell's own median colour, how dark and how stained its parts are,
    in rings from its middle outwards, how rough it is, and its most marked dark spot.
    """
    height, width = rgb.shape[:2]
    scale = _SIDE / max(height, width)
    size = max(2, round(width * scale)), max(2, round(height * scale))
    small = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    inside = small.max(axis=2) > _SURROUND
    if inside.sum() < 16:
        inside = np.ones_like(inside)
    light = np.log(small + 8)
    own = np.median(light[inside], axis=0)
    stain = light - own
    views = np.stack([stain[..., 1], stain[..., 0] - stain[..., 2], stain[..., 0]], axis=2)
    shape = [np.log(inside.mean()), np.log(width / height) ** 2]
    parts = [
        shape,
        own / 3,
        np.percentile(views[inside], _SHARES, axis=0),
        _rings(views, inside),
        _spots(stain, inside),
    ]
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.float32)


@dataclass(frozen=True)
class LookAlikes:
    """Cells with what they look like: those whose labels are little suspect, and those most in doubt."""

    cards: tuple[SuspectLabel, ...]
    _described: Floats
    _mean: Floats
    _spread: Floats

    @classmethod
    def among(
        cls, cards: Sequence[SuspectLabel], read: Callable[[str], bytes], stop: Callable[[], bool] = lambda: False
    ) -> LookAlikes:
        """Describe a choice of `cards`, given in rank order; `read` returns a file's bytes. Ends early on `stop`."""
        chosen, described = [], []
        for card in _pool(cards):
            if stop():
                break
            try:
                described.append(describe(decode(read(card.file), card.file)))
                chosen.append(card)
            except MalariaError:
                continue
        table = np.stack(described) if described else np.empty((0, 0), np.float32)
        mean, spread = (table.mean(axis=0), table.std(axis=0) + 1e-6) if described else (table, table)
        return cls(tuple(chosen), _standardised(table, mean, spread), mean, spread)

    def of(self, rgb: RGB, n: int = 3, *, but: str | None = None) -> dict[str, list[SuspectLabel]]:
        """Return for each class the `n` little suspect cells most like `rgb`, the image_id `but` left out."""
        near = [card for card in self._nearest(rgb) if card.suspicion <= LITTLE_SUSPECT and card.image_id != but]
        return {label: [card for card in near if card.given_label == label][:n] for label in CLASSES}

    def suspects(self, rgb: RGB, n: int = 20, *, but: str | None = None) -> list[SuspectLabel]:
        """Return the `n` cells most like `rgb` whose labels are in doubt, the most alike first, `but` left out."""
        near = (card for card in self._nearest(rgb) if card.suspicion > LITTLE_SUSPECT and card.image_id != but)
        return list(islice(near, n))

    def _nearest(self, rgb: RGB) -> list[SuspectLabel]:
        if not self.cards:
            return []
        wanted = _standardised(describe(rgb), self._mean, self._spread)
        order = np.argsort(((self._described - wanted) ** 2).sum(axis=1), kind="stable")
        return [self.cards[at] for at in order]


def _pool(cards: Sequence[SuspectLabel]) -> Iterator[SuspectLabel]:
    """Cells to look through: a random choice of the sure ones that is always the same, and the most suspect."""
    for number, label in enumerate(CLASSES):
        sure = [card for card in cards if card.given_label == label and card.suspicion <= LITTLE_SUSPECT]
        for at in np.random.default_rng(number).permutation(len(sure))[:POOL]:
            yield sure[at]
    yield from islice((card for card in cards if card.suspicion > LITTLE_SUSPECT), POOL)


def _standardised(described: Floats, mean: Floats, spread: Floats) -> Floats:
    return np.clip((described - mean) / spread, -_FARTHEST, _FARTHEST) if described.size else described


def _rings(views: Floats, inside: NDArray[np.bool_]) -> Floats:
    """Mean, spread and darkest of each ring of equal width in area; those of the whole where a ring is empty."""
    rows, columns = np.nonzero(inside)
    away = np.hypot(rows - rows.mean(), columns - columns.mean())
    ring = np.minimum(_RINGS - 1, (_RINGS * (away / (away.max() + 1e-6)) ** 2).astype(int))
    found = []
    for number in range(_RINGS):
        values = views[inside][ring == number] if (ring == number).any() else views[inside]
        found += [values.mean(axis=0), values.std(axis=0), np.percentile(values, 3, axis=0)]
    return np.stack(found)


def _spots(stain: Floats, inside: NDArray[np.bool_]) -> Floats:
    """How rough the inside is, and by how much its most marked spots are darker than what is around them."""
    core = cv2.erode(inside.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    core = core if core.any() else inside
    rough = np.abs(cv2.Laplacian(np.ascontiguousarray(stain[..., 1]), cv2.CV_32F))[core].mean()
    darker = (cv2.GaussianBlur(stain, (0, 0), 4) - cv2.GaussianBlur(stain, (0, 0), 1.2))[core]
    return np.concatenate([[rough], darker.max(axis=0), np.percentile(darker, 98, axis=0)]).astype(np.float32)
