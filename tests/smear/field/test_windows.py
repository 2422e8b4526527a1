"""A parasite in a heap, or cut by an outline, is shown by a window; nothing else is."""

import numpy as np
import pytest

from malaria.smear import Box, calibrate, pool_fields, segment, triage_field
from malaria.smear.field.windows import scan_with_windows

HEAP = [(480 + 22 * dx, 300 + 22 * dy, 60) for dx in range(-2, 3) for dy in range(-2, 3)]


@pytest.fixture
def field(draw, lone_cells):
    """A function that draws lone cells, a heap, and spots (x, y) of a colour."""

    def drawn(*spots, colour=(230, 5, 5), **size):
        cells = draw([*lone_cells(4, 3, 60, 1.5), *HEAP], **size)
        return draw([(x, y, 14) for x, y in spots], on=cells, colour=colour)

    return drawn


def added(rgb, classifier):
    *_, windows = scan_with_windows(rgb, classifier, calibrate(rgb))
    return windows


@pytest.mark.parametrize("spot", [(x, y) for x in (445, 462, 480, 497, 515) for y in (270, 300, 325)])
def test_a_parasite_in_a_heap_is_shown_by_one_window_of_one_cell(field, classifier, spot):
    (window,) = added(field(spot), classifier)
    assert window.kind == "view"
    assert window.box.width == pytest.approx(60, abs=6)
    assert window.box.shared_area(Box(spot[0] - 7, spot[1] - 7, 14, 14)) == 14 * 14
    assert classifier.predict([window.crop])[0] > 0.9


def test_two_parasites_far_apart_in_a_heap_are_two_windows(field, classifier):
    assert len(added(field((440, 270), (520, 335)), classifier)) == 2


@pytest.mark.parametrize(
    ("spots", "colour"),
    [
        ([], (230, 5, 5)),
        ([(90, 90), (180, 180)], (230, 5, 5)),
        ([(480, 300)], (40, 38, 36)),
        ([(300, 420)], (230, 5, 5)),
    ],
    ids=["no spot", "in cells that stand alone", "dirt", "outside every outline"],
)
def test_nothing_else_is_shown_by_a_window(field, classifier, spots, colour):
    assert added(field(*spots, colour=colour), classifier) == []


def test_a_parasite_cut_by_the_outlines_of_two_cells_is_judged_whole(draw, lone_cells, classifier):
    pair = [(440, 300, 60), (490, 300, 60)]
    rgb = draw([(465, 305, 13)], on=draw([*lone_cells(4, 3, 60, 1.5), *pair]), colour=(230, 5, 5))
    found = [item for part in scan_with_windows(rgb, classifier, calibrate(rgb)) for item in part]
    near = [item for item in found if item.box.x > 380]
    assert classifier.predict([item.crop for item in near]).max() > 0.9


def test_tiles_change_nothing(field, classifier):
    rgb = np.tile(field((480, 300)), (2, 2, 1))
    about = calibrate(rgb)
    whole, tiled = (
        [item for part in scan_with_windows(rgb, classifier, about, tile) for item in part] for tile in (2048, 512)
    )
    assert sorted(item.box for item in tiled) == sorted(item.box for item in whole)
    assert len(whole) == len(segment(rgb, about)) + 4


def test_a_window_is_ranked_and_written_as_a_view_and_counts_as_no_cell(field, classifier):
    rgb = field((480, 300))
    triage = pool_fields([triage_field(rgb, classifier, "a.png")], classifier)
    assert len(triage.table) == len(segment(rgb)) + 1
    first = triage.suspects[0].outline
    assert first.box.width == pytest.approx(60, abs=6)
    row = triage.table.loc[triage.suspects[0].row]
    assert (row["kind"], row["cells"], row["rank"]) == ("view", 0, 1)
    assert triage.summary()["views"] == 1
    assert triage.red_cells == pool_fields([triage_field(field(), classifier, "b.png")], classifier).red_cells
