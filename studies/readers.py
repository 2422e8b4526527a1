"""How far the grades of reader tests can be trusted: `python -m studies.readers [--readers N]`.

Readers are simulated who err at known rates, independently from cell to cell. It prints how often each interval of a
test of 60 cells and 10 repeats holds the truth, how often a level is excluded that is the true one when one looks after
every card, and after how many cells one level is left.
"""

import hashlib
from collections import Counter
from typing import Annotated, Final

import numpy as np
import pandas as pd
import typer

from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.metrics import Rate, clopper_pearson, wilson
from malaria.readers import (
    ALPHA,
    DETECTION,
    Answer,
    Key,
    Settings,
    difference,
    grade,
    grade_level,
    make_test,
    paired_difference,
)
from malaria.wording.numbers import percent
from studies._command import run

CELLS: Final = 60
REPEATS: Final = 10
RATES: Final = (0.99, 0.95, 0.9, 0.8, 0.7)
SHARES: Final = (0.99, 0.97, 0.95, 0.92, 0.9, 0.87, 0.85, 0.8, 0.75, 0.7, 0.6)
LONGEST: Final = 1000
_TIME: Final = 4.0
"""Median seconds of a card; its logarithm is normal with a standard deviation of 0.6."""


def make_key() -> Key:
    """Make a test of cells that are names only."""
    ids = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(CELLS)]
    labels = [CLASSES[number % 2] for number in range(CELLS)]
    table = pd.DataFrame({"file": ids, "image_id": ids, "given_label": labels})
    return make_test(table, Settings(cells=CELLS, repeats=REPEATS))


def read(key: Key, sensitivity: float, specificity: float, rng: np.random.Generator) -> list[Answer]:
    """Answer every card, rightly as often as told."""
    share = {PARASITIZED: sensitivity, UNINFECTED: specificity}
    other = {PARASITIZED: UNINFECTED, UNINFECTED: PARASITIZED}
    answers = []
    for place, card in enumerate(key.test.cards):
        truth = key.reference(place)
        said = truth if rng.random() < share[truth] else other[truth]
        seconds = float(_TIME * np.exp(rng.normal(0, 0.6)))
        answers.append(Answer(key.test.id, "simulated", place + 1, card.image_id, said, seconds))
    return answers


def find_truths(key: Key, sensitivity: float, specificity: float) -> dict[str, float]:
    """What the figures of a grade would be of an endless test of the same mix."""
    accuracy = (sensitivity + specificity) / 2
    repeated = [key.reference(place) == PARASITIZED for place in key.test.repeats]
    mix = sum(repeated) / len(repeated)
    alike = mix * (1 - 2 * sensitivity * (1 - sensitivity)) + (1 - mix) * (1 - 2 * specificity * (1 - specificity))
    twice = mix * sensitivity + (1 - mix) * (1 - specificity)
    by_chance = twice**2 + (1 - twice) ** 2
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "accuracy": accuracy,
        "kappa": 2 * accuracy - 1,  # half of the cells is parasitized, so half of the answers agree by chance
        "same answer twice": alike,
        "kappa with oneself": (alike - by_chance) / (1 - by_chance),
        "time": _TIME,
    }


def measure_coverage(readers: int) -> None:
    """Print how often the intervals of a grade hold the truth."""
    key, rng = make_key(), np.random.default_rng(1)
    print(f"Intervals of {CELLS} cells and {REPEATS} repeats, {readers} readers each, hold the truth:")
    for sensitivity in RATES:
        for specificity in RATES:
            truths = find_truths(key, sensitivity, specificity)
            held: Counter[str] = Counter()
            width = 0.0
            for _ in range(readers):
                one = grade(key, read(key, sensitivity, specificity, rng))
                rates = {
                    **one.rates,
                    "same answer twice": one.with_oneself.raw,
                    "kappa with oneself": one.with_oneself.kappa,
                    "time": one.seconds,
                }
                held.update(name for name, rate in rates.items() if holds(rate, truths[name]))
                width += width_of(one.rates["kappa"])
                held["level"] += level_of((sensitivity + specificity) / 2) in one.level.possible
            told = ", ".join(f"{name} {percent(held[name] / readers)}" for name in [*truths, "level"])
            print(
                f"  sensitivity {sensitivity:g}, specificity {specificity:g}: {told}; kappa's interval is "
                f"{width / readers:.3f} wide",
                flush=True,
            )


def holds(rate: Rate, truth: float) -> bool:
    """Whether an interval holds the truth; one that is not given claims nothing."""
    return rate.low is None or rate.high is None or rate.low - 1e-12 <= truth <= rate.high + 1e-12


def width_of(rate: Rate) -> float:
    """From the low to the high end of an interval; NaN where there is none."""
    return float("nan") if rate.low is None or rate.high is None else rate.high - rate.low


def level_of(share: float) -> int:
    """The true level of a reader."""
    return next((level for level, least in enumerate(DETECTION, start=1) if share >= least - 1e-12), 4)


def measure_shares() -> None:
    """Print the exact coverage of both intervals for shares of 30 cells, at its lowest over a grid of shares."""
    from scipy.stats import binom

    k = np.arange(31)
    for name, interval in (("Clopper-Pearson", clopper_pearson), ("Wilson", wilson)):
        low, high = interval(k, 30)
        grid = np.linspace(0.5, 0.999, 500)
        covered = [binom.pmf(k, 30, p)[(low <= p) & (p <= high)].sum() for p in grid]
        print(f"{name} on 30 cells: least coverage {percent(min(covered))}, mean {percent(float(np.mean(covered)))}")


def measure_levels(readers: int) -> None:
    """Print how often the true level is ever excluded, and after how many cells one level is left."""
    rng = np.random.default_rng(2)
    print(f"Levels, looked at after every card up to {LONGEST} cells, {readers} readers each:")
    for share in SHARES:
        tell_levels(f"share right {share:g}", level_of(share), (rng.random((readers, LONGEST)) < share))
    for sensitivity, specificity in ((1.0, 0.8), (0.99, 0.61), (0.81, 0.99)):
        # Half of the cells is parasitized, exactly: the order is by lot, so answers are not quite independent.
        parasitized = rng.permuted(np.tile(np.arange(LONGEST) % 2 == 0, (readers, 1)), axis=1)
        right = rng.random((readers, LONGEST)) < np.where(parasitized, sensitivity, specificity)
        share = (sensitivity + specificity) / 2
        tell_levels(f"sensitivity {sensitivity:g}, specificity {specificity:g}", level_of(share), right)


def tell_levels(name: str, truth: int, right: np.ndarray) -> None:
    """Print for one kind of reader. Levels that were excluded stay so: the last look knows of all."""
    wrong, after = 0, []
    for answers in right:
        level = grade_level(answers, look_ahead=False)
        wrong += truth not in level.possible
        after.append(level.decided_after or LONGEST + 1)
    early, median, late = np.quantile(after, (0.1, 0.5, 0.9))
    n = len(right)
    limit = clopper_pearson(wrong, n)[1]
    print(
        f"  {name}: level {truth} excluded for {percent(wrong / n)} (at most {percent(float(limit))}; stated "
        f"{percent(ALPHA)}), one level left after {_number(median)} cells ({_number(early)} to {_number(late)})",
        flush=True,
    )


def _number(cells: float) -> str:
    return f"over {LONGEST}" if cells > LONGEST else f"{cells:.0f}"


def measure_differences(readers: int) -> None:
    """Print how often the intervals of differences hold the truth."""
    rng = np.random.default_rng(3)
    print("Differences:")
    for n in (10, 30, 60):
        for first, second in ((0.9, 0.9), (0.9, 0.7), (0.4, 0.1)):
            a, b = rng.binomial(n, first, readers), rng.binomial(n, second, readers)
            both = [
                difference(Rate.exact_share(int(x), n, "-"), Rate.exact_share(int(y), n, "-"))
                for x, y in zip(a, b, strict=True)
            ]
            right_a, right_b = rng.random((readers, n)) < first, rng.random((readers, n)) < second
            only_a, only_b = (right_a & ~right_b).sum(axis=1), (right_b & ~right_a).sum(axis=1)
            paired = [paired_difference(int(x), int(y), n) for x, y in zip(only_a, only_b, strict=True)]
            told = [sum(holds(rate, first - second) for rate in rates) / readers for rates in (both, paired)]
            print(f"  {first:g} and {second:g} of {n}: other cells {percent(told[0])}, same cells {percent(told[1])}")


def main(
    readers: Annotated[int, typer.Option("--readers", help="Simulated readers of each kind.")] = 1000,
) -> None:
    """Print how often intervals hold the truth, and how often levels are wrong."""
    measure_shares()
    measure_coverage(readers)
    measure_levels(readers)
    measure_differences(readers)


if __name__ == "__main__":
    run(main)
