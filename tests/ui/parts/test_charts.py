"""Probabilities as words never claim certainty."""

import pytest

from malaria.ui.parts.charts import probability


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.0, "below 0.001"),
        (0.00099, "below 0.001"),
        (0.001, "0.001"),
        (0.5, "0.500"),
        (0.999, "0.999"),
        (1.0, "above 0.999"),
    ],
)
def test_probability(p: float, words: str) -> None:
    assert probability(p) == words
