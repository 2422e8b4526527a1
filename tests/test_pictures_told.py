"""What the commands and the pages say of files as microscopes and phones write them, and what they answer."""

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from malaria import phantom
from malaria.cli import app as command_line
from malaria.images import decode
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.ui.parts import links
from malaria.ui.parts.journal import ENVIRONMENT
from tests.images.test_microscope_files import at_bits, heif, tiff
from tests.pages.test_every_page import ANSWER, sentences, start
from tests.pages.test_smear import settled

FIRST_OF_THREE = "It holds several pictures; page 1 of 3 was read."
BLACK = "The picture is nearly black"
FIELD = phantom.field(seed=5, cells=40, parasitaemia=0.1, width=800, height=600)


RING = phantom.cell("ring", seed=1)
CLEAR = phantom.cell("uninfected", seed=4)


def with_bar(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The same picture with a white scale bar, of about 1 % of it."""
    rgb[-4:-2, 2 : len(rgb[0]) // 3] = 255
    return rgb


@dataclass(frozen=True)
class Given:
    """A file of one cell, and what becomes of it: its label, or what is said instead; and what is said beside it."""

    name: str
    make: Callable[[], bytes]
    label: str | None = None
    says: str = ""


GIVEN = (
    Given("ten-bits.tif", lambda: tiff(at_bits(RING, 10)), PARASITIZED),
    Given("twelve-bits.tif", lambda: tiff(at_bits(RING, 12), compression="zlib"), PARASITIZED),
    Given("fourteen-bits.tif", lambda: tiff(at_bits(RING, 14), bitspersample=14), PARASITIZED),
    Given("clear-twelve-bits.tif", lambda: tiff(at_bits(CLEAR, 12)), UNINFECTED),
    Given("fractions.tif", lambda: tiff((RING / 255).astype(np.float32)), PARASITIZED),
    Given("stack.tif", lambda: tiff(RING, RING, RING), PARASITIZED, FIRST_OF_THREE),
    Given("thumbnail.tif", lambda: tiff(CLEAR[::3, ::3].copy(), RING, first={"subfiletype": 1}), PARASITIZED),
    Given("PHONE.HEIC", lambda: heif(Image.fromarray(RING)), PARASITIZED),
    Given("no-extension", lambda: bytes(cv2.imencode(".png", RING[..., ::-1])[1]), PARASITIZED),
    Given("black.tif", lambda: tiff((RING // 16).astype(np.uint8)), None, BLACK),
    Given("black-with-bar.tif", lambda: tiff(with_bar(RING // 16)), None, BLACK),
    Given("scan.czi", lambda: b"ZISRAWFILE" + bytes(900), None, "This is a Zeiss CZI file"),
)
READ = sum(given.label is not None for given in GIVEN)


@pytest.fixture(autouse=True)
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "corrections.csv"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them in a folder for each class; what is not read stands with the parasitized."""
    folder = tmp_path_factory.mktemp("cells")
    for given in GIVEN:
        path = folder / (given.label or PARASITIZED) / given.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(given.make())
    return folder


def run(*words: object) -> tuple[str, str]:
    done = CliRunner().invoke(command_line, [str(word) for word in words])
    assert done.exit_code == 0, done.stderr
    return done.stdout, done.stderr


def zipped(place: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(path for path in place.rglob("*") if path.is_file()):
            archive.write(path, path.relative_to(place).as_posix())
    return stream.getvalue()


def upload(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, data, "application/octet-stream") for name, data in files])
    return settled(app.run())


def test_predict_answers_or_says_why_not(place: Path) -> None:
    out, err = run("predict", place)
    rows = {row["file"].rpartition("/")[2]: row for row in csv.DictReader(io.StringIO(out))}
    assert list(rows) == [
        given.name for given in sorted(GIVEN, key=lambda given: (given.label or PARASITIZED, given.name))
    ]
    for given in GIVEN:
        row = rows[given.name]
        assert row["label"] == (given.label or ""), given.name
        assert (row["p_parasitized"] == "") == (given.label is None)
        assert given.label or given.says in row["error"]
        assert row["picture"] == ("page 1 of 3" if given.says == FIRST_OF_THREE else "")
    assert f"{PARASITIZED}/stack.tif: {FIRST_OF_THREE}" in err
    assert f"{READ} of {len(GIVEN)} images read" in err


def test_a_table_without_such_a_file_has_the_columns_it_always_had(tmp_path: Path) -> None:
    (tmp_path / "ring.tif").write_bytes(tiff(at_bits(RING, 12)))
    out, _ = run("predict", tmp_path)
    assert out.splitlines()[0] == "file,patient,p_parasitized,label,error"


def test_evaluate_counts_what_it_could_not_read(place: Path) -> None:
    _, err = run("evaluate", place)
    assert f"{PARASITIZED}/stack.tif: {FIRST_OF_THREE}" in err
    assert f"{READ} cells measured, 0 left out, {len(GIVEN) - READ} unreadable." in err


def test_triage_reads_deep_and_phone_fields_and_names_the_black(tmp_path: Path) -> None:
    rgb = decode(FIELD.png)
    fields = {
        "deep.tif": tiff(at_bits(rgb, 12)),
        "stack.tif": tiff(rgb, rgb[:, ::-1].copy(), rgb),
        "IMG_1": heif(Image.fromarray(rgb)),
        "black.tif": tiff((rgb // 8).astype(np.uint8)),
    }
    folder = tmp_path / "fields"
    folder.mkdir()
    for name, data in fields.items():
        (folder / name).write_bytes(data)
    _, err = run("triage", folder, "--output", tmp_path / "out")
    assert f"stack.tif: {FIRST_OF_THREE}" in err
    assert f"black.tif: {BLACK}" in err
    found = re.search(r"3 fields, (\d+) red cells", err)
    assert found
    assert int(found[1]) > 90


@pytest.mark.parametrize("given", GIVEN, ids=lambda given: given.name)
def test_the_page_of_one_cell_answers_or_says_why_not(given: Given) -> None:
    app = upload(start(links.CELL), (given.name, given.make()))
    said = sentences(app)
    page = "\n".join([said, *(html.proto.body for html in app.get("html"))])
    assert given.says in said
    answer = ANSWER.search(page)
    assert (answer[0].lower() if answer else None) == (given.label and f"looks {given.label.lower()}")
    assert "damaged" not in said


def test_the_batch_page_tells_what_was_read_of_what(place: Path) -> None:
    app = upload(start(links.BATCH), ("cells.zip", zipped(place)))
    assert any("One picture read of several: 1 file" in expander.label for expander in app.expander)
    assert any(f"Not measured: {len(GIVEN) - READ} files" in expander.label for expander in app.expander)


def test_the_page_of_a_smear_takes_files_without_an_extension_and_tells_the_black() -> None:
    rgb = decode(FIELD.png)
    files = (
        ("IMG_1", heif(Image.fromarray(rgb))),
        ("stack.jfif", tiff(rgb, rgb, rgb)),
        ("black", tiff((rgb // 8).astype(np.uint8))),
    )
    app = start("pages/5_Smear_triage.py")
    app = upload(app, *files)
    said = sentences(app)
    assert f"stack.jfif: {FIRST_OF_THREE}" in said
    assert f"black: {BLACK}" in said
    assert "IMG_1: " not in said


def test_the_page_of_models_tells_the_page_and_refuses_black() -> None:
    app = start("pages/6_Models.py", section="Inside")
    app = upload(app, ("stack.tif", tiff(RING, RING, RING)))
    assert FIRST_OF_THREE in sentences(app)
    app = upload(app, ("black.tif", tiff((RING // 16).astype(np.uint8))))
    assert BLACK in sentences(app)
