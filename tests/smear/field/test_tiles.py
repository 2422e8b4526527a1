"""A scan cut into tiles gives what the whole gives: no cell cut or doubled at a seam, and bounded memory."""

import tracemalloc

import numpy as np
import pytest

from malaria import phantom
from malaria.smear import Box, calibrate, segment, segment_scan
from malaria.smear.field.objects import pairs


def boxes(objects):
    return sorted((item.kind, *item.box, item.touches_border, item.is_clump) for item in objects)


@pytest.mark.parametrize("tile", [512, 700])
def test_tiled_equals_whole(tile):
    rgb = phantom.field(
        seed=2, width=2200, height=1700, cells=420, diameter=60, touching=0.3, leukocytes=5, platelets=25, artefacts=8
    ).rgb
    about = calibrate(rgb)
    whole, tiled = segment(rgb, about), [item for part in segment_scan(rgb, about, tile) for item in part]
    assert len(tiled) == len(whole)
    # In heaps the flood may meet a pixel or two further on; nothing else differs.
    assert len(set(boxes(tiled)) & set(boxes(whole))) >= 0.98 * len(whole)
    assert len(pairs([item.box for item in whole], [item.box for item in tiled], 0.9)) == len(whole)


@pytest.mark.parametrize("shift", range(-36, 37, 9))
def test_a_cell_on_a_seam_is_counted_once(draw, lone_cells, shift):
    on_seams = [(512 + shift, 300, 64), (300, 512 + shift, 64), (512 + shift, 512 + shift, 64)]
    far = [(x + 600, y + 600, d) for x, y, d in lone_cells(4, 4, 64, 1.5)]
    rgb = draw([*on_seams, *far], width=1100, height=1100)
    tiled = [item for part in segment_scan(rgb, tile=512) for item in part]
    assert boxes(tiled) == boxes(segment(rgb))
    assert len(tiled) == 19
    truth = [Box(round(x - 32), round(y - 32), 64, 64) for x, y, _ in on_seams]
    assert len(pairs(truth, [item.box for item in tiled], 0.8)) == 3


def test_pictures_and_contours_are_those_of_the_field(draw, lone_cells):
    rgb = draw(lone_cells(9, 9, 64, 1.7), width=1100, height=1100)
    whole = {item.box: item for item in segment(rgb)}
    tiled = [item for part in segment_scan(rgb, tile=512) for item in part]
    assert len(tiled) == len(whole) == 81
    for item in tiled:
        assert (item.crop == whole[item.box].crop).all()
        assert (item.contour == whole[item.box].contour).all()
        assert tuple(item.contour.min(axis=0)) == item.box[:2]


def test_only_the_edge_of_the_field_is_a_border(draw, lone_cells):
    rgb = draw(lone_cells(9, 9, 64, 1.7), width=1100, height=1100)
    assert not any(item.touches_border for part in segment_scan(rgb, tile=512) for item in part)


def test_memory_does_not_grow_with_the_scan(draw, lone_cells):
    patch = draw(lone_cells(8, 8, 60, 1.7), width=960, height=960)

    def peak(times: int) -> int:
        rgb = np.tile(patch, (times, times, 1))
        about = calibrate(rgb)
        tracemalloc.start()
        count = sum(len(part) for part in segment_scan(rgb, about, tile=960))
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert count == 64 * times**2
        return used

    assert peak(4) < 1.5 * peak(2)
