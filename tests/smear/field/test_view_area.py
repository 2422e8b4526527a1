"""Only slide is judged: not the black of an eyepiece, dark corners, scale bars, labels or text."""

import zipfile

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.images import decode
from malaria.smear import calibrate, segment
from malaria.smear.field.view_area import find_view
from studies.annotated_fields import leukocyte_fields, smear_fields
from studies.counting import SOFT, eyepiece


def red_cells(rgb):
    return [item for item in segment(rgb) if item.kind == "red_cell"]


def within(cells, radius, middle):
    return [cell for cell in cells if np.hypot(*np.subtract(cell.box.centre, middle)) < radius]


def written(rgb):
    """The field with a scale bar, its length above it, a time in another corner and a label that is filled."""
    marked = rgb.copy()
    height, width = rgb.shape[:2]
    cv2.rectangle(marked, (width - 260, height - 60), (width - 60, height - 53), (0, 0, 0), -1)
    cv2.putText(marked, "10 um", (width - 220, height - 75), cv2.FONT_HERSHEY_SIMPLEX, 1, (0, 0, 0), 2, cv2.LINE_AA)
    cv2.putText(marked, "2024:05:01", (30, 50), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 0), 2, cv2.LINE_AA)
    cv2.rectangle(marked, (30, height - 60), (150, height - 30), (255, 255, 255), -1)
    return marked


@pytest.mark.parametrize("size", [0.36, 0.43, 0.5])
@pytest.mark.parametrize("soft", [0, SOFT])
@pytest.mark.parametrize("off", [0, 0.15])
def test_in_an_eyepiece_the_cells_of_its_circle_are_found_and_no_others(size, soft, off):
    rgb = phantom.field(seed=5).rgb
    height, width = rgb.shape[:2]
    middle, radius = (width / 2 + off * height, height / 2 - off * height), size * height
    seen = eyepiece(rgb, radius, middle, soft * radius)
    found = red_cells(seen)
    assert len(found) == pytest.approx(len(within(red_cells(rgb), radius, middle)), rel=0.1)
    assert calibrate(seen).diameter == pytest.approx(calibrate(rgb).diameter, rel=0.05)
    for cell in found:
        x, y, across, down = cell.box
        corners = [np.hypot(at - middle[0], to - middle[1]) for at in (x, x + across) for to in (y, y + down)]
        assert min(corners) < radius
        assert cell.touches_border or max(corners) < radius + 0.3 * across
    assert sum(cell.touches_border for cell in found) > 5


@pytest.mark.parametrize("soft", [0, SOFT])
@pytest.mark.parametrize("seed", range(3))
def test_cells_that_close_the_black_around_a_circle_do_not_hide_its_cells(seed, soft):
    rgb = phantom.field(seed=seed).rgb
    height, width = rgb.shape[:2]
    x, y, radius = width // 2, height // 2, 400
    red = np.median(rgb[rgb[..., 1] < 170], axis=0).tolist()
    for place in ((x + radius, y), (x - radius, y), (x, y + radius), (x, y - radius)):
        cv2.circle(rgb, place, 36, red, -1)  # where the circle reaches the end of what is in view
    about = calibrate(eyepiece(rgb, radius, (x, y), soft * radius))
    assert about.diameter == pytest.approx(calibrate(rgb).diameter, rel=0.05)
    assert about.lone_cells > 3


def test_the_circle_is_known():
    rgb = phantom.field(seed=5).rgb
    view = find_view(eyepiece(rgb, 400, (640, 480)))
    assert view.share == pytest.approx(np.pi * 400**2 / rgb.shape[0] / rgb.shape[1], rel=0.03)
    assert view.box == pytest.approx((240, 80, 800, 800), abs=8)
    slide = view.slide(rgb.shape)
    assert (slide[480, 640], slide[90, 250], slide[0, 0]) == (1, 0, 0)
    half = view.slide((240, 320), 0.5, 640, 480)  # the lower right quarter, at half its size
    assert (half == slide[480::2, 640::2]).mean() > 0.99


@pytest.mark.parametrize("seed", range(4))
def test_a_field_without_any_of_it_is_all_slide(seed):
    view = find_view(phantom.field(seed=seed, leukocytes=3, artefacts=8).rgb)
    assert view.is_whole
    assert view.overlays == ()
    assert view.share == 1


@pytest.mark.parametrize("seed", range(3))
def test_what_is_written_over_a_field_changes_no_count(seed):
    rgb = phantom.field(seed=seed).rgb
    marked = written(rgb)
    view = find_view(marked)
    assert view.is_whole
    lies = np.any(marked != rgb, axis=2)
    assert view.covered(rgb.shape)[lies].mean() > 0.97
    assert view.covered(rgb.shape).mean() < 3 * lies.mean()
    assert calibrate(marked).diameter == pytest.approx(calibrate(rgb).diameter, rel=0.03)
    assert len(red_cells(marked)) == pytest.approx(len(red_cells(rgb)), abs=3)
    spots = [item for item in segment(marked) if item.kind in ("platelet", "artefact", "leukocyte")]
    assert len(spots) == pytest.approx(len([item for item in segment(rgb) if item.kind != "red_cell"]), abs=2)


def test_dark_corners_and_a_black_bar_at_the_edge_are_left_out():
    rgb = phantom.field(seed=1).rgb
    height, width = rgb.shape[:2]
    rows, columns = np.mgrid[:height, :width]
    far = np.hypot(columns - width / 2, rows - height / 2)
    corners = (rgb * np.clip((780 - far) / 60, 0.02, 1)[..., np.newaxis]).astype(np.uint8)
    barred = rgb.copy()
    barred[-70:] = 0
    cv2.putText(barred, "100x oil", (40, height - 20), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (255, 255, 255), 2)
    for spoilt in (corners, barred):
        view = find_view(spoilt)
        assert 0.85 < view.share < 0.99
        left = view.slide(rgb.shape) == 0
        assert left[spoilt.max(axis=2) < 20].all()
        cells = red_cells(spoilt)
        assert not any(left[round(cell.box.centre[1]), round(cell.box.centre[0])] for cell in cells)
        kept = [cell for cell in red_cells(rgb) if not left[round(cell.box.centre[1]), round(cell.box.centre[0])]]
        assert len(cells) == pytest.approx(len(kept), rel=0.08)


@pytest.mark.parametrize("size", [4000, 6000])
def test_a_large_photo_through_an_eyepiece_is_judged_by_its_circle(size):
    rgb = phantom.field(seed=2).rgb
    circle = eyepiece(rgb, 440, (640, 480))
    across = round(0.35 * size)
    photo = np.zeros((size // 2, size, 3), np.uint8)
    part = cv2.resize(circle, (across, round(across * 0.75)), interpolation=cv2.INTER_CUBIC)
    photo[100 : 100 + part.shape[0], 300 : 300 + across] = part
    about = calibrate(photo)
    assert about.diameter == pytest.approx(calibrate(rgb).diameter * across / 1280, rel=0.06)
    assert about.view.share == pytest.approx(np.pi * 440**2 / 1280**2 * across**2 / photo[..., 0].size, rel=0.04)


@pytest.mark.realdata
def test_real_fields_are_all_slide_but_for_the_scale_bar_of_one_laboratory(real_data):
    bars = [find_view(field.rgb) for field in list(smear_fields(real_data / "iml_smears_dev.zip"))[::7]]
    assert sum(view.is_whole for view in bars) >= 0.95 * len(bars)
    for view in bars:
        assert view.covered((view.height, view.width))[849, 1141:1235].mean() > 0.9
        assert view.covered((view.height, view.width)).mean() < 0.005
    plain = [find_view(field.rgb) for field in list(leukocyte_fields(real_data / "leukocytes_dev.zip"))[::7]]
    assert all(view.is_whole and not view.overlays for view in plain)


@pytest.mark.realdata
@pytest.mark.parametrize("soft", [0, SOFT])
def test_real_fields_through_an_eyepiece(real_data, soft):
    fields = [field for field in smear_fields(real_data / "iml_smears_dev.zip") if field.is_held_out][::10]
    close = []
    for field in fields:
        height, width = field.rgb.shape[:2]
        middle, radius = (width / 2, height / 2), 0.45 * height
        found = red_cells(eyepiece(field.rgb, radius, middle, soft * radius))
        close.append(len(found) == pytest.approx(len(within(red_cells(field.rgb), radius, middle)), rel=0.1))
    assert sum(close) >= 0.8 * len(close)


@pytest.mark.realdata
def test_a_photo_through_an_eyepiece(real_data):
    with zipfile.ZipFile(real_data / "film_images_dev.zip") as archive:
        rgb = decode(archive.read(next(name for name in archive.namelist() if "NIH-Pf" in name)))
    view = find_view(rgb)
    assert view.share == pytest.approx(0.41, abs=0.02)
    assert 200 < len(red_cells(rgb)) < 300
