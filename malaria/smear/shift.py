"""Whether a sample looks to the model like those it was measured on: if not, its error rates say nothing here.

No label is needed: nearly all red cells of any sample are uninfected, so the bulk of their log-odds can be held
against the bulk of each patient whose cells the model had not seen when it was measured.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from malaria.errors import ModelError
from malaria.model import classifier as models
from malaria.model.card import Card
from malaria.model.held_out import Stamp, read_held_out, stamp_held_out
from malaria.smear.null import Floats, log_odds
from malaria.wording.numbers import percent
from malaria.wording.words import count, probability

FEWEST_CELLS: Final = 20
"""Red cells with which a shift can be told."""

_QUARTILES: Final = (0.5, 0.75)
_FEWEST_PATIENTS: Final = 20
_LIMIT: Final = 0.995
"""The share of home patients within the limit: of 170 all, so that fewer than 1 in 100 that are left out lie beyond."""
_DRAWS: Final = 20
_MOST_SUSPECTED: Final = 0.9
"""The share of red cells above the threshold from which on what is left below it says nothing about the bulk."""
_FIELDS: Final = 0.1


@dataclass(frozen=True)
class Shift:
    """Whether the bulk of a sample lies outside of that of all patients that the model was measured on.

    `reason` says in a sentence what was seen, or why nothing can be told; None where the sample looks like them.
    `middle` is the median p_parasitized of the sample's red cells below the card's threshold, `limit` the largest of
    patients at home; None where nothing can be told. `is_known` says whether it could be told.
    """

    shifted: bool = False
    reason: str | None = None
    is_known: bool = False
    middle: float | None = None
    limit: float | None = None
    red_cells: int = 0
    patients: int = 0


@dataclass(frozen=True, eq=False)
class Home:
    """The patients that a model was measured on: the log-odds of the uninfected cells of each, below `threshold`."""

    patients: tuple[Floats, ...]
    threshold: float

    @classmethod
    def of(cls, p_parasitized: ArrayLike, patient: ArrayLike, threshold: float) -> "Home":
        """Take held-out uninfected cells: p_parasitized from 0 to 1 and a label of the patient, both shape (n,)."""
        p, who = np.asarray(p_parasitized, np.float64), np.asarray(patient)
        each = (p[who == name] for name in np.unique(who))
        return cls(tuple(log_odds(own[own < threshold]) for own in each if len(own) >= FEWEST_CELLS), threshold)

    def look(self, p_parasitized: ArrayLike, fields: ArrayLike) -> Shift:
        """Compare a sample: p_parasitized of its red cells, and the field of each, both shape (n,).

        Cells above the threshold are left out on both sides, so that parasites shift nothing, however many. A sample is
        shifted where its median or upper quartile lies farther above home, counted in how much patients differ there,
        than that of 99 in 100 patients of whom as many cells are drawn (a conformal test; Vovk, Gammerman and Shafer,
        Algorithmic Learning in a Random World, 2005); or that of at least two of its fields, and of a tenth of them.
        """
        p, field = np.asarray(p_parasitized, np.float64), np.asarray(fields)
        if len(self.patients) < _FEWEST_PATIENTS:
            return Shift(reason="For this model, it is not known whether this sample is like those it was trained on.")
        below = p < self.threshold
        if len(p) < FEWEST_CELLS:
            few = f"Too few red cells, {len(p):,}, to tell whether the model reads this sample correctly."
            return Shift(reason=few, red_cells=len(p))
        if below.sum() < FEWEST_CELLS or below.mean() < 1 - _MOST_SUSPECTED:
            return self._shifted(p, f"{percent((~below).mean(), 2)} of their red cells look parasitized to the model")
        limit = _limits(self, int(below.sum()))
        if self._distance(p[below]) > limit:
            return self._shifted(
                p, "their red cells look more parasitized to the model than those of any of these patients"
            )
        each = [p[below & (field == name)] for name in np.unique(field)]
        told = [own for own in each if len(own) >= FEWEST_CELLS]
        far = sum(self._distance(own) > _limits(self, len(own)) for own in told)
        if far > 1 and far >= _FIELDS * len(told):
            return self._shifted(
                p, f"{far:,} of {count(len(told), 'field')} look unlike any of these patients to the model"
            )
        return self._seen(p)

    def _shifted(self, p: Floats, why: str) -> Shift:
        home = f"the {count(len(self.patients), 'patient')} on whom the model was measured"
        seen = self._seen(p)
        told = ""
        if seen.middle is not None and seen.limit is not None and seen.middle > seen.limit:
            told = f" (median p {probability(seen.middle)}, theirs at most {probability(seen.limit)})"
        return replace(seen, shifted=True, reason=f"These slides are not like those of {home}: {why}{told}.")

    def _seen(self, p: Floats) -> Shift:
        below = p[p < self.threshold]
        limit = max(float(np.median(own)) for own in self.patients)
        return Shift(
            is_known=True,
            middle=float(np.median(below)) if len(below) else None,
            limit=float(expit(limit)),
            red_cells=len(p),
            patients=len(self.patients),
        )

    def _distance(self, p: Floats) -> float:
        """How far a sample lies above home, in standard deviations of patients: the larger of the two quantiles'."""
        return float(_distances(self, log_odds(p)[None])[0])


def home_of(card: Card) -> Home | None:
    """The patients that the model of a card was measured on; None where its folder has no held-out answers."""
    folder = models.MODELS_DIR / card.name
    return _read_home(folder, stamp_held_out(folder), card.threshold)


@lru_cache(maxsize=8)
def _read_home(folder: Path, stamp: Stamp, threshold: float) -> Home | None:
    try:
        scores = read_held_out(folder).scores()
    except (ModelError, OSError):  # the same is said where the error rates are read
        return None
    cells = scores.cells(scores.readings[0])
    uninfected = ~cells.infected
    return Home.of(cells.p_parasitized[uninfected], cells.patient[uninfected], threshold)


def _distances(home: Home, samples: Floats) -> Floats:
    """The same for several samples of log-odds of as many cells each: float64 (n,) of (n, cells)."""
    middle, spread = _differ(home)
    found = np.quantile(samples, _QUARTILES, axis=1).T
    return np.asarray(((found - middle) / spread).max(axis=1), np.float64)


@lru_cache(maxsize=8)
def _differ(home: Home) -> tuple[Floats, Floats]:
    """How the quantiles of patients lie: mean and standard deviation of each."""
    each = np.array([np.quantile(own, _QUARTILES) for own in home.patients])
    return each.mean(axis=0), np.maximum(each.std(axis=0, ddof=1), 1e-6)


@lru_cache(maxsize=256)
def _limits(home: Home, cells: int) -> float:
    """How far above home 99 in 100 patients lie of whom so many cells are drawn, all where there are fewer."""
    drawn: list[NDArray[np.float64]] = []
    rng = np.random.default_rng(0)
    for own in home.patients:
        if cells >= len(own):
            drawn.append(_distances(home, own[None]).repeat(_DRAWS))
        else:
            rows = np.array([rng.permutation(len(own))[:cells] for _ in range(_DRAWS)])
            drawn.append(_distances(home, own[rows]))
    return float(np.quantile(np.concatenate(drawn), _LIMIT))
