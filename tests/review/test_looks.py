"""Look-alikes and views: what is shown beside a cell, and other ways to look at it."""

from dataclasses import replace

import numpy as np
import pytest

from malaria import phantom
from malaria.errors import ImageError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.review import LookAlikes, SuspectLabel
from malaria.review.lookalikes import describe
from malaria.ui.review.pictures import COLOUR, VIEWS, to_view
from tests.review.conftest import image

CELLS = phantom.batch(60, seed=2, artefacts=0)


def read(file: str) -> bytes:
    if file == "broken":
        raise ImageError(file, "It is broken.", "")
    return next(cell.png for cell in CELLS if cell.file == file)


def cards(suspicion: float = 0.01) -> list[SuspectLabel]:
    return [
        SuspectLabel(n + 1, image(n), cell.file, cell.patient, cell.given_label, 0.5, suspicion)
        for n, cell in enumerate(CELLS)
    ]


@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_cell_looks_the_same_whichever_way_it_lies(turn: int) -> None:
    others = np.stack([describe(cell.rgb) for cell in CELLS[1:20]])
    one, turned = describe(CELLS[0].rgb), describe(np.ascontiguousarray(np.rot90(CELLS[0].rgb, turn)))
    assert np.abs(one - turned).max() < 0.2 * np.abs(others - one).max()


@pytest.mark.parametrize("shape", [(8, 8, 3), (200, 9, 3), (9, 200, 3)])
@pytest.mark.parametrize("value", [0, 255])
def test_any_picture_can_be_described(shape: tuple[int, int, int], value: int) -> None:
    assert np.isfinite(describe(np.full(shape, value, np.uint8))).all()


def test_look_alikes_are_of_both_classes_and_never_the_cell_itself() -> None:
    alike = LookAlikes.among(cards(), read)
    found = alike.of(CELLS[0].rgb, 3, but=image(0))
    assert [len(found[label]) for label in CLASSES] == [3, 3]
    assert all(card.given_label == label for label in CLASSES for card in found[label])
    assert image(0) not in {card.image_id for cards in found.values() for card in cards}
    itself = alike.of(CELLS[0].rgb, 1)[CELLS[0].given_label]
    assert itself[0].image_id == image(0)


def test_suspects_that_look_alike_come_nearest_first() -> None:
    doubted = [replace(card, suspicion=0.5 if n % 2 else 0.01) for n, card in enumerate(cards())]
    alike = LookAlikes.among(doubted, read)
    found = alike.suspects(CELLS[1].rgb, 5)
    assert found[0].image_id == image(1)
    assert len(found) == 5
    assert all(card.suspicion == 0.5 for card in found)
    assert image(1) not in {card.image_id for card in alike.suspects(CELLS[1].rgb, 5, but=image(1))}
    assert all(card.suspicion == 0.01 for cards in alike.of(CELLS[1].rgb).values() for card in cards)


def test_look_alikes_share_the_class_more_often_than_not() -> None:
    alike = LookAlikes.among(cards(), read)
    votes = []
    for number, cell in enumerate(CELLS):
        found = alike.of(cell.rgb, 1, but=image(number))
        here = describe(cell.rgb)
        near = {label: np.abs(describe(CELLS[int(found[label][0].image_id, 16)].rgb) - here).sum() for label in CLASSES}
        votes.append(min(near, key=near.__getitem__) == cell.true_label)
    assert np.mean(votes) > 0.7


def test_suspect_and_unreadable_cells_are_no_examples() -> None:
    assert LookAlikes.among(cards(suspicion=0.5), read).of(CELLS[0].rgb) == {PARASITIZED: [], UNINFECTED: []}
    broken = [SuspectLabel(1, image(1), "broken", None, PARASITIZED, 1.0, 0.0)]
    assert LookAlikes.among(broken, read).of(CELLS[0].rgb) == {PARASITIZED: [], UNINFECTED: []}
    assert len(LookAlikes.among(cards(), read, stop=lambda: True).cards) == 0


def test_views_show_one_channel_each_and_leave_the_cell_as_it_was() -> None:
    rgb = CELLS[0].rgb
    before = rgb.copy()
    shown = {name: to_view(rgb, name) for name in VIEWS}
    assert (shown[COLOUR] == before).all()
    assert (shown["Green"] == before[..., 1:2]).all()
    for name in VIEWS[1:]:
        assert shown[name].shape == rgb.shape
        assert shown[name].dtype == np.uint8
        assert (np.ptp(shown[name], axis=2) == 0).all(), "grey"
    assert (rgb == before).all()
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 2] = 255
    assert to_view(red, "Hue")[0, 0, 0] == pytest.approx(255 * 240 / 360, abs=2)
    with pytest.raises(ValueError, match="There is no view"):
        to_view(rgb, "Infrared")
