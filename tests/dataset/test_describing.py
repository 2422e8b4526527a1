"""A small set made on purpose: everything that is said of it is known beforehand."""

import io
import json
import tracemalloc
import zipfile
from inspect import getdoc, ismodule
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from malaria import dataset
from malaria.dataset import Known, describe
from malaria.errors import LabelsError
from malaria.images import open_source
from malaria.labels import PARASITIZED, UNINFECTED
from tests.hostile import encode

PATIENT = "C33P1thinF_IMG_1"
OTHER = "C2_thinF_IMG_2"


def plain(width: int, height: int, *colour: int) -> Image.Image:
    return Image.new("RGB", (width, height), tuple(colour))


def speckle(seed: int, width: int = 80, height: int = 80) -> Image.Image:
    """A picture of its own, smooth enough to stay itself when it is packed with loss."""
    small = np.random.default_rng(seed).integers(20, 230, (6, 6, 3), np.uint8)
    return Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)


CONTENT = {
    f"{PARASITIZED}/{PATIENT}_1.png": encode("PNG", plain(40, 30, 200, 100, 0)),
    f"{PARASITIZED}/{PATIENT}_2.png": encode("PNG", plain(100, 200, 100, 100, 100)),
    f"{PARASITIZED}/{PATIENT}_3.jpg": encode("JPEG", speckle(1), quality=90),
    f"{PARASITIZED}/half.png": encode("PNG", speckle(2))[:200],
    f"{UNINFECTED}/{OTHER}_4.png": encode("PNG", speckle(3)),
    f"{UNINFECTED}/{OTHER}_5.png": encode("PNG", speckle(1)),  # as 3, but not packed with loss
    f"{UNINFECTED}/{OTHER}_6.webp": encode("WEBP", speckle(4), lossless=True),
    f"{UNINFECTED}/copy.png": encode("PNG", speckle(3)),
    f"{UNINFECTED}/grey.png": encode("PNG", speckle(5, 300, 20).convert("L")),
    "readme.txt": b"",
}
NAMES = sorted(CONTENT)[:-1]


@pytest.fixture(scope="module", params=["zip", "folder"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("set") / "cells"
    for name, data in CONTENT.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    if request.param == "folder":
        return folder
    path = folder.with_suffix(".zip")
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in CONTENT.items():
            archive.writestr(name, data)
    return path


def test_everything_that_is_said_is_known(place: Path) -> None:
    with open_source(place) as source:
        told = describe(source).to_dict()
    assert (told["images"], told["readable"], told["skipped"]) == (9, 8, ["readme.txt"])
    assert [entry["file"] for entry in told["unreadable"]] == [f"{PARASITIZED}/half.png"]
    assert "cut short or damaged" in told["unreadable"][0]["error"]
    assert told["classes"] == {PARASITIZED: 3, UNINFECTED: 5}
    assert told["unlabelled"] == 0
    assert told["patients"] == {
        "n": 2,
        "images_without_patient": 2,
        "each": {
            "C2": {PARASITIZED: 0, UNINFECTED: 3, "n": 3},
            "C33P1": {PARASITIZED: 3, UNINFECTED: 0, "n": 3},
        },
    }
    assert told["formats"] == {"JPEG": 1, "PNG": 6, "WebP": 1}
    assert told["channels"] == {"RGB": 7, "grey": 1}
    assert told["pixels"] == {"lowest": 0, "highest": 255}
    sizes = told["sizes"]
    assert (sizes["smallest"], sizes["largest"]) == ([40, 30], [100, 200])
    assert sizes["mean"] == [pytest.approx(105.0, abs=0.1), pytest.approx(81.2, abs=0.1)]
    assert sizes["below"] == {"64": 1 / 8, "128": 6 / 8, "256": 7 / 8}
    assert told["disputed"] is None


def test_duplicates_across_classes_and_patients(place: Path) -> None:
    with open_source(place) as source:
        told = describe(source)
    (exact,) = told.exact
    assert exact.files == (f"{UNINFECTED}/{OTHER}_4.png", f"{UNINFECTED}/copy.png")
    assert not exact.across_classes
    (near,) = told.near
    assert near.files == (f"{PARASITIZED}/{PATIENT}_3.jpg", f"{UNINFECTED}/{OTHER}_5.png")
    assert near.across_classes
    assert near.patients == ("C2", "C33P1")


def test_mean_colours_by_class() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for label, shades in ((PARASITIZED, (10, 20, 60)), (UNINFECTED, (200, 100))):
            for shade in shades:
                archive.writestr(f"{label}/{shade}.png", encode("PNG", plain(50, 50, shade, 0, 2 * shade // 2)))
    stream.seek(0)
    with open_source(stream, "set.zip") as source:
        described = describe(source)
    assert described.means[PARASITIZED].rgb == pytest.approx(
        np.broadcast_to([30.0, 0, 30], (dataset.SIDE, dataset.SIDE, 3))
    )
    assert described.to_dict()["means"] == {
        PARASITIZED: {"n": 3, "rgb": [30.0, 0.0, 30.0]},
        UNINFECTED: {"n": 2, "rgb": [150.0, 0.0, 150.0]},
    }


def test_json_is_strict_even_of_a_set_without_a_readable_image(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG")
    with open_source(tmp_path) as source:
        told = describe(source).to_dict()
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert told["readable"] == 0
    assert told["sizes"]["mean"] is None
    assert told["pixels"] == {"lowest": None, "highest": None}


def test_progress_counts_every_image_and_may_stop_the_work(place: Path) -> None:
    counted: list[int] = []
    with open_source(place) as source:
        describe(source, progress=counted.append)
        assert sum(counted) == len(source)

        def stop(_: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            describe(source, progress=stop)


def test_classes_may_have_other_names(tmp_path: Path) -> None:
    for name in ("cats/a.png", "dogs/b.png"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(encode("PNG", speckle(len(name))))
    with open_source(tmp_path) as source:
        assert describe(source).classes == {"cats": 1, "dogs": 1}


# Labels from a CSV

CSV = (
    "file,patient,given_label,expert_label\n"
    f"{PATIENT}_1,one,Parasitized,Uninfected\n"
    f"{PATIENT}_2,one,Parasitized,Parasitized\n"
    f"{OTHER}_4,two,Uninfected,Parasitized\n"
    f"{OTHER}_6,two,Uninfected,\n"
)


def test_labels_patients_and_disputes_from_a_csv(place: Path) -> None:
    with open_source(place) as source:
        described = describe(source, Known.from_csv(CSV.encode(), source.files))
    told = described.to_dict()
    assert told["classes"] == {PARASITIZED: 2, UNINFECTED: 2}
    assert told["unlabelled"] == 4
    assert told["disputed"] == {"n": 2, "of": 3}
    assert described.disputed is not None
    assert described.disputed["file"].tolist() == [f"{PARASITIZED}/{PATIENT}_1.png", f"{UNINFECTED}/{OTHER}_4.png"]
    assert told["patients"]["each"]["one"] == {PARASITIZED: 2, UNINFECTED: 0, "n": 2}


def test_with_an_expert_column_alone_the_folders_are_the_given_labels(place: Path) -> None:
    csv = f"file,second\n{OTHER}_4,Parasitized\n{OTHER}_5,Uninfected\n"
    with open_source(place) as source:
        told = describe(source, Known.from_csv(csv.encode(), source.files, expert="second")).to_dict()
    assert told["classes"] == {PARASITIZED: 3, UNINFECTED: 5}
    assert told["disputed"] == {"n": 1, "of": 2}


def test_a_csv_without_labels_is_refused() -> None:
    with pytest.raises(LabelsError, match="has no column"):
        Known.from_csv(b"file,stain\na,red\n", ["a.png"])


@pytest.mark.realdata
def test_the_nih_cells(real_data: Path) -> None:
    with open_source(real_data / "nih_cells_fullres_sample.zip") as source:
        known = Known.from_csv(real_data / "nih_cells_dev_labels.csv", source.files)
        told = describe(source, known).to_dict()
    assert told["readable"] == told["images"] == 600
    assert told["formats"] == {"PNG": 600}
    assert told["exact_duplicates"]["groups"] == told["near_duplicates"]["groups"] == 0
    assert 0 < told["disputed"]["n"] < told["disputed"]["of"] == 600


def test_all_is_what_is_exported() -> None:
    exported = {name for name, value in vars(dataset).items() if not name.startswith("_") and not ismodule(value)}
    assert exported == set(dataset.__all__)
    for name in dataset.__all__:
        value = getattr(dataset, name)
        assert value is None or isinstance(value, int | float) or getdoc(value), name


def test_of_large_files_few_are_held(tmp_path: Path) -> None:
    """A small zip may hold many large pictures: they are let go of before more are unpacked."""
    with zipfile.ZipFile(tmp_path / "large.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for k in range(8):
            picture = io.BytesIO()
            Image.new("RGB", (1900, 1900), (k, k, k)).save(picture, "BMP")
            archive.writestr(f"{k}.bmp", picture.getvalue())
    with open_source(tmp_path / "large.zip") as source:
        tracemalloc.start()
        try:
            assert len(describe(source).readable) == 8
            assert tracemalloc.get_traced_memory()[1] < 60 * 2**20
        finally:
            tracemalloc.stop()
