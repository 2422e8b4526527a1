"""What a field is made of: counted, outlined, told apart, and cut out as the classifier wants it."""

import numpy as np
import pytest

from malaria import phantom
from malaria.smear import KINDS, Box, SmearObject, calibrate, segment
from malaria.smear.field.objects import pairs


def cells_of(rgb):
    return [item for item in segment(rgb) if item.kind == "red_cell"]


@pytest.mark.parametrize(
    ("seed", "diameter", "touching"), [(0, 72, 0.2), (1, 40, 0.2), (2, 72, 0.4), (3, 60, 0.0), (4, 95, 0.1)]
)
def test_synthetic_fields_are_found_again(seed, diameter, touching):
    drawn = phantom.field(seed=seed, diameter=diameter, touching=touching, cells=70)
    found = segment(drawn.rgb)
    for kind, least in {"red_cell": 0.93, "leukocyte": 1.0, "platelet": 0.75, "artefact": 0.5}.items():
        truth = [Box(o.x, o.y, o.width, o.height) for o in drawn.truth if o.kind == kind and not o.touches_border]
        boxes = [item.box for item in found if item.kind == kind and not item.touches_border]
        hits = len(pairs(truth, boxes))
        assert hits >= least * len(truth), kind
        if kind == "red_cell":
            assert hits >= 0.93 * len(boxes)


@pytest.mark.parametrize("diameter", [24, 40, 64, 110, 150])
def test_the_scale_is_found_from_the_field_itself(draw, lone_cells, diameter):
    side = int(diameter * 1.6)
    rgb = draw(lone_cells(5, 4, diameter), width=6 * side, height=5 * side)
    assert calibrate(rgb).diameter == pytest.approx(diameter, rel=0.06)
    cells = cells_of(rgb)
    assert len(cells) == 20
    assert not any(cell.is_clump or cell.touches_border for cell in cells)
    assert np.median([cell.area for cell in cells]) == pytest.approx(np.pi * diameter**2 / 4, rel=0.3)
    assert min(cell.circularity for cell in cells) > 0.8


@pytest.mark.parametrize("apart", [0.98, 0.9, 0.8])
def test_touching_pairs_are_split(draw, lone_cells, apart):
    pair = [(450, 240, 60), (450 + 60 * apart, 240, 60)]
    cells = cells_of(draw([*lone_cells(3, 3, 60), *pair]))
    assert len(pairs([Box(420, 210, 60, 60), Box(round(420 + 60 * apart), 210, 60, 60)], [c.box for c in cells])) == 2
    assert len(cells) == 11


def test_a_pale_middle_belongs_to_its_cell_and_a_gap_between_cells_does_not(draw, lone_cells):
    pale = draw([(470, 120, 26)], on=draw([(470, 120, 60)]), colour=(222, 216, 209))
    ring_of_four = [(440, 300, 60), (500, 300, 60), (440, 360, 60), (500, 360, 60)]
    rgb = draw([*lone_cells(3, 3, 60), *ring_of_four], on=pale)
    cells = cells_of(rgb)
    assert len(cells) == 9 + 1 + 4
    (with_middle,) = [cell for cell in cells if cell.box.y < 150 and cell.box.x > 400]
    assert with_middle.area > 0.9 * np.pi * 30**2


def test_what_the_border_cuts_is_flagged(draw, lone_cells):
    cut = [(0, 300, 60), (639, 200, 60), (500, 0, 60), (500, 479, 60)]
    cells = cells_of(draw([*lone_cells(3, 3, 60), *cut]))
    assert sum(cell.touches_border for cell in cells) == 4
    assert len(cells) == 13
    for cell in cells:
        assert cell.box.x >= 0
        assert cell.box.y >= 0
        assert cell.box.x + cell.box.width <= 640
        assert cell.box.y + cell.box.height <= 480


def test_a_heap_is_flagged_as_a_clump_instead_of_guessed(draw, lone_cells):
    heap = [(480 + 22 * dx, 300 + 22 * dy, 60) for dx in range(-2, 3) for dy in range(-2, 3)]
    objects = segment(draw([*lone_cells(4, 3, 60, 1.5), *heap]))
    inside = [item for item in objects if item.box.x > 380 and item.box.y > 200]
    assert any(item.is_clump for item in inside)
    assert not any(item.is_clump for item in objects if item.box.x < 340)


def test_uneven_light_changes_nothing(draw, lone_cells):
    rgb = draw(lone_cells(5, 4, 60))
    x = np.linspace(1.0, 0.55, rgb.shape[1])[None, :, None]
    assert len(cells_of((rgb * x).astype(np.uint8))) == 20


def test_leukocytes_are_told_from_red_cells_and_dirt_from_platelets(draw, lone_cells):
    rgb = draw(lone_cells(4, 3, 60))
    rgb = draw([(500, 380, 110)], on=rgb, colour=(205, 185, 215))
    rgb = draw([(490, 370, 50), (525, 400, 50)], on=rgb, colour=(95, 60, 150))
    rgb = draw([(120, 400, 20)], on=rgb, colour=(170, 110, 175))
    rgb = draw([(250, 400, 20)], on=rgb, colour=(60, 58, 55))
    kinds = {item.kind: item for item in segment(rgb) if item.kind != "red_cell"}
    assert set(kinds) == {"leukocyte", "platelet", "artefact"}
    assert pairs([Box(445, 325, 110, 110)], [kinds["leukocyte"].box])
    assert kinds["platelet"].box.centre == pytest.approx((120, 400), abs=4)
    assert kinds["artefact"].box.centre == pytest.approx((250, 400), abs=4)


def test_crops_are_tight_black_outside_and_in_the_colours_of_the_field(draw, lone_cells):
    rgb = draw(lone_cells(4, 3, 60))
    for item in segment(rgb):
        x, y, width, height = item.box
        seen = item.crop.any(axis=2)
        assert item.crop.dtype == np.uint8
        assert seen.any(axis=0).all()
        assert seen.any(axis=1).all()
        assert not seen[0, 0]
        assert 0.85 * width < seen.shape[1] < width
        places = [
            (row, column)
            for row in range(y, y + height - seen.shape[0] + 1)
            for column in range(x, x + width - seen.shape[1] + 1)
            if (rgb[row : row + seen.shape[0], column : column + seen.shape[1]][seen] == item.crop[seen]).all()
        ]
        assert len(places) == 1  # the pixels are the field's own, from inside the box
        assert item.crop[seen][:, 0].mean() > item.crop[seen][:, 2].mean()


@pytest.mark.parametrize(
    "rgb",
    [
        np.zeros((300, 400, 3), np.uint8),
        np.full((300, 400, 3), 255, np.uint8),
        np.full((9, 1500, 3), 180, np.uint8),
        np.full((1, 20_000, 3), 180, np.uint8),
        np.full((9_000, 3, 3), 180, np.uint8),
        np.full((8, 8, 3), 90, np.uint8),
        np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8),
        np.tile(np.linspace(0, 255, 400).astype(np.uint8)[None, :, None], (300, 1, 3)),
        np.indices((240, 320)).sum(axis=0)[..., None].repeat(3, 2).astype(np.uint8) % 2 * np.uint8(255),
    ],
    ids=["black", "white", "strip", "row", "column", "tiny", "noise", "ramp", "chessboard"],
)
def test_any_picture_is_survived(rgb):
    for item in segment(rgb):
        assert item.kind in KINDS
        assert 0 <= item.likeness <= 1


@pytest.mark.parametrize("rgb", [np.full((300, 400, 3), 200, np.uint8), np.zeros((50, 50, 3), np.uint8)])
def test_an_empty_field_holds_nothing(rgb):
    assert calibrate(rgb).is_blank
    assert segment(rgb) == []


def test_the_same_field_gives_the_same_objects(draw, lone_cells):
    rgb = draw(lone_cells(4, 3, 60))
    first, second = segment(rgb), segment(rgb.copy())
    assert [item.box for item in first] == [item.box for item in second]
    assert [item.likeness for item in first] == [item.likeness for item in second]


def test_an_object_checks_itself():
    about = {"contour": np.zeros((1, 2), np.int32), "area": 4.0, "circularity": 1.0, "likeness": 0.5}
    flags = {"touches_border": False, "is_clump": False}
    crop = np.zeros((2, 3, 3), np.uint8)
    SmearObject(box=Box(0, 0, 3, 2), kind="red_cell", crop=crop, **about, **flags)
    with pytest.raises(ValueError, match="red_cell, view, leukocyte, platelet, artefact"):
        SmearObject(box=Box(0, 0, 3, 2), kind="blob", crop=crop, **about, **flags)
    with pytest.raises(ValueError, match="RGB picture"):
        SmearObject(box=Box(0, 0, 3, 2), kind="red_cell", crop=crop[..., 0], **about, **flags)
