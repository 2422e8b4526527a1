"""Pictures for pages: sizes, sharpness, overlays, data URIs."""

import base64

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.ui.parts.gallery import enlarge, find_place, overlay, to_data_uri

CELL = phantom.cell("ring", seed=3)


@pytest.mark.parametrize(("shape", "size"), [((100, 50), (480, 240)), ((8, 400), (10, 480)), ((1000, 500), (480, 240))])
def test_enlarged_keeps_the_aspect(shape: tuple[int, int], size: tuple[int, int]) -> None:
    assert enlarge(np.zeros((*shape, 3), np.uint8)).shape == (*size, 3)


def test_pixels_stay_squares_with_sharp_edges() -> None:
    checks = np.indices((8, 8)).sum(0) % 2 * np.full((3, 1, 1), 255)
    large = enlarge(checks.transpose(1, 2, 0).astype(np.uint8), 64, pixels=True)
    assert set(np.unique(large)) == {0, 255}
    assert (large[:8, :8] == large[0, 0]).all()


def test_overlay_is_the_cell_itself_where_nothing_is_salient_or_it_is_faded() -> None:
    quiet, loud = np.zeros(CELL.shape[:2], np.float32), np.ones(CELL.shape[:2], np.float32)
    assert (overlay(CELL, quiet, 1.0) == CELL).all()
    assert (overlay(CELL, loud, 0.0) == CELL).all()


def test_overlay_marks_the_place_by_more_than_colour() -> None:
    spot = np.zeros(CELL.shape[:2], np.float32)
    spot[30:60, 30:60] = 1
    shown = overlay(CELL, spot, 1.0)
    assert (shown[40:50, 40:50] == (255, 225, 0)).all()
    grey = cv2.cvtColor(shown, cv2.COLOR_RGB2GRAY)
    assert grey[26:34, 45].min() < 60, "the outline is seen without colour"
    assert (shown[80:] == CELL[80:]).all()


@pytest.mark.parametrize(
    ("row", "column", "words"),
    [(0, 0, "upper left"), (45, 45, "centre"), (89, 45, "lower"), (45, 89, "right"), (89, 89, "lower right")],
)
def test_place_in_words(row: int, column: int, words: str) -> None:
    saliency = np.zeros((90, 90), np.float32)
    saliency[row, column] = 1
    assert find_place(saliency) == words


def test_data_uri_is_a_square_png_with_the_colours_in_order() -> None:
    red = np.zeros((40, 20, 3), np.uint8)
    red[..., 0] = 200
    head, body = to_data_uri(red, side=20).split(",")
    assert head == "data:image/png;base64"
    decoded = cv2.imdecode(np.frombuffer(base64.b64decode(body), np.uint8), cv2.IMREAD_COLOR_RGB)
    assert decoded.shape == (20, 20, 3)
    assert (decoded[:, 5:15] == (200, 0, 0)).all()
    assert (decoded[:, :5] == 0).all()
