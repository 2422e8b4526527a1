"""Plain fields drawn from circles, so that every test can say exactly what is in them."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from malaria.model.classifier import Classifier, load
from malaria.review import Decision, replay
from malaria.smear import Box, Cells, SampleDecisions, Triage
from tests.models import write_model

Disc = tuple[float, float, float]  # x, y, diameter
Draw = Callable[..., NDArray[np.uint8]]

BACKGROUND = (225, 222, 214)
RED_CELL = (196, 140, 142)


@pytest.fixture
def draw() -> Draw:
    """A function that draws discs (x, y, diameter) on a bright background: RGB uint8."""

    def field(
        discs: Sequence[Disc],
        width: int = 640,
        height: int = 480,
        colour: tuple[int, int, int] = RED_CELL,
        on: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        rgb = np.full((height, width, 3), BACKGROUND, np.uint8) if on is None else on.copy()
        for x, y, diameter in discs:
            cv2.circle(rgb, (round(16 * x), round(16 * y)), round(8 * diameter), colour, -1, cv2.LINE_AA, 4)
        noise = np.random.default_rng(0).normal(0, 1.5, rgb.shape)
        return np.clip(cv2.GaussianBlur(rgb, (0, 0), 1) + noise, 0, 255).astype(np.uint8)

    return field


def grid(columns: int, rows: int, diameter: float, step: float = 1.6) -> list[Disc]:
    """Discs that keep apart, in rows and columns, away from the border."""
    return [
        ((column + 1) * step * diameter, (row + 1) * step * diameter, diameter)
        for row in range(rows)
        for column in range(columns)
    ]


@pytest.fixture
def lone_cells() -> Callable[..., list[Disc]]:
    """`grid`, for tests that need some ordinary cells beside what they are about."""
    return grid


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    """A real model folder whose network takes a red spot for a parasite."""
    models = tmp_path_factory.mktemp("models")
    write_model(models, "tiny", threshold=0.5)
    return load("tiny", models)


@pytest.fixture
def spotted(draw: Draw) -> Draw:
    """A function that draws cells (x, y, diameter), the first `parasitized` of them with a red spot."""

    def field(cells: Sequence[Disc], parasitized: int, **size: int) -> NDArray[np.uint8]:
        spots = [(x + diameter / 8, y, diameter / 5) for x, y, diameter in cells[:parasitized]]
        return draw(spots, on=draw(cells, **size), colour=(230, 5, 5))

    return field


@pytest.fixture
def read() -> Callable[..., SampleDecisions]:
    """A function that gives the decisions (annotator, which, answer, note) on a triage, in the order they were made.

    `which` is the place of a red cell in the ranking, from 0, or the left upper corner of a cell that was missed in
    the first field, 20 pixels wide, or its box.
    """

    def decisions(triage: Triage, *decided: tuple[str, int | tuple[int, int], str, str]) -> SampleDecisions:
        cells = Cells(triage, {one.field: f"{number:064x}" for number, one in enumerate(triage.fields)})
        rows = []
        for second, (annotator, which, answer, note) in enumerate(decided):
            if isinstance(which, int):
                cell = list(cells.red.values())[which]
            else:
                place = which if isinstance(which, Box) else Box(*which, 20, 20)
                cell = cells.marked(triage.fields[0].field, place)
            moment = f"2026-01-02T03:{second // 60:02}:{second % 60:02}.000000Z"
            row = Decision(annotator, cell.image_id, cell.name, answer, answer, p_parasitized=cell.p_parasitized)
            rows.append(replace(row, note=note, decided_at=moment))
        return cells.decisions(replay(rows))

    return decisions
