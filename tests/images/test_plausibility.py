"""What `implausible` promises: cells pass, and what is no single stained cell is told so in a sentence that fits."""

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from malaria import phantom
from malaria.images import decode, open_source
from malaria.images.plausibility import find_doubt

RGB = NDArray[np.uint8]
Colour = tuple[int, int, int]

EVEN = "it is almost a single colour"
GREY = "it has no colour"
LONG = "it is far longer than it is wide"
NO_OBJECT = "no single object stands out in the middle"
WRONG_HUE = "its colours are not those of a Giemsa stain"
DETAIL = "it has more fine detail than a cell"


def canvas(colour: Colour, width: int = 640, height: int = 480) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (width, height), colour)
    return image, ImageDraw.Draw(image)


def disc(colour: Colour, surround: Colour = (0, 0, 0), width: int = 140, height: int = 140) -> RGB:
    """A plain round cell."""
    image, draw = canvas(surround, width, height)
    draw.ellipse([8, 8, width - 8, height - 8], fill=colour)
    return np.asarray(image)


def text(ink: Colour, paper: Colour) -> RGB:
    image, draw = canvas(paper)
    for line in range(24):
        words = "the quick brown fox jumps over the lazy dog, again and again"
        draw.text((10, 8 + 19 * line), words[line % 7 :], fill=ink, font=ImageFont.load_default(size=14))
    return np.asarray(image)


def line_chart(paper: Colour, ink: Colour) -> RGB:
    image, draw = canvas(paper)
    draw.rectangle([50, 20, 620, 440], outline=ink)
    heights = np.random.default_rng(1).uniform(60, 400, 40)
    draw.line([(50 + 14 * x, y) for x, y in enumerate(heights)], fill=(31, 119, 180), width=3)
    return np.asarray(image)


def bar_chart() -> RGB:
    image, draw = canvas((255, 255, 255))
    for bar, height in enumerate(np.random.default_rng(2).uniform(40, 400, 9)):
        draw.rectangle([50 + 64 * bar, 440 - height, 90 + 64 * bar, 440], fill=(200, 40, 120))
    return np.asarray(image)


def heat_map() -> RGB:
    cells = np.random.default_rng(3).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return np.kron(cells, np.ones((40, 40, 1), np.uint8))


def gradient(first: Colour, last: Colour) -> RGB:
    share = np.linspace(0, 1, 200)[:, np.newaxis, np.newaxis]
    return np.broadcast_to((1 - share) * first + share * np.array(last), (200, 160, 3)).astype(np.uint8)


def noise(channels: int, blur: float = 0.0) -> RGB:
    values = np.random.default_rng(4).integers(0, 256, (120, 120, channels), dtype=np.uint8)
    picture = np.ascontiguousarray(np.broadcast_to(values, (120, 120, 3)))
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), blur), np.uint8) if blur else picture


def even(colour: Colour, shake: float = 0.0) -> RGB:
    shaken = np.full((130, 140, 3), colour) + np.random.default_rng(5).normal(0, shake, (130, 140, 3))
    return shaken.clip(0, 255).astype(np.uint8)


def coloured_disc(texture: RGB) -> RGB:
    """A cell with a texture laid over it."""
    cell = disc((190, 110, 160), width=texture.shape[1], height=texture.shape[0]).astype(int)
    return np.where(cell > 0, cell + texture.astype(int) - 128, 0).clip(0, 255).astype(np.uint8)


def photo(name: str) -> RGB:
    """One of the two photographs that scikit-learn brings."""
    from sklearn.datasets import load_sample_image

    return np.asarray(load_sample_image(name))


TOLD: dict[str, tuple[Callable[[], RGB], str]] = {
    "black": (lambda: even((0, 0, 0)), EVEN),
    "white": (lambda: even((255, 255, 255)), EVEN),
    "stain without a cell": (lambda: even((200, 150, 180)), EVEN),
    "stain without a cell, with camera noise": (lambda: even((200, 150, 180), 2), EVEN),
    "grey cell": (lambda: disc((150, 150, 150)), GREY),
    "grey noise": (lambda: noise(1), GREY),
    "ribbon": (lambda: disc((210, 150, 170), width=420, height=100), LONG),
    "colour noise": (lambda: noise(3), NO_OBJECT),
    "clouds of colour": (lambda: noise(3, 2), NO_OBJECT),
    "gradient of stain colours": (lambda: gradient((230, 210, 220), (120, 60, 140)), NO_OBJECT),
    "gradient of other colours": (lambda: gradient((250, 240, 20), (10, 90, 200)), NO_OBJECT),
    "dark text on white": (lambda: text((30, 30, 60), (255, 255, 255)), DETAIL),
    "bright text on black": (lambda: text((230, 220, 200), (14, 17, 23)), DETAIL),
    "line chart": (lambda: line_chart((255, 255, 255), (40, 40, 40)), NO_OBJECT),
    "line chart on black": (lambda: line_chart((14, 17, 23), (220, 220, 220)), NO_OBJECT),
    "bar chart": (bar_chart, NO_OBJECT),
    "heat map": (heat_map, NO_OBJECT),
    "photograph of a flower": (lambda: photo("flower.jpg"), NO_OBJECT),
    "photograph of a palace": (lambda: photo("china.jpg"), NO_OBJECT),
    "green disc": (lambda: disc((60, 180, 90)), WRONG_HUE),
    "yellow disc": (lambda: disc((230, 210, 40)), WRONG_HUE),
    "cyan disc": (lambda: disc((40, 190, 210)), WRONG_HUE),
    "two cells apart": (lambda: np.hstack([disc((210, 150, 170))] * 2), NO_OBJECT),
    "four cells": (lambda: np.tile(disc((210, 150, 170), (235, 235, 235)), (2, 2, 1)), NO_OBJECT),
    "sliver in a corner": (lambda: np.pad(disc((210, 150, 170)), ((0, 300), (0, 300), (0, 0))), NO_OBJECT),
    "stained noise cut to a disc": (lambda: coloured_disc(noise(3)), DETAIL),
    "stained clouds cut to a disc": (lambda: coloured_disc(noise(3, 1.5)), DETAIL),
}


@pytest.mark.parametrize("name", TOLD)
def test_what_is_no_cell_is_told_why(name: str) -> None:
    make, sentence = TOLD[name]
    told = find_doubt(make().astype(np.uint8))
    assert told is not None
    assert told.startswith(f"This does not look like a single stained cell: {sentence}")
    assert told.endswith(".")


@pytest.mark.parametrize("form", phantom.FORMS)
@pytest.mark.parametrize("slide", range(4))
def test_phantom_cells_pass(form: str, slide: int) -> None:
    assert find_doubt(phantom.cell(form, slide=slide, seed=slide)) is None


@pytest.mark.parametrize("colour", [(210, 150, 170), (230, 160, 130), (170, 170, 200), (190, 40, 140), (180, 185, 190)])
@pytest.mark.parametrize("surround", [(0, 0, 0), (235, 232, 238), (200, 215, 195)])
def test_cut_out_and_boxed_cells_of_many_stains_pass(colour: Colour, surround: Colour) -> None:
    assert find_doubt(disc(colour, surround)) is None


@pytest.mark.parametrize("side", [16, 40, 140, 400, 2000])
def test_resolution_does_not_matter(side: int) -> None:
    cell = phantom.cell("ring", seed=1)
    scaled = np.asarray(Image.fromarray(cell).resize((side, side)))
    assert find_doubt(scaled) is None


@pytest.mark.parametrize("quarter_turns", range(4))
def test_turning_does_not_matter(quarter_turns: int) -> None:
    assert find_doubt(np.rot90(phantom.cell("trophozoite", seed=2), quarter_turns)) is None


@given(arrays(np.uint8, st.tuples(st.integers(8, 40), st.integers(8, 40), st.just(3))))
def test_any_picture_gets_none_or_a_sentence(picture: RGB) -> None:
    told = find_doubt(picture)
    assert told is None or told.startswith("This does not look like a single stained cell: ")


def pass_rate(pictures: Iterator[RGB]) -> float:
    return float(np.mean([find_doubt(picture) is None for picture in pictures]))


@pytest.mark.realdata
class TestRealPictures:
    def test_nih_cells_pass(self, real_data: Path) -> None:
        with open_source(real_data / "nih_cells_dev.zip") as source:
            tenth = (decode(source.read(file)) for file in source.files[::10])
            assert pass_rate(tenth) >= 0.995

    def test_cells_as_boxes_of_another_laboratory_pass(self, real_data: Path) -> None:
        assert pass_rate(iml_boxes(real_data, fields=15)) >= 0.97

    @pytest.mark.parametrize("archive", ["iml_smears_dev.zip", "leukocytes_dev.zip"])
    def test_whole_fields_are_told(self, real_data: Path, archive: str) -> None:
        with open_source(real_data / archive) as source:
            fields = (decode(source.read(file)) for file in source.files[::2])
            assert pass_rate(fields) <= 0.05


def iml_boxes(real_data: Path, fields: int) -> Iterator[RGB]:
    """The annotated cells of every so many fields, cut to their boxes."""
    with zipfile.ZipFile(real_data / "iml_smears_dev.zip") as archive:
        for entry in json.loads(archive.read("annotations.json"))[::fields]:
            field = decode(archive.read(f"fields/{entry['image_name']}"))
            for marked in entry["objects"]:
                x, y, width, height = (max(0, int(marked["bbox"][key])) for key in ("x", "y", "w", "h"))
                box = field[y : y + height, x : x + width]
                if min(box.shape[:2]) >= 25:
                    yield box
