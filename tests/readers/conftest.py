"""A set of cells without pictures, a test of it, and readers who err as told."""

import hashlib
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from malaria.labels import CLASSES
from malaria.readers import Answer, Key, Settings, make_test

Reader = Callable[..., list[Answer]]


def image_id(name: object) -> str:
    return hashlib.sha256(str(name).encode()).hexdigest()


@pytest.fixture
def table() -> pd.DataFrame:
    """400 cells, half parasitized, with answers of a network that is mostly right."""
    rng = np.random.default_rng(1)
    label = np.array([CLASSES[n % 2] for n in range(400)], dtype=object)
    p = np.where(label == CLASSES[0], rng.beta(3, 1.5, 400), rng.beta(1.5, 3, 400))
    return pd.DataFrame(
        {
            "file": [f"cell_{n}.png" for n in range(400)],
            "image_id": [image_id(n) for n in range(400)],
            "given_label": label,
            "patient": [f"P{n % 7}" for n in range(400)],
            "p_parasitized": p,
        }
    )


@pytest.fixture
def key(table: pd.DataFrame) -> Key:
    return make_test(table, Settings(cells=60, repeats=10, seed=3))


@pytest.fixture
def read() -> Reader:
    """Make a reader's answers to the test of a key; `answer(place, reference)` says what, None nothing."""

    def read(key: Key, answer: Callable[[int, str], str | None], reader: str = "Ann") -> list[Answer]:
        said = {place: answer(place, key.reference(place)) for place in range(len(key.test.cards))}
        return [
            Answer(
                key.test.id,
                reader,
                place + 1,
                key.test.cards[place].image_id,
                text,
                1 + place % 5,
                call_shown=key.test.cards[place].call is not None,
            )
            for place, text in said.items()
            if text is not None
        ]

    return read
