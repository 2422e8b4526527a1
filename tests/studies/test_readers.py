"""A hundred simulated readers of sixty cells who err at known rates: what their grades claim holds."""

from collections import Counter

import numpy as np
import pytest

from malaria.readers import grade
from studies.readers import find_truths, holds, level_of, make_key, read


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.9), (0.8, 0.97)])
def test_intervals_hold_the_truth_for_at_least_95_of_100_readers(sensitivity: float, specificity: float) -> None:
    key, rng = make_key(), np.random.default_rng(7)
    truths = find_truths(key, sensitivity, specificity)
    held: Counter[str] = Counter()
    for _ in range(100):
        one = grade(key, read(key, sensitivity, specificity, rng))
        with_oneself = {"same answer twice": one.with_oneself.raw, "kappa with oneself": one.with_oneself.kappa}
        rates = {**one.rates, **with_oneself, "time": one.seconds}
        held.update(name for name, rate in rates.items() if holds(rate, truths[name]))
        held["level"] += level_of((sensitivity + specificity) / 2) in one.level.possible
    assert {name: held[name] for name in (*truths, "level") if held[name] < 95} == {}
