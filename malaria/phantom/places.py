"""Where the objects of a field lie: apart from each other, or one against another on purpose."""

import numpy as np
from numpy.typing import NDArray

from malaria.phantom.patch import Place

_TRIES = 200


class Places:
    """Round places taken so far in a field of `width` x `height` pixels; every new one keeps `gap` pixels away.

    Where no random try keeps the gap, the try that comes closest to keeping it is taken: a full field gets crowded.
    """

    def __init__(self, width: int, height: int, gap: float, rng: np.random.Generator) -> None:
        self._size = np.array([width, height], float)
        self._gap, self._rng = gap, rng
        self._centres = np.empty((0, 2))
        self._radii = np.empty(0)

    def free(self, radius: float, *, inset: float = 0.0) -> Place:
        """Take a place for an object of that radius apart from all others, its centre `inset` pixels or more inside."""
        inset = min(inset, float(self._size.min()) / 2)
        return self._take(self._rng.uniform(inset, self._size - inset, (_TRIES, 2)), radius, partner=None)

    def beside(self, radius: float) -> Place:
        """Take a place against an object of similar size or over its edge; where there is none, a free place."""
        alike = np.flatnonzero(np.abs(self._radii / radius - 1) < 0.4)
        if not len(alike):
            return self.free(radius)
        partner = int(self._rng.choice(alike))
        angle = self._rng.uniform(0, 2 * np.pi, _TRIES)
        reach = (radius + self._radii[partner]) * self._rng.uniform(0.86, 0.99, _TRIES)
        tries = self._centres[partner] + reach[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        inside = ((tries >= 0) & (tries <= self._size)).all(axis=1)
        return self._take(tries[inside], radius, partner) if inside.any() else self.free(radius)

    def is_whole(self, place: Place, radius: float) -> bool:
        """Whether an object of that radius, a fifth added for its irregular outline, lies within the field."""
        return all(1.2 * radius < at < side - 1.2 * radius for at, side in zip(place, self._size, strict=True))

    def _take(self, tries: NDArray[np.float64], radius: float, partner: int | None) -> Place:
        others = np.arange(len(self._radii)) != (-1 if partner is None else partner)
        centres, radii = self._centres[others], self._radii[others]
        distance = np.linalg.norm(tries[:, None] - centres[None], axis=2) - radii - radius
        room = distance.min(axis=1, initial=np.inf)
        best = int(np.argmax(np.minimum(room, self._gap)))  # the first that keeps the gap, or the roomiest
        self._centres = np.vstack([self._centres, tries[best]])
        self._radii = np.append(self._radii, radius)
        return float(tries[best, 0]), float(tries[best, 1])
