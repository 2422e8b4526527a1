"""The WHO's levels of competence, given only as far as the answers so far allow, and valid whenever one looks.

For every boundary m between two levels, bets are laid against "the share is at most m" and "at least m": likelihood
ratios of a better (a worse) reader, mixed over how good (how bad). Where what is bet against is true, the stake does
not grow on average, so it ever reaches 2/alpha with a probability of at most alpha/2 (Ville 1939). A reader's level has
one boundary above and one below it, hence a wrong level, now or at any later look, at most with the probability alpha.

Robbins, Ann. Math. Stat. 41 (1970) 1397; Waudby-Smith & Ramdas, J. R. Stat. Soc. B 86 (2024) 1, of which this is the
exact case of right and wrong.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from malaria.errors import MetricsError
from malaria.wording.numbers import round_figures
from malaria.wording.words import count

DETECTION: Final = (0.9, 0.8, 0.7)
"""The least share of slides rightly called for levels 1, 2 and 3 of parasite detection; below the last is level 4.

WHO, Malaria microscopy quality assurance manual, version 2 (2016), ISBN 978 92 4 154939 4, assessment of competence.
"""

COUNTING: Final = (0.5, 0.4, 0.3)
"""The same for the share of slides whose count is within 25 % of the reference."""

WITHIN: Final = 0.25
"""How far a count may be from the reference, as a share of it."""

OF_SLIDES: Final = (
    "The WHO's levels are for whole slides, read under the microscope, and have three parts (detection, species, "
    "counting). Here their thresholds for detection are applied to pictures of single cells: this is not a WHO "
    "certificate."
)

ALPHA: Final = 0.05
"""The probability of a wrong level, at most, however often one looks."""

_PRIOR: Final = (4.0, 1.0)
"""Of the bets, a beta distribution: any is valid, and this one decides soon on good readers."""
_FAR: Final = 5000
"""Nobody is told to read more cells than these."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """Which levels the answers so far leave open, the best first: after `n` answers, `right` of them right.

    `more`: how many further cells would leave one level, if the reader goes on as so far; `next_more`: how many
    would leave fewer levels than now, which `next_possible` names. None where none are needed, or more
    than 5,000 would be. `decided_after`: the number of answers after which one level was left.
    """

    possible: tuple[int, ...]
    n: int
    right: int
    more: int | None = None
    next_more: int | None = None
    next_possible: tuple[int, ...] = ()
    decided_after: int | None = None

    @property
    def decided(self) -> int | None:
        """The level, or None while several are possible."""
        return self.possible[0] if len(self.possible) == 1 else None

    @property
    def sentence(self) -> str:
        """The level in words, and how many cells more would decide."""
        if not self.n:
            return "No level: there are no answers."
        if self.decided is not None:
            return f"Level {self.decided}. It would be wrong for at most {100 * ALPHA:g} in 100 readers."
        told = f"Level {name_levels(self.possible)}."
        if self.next_more is None:
            return f"{told} With such a share of right answers even {_FAR:,} cells more would not say more."
        more = count(round_figures(self.next_more), "cell")
        narrower = (
            f"{told} About {more} more, read as well as these, would leave level {name_levels(self.next_possible)}"
        )
        if len(self.next_possible) == 1:
            return f"{narrower}."
        return (
            f"{narrower}, and {f'about {round_figures(self.more):,}' if self.more else f'not even {_FAR:,}'} one level."
        )


def grade_level(
    right: Sequence[bool] | ArrayLike,
    boundaries: Sequence[float] = DETECTION,
    alpha: float = ALPHA,
    *,
    look_ahead: bool = True,
) -> Level:
    """Say which levels are possible after answers in the order in which they were given; shape (n,), True where right.

    `boundaries`: the least shares of levels 1, 2, ..., falling, within 0 to 1. A wrong level is given with at most the
    probability `alpha` at any number of answers, for answers that are right independently of one another with one
    probability. `look_ahead` asks for how many cells more would decide. Raises MetricsError.
    """
    if not 0 < alpha < 1 or list(boundaries) != sorted(set(boundaries), reverse=True):
        raise MetricsError("alpha lies between 0 and 1, and the boundaries of levels fall.")
    if not boundaries or not 0 < boundaries[-1] <= boundaries[0] < 1:
        raise MetricsError("The boundaries of levels lie between 0 and 1.")
    answers = np.asarray(right, dtype=bool)
    n = np.arange(1, answers.size + 1, dtype=np.float64)
    all_levels, hits = tuple(range(1, len(boundaries) + 2)), int(answers.sum())
    narrowed = _narrow(np.cumsum(answers), n, boundaries, alpha, all_levels)
    place, possible = narrowed[-1] if narrowed else (-1, all_levels)
    if len(possible) == 1:
        return Level(possible, int(answers.size), hits, decided_after=place + 1)
    if not (answers.size and look_ahead):
        return Level(possible, int(answers.size), hits)
    ahead = np.unique(np.geomspace(1, _FAR, 400).round())
    k = hits + ahead * hits / answers.size
    left = [
        (int(ahead[place]), levels) for place, levels in _narrow(k, answers.size + ahead, boundaries, alpha, possible)
    ]
    more = next((number for number, levels in left if len(levels) == 1), None)
    next_more, next_possible = left[0] if left else (None, ())
    return Level(possible, int(answers.size), hits, more, next_more, next_possible)


def _narrow(
    k: ArrayLike, n: Floats, boundaries: Sequence[float], alpha: float, possible: tuple[int, ...]
) -> list[tuple[int, tuple[int, ...]]]:
    """At which places, where of `n` answers `k` are right, fewer levels are possible than before, and which.

    The bet that is won first counts first; one that would leave no level is passed over.
    """
    won = []
    for level, boundary in enumerate(boundaries, start=1):
        for better in (True, False):
            places = np.flatnonzero(log_bet(k, n, boundary, better=better) >= np.log(2 / alpha))
            if places.size:
                won.append((int(places[0]), level, better))
    narrowed = []
    for place, level, better in sorted(won):
        left = tuple(one for one in possible if (one <= level) == better)
        if left and len(left) < len(possible):
            narrowed.append((place, left))
            possible = left
    return narrowed


def name_levels(levels: tuple[int, ...]) -> str:
    """Levels that are next to one another, in words: "1 to 3"."""
    best, worst = levels[0], levels[-1]
    return f"{best}" if best == worst else f"{best} or {worst}" if worst == best + 1 else f"{best} to {worst}"


def log_bet(k: ArrayLike, n: ArrayLike, boundary: float, *, better: bool) -> Floats:
    """The logarithm of what a stake of 1 has become after `n` answers, `k` of them right.

    Bet against "the share of right answers is at most `boundary`" if `better`, else against "at least".
    """
    a, b = _PRIOR
    hits, misses = np.asarray(k, np.float64), np.asarray(n, np.float64) - np.asarray(k, np.float64)
    tail = special.betaincc if better else special.betainc
    with np.errstate(divide="ignore"):  # a tail too small for a float is a stake that is lost
        mixed = special.betaln(a + hits, b + misses) + np.log(tail(a + hits, b + misses, boundary))
        prior = special.betaln(a, b) + np.log(tail(a, b, boundary))
    return np.asarray(mixed - prior - hits * np.log(boundary) - misses * np.log1p(-boundary))
