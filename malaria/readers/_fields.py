"""Tests on whole fields: parasites found by marked points, false alarms, and counts as the WHO grades them."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import linear_sum_assignment

from malaria.errors import ReaderTestError
from malaria.labels import PARASITIZED
from malaria.metrics import Rate, clopper_pearson
from malaria.phantom import FORMS, Field
from malaria.readers._grading import median_with_interval
from malaria.readers._levels import COUNTING, WITHIN, Level, grade_level

OF_FIELDS: Final = (
    "The WHO's levels are of whole slides, read under the microscope. Here they are of synthetic fields: this is not a "
    "WHO certificate."
)

Points: TypeAlias = Sequence[tuple[float, float]]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FieldReading:
    """One field as a reader marked it: `pairs` (marked, reference), `missed` and `false_alarms`, all as indices."""

    field: str
    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    false_alarms: tuple[int, ...]

    @property
    def marked(self) -> int:
        """How many parasites the reader counted."""
        return len(self.pairs) + len(self.false_alarms)

    @property
    def parasites(self) -> int:
        """How many there are."""
        return len(self.pairs) + len(self.missed)

    @property
    def is_within(self) -> bool:
        """Whether the count is within 25 % of the reference."""
        return abs(self.marked - self.parasites) <= WITHIN * self.parasites


@dataclass(frozen=True)
class FieldsGrade:
    """What marked fields say: the share of parasites found, false alarms a field, and counts within 25 %.

    `sensitivity` and `false_alarms` allow for fields that differ: where they do so more than chance, the intervals are
    as wide as those of fewer parasites. `within` is over the fields that have a parasite, and so is `level`, by the
    WHO's thresholds for counting, which are of slides. `fields` without parasites count for false alarms alone.
    `seconds` is the median time of a field.
    """

    fields: int
    sensitivity: Rate
    false_alarms: Rate
    within: Rate
    level: Level
    seconds: Rate

    @property
    def sentence(self) -> str:
        """The level in words."""
        return f"{self.level.sentence.partition('.')[0]}, by the WHO’s thresholds for counts within 25 %."

    def to_dict(self) -> dict[str, Any]:
        """The grade as JSON has it."""
        return asdict(self) | {"level": asdict(self.level) | {"decided": self.level.decided}}


def match_marks(field: str, marked: Points, reference: Points, radius: float) -> FieldReading:
    """Match marked points with reference parasites, (x, y) in pixels, one to one within `radius`, as many as can be.

    Raises ReaderTestError for a radius that is no positive number, or a point that has none.
    """
    marks, truth = (np.asarray(points, np.float64).reshape(-1, 2) for points in (marked, reference))
    if not radius > 0 or not (np.isfinite(marks).all() and np.isfinite(truth).all()):
        raise ReaderTestError(f"{field}: points and the radius around parasites must be numbers of pixels.")
    far = np.hypot(*(marks[:, np.newaxis] - truth).transpose(2, 0, 1))
    # A pair too far apart costs more than all that are near enough, so that none of these is lost for its sake.
    cost = np.where(far <= radius, far, radius * (1 + min(far.shape, default=0)))
    rows, columns = linear_sum_assignment(cost)
    pairs = tuple(
        (int(row), int(column)) for row, column in zip(rows, columns, strict=True) if far[row, column] <= radius
    )
    return FieldReading(
        field,
        pairs,
        tuple(sorted(set(range(len(truth))) - {column for _, column in pairs})),
        tuple(sorted(set(range(len(marks))) - {row for row, _ in pairs})),
    )


def parasites_of(field: Field) -> list[tuple[float, float]]:
    """The middles (x, y) of the parasitized red cells of a synthetic field: the reference of a test on it."""
    return [
        (item.x + item.width / 2, item.y + item.height / 2)
        for item in field.truth
        if item.kind == "red_cell" and FORMS[item.form] == PARASITIZED
    ]


def grade_fields(readings: Iterable[FieldReading], seconds: Iterable[float] = ()) -> FieldsGrade:
    """Grade a reader by marked fields, in the order in which they were read, and the `seconds` that each took.

    Design effect of fields: Korn & Graubard, Surv. Methodol. 24 (1998) 193; interval of a count: Garwood, Biometrika 28
    (1936) 437.
    """
    read = list(readings)
    with_parasites = [one for one in read if one.parasites]
    found = np.array([len(one.pairs) for one in with_parasites], np.float64)
    there = np.array([one.parasites for one in with_parasites], np.float64)
    alarms = np.array([len(one.false_alarms) for one in read], np.float64)
    hits = [one.is_within for one in with_parasites]
    none = "No field with a parasite was read."
    return FieldsGrade(
        len(read),
        _clustered_share(found, there, none),
        _mean_count(alarms),
        Rate.exact_share(sum(hits), len(hits), none),
        grade_level(hits, COUNTING),
        median_with_interval(seconds, "No field was timed."),
    )


def _clustered_share(found: Floats, there: Floats, reason: str) -> Rate:
    """Sum of `found` over that of `there`, by field, with an exact interval for as many as the fields are worth."""
    n, k = int(there.sum()), int(found.sum())
    if not n:
        return Rate.missing(reason)
    share, fields = k / n, there.size
    if fields < 2:
        return Rate(share, None, None, k, n, "An interval needs at least two fields with parasites.")
    effect = 1.0
    if 0 < share < 1:
        between = fields / (fields - 1) * ((found - share * there) ** 2).sum() / n**2
        effect = max(1.0, between / (share * (1 - share) / n))
    low, high = clopper_pearson(k / effect, n / effect)
    return Rate(share, float(low), float(high), k, n)


def _mean_count(counts: Floats) -> Rate:
    """The mean of counts with Garwood's interval, stretched where they vary more than chance alone would have them."""
    n = counts.size
    if not n:
        return Rate.missing("No field was read.")
    mean = float(counts.mean())
    if n < 2:
        return Rate(mean, None, None, None, n, "An interval needs at least two fields.")
    effect = max(1.0, float(counts.var(ddof=1)) / mean) if mean else 1.0
    total = counts.sum() / effect
    low = float(special.gammaincinv(total, 0.025)) if total else 0.0
    high = float(special.gammaincinv(total + 1, 0.975))
    return Rate(mean, low * effect / n, high * effect / n, None, n)
