"""What an answer rests on: one place, several together, or none; by readers whose rule is known."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from malaria.images import decode
from malaria.model.classifier import load
from malaria.model.evidence import OUTLINED, Odds, find_evidence
from malaria.model.preprocessing import Preprocessing
from malaria.phantom import examples

SIDE = 64
PREPROCESSING = Preprocessing(height=SIDE, width=SIDE)
DARK, CLEAR = (90, 40, 120), (220, 180, 190)


def draw_cell(*spots: tuple[int, int]) -> NDArray[np.uint8]:
    cell = np.full((SIDE, SIDE, 3), CLEAR, np.uint8)
    for top, left in spots:
        cell[top : top + 8, left : left + 8] = DARK
    return cell


def read_spots(spots: Sequence[tuple[int, int]], *, least: int = 1) -> Odds:
    """A reader who finds a cell infected, log-odds 6, while `least` of its spots are seen by half or more."""

    def ask(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        dark = pixels[..., 1] < 100
        seen = sum((dark[:, y : y + 8, x : x + 8].mean(axis=(1, 2)) > 0.5).astype(int) for y, x in spots)
        return np.where(np.asarray(seen) >= least, 6.0, -6.0)

    return ask


def test_one_parasite_is_marked_alone() -> None:
    evidence = find_evidence(read_spots([(12, 40)]), PREPROCESSING, draw_cell((12, 40)), 0.0)
    assert evidence.places == 1
    assert evidence.heat[16, 44] >= OUTLINED
    assert evidence.heat[48, 16] < OUTLINED
    assert (evidence.before, evidence.after) == (6, -6)


@pytest.mark.parametrize("spots", [[(10, 10), (44, 44)], [(8, 40), (30, 8), (48, 40)]], ids=["two", "three"])
def test_parasites_of_which_any_one_is_enough_are_marked_together(spots: list[tuple[int, int]]) -> None:
    """As in a schizont: covering one changes nothing, so the first places are found only by larger ones."""

    def ask(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        dark = pixels[..., 1] < 100
        seen = [dark[:, y : y + 8, x : x + 8].mean(axis=(1, 2)) for y, x in spots]
        return np.log1p(np.exp(np.stack(seen) * 40).sum(axis=0)) - 20  # nearly the largest alone

    evidence = find_evidence(ask, PREPROCESSING, draw_cell(*spots), 0.0)
    assert evidence.places >= len(spots)
    assert evidence.after < 0 < evidence.before
    assert all(evidence.heat[y + 4, x + 4] >= OUTLINED for y, x in spots)
    assert (evidence.heat >= OUTLINED).mean() < 0.5


def test_places_that_are_not_needed_are_left_out() -> None:
    spots = [(10, 10), (44, 44)]

    def ask(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        dark = pixels[..., 1] < 100
        return sum(dark[:, y : y + 8, x : x + 8].mean(axis=(1, 2)) * 6 for y, x in spots) - 1.0  # type: ignore[no-any-return]

    evidence = find_evidence(ask, PREPROCESSING, draw_cell(*spots), 0.0)
    assert evidence.heat[32, 8] < OUTLINED
    assert evidence.places <= 2


def test_where_the_whole_cell_decides_nothing_is_marked() -> None:
    def ask(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        return np.full(len(pixels), 9.0)

    evidence = find_evidence(ask, PREPROCESSING, draw_cell((10, 10)), 0.0)
    assert evidence.places == 0
    assert evidence.heat.max() < OUTLINED


def test_of_an_uninfected_cell_no_more_is_asked() -> None:
    asked = []

    def ask(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        asked.append(len(pixels))
        return np.full(len(pixels), -9.0)

    assert find_evidence(ask, PREPROCESSING, draw_cell(), 0.0).places == 0
    assert len(asked) == 1


def test_a_black_image_is_no_error() -> None:
    black = np.zeros((SIDE, SIDE, 3), np.uint8)
    assert find_evidence(read_spots([(0, 0)], least=2), PREPROCESSING, black, 0.0).places == 0


def test_no_parasitized_example_is_without_an_explanation() -> None:
    classifier = load()
    for example in examples():
        rgb = decode(example.png, example.form)
        evidence = classifier.evidence(rgb)
        if evidence.before > 4:
            assert evidence.places > 0, example.form
            assert evidence.heat.max() >= OUTLINED
