"""Duplicates: equal bytes, and one picture saved again; different cells are not taken for one."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from malaria import phantom
from malaria.dataset import Filed, find_exact_duplicates, find_near_duplicates, shrink, thumbnail
from malaria.images import RGB
from malaria.labels import PARASITIZED, UNINFECTED


def filed(*files: tuple[str, str | None, str | None]) -> list[Filed]:
    return [Filed(*file) for file in files]


def jpeg(quality: int) -> Callable[[RGB], RGB]:
    def again(rgb: RGB) -> RGB:
        data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    return again


def scaled(ratio: float) -> Callable[[RGB], RGB]:
    def again(rgb: RGB) -> RGB:
        return np.asarray(cv2.resize(rgb, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8)

    return again


AGAIN: dict[str, Callable[[RGB], RGB]] = {
    "jpeg 90": jpeg(90),
    "jpeg 50": jpeg(50),
    "1.5 times the size": scaled(1.5),
    "0.7 times the size": scaled(0.7),
    "a tenth brighter": lambda rgb: np.minimum(rgb * 1.1, 255).astype(np.uint8),
    "a fifth darker": lambda rgb: (rgb * 0.8).astype(np.uint8),
    "blurred": lambda rgb: np.asarray(cv2.GaussianBlur(rgb, (0, 0), 1.0), np.uint8),
}


def small(rgb: RGB) -> RGB:
    return thumbnail(shrink(rgb))


@pytest.fixture(scope="module")
def cells() -> list[RGB]:
    return [cell.rgb for cell in phantom.batch(30, seed=3, patients=3)]


def test_equal_bytes_are_one_group_and_tell_where_they_are_filed() -> None:
    files = filed(
        ("a.png", PARASITIZED, "C1"), ("b.png", UNINFECTED, "C1"), ("c.png", PARASITIZED, "C2"), ("d.png", None, None)
    )
    (group,) = find_exact_duplicates(["x", "y", "x", "x"], files)
    assert group.files == ("a.png", "c.png", "d.png")
    assert (group.labels, group.patients) == ((PARASITIZED,), ("C1", "C2"))
    assert group.across_patients
    assert not group.across_classes


def test_two_labels_of_one_picture_are_told() -> None:
    (group,) = find_exact_duplicates(["x", "x"], filed(("a", PARASITIZED, "C1"), ("b", UNINFECTED, "C1")))
    assert group.across_classes
    assert not group.across_patients


def test_different_cells_are_no_duplicates(cells: list[RGB]) -> None:
    thumbnails = np.stack([small(rgb) for rgb in cells])
    assert find_near_duplicates(thumbnails, filed(*((str(n), None, None) for n in range(len(cells))))) == []


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN.keys())
def test_a_picture_that_was_saved_again_is_found(cells: list[RGB], again: Callable[[RGB], RGB]) -> None:
    thumbnails = np.stack([small(rgb) for rgb in cells] + [small(again(rgb)) for rgb in cells])
    names = [f"{kind}{n}" for kind in ("first", "again") for n in range(len(cells))]
    groups = find_near_duplicates(thumbnails, filed(*((name, None, None) for name in names)))
    assert {group.files for group in groups} == {(f"first{n}", f"again{n}") for n in range(len(cells))}


def test_three_that_are_alike_are_one_group(cells: list[RGB]) -> None:
    thumbnails = np.stack([small(cells[0]), small(cells[1]), small(jpeg(80)(cells[0])), small(scaled(1.4)(cells[0]))])
    (group,) = find_near_duplicates(
        thumbnails, filed(("a", None, "C1"), ("b", None, None), ("c", None, None), ("d", None, "C2"))
    )
    assert group.files == ("a", "c", "d")
    assert group.across_patients


@pytest.mark.parametrize("n", [0, 1])
def test_few_pictures_have_no_duplicates(n: int) -> None:
    assert find_near_duplicates(np.zeros((n, 16, 16, 3), np.uint8), filed(*[("a", None, None)] * n)) == []


def test_one_picture_many_times_over_comes_to_an_end() -> None:
    thumbnails = np.zeros((4000, 16, 16, 3), np.uint8)
    (group,) = find_near_duplicates(thumbnails, filed(*((str(n), None, None) for n in range(4000))))
    assert len(group.files) > 1000
