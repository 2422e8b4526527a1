"""A sample's own null: how the log-odds of its uninfected red cells lie, read off the bulk of all its red cells.

Nearly all red cells of any sample are uninfected, so the middle and the upper spread of a sample's log-odds describe
"uninfected" as it looks there, whatever the stain, the microscope or the network (the empirical null of Efron, Journal
of the American Statistical Association 99, 2004, doi:10.1198/016214504000000089). Quantiles estimate both, so that
parasitized cells, which are few and lie above, hardly move them. What touches the border and clumps have a null of
their own, and so has every field, each drawn towards the wider one as far as it has few cells.
"""

from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]

STANDS_OUT: Final = 5.0
"""Spreads above its null from which on a cell of a shifted sample is a suspect: see `expected_false`."""

_SHARPEST: Final = 1e-9
_ONE_SPREAD: Final = 0.8413447460685429
"""The share of a normal distribution below one standard deviation above its middle."""
_PART_CELLS: Final = 30.0
_FIELD_CELLS: Final = 60.0
"""Cells that count as much as the wider null does: whole cells against clumps, and fields, differ about that much."""
_NARROWEST: Final = 0.3
"""Of a spread, in log-odds: a network that answers many cells with the same number has none."""
_EVENEST: Final = 1e-3
"""The same for the darkest spot, in densities of a red cell."""
_SPOT_WEIGHT: Final = 0.5
"""Of the darkest spot against the network: chosen on the half of IML's fields that is not held out."""
_SPOT_MOST: Final = 4.0
"""Spreads of the darkest spot that count: dirt and platelets are darker than any chromatin."""
_TAIL_AT: Final = np.array([-3.0, 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0])
_TAIL: Final = np.array([1.0, 0.54, 0.2, 0.092, 0.046, 0.02, 0.0082, 0.0047, 0.0014, 0.0004])
"""The share of uninfected red cells of a sample that stands out so far: the largest of three laboratories
(`studies.abroad`, fields together)."""


class Null(NamedTuple):
    """Where uninfected cells lie: their `middle` and `spread` upwards, of log-odds, say, read off so many `cells`.

    The spread is the distance of the 84th percentile, which of a normal distribution is its standard deviation.
    """

    middle: float
    spread: float
    cells: float

    @classmethod
    def of(cls, values: Floats) -> Self:
        """Read it off values, shape (n,), n at least 1."""
        middle, high = np.quantile(values, [0.5, _ONE_SPREAD])
        return cls(float(middle), float(high - middle), float(len(values)))

    def towards(self, wider: "Null", cells: float) -> "Null":
        """Return it drawn towards a wider null that counts as much as so many cells."""
        own = self.cells / (self.cells + cells)
        middle, spread = (own * a + (1 - own) * b for a, b in zip(self[:2], wider[:2], strict=True))
        return Null(middle, spread, self.cells)

    def standing_out(self, values: Floats, narrowest: float) -> Floats:
        """Return how many spreads, each at least `narrowest` wide, each lies above the middle; below it, negative."""
        return (values - self.middle) / max(self.spread, narrowest)


def log_odds(p_parasitized: ArrayLike) -> Floats:
    """Return log(p / (1 - p)), float64, of probabilities from 0 to 1, kept finite."""
    return np.asarray(logit(np.clip(np.asarray(p_parasitized, np.float64), _SHARPEST, 1 - _SHARPEST)), np.float64)


def average(*looks: ArrayLike) -> Floats:
    """Return p_parasitized of cells that were looked at several times, each look (n,): their mean in log-odds."""
    return np.asarray(expit(np.mean([log_odds(p) for p in looks], axis=0)), np.float64)


def standing_out(
    p_parasitized: ArrayLike, fields: ArrayLike, parts: ArrayLike, darkest_spots: ArrayLike | None = None
) -> Floats:
    """Return how far each red cell of a sample stands out of its null, in spreads: float64, shape (n,).

    p_parasitized: 0 to 1, shape (n,). fields: the field of each cell. parts: what each cell is, such as whole, clump
    or at the border; both any labels, shape (n,). darkest_spots: of each cell (`malaria.smear.field.spots`), shape
    (n,); None: p_parasitized alone tells.
    """
    field, part = np.asarray(fields), np.asarray(parts)
    far = _standing_out(log_odds(p_parasitized), field, part, _NARROWEST)
    if darkest_spots is None:
        return far
    spot = _standing_out(np.asarray(darkest_spots, np.float64), field, part, _EVENEST)
    return np.asarray((far + _SPOT_WEIGHT * np.minimum(spot, _SPOT_MOST)) / np.hypot(1, _SPOT_WEIGHT), np.float64)


def _standing_out(values: Floats, field: NDArray[np.generic], part: NDArray[np.generic], narrowest: float) -> Floats:
    """How far each value lies out of the null of the cell's part in its field, in spreads.

    That null is drawn towards that of the part in the sample, and that towards the one of all cells.
    """
    if not len(values):
        return values
    whole, out = Null.of(values), np.empty_like(values)
    for of_part in _groups(part):
        wider = Null.of(values[of_part]).towards(whole, _PART_CELLS)
        for among in _groups(field[of_part]):
            rows = of_part[among]
            out[rows] = Null.of(values[rows]).towards(wider, _FIELD_CELLS).standing_out(values[rows], narrowest)
    return out


def expected_false(far: float) -> float:
    """Return the share of uninfected cells that stands out `far` spreads or more (0 to 1), as measured abroad.

    It is the largest of three laboratories that the network had not learned; between the measured points the share
    falls geometrically, and beyond them it is taken to stay.
    """
    return float(np.exp(np.interp(far, _TAIL_AT, np.log(_TAIL))))


def false_discoveries(far: Floats) -> Floats:
    """Return for each cell the share of false alarms among all that stand out as far: float64 (n,), 0 to 1.

    The tail-area false discovery rate (Efron, 2004): cells expected to stand out so far if all were uninfected, over
    those that do; never smaller for a cell than for one that stands out farther (Storey, Journal of the Royal
    Statistical Society B 64, 2002).
    """
    order = np.argsort(-far, kind="stable")
    tails = np.array([expected_false(value) for value in far[order].tolist()])
    rate = np.minimum(1.0, tails * len(far) / np.arange(1, len(far) + 1))
    out = np.empty_like(far)
    out[order] = np.minimum.accumulate(rate[::-1])[::-1]
    return out


def _groups(labels: NDArray[np.generic]) -> list[NDArray[np.intp]]:
    """The places of each label."""
    _, number = np.unique(labels, return_inverse=True)
    order = np.argsort(number, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(number[order])) + 1)
