"""What is wrong with a picture is said with its reason and its mend; a good field raises no concern."""

import zipfile

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.images import decode
from malaria.smear import calibrate, concerns, pool_fields, segment, triage_field
from malaria.smear.field.quality import Concern
from malaria.smear.sample import refuse_unusable
from studies.annotated_fields import leukocyte_fields, smear_fields


def told(rgb) -> list[Concern]:
    about = calibrate(rgb)
    return concerns(rgb, about, segment(rgb, about))


def codes(rgb):
    return [concern.code for concern in told(rgb)]


def unusable(rgb):
    return [concern.code for concern in told(rgb) if concern.unusable]


@pytest.mark.parametrize("seed", range(4))
def test_a_good_field_raises_no_concern(seed):
    assert codes(phantom.field(seed=seed).rgb) == []


def blurred(rgb):
    return cv2.GaussianBlur(rgb, (0, 0), 7)


def overstained(rgb):
    """The same field with so much stain that red cells leave a fourteenth of the green light."""
    about = calibrate(rgb)
    more = 2.65 / about.red_cell[1]
    return np.clip((1.0 + rgb) * np.exp(-about.density(rgb, 1.0) * (more - 1)) - 1, 0, 255).astype(np.uint8)


def over_exposed(rgb):
    return np.clip(rgb * 1.5, 0, 255).astype(np.uint8)


def dark(rgb):
    return (rgb * 0.25).astype(np.uint8)


def small_cells(rgb):
    return cv2.resize(rgb, None, fx=0.22, fy=0.22, interpolation=cv2.INTER_AREA)


def not_a_smear(rgb):
    return rgb.mean(axis=2, keepdims=True).repeat(3, axis=2).astype(np.uint8)


@pytest.mark.parametrize("spoil", [blurred, overstained, over_exposed, dark, small_cells, not_a_smear])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_spoilt_field_is_told_for_what_it_is(spoil, seed):
    assert spoil.__name__ in codes(spoil(phantom.field(seed=seed).rgb))


@pytest.mark.parametrize("seed", range(3))
def test_a_blur_of_three_pixels_on_cells_of_seventy_is_told_and_a_strong_one_makes_a_field_unusable(seed):
    rgb = phantom.field(seed=seed, diameter=70).rgb
    assert "blurred" in codes(cv2.GaussianBlur(rgb, (0, 0), 3))
    assert "blurred" in unusable(blurred(rgb))


@pytest.mark.parametrize("spoil", [overstained, not_a_smear, lambda rgb: np.full_like(rgb, 220)])
def test_what_cannot_be_counted_in_is_unusable(spoil):
    assert unusable(spoil(phantom.field(seed=0).rgb))


@pytest.mark.parametrize("spoil", [dark, over_exposed, small_cells])
def test_what_can_still_be_counted_in_is_not(spoil):
    assert unusable(spoil(phantom.field(seed=0).rgb)) == []


def test_an_unusable_field_is_refused_with_the_reason_and_can_be_taken_in(classifier):
    good, blank = (
        triage_field(rgb, classifier, name)
        for rgb, name in ((phantom.field(seed=0).rgb, "a.png"), (np.full((300, 400, 3), 220, np.uint8), "b.png"))
    )
    assert refuse_unusable(good) is good
    refused = refuse_unusable(blank)
    assert (refused.field, refused.can_count) == ("b.png", True)
    assert refused.why.startswith("b.png: Left out as unusable. No whole red cell found.")
    pooled = pool_fields([good], classifier, unreadable={"b.png": refused.why}, left_out=["b.png"])
    assert pooled.summary()["left_out"] == ["b.png"]


def test_too_few_and_too_many_cells():
    assert "empty" in codes(phantom.field(cells=2, leukocytes=0).rgb)
    assert "dense" in codes(phantom.field(cells=450).rgb)


def test_a_thick_film_is_recognised():
    rng = np.random.default_rng(0)
    rgb = np.full((960, 1280, 3), (205, 190, 200), np.uint8)
    for x, y in zip(rng.integers(60, 1220, 12).tolist(), rng.integers(60, 900, 12).tolist(), strict=True):
        cv2.circle(rgb, (x, y), 24, (80, 40, 130), -1)
        cv2.circle(rgb, (x + 18, y + 8), 24, (80, 40, 130), -1)
    assert unusable(cv2.GaussianBlur(rgb, (0, 0), 1.5)) == ["thick_film"]


@pytest.mark.parametrize(
    ("rgb", "code"),
    [
        (np.random.default_rng(0).integers(0, 256, (300, 400, 3), dtype=np.uint8), "not_a_smear"),
        (np.zeros((300, 400, 3), np.uint8), "empty"),
        (np.full((300, 400, 3), 255, np.uint8), "empty"),
    ],
    ids=["noise", "black", "white"],
)
def test_what_is_no_smear_is_said_but_never_refused(rgb, code):
    assert code in codes(rgb)


def test_every_concern_says_why_and_what_to_do():
    rgb = blurred(dark(phantom.field(cells=3).rgb))
    about = calibrate(rgb)
    listed = concerns(rgb, about, segment(rgb, about))
    assert len(listed) >= 2
    for concern in listed:
        assert concern.sentence.endswith(".")
        assert concern.sentence.count(". ") >= 1


@pytest.mark.realdata
def test_a_real_thick_film_is_recognised(real_data):
    with zipfile.ZipFile(real_data / "film_images_dev.zip") as archive:
        names = {name.split("/")[-1]: name for name in archive.namelist() if name.endswith(".jpg")}
        found = {name: unusable(decode(archive.read(path))) for name, path in names.items()}
    assert found == {"Nakasi et al..jpg": ["thick_film"], "NIH-Pf.jpg": [], "MPIDB-vivax.jpg": []}


@pytest.mark.realdata
def test_real_fields_are_usable_and_spoilt_ones_are_told(real_data):
    fields = [field for field in smear_fields(real_data / "iml_smears_dev.zip") if field.is_held_out][::9]
    fields += [field for field in leukocyte_fields(real_data / "leukocytes_dev.zip") if field.is_held_out][::15]
    assert not any(unusable(field.rgb) for field in fields)
    spoilt = fields[::3]
    dark = [unusable(overstained(field.rgb)) for field in spoilt]
    assert all(dark)
    assert sum("overstained" in listed for listed in dark) >= len(dark) - 1, "without ground in sight it is no smear"
    for field in spoilt:
        diameter = calibrate(field.rgb).diameter
        assert "blurred" in codes(cv2.GaussianBlur(field.rgb, (0, 0), 0.043 * diameter))
        assert "blurred" in unusable(cv2.GaussianBlur(field.rgb, (0, 0), 0.08 * diameter))
