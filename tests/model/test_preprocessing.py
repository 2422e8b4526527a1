"""What a network is given: cells of any size and shape, fitted as the card says, in the colours they have."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from malaria import phantom
from malaria.model.preprocessing import Preprocessing

RED, GREEN, BLUE, WHITE, BLACK = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)


def plain(colour: tuple[int, int, int], height: int = 40, width: int = 40) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("height", "width", "inside"),
    [
        (128, 64, (slice(0, 64), slice(16, 48))),  # twice too high: black left and right
        (32, 64, (slice(16, 48), slice(0, 64))),  # half as high as wide: black above and below
        (16, 16, (slice(0, 64), slice(0, 64))),  # small cells are enlarged
        (640, 8, (slice(0, 64), slice(31, 32))),  # a needle keeps a pixel
    ],
)
def test_pad_keeps_the_aspect_and_fills_with_black(height: int, width: int, inside: tuple[slice, slice]) -> None:
    fitted = Preprocessing(fit="pad").fit_to_input(plain(WHITE, height, width))
    expected = np.zeros((64, 64, 3), np.uint8)
    expected[inside] = 255
    assert fitted.dtype == np.uint8
    assert np.array_equal(fitted, expected)


def test_stretch_fills_the_input() -> None:
    fitted = Preprocessing(fit="stretch", height=20, width=30).fit_to_input(plain(RED, 100, 10))
    assert np.array_equal(fitted, plain(RED, 20, 30))


def test_area_averages_when_shrinking() -> None:
    board = np.zeros((64, 64, 3), np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 200
    shrunk = Preprocessing(height=32, width=32, interpolation="area").fit_to_input(board)
    assert np.array_equal(shrunk, plain((100, 100, 100), 32, 32))


def test_nearest_invents_no_colours() -> None:
    cell = phantom.cell("ring")
    fitted = Preprocessing(interpolation="nearest", fit="stretch").fit_to_input(cell)
    assert set(map(tuple, fitted.reshape(-1, 3))) <= set(map(tuple, cell.reshape(-1, 3)))


@pytest.mark.parametrize(
    ("colour", "hsv"),
    [(RED, (0, 255, 255)), (GREEN, (60, 255, 255)), (BLUE, (120, 255, 255)), (WHITE, (0, 0, 255)), (BLACK, (0, 0, 0))],
)
def test_colours_stay_what_they_are(colour: tuple[int, int, int], hsv: tuple[int, int, int]) -> None:
    assert Preprocessing(colour="rgb").pixels(plain(colour))[32, 32].tolist() == list(colour)
    assert Preprocessing(colour="hsv").pixels(plain(colour))[32, 32].tolist() == list(hsv)
    assert Preprocessing(colour="hsv").fit_to_input(plain(colour))[32, 32].tolist() == list(colour)


def test_values_are_scaled_to_float32() -> None:
    values = Preprocessing(scale=1 / 255).scale_values(np.array([[0, 51, 255]], np.uint8))
    assert values.dtype == np.float32
    assert values == pytest.approx(np.array([[0, 0.2, 1]]), abs=1e-7)


@settings(max_examples=60)
@given(
    height=st.integers(8, 300),
    width=st.integers(8, 300),
    fit=st.sampled_from(["pad", "stretch"]),
    side=st.sampled_from([16, 64, 128]),
)
def test_any_cell_fits_any_input_and_a_map_over_it_fits_back(height: int, width: int, fit: str, side: int) -> None:
    preprocessing = Preprocessing.model_validate({"height": side, "width": side, "fit": fit})
    assert preprocessing.pixels(plain(WHITE, height, width)).shape == (side, side, 3)
    ones = preprocessing.fit_to_input(plain(WHITE, height, width))[..., 0].astype(np.float32) / 255
    back = preprocessing.fit_back(ones, (height, width, 3))
    assert back.shape == (height, width)
    assert back.min() > 0.99, "the padding must not come back into the cell"


def test_a_map_comes_back_to_the_place_it_is_about() -> None:
    cell = plain(BLACK, 120, 60)
    cv2.circle(cell, (40, 90), 6, RED, -1)
    preprocessing = Preprocessing()
    back = preprocessing.fit_back(preprocessing.fit_to_input(cell)[..., 0].astype(np.float32), cell.shape)
    down, across = np.unravel_index(back.argmax(), back.shape)
    assert abs(down - 90) < 6
    assert abs(across - 40) < 6


@pytest.mark.parametrize(
    "wrong",
    [
        {"height": 0},
        {"width": 100_000},
        {"colour": "bgr"},
        {"fit": "crop"},
        {"interpolation": "cubic"},
        {"scale": 0},
        {"scale": float("nan")},
        {"mean": 0.5},
    ],
)
def test_what_is_not_known_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Preprocessing.model_validate(wrong)
