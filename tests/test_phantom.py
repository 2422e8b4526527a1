"""What synthetic cells and fields promise: the same again from the same seed, and the truth about what they show."""

import io
import zipfile
from collections import Counter
from itertools import combinations

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.images import decode, patient_of
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model.classifier import load


@pytest.mark.parametrize("form", phantom.FORMS)
class TestCell:
    def test_is_an_rgb_picture_of_the_size_of_a_real_crop(self, form):
        for seed in range(5):
            rgb = phantom.cell(form, slide=seed, seed=seed)
            assert rgb.dtype == np.uint8
            assert rgb.shape[2] == 3
            assert 70 <= max(rgb.shape[:2]) <= 230
            assert min(rgb.shape[:2]) >= (40 if form == "gametocyte" else 70)  # a crescent is narrow

    def test_is_the_same_again_for_the_same_seed_and_another_for_another(self, form):
        first = phantom.cell(form, slide=3, seed=7)
        assert np.array_equal(first, phantom.cell(form, slide=3, seed=7))
        assert not np.array_equal(first, phantom.cell(form, slide=3, seed=8))
        assert not np.array_equal(first, phantom.cell(form, slide=4, seed=7))

    def test_lies_on_black_in_one_piece_and_is_cropped_tightly(self, form):
        for seed in range(5):
            inside = phantom.cell(form, slide=seed, seed=seed).max(axis=2) > 0
            assert 0.12 < 1 - inside.mean() < 0.5  # real crops: 0.2 to 0.5
            assert all(edge.any() for edge in (inside[:4], inside[-4:], inside[:, :4], inside[:, -4:]))
            assert cv2.connectedComponents(inside.astype(np.uint8))[0] == 2

    def test_takes_the_size_asked_for(self, form):
        assert max(phantom.cell(form, size=64).shape[:2]) == 64


def test_every_form_has_its_label():
    assert phantom.FORMS == {
        "uninfected": UNINFECTED,
        "ring": PARASITIZED,
        "trophozoite": PARASITIZED,
        "schizont": PARASITIZED,
        "artefact_platelet": UNINFECTED,
        "artefact_debris": UNINFECTED,
        "faint_ring": PARASITIZED,
        "gametocyte": PARASITIZED,
    }
    assert set(phantom.ARTEFACTS) | set(phantom.HARD_FORMS) < set(phantom.FORMS)


def test_an_unknown_form_is_refused_with_the_forms_there_are():
    with pytest.raises(ValueError, match=r"no form 'ookinete'.*uninfected, ring"):
        phantom.cell("ookinete")


@pytest.mark.parametrize("form", ["ring", "trophozoite", "schizont", "gametocyte"])
def test_a_parasite_is_darker_than_the_cell_it_lies_in(form):
    """Its chromatin takes up green light: no uninfected cell of the same slide has a pixel as dark inside."""

    def darkest(rgb):
        inside = np.pad(rgb.max(axis=2) > 0, 1).astype(np.uint8)
        deep = cv2.erode(inside, np.ones((15, 15), np.uint8))[1:-1, 1:-1] > 0
        green = rgb[..., 1][deep].astype(float)
        return np.median(green) - np.percentile(green, 0.2)

    for slide in range(8):
        infected = phantom.cell(form, slide=slide, seed=slide)
        assert darkest(infected) > 40 > darkest(phantom.cell("uninfected", slide=slide, seed=slide))


def test_slides_differ_in_stain_and_cells_of_one_slide_do_not():
    def colour(slide, seed):
        rgb = phantom.cell("uninfected", slide=slide, seed=seed)
        return np.median(rgb[rgb.max(axis=2) > 0], axis=0)

    within = np.std([colour(2, seed) for seed in range(12)], axis=0).mean()
    between = np.std([colour(slide, 0) for slide in range(12)], axis=0).mean()
    assert between > 1.5 * within


def test_a_slide_can_be_made_by_hand():
    green = phantom.Slide(
        background=(220, 230, 220), cytoplasm=(90, 180, 90), parasite=(60, 90, 60), chromatin=(20, 40, 20)
    )
    rgb = phantom.cell("uninfected", slide=green)
    red, greenness, blue = np.median(rgb[rgb.max(axis=2) > 0], axis=0)
    assert greenness > max(red, blue) + 50


class TestBatch:
    @pytest.mark.parametrize(
        ("n", "mislabelled", "artefacts", "errors", "oddities"),
        [(40, 0.0, 0.1, 0, 4), (40, 0.1, 0.0, 4, 0), (31, 0.2, 0.25, 6, 8), (1, 1.0, 0.0, 1, 0), (0, 0.5, 0.5, 0, 0)],
    )
    def test_has_the_errors_and_artefacts_asked_for(self, n, mislabelled, artefacts, errors, oddities):
        cells = phantom.batch(n, seed=5, mislabelled=mislabelled, artefacts=artefacts)
        assert len(cells) == n
        assert sum(cell.given_label != cell.true_label for cell in cells) == errors
        assert sum(cell.form in phantom.ARTEFACTS for cell in cells) == oddities
        assert sum(cell.true_label == PARASITIZED for cell in cells) == n // 2
        assert all(cell.true_label == phantom.FORMS[cell.form] and cell.given_label in CLASSES for cell in cells)

    def test_is_the_same_again_for_the_same_seed(self):
        assert phantom.batch(12, seed=2, mislabelled=0.2) == phantom.batch(12, seed=2, mislabelled=0.2)
        assert phantom.batch(12, seed=2) != phantom.batch(12, seed=3)

    def test_names_are_distinct_say_synthetic_and_give_the_patient_by_the_nih_rule(self):
        cells = phantom.batch(30, patients=4)
        assert len({cell.file for cell in cells}) == 30
        assert all("SYNTHETIC" in cell.file and patient_of(cell.file) == cell.patient for cell in cells)
        assert not any(form in cell.file for cell in cells for form in phantom.FORMS)  # a reviewer reads the names
        assert Counter(cell.patient for cell in cells).keys() == {"C901P1", "C902P2", "C903P3", "C904P4"}

    def test_the_png_is_the_picture(self):
        (first, *_) = phantom.batch(3, seed=9)
        assert first.png.startswith(b"\x89PNG")
        assert np.array_equal(first.rgb, decode(first.png))

    @pytest.mark.parametrize(
        "shares", [{"mislabelled": 1.1}, {"mislabelled": -0.1}, {"artefacts": 0.6}, {"artefacts": -1}]
    )
    def test_refuses_shares_out_of_range(self, shares):
        with pytest.raises(ValueError, match="must lie between 0 and"):
            phantom.batch(10, **shares)


def test_the_examples_show_every_form():
    shown = Counter(cell.form for cell in phantom.examples())
    assert shown == dict.fromkeys(phantom.FORMS, 1) | {"uninfected": 2}
    assert all(cell.given_label == cell.true_label and "SYNTHETIC" in cell.file for cell in phantom.examples())


def test_the_zip_holds_the_batch_in_the_layout_of_the_nih_set():
    cells = phantom.batch(20, seed=4, mislabelled=0.2)
    data = phantom.batch_zip(20, seed=4, mislabelled=0.2)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {f"cell_images/{cell.given_label}/{cell.file}": cell.png for cell in cells}
    assert data == phantom.batch_zip(20, seed=4, mislabelled=0.2)


@pytest.mark.parametrize("form", [form for form in phantom.FORMS if form not in phantom.HARD_FORMS])
def test_the_shipped_model_which_never_saw_a_phantom_reads_clean_ones_right(form):
    cells = [phantom.cell(form, slide=seed, seed=seed) for seed in range(60)]
    right = (load().predict(cells) >= 0.5) == (phantom.FORMS[form] == PARASITIZED)
    assert right.mean() >= 0.95


@pytest.fixture(scope="module")
def field():
    return phantom.field(
        seed=3, cells=60, parasitaemia=0.1, leukocytes=2, platelets=4, artefacts=3, width=960, height=720
    )


class TestField:
    def test_has_exactly_what_was_asked_for(self, field):
        assert field.rgb.shape == (720, 960, 3)
        assert field.rgb.dtype == np.uint8
        assert "SYNTHETIC" in field.file
        assert Counter(item.kind for item in field.truth) == {
            "red_cell": 60,
            "leukocyte": 2,
            "platelet": 4,
            "artefact": 3,
        }
        parasitized = [item for item in field.truth if phantom.FORMS.get(item.form) == PARASITIZED]
        assert len(parasitized) == 6
        assert not any(item.touches_border for item in parasitized)

    def test_is_the_same_again_for_the_same_seed(self, field):
        small = {"cells": 10, "width": 320, "height": 240}
        assert np.array_equal(phantom.field(seed=1, **small).rgb, phantom.field(seed=1, **small).rgb)
        assert not np.array_equal(phantom.field(seed=1, **small).rgb, phantom.field(seed=2, **small).rgb)

    def test_the_png_is_the_picture(self, field):
        assert np.array_equal(decode(field.png), field.rgb)

    def test_every_box_lies_in_the_field_and_is_cut_only_at_the_border(self, field):
        for item in field.truth:
            x1, y1 = item.x + item.width, item.y + item.height
            assert 0 <= item.x < x1 <= 960
            assert 0 <= item.y < y1 <= 720
            assert item.touches_border == (item.x == 0 or item.y == 0 or x1 == 960 or y1 == 720)
        assert any(item.touches_border for item in field.truth)

    def test_the_boxes_hold_what_was_drawn_and_nothing_was_drawn_outside(self, field):
        """Found again from the picture alone: what is darker than the background around it."""
        green = field.rgb[..., 1].astype(np.float32)
        background = cv2.resize(
            cv2.morphologyEx(
                cv2.resize(green, (120, 90), interpolation=cv2.INTER_AREA), cv2.MORPH_CLOSE, np.ones((25, 25))
            ),
            (960, 720),
        )
        stained = green < background - 12
        boxes = np.zeros_like(stained)
        for item in field.truth:
            window = slice(item.y, item.y + item.height), slice(item.x, item.x + item.width)
            boxes[window] = True
            if item.kind == "red_cell" and not item.touching and not item.touches_border:
                rows, columns = (np.flatnonzero(stained[window].any(axis=axis)) for axis in (1, 0))
                assert rows[-1] - rows[0] + 1 >= 0.93 * item.height
                assert columns[-1] - columns[0] + 1 >= 0.93 * item.width
                assert 0.65 < stained[window].mean() < 0.9  # a disc fills 0.785 of its box
        assert (stained & ~boxes).sum() < 0.01 * stained.sum()

    def test_cells_apart_keep_apart_and_touching_ones_have_a_neighbour(self, field):
        def gap(a, b):
            return max(
                max(a.x, b.x) - min(a.x + a.width, b.x + b.width), max(a.y, b.y) - min(a.y + a.height, b.y + b.height)
            )

        near = {id(item): False for item in field.truth}
        for a, b in combinations(field.truth, 2):
            if gap(a, b) <= 1:
                near[id(a)] = near[id(b)] = True
        touching = [item for item in field.truth if item.touching]
        assert all(near[id(item)] for item in touching)
        assert len(touching) >= 12  # a fifth of 60 was asked for
        assert sum(not item.touching for item in field.truth if item.kind == "red_cell") >= 20

    def test_leukocytes_are_the_largest_and_platelets_the_smallest(self, field):
        size = {
            kind: [
                max(item.width, item.height) for item in field.truth if item.kind == kind and not item.touches_border
            ]
            for kind in ("leukocyte", "red_cell", "platelet")
        }
        assert min(size["leukocyte"]) > max(size["red_cell"]) > min(size["red_cell"]) > max(size["platelet"])

    def test_an_empty_field_is_only_background(self):
        empty = phantom.field(cells=0, leukocytes=0, platelets=0, artefacts=0, width=300, height=200)
        assert empty.truth == ()
        assert empty.rgb.std(axis=(0, 1)).max() < 15

    def test_a_full_field_still_has_every_cell(self):
        full = phantom.field(cells=40, touching=1.0, width=300, height=200)
        assert sum(item.kind == "red_cell" for item in full.truth) == 40


@pytest.mark.realdata
@pytest.mark.parametrize(("form", "label"), [("ring", PARASITIZED), ("uninfected", UNINFECTED)])
def test_synthetic_cells_look_like_real_ones_in_colour_size_and_contrast(real_data, form, label):
    """The median phantom lies within the middle 80 % of real cells of its class, feature by feature."""

    def features(rgb):
        inside = rgb.max(axis=2) > 0
        deep = cv2.erode(np.pad(inside, 1).astype(np.uint8), np.ones((15, 15), np.uint8))[1:-1, 1:-1] > 0
        red, green, blue = np.median(rgb[inside], axis=0)
        edges = np.abs(cv2.Laplacian(rgb[..., 1].astype(np.float32), cv2.CV_32F))[deep]
        return {
            "longest side": max(rgb.shape),
            "black share": 1 - inside.mean(),
            "red": red,
            "green": green,
            "blue": blue,
            "sharpness": edges.mean(),
            "contrast": rgb[..., 1][deep].std(),
        }

    with zipfile.ZipFile(real_data / "nih_cells_fullres_sample.zip") as archive:
        names = [name for name in archive.namelist() if f"/{label}/" in name and name.endswith(".png")]
        real = [features(decode(archive.read(name))) for name in names]
    drawn = [features(phantom.cell(form, slide=seed, seed=seed)) for seed in range(80)]
    for feature in real[0]:
        low, high = np.percentile([cell[feature] for cell in real], [10, 90])
        assert low <= np.median([cell[feature] for cell in drawn]) <= high, feature
