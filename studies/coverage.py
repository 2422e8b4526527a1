"""How often a reader's interval holds the truth: `python -m studies.coverage FOLDER [MODEL] [--samples N]`.

Samples of 3000 red cells are made from what was measured: how far uninfected cells of one laboratory stand out, and how
far the parasites of IML do, drawn anew; at 0.01, 0.1, 1 and 10 %, clustered over 24 fields. A reader decides without
error and stops after so many cells. FOLDER holds what `studies.abroad` reads.
"""

from typing import Annotated, Final, NamedTuple

import numpy as np
import typer
from numpy.typing import NDArray

from malaria.model.classifier import load
from malaria.smear.survey import Survey, reading_order
from studies._command import Folder, Model, run
from studies.abroad import Judged, judge, laboratories, pool, tell_share

SHARES: Final = (0.0001, 0.001, 0.01, 0.1)
STOPS: Final = (30, 100, 200, 400)
CELLS: Final = 3000
_FIELDS: Final = 24
_CLUSTERING: Final = 0.7
"""Shape of the gamma distribution of parasitaemia over fields: its variance is the square of its mean over this."""

Floats = NDArray[np.float64]


class Sample(NamedTuple):
    """How far each cell stands out, the farthest first, and whether it is parasitized; both shape (CELLS,)."""

    far: Floats
    infected: NDArray[np.bool_]


def make_sample(free: Floats, parasitized: Floats, share: float, seed: int) -> Sample:
    """Draw a sample from how far uninfected and parasitized cells stand out."""
    rng = np.random.default_rng(seed)
    of_field = np.minimum(rng.gamma(_CLUSTERING, share / _CLUSTERING, _FIELDS), 0.9)
    infected = rng.random(CELLS) < of_field[rng.integers(0, _FIELDS, CELLS)]
    far = np.where(infected, rng.choice(parasitized, CELLS), rng.choice(free, CELLS))
    order = np.argsort(-far)
    return Sample(far[order], infected[order])


def try_interval(sample: Sample, stop: int, survey: Survey, order: NDArray[np.int64]) -> tuple[bool, float]:
    """(whether the interval holds the number of parasites, its upper end over its lower one) after `stop` decisions."""
    shown = order[:stop]
    found = survey.estimate(shown[sample.infected[shown]], shown[~sample.infected[shown]])
    return found.low <= sample.infected.sum() <= found.high, found.factor


def main(
    folder: Folder,
    model: Model = None,
    samples: Annotated[int, typer.Option("--samples", help="Samples of each kind.")] = 200,
) -> None:
    """Print how often intervals hold the truth, by laboratory, parasitaemia and number of decisions."""
    classifier = load(model)
    judged = {name: pool(*judge(fields, classifier), classifier) for name, fields in laboratories(folder)}
    parasitized = np.concatenate([_parasites(one) for one in judged.values()])
    for name, one in judged.items():
        free = one.triage.standing_out[one.is_free]
        for share in SHARES:
            tried: dict[int, list[tuple[bool, float]]] = {stop: [] for stop in STOPS}
            for seed in range(samples):
                sample, order = make_sample(free, parasitized, share, seed), reading_order(np.arange(CELLS), str(seed))
                survey = Survey(sample.far)
                for stop, told in tried.items():
                    told.append(try_interval(sample, stop, survey, order))
            for stop, told in tried.items():
                held, factors = zip(*told, strict=True)
                print(f"{name}, {share:.2%}, {stop} decisions: {tell_share(sum(held), samples)} hold, ", end="")
                print(f"median factor {np.median(factors):.2f}", flush=True)


def _parasites(judged: Judged) -> Floats:
    """How far the row stands out that shows each parasite best."""
    return np.array([judged.triage.standing_out[rows].max() for rows in judged.covers if len(rows)])


if __name__ == "__main__":
    run(main)
