"""Another stain and light of a field: cells are brought half-way to a usual one, and nothing else of them changes."""

import numpy as np
import pytest

from malaria import phantom
from malaria.images import decode
from malaria.smear.field.calibration import calibrate
from malaria.smear.field.stain import find_shift, restain
from malaria.smear.field.tiles import segment_scan


@pytest.mark.parametrize("stain", [(1.0, 1.0, 1.0), (0.7, 0.9, 0.8), (1.0, 0.75, 0.9)])
def test_the_colour_of_cells_comes_half_way_to_the_usual_one(stain: tuple[float, float, float]) -> None:
    one = phantom.field(seed=3, slide=3)
    rgb = np.rint(decode(one.png, one.file) * np.array(stain)).astype(np.uint8)
    about = calibrate(rgb)
    shift = find_shift(about)
    cell = next(item for part in segment_scan(rgb, about) for item in part if item.kind == "red_cell")
    other = restain(cell, shift).crop
    seen = cell.crop.any(axis=2)
    assert (other.any(axis=2) == seen).all()
    before, after = (np.log(np.median(crop[seen], axis=0) / 255) for crop in (cell.crop, other))
    assert after - before == pytest.approx(shift, abs=0.03)
