"""A model folder becomes answers: p_parasitized, in order, from any number of threads, whatever is in the way."""

import os
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from malaria import phantom
from malaria.errors import ModelError
from malaria.images import ImageFile, decode
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model.classifier import (
    BATCH,
    DEFAULT_MODEL,
    MODELS_DIR,
    Card,
    Classifier,
    Row,
    list_models,
    list_other_models,
    load,
    threads,
)
from malaria.model.evidence import cover_each
from tests.hostile import REFUSED, encode
from tests.models import network, write_model

AT_MOST_AHEAD = BATCH * (8 * threads() + 2)
RED, BLUE, GREY, BLACK = (255, 0, 0), (0, 0, 255), (150, 150, 150), (0, 0, 0)


def plain(colour: tuple[int, int, int], height: int = 20, width: int = 30) -> np.ndarray:
    return np.full((height, width, 3), colour, np.uint8)


def spotted(height: int = 90, width: int = 120, at: tuple[int, int] = (60, 30)) -> np.ndarray:
    """A grey disc on black with one red spot, the parasite of the tests' network, at (row, column)."""
    cell = plain(BLACK, height, width)
    cv2.ellipse(cell, (width // 2, height // 2), (width // 2, height // 2), 0, 0, 360, GREY, -1)
    cv2.circle(cell, at[::-1], max(height, width) // 12, RED, -1)
    return cell


def png(rgb: np.ndarray) -> bytes:
    return encode("PNG", Image.fromarray(rgb))


def cells(n: int) -> list[ImageFile]:
    """Images of different redness and size: no two have one answer."""
    return [ImageFile(f"{k}.png", png(plain((100 + k, 20, 0), 10 + k % 7, 12))) for k in range(n)]


def test_the_default_model_answers_different_cells_differently() -> None:
    found = load().predict([phantom.cell("uninfected", slide=k // 10, seed=k) for k in range(80)])
    assert len(set(found.tolist())) == 80, "ties would be ranked in the order of the files"


@pytest.fixture
def tiny(tmp_path: Path) -> Classifier:
    write_model(tmp_path)
    return load("tiny", tmp_path)


# Direction and colour


@pytest.mark.parametrize("output", ["sigmoid", "softmax", "logit"])
@pytest.mark.parametrize("classes", [CLASSES, CLASSES[::-1]], ids=["positive first", "positive last"])
def test_whatever_the_network_says_it_becomes_p_parasitized(
    tmp_path: Path, output: str, classes: tuple[str, ...]
) -> None:
    write_model(tmp_path, output=output, classes=classes)
    answers = load("tiny", tmp_path).predict([plain(RED), plain(BLUE), spotted(), plain((191, 64, 0))])
    assert answers == pytest.approx([0.99995, 0.00005, 0.99995, 0.4902], abs=1e-4)
    assert answers.dtype == np.float64


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP"])
def test_a_red_square_is_red_from_its_bytes_to_the_answer(tiny: Classifier, kind: str) -> None:
    images = [Image.fromarray(plain(colour, 40, 40)) for colour in (RED, BLUE)]
    files = [ImageFile(f"{k}.{kind}", encode(kind, image)) for k, image in enumerate(images)]
    assert [row.label for row in tiny.score(files)] == [PARASITIZED, UNINFECTED]
    red, green, blue = tiny.network_view(decode(files[0].data or b""))[8, 8].astype(int)
    assert red > 240
    assert max(green, blue) < 15


def test_the_network_is_shown_what_preprocess_returns(tiny: Classifier) -> None:
    cell = phantom.cell("ring")
    given = tiny.preprocess(cell)
    assert given.shape == (16, 16, 3)
    assert given.dtype == np.float32
    assert 0 <= given.min() <= given.max() <= 1
    assert np.array_equal(np.round(given * 255), tiny.network_view(cell))
    pixels = tiny.card.preprocessing.pixels(cell)[np.newaxis]
    assert np.array_equal(tiny.predict([cell]), tiny.predict_pixels(pixels))


@pytest.mark.parametrize("classes", [CLASSES, CLASSES[::-1]])
@pytest.mark.parametrize("output", ["sigmoid", "softmax", "logit"])
def test_the_temperature_divides_the_log_odds(tmp_path: Path, output: str, classes: tuple[str, ...]) -> None:
    write_model(tmp_path, "as-is", output=output, classes=classes)
    write_model(tmp_path, "cooler", output=output, classes=classes, temperature=2.0)
    cell = plain((200, 0, 30))
    (p,), (cooler,) = (load(name, tmp_path).predict([cell]) for name in ("as-is", "cooler"))
    assert np.log(cooler / (1 - cooler)) == pytest.approx(np.log(p / (1 - p)) / 2, rel=1e-3)


def test_answers_stay_short_of_certainty(tmp_path: Path) -> None:
    folder = write_model(tmp_path, output="logit")
    (folder / "model.tflite").write_bytes(network(output="logit", steepness=1e6))
    answers = load("tiny", tmp_path).predict([plain(RED), plain(BLUE)])
    assert 1 - 1e-6 < answers[0] < 1
    assert 0 < answers[1] < 1e-6


def test_no_cells_no_answers(tiny: Classifier) -> None:
    assert tiny.predict([]).shape == (0,)
    assert list(tiny.score([])) == []


# Streams of files


def test_rows_come_in_the_order_of_the_files(tiny: Classifier) -> None:
    files = cells(5 * BATCH + 3)
    rows = list(tiny.score(files))
    assert [row.file for row in rows] == [file.file for file in files]
    assert [row.image_id for row in rows] == [file.image_id for file in files]
    alone = tiny.predict([decode(file.data or b"") for file in files])
    assert [row.p_parasitized for row in rows] == pytest.approx(alone.tolist(), abs=1e-6)


def test_an_unreadable_file_is_a_row_with_its_sentence(tiny: Classifier) -> None:
    good = ImageFile("C100P61ThinF_IMG_1.png", png(plain(RED)))
    lost = ImageFile("lost.png", None, "lost.png: It is encrypted. Make the zip again without a password.")
    bad = [ImageFile(case.name, case.make()) for case in REFUSED]
    first, *errors, last = tiny.score([good, lost, *bad, good])
    assert first == last
    assert first == Row(good.file, "C100P61", first.p_parasitized, PARASITIZED, None, good.image_id), (
        "what is broken must not move the answers of the others"
    )
    assert errors[0] == Row("lost.png", None, None, None, lost.error, None)
    assert [row.error for row in errors[1:]] == [f"{case.name}: {case.says}" for case in REFUSED]
    assert all(row.p_parasitized is None and row.label is None for row in errors)


def test_a_batch_of_errors_only_is_no_trouble(tiny: Classifier) -> None:
    assert all(row.error for row in tiny.score([ImageFile(f"{k}.png", b"") for k in range(3 * BATCH)]))


def test_the_label_follows_the_threshold(tiny: Classifier) -> None:
    file = ImageFile("a.png", png(plain((180, 0, 0))))
    (p,) = (row.p_parasitized or 0.0 for row in tiny.score([file]))
    assert [row.label for row in tiny.score([file], threshold=p)] == [PARASITIZED]
    assert [row.label for row in tiny.score([file], threshold=np.nextafter(p, 1))] == [UNINFECTED]


class Counted:
    """A stream of files that knows how many of them were taken."""

    def __init__(self, n: int, make: Callable[[int], ImageFile]) -> None:
        self.taken, self._n, self._make = 0, n, make

    def __iter__(self) -> Iterator[ImageFile]:
        for k in range(self._n):
            self.taken += 1
            yield self._make(k)


def test_only_a_few_files_are_held_at_a_time(tiny: Classifier) -> None:
    data = png(plain(RED))
    stream = Counted(10_000, lambda k: ImageFile(f"{k}.png", data))
    ahead = [stream.taken - done for done, _ in enumerate(tiny.score(stream))]
    assert stream.taken == 10_000
    assert max(ahead) <= AT_MOST_AHEAD


def test_of_large_files_fewer_are_held(tiny: Classifier) -> None:
    data = b"\0" * (9 * 2**20)
    stream = Counted(100, lambda k: ImageFile(f"{k}.png", data))
    ahead = [stream.taken - done for done, _ in enumerate(tiny.score(stream))]
    assert max(ahead) * len(data) <= 30 * 2**20


def test_closing_early_stops_the_work(tiny: Classifier) -> None:
    data = png(plain(RED))
    stream = Counted(100_000, lambda k: ImageFile(f"{k}.png", data))
    rows = tiny.score(stream)
    for _ in range(10):
        next(rows)
    rows.close()  # type: ignore[attr-defined]
    assert stream.taken <= AT_MOST_AHEAD
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("score")]


def test_what_goes_wrong_in_the_source_is_heard_and_leaves_no_threads(tiny: Classifier) -> None:
    def broken() -> Iterator[ImageFile]:
        yield from cells(3 * BATCH)
        raise OSError("the disk went away")

    with pytest.raises(OSError, match="the disk went away"):
        list(tiny.score(broken()))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("score")]


def test_eight_threads_get_the_answers_of_one(tiny: Classifier) -> None:
    files = cells(3 * BATCH + 5)
    images = [decode(file.data or b"") for file in files]
    alone = tiny.predict(images)
    start = threading.Barrier(8)

    def answers(worker: int) -> np.ndarray:
        start.wait()
        if worker % 2:
            return np.array([row.p_parasitized for row in tiny.score(files)])
        return np.concatenate([tiny.predict(images[k : k + worker + 1]) for k in range(0, len(images), worker + 1)])

    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(answers, range(8)):
            assert found == pytest.approx(alone, abs=1e-6)


# What the answer rests on


def cover_each_place(classifier: Classifier, cell: np.ndarray) -> np.ndarray:
    return cover_each(classifier.ask_odds, classifier.card.preprocessing, cell)[0]


@pytest.mark.parametrize("shape", [(90, 120), (120, 90), (24, 20), (300, 310)])
def test_the_parasite_is_where_the_map_is_bright(tiny: Classifier, shape: tuple[int, int]) -> None:
    height, width = shape
    at = (2 * height // 3, width // 3)
    cell = spotted(height, width, at)
    heat = cover_each_place(tiny, cell)
    assert heat.shape == (height, width)
    assert heat.dtype == np.float32
    assert heat.min() >= 0
    assert 0.5 < heat.max() <= 1
    down, across = np.unravel_index(heat.argmax(), heat.shape)
    assert np.hypot((down - at[0]) / height, (across - at[1]) / width) < 0.2
    far = np.hypot(*(np.indices(shape) - np.array(at).reshape(2, 1, 1))) > 0.4 * max(shape)
    assert heat[far].max() < heat.max() / 3


@pytest.mark.parametrize("cell", [plain(GREY), plain(BLACK), spotted()[:, 60:]], ids=["grey", "black", "no spot"])
def test_where_nothing_matters_the_map_stays_dark(tiny: Classifier, cell: np.ndarray) -> None:
    assert cover_each_place(tiny, cell).max() < 0.05


# Folders


def test_the_default_comes_first_and_the_others_by_name(tmp_path: Path) -> None:
    for name in ("zebra", DEFAULT_MODEL, "ant"):
        write_model(tmp_path, name)
    (tmp_path / "leaderboard.csv").write_text("not a folder")
    (tmp_path / ".hidden").mkdir()
    assert list(list_models(tmp_path)) == [DEFAULT_MODEL, "ant", "zebra"]
    assert load(folder=tmp_path).card.name == DEFAULT_MODEL
    assert load("ant", tmp_path).card.name == "ant"


def test_a_linked_folder_is_a_model(tmp_path: Path) -> None:
    write_model(tmp_path / "elsewhere")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "tiny").symlink_to(tmp_path / "elsewhere" / "tiny")
    assert load("tiny", tmp_path / "models").predict([plain(RED)]) > 0.99


@pytest.mark.parametrize("name", ["nothing", "../tiny", "/etc", "TINY", ".", "tiny/"])
def test_a_name_that_is_no_model_is_told_which_there_are(tmp_path: Path, name: str) -> None:
    write_model(tmp_path / "models")
    with pytest.raises(ModelError, match=r"There is no model named .*There are: tiny\."):
        load(name, tmp_path / "models")


def test_without_models_the_list_is_empty(tmp_path: Path) -> None:
    assert list_models(tmp_path) == {}
    assert list_models(tmp_path / "absent") == {}
    with pytest.raises(ModelError, match="There are: none"):
        load(folder=tmp_path / "absent")


def test_a_network_for_another_task_is_listed_apart_and_judges_no_cells(tmp_path: Path) -> None:
    write_model(tmp_path, "works")
    write_model(tmp_path, "animals", classes=("cat", "dog", "hen"), output="softmax")
    assert list(list_models(tmp_path)) == ["works"]
    assert list(list_other_models(tmp_path)) == ["animals"]
    with pytest.raises(ModelError, match=r"animals: tells cat, dog, hen apart, not malaria cells"):
        load("animals", tmp_path)


BREAKAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no card": (lambda folder: (folder / "card.json").unlink(), "has no card.json"),
    "card is a folder": (
        lambda folder: ((folder / "card.json").unlink(), (folder / "card.json").mkdir()),
        "has no card.json",
    ),
    "card is a dangling link": (
        lambda folder: ((folder / "card.json").unlink(), (folder / "card.json").symlink_to("nowhere")),
        "has no card.json",
    ),
    "card links to itself": (
        lambda folder: ((folder / "card.json").unlink(), (folder / "card.json").symlink_to("card.json")),
        "has no card.json",
    ),
    "card links to a secret": (
        lambda folder: ((folder / "card.json").unlink(), (folder / "card.json").symlink_to("/etc/passwd")),
        "is not a valid card",
    ),
    "card not JSON": (lambda folder: (folder / "card.json").write_text("{'name': 1"), "is not a valid card"),
    "card of another type": (lambda folder: (folder / "card.json").write_text("[1, 2]"), "is not a valid card"),
    "card huge": (lambda folder: (folder / "card.json").write_text(" " * 2**21), "card.json is larger than 1 MB"),
    "pickle": (lambda folder: (folder / "model.pkl").write_bytes(pickle.dumps(1)), "holds model.pkl"),
    "h5": (lambda folder: (folder / "weights.H5").write_bytes(b"\x89HDF"), "holds weights.H5"),
    "no network": (lambda folder: (folder / "model.tflite").unlink(), "has no model.tflite"),
    "network huge": (
        lambda folder: os.truncate(folder / "model.tflite", 65 * 2**20),
        "model.tflite is larger than 64 MB",
    ),
    "network garbage": (
        lambda folder: (folder / "model.tflite").write_bytes(b"\x80\x04garbage" * 50),
        "is not a LiteRT file",
    ),
    "network empty": (lambda folder: (folder / "model.tflite").write_bytes(b""), "is not a LiteRT file"),
    "network cut short": (
        lambda folder: (folder / "model.tflite").write_bytes(network()[:700]),
        "model.tflite cannot be loaded",
    ),
    "network garbage with the right start": (
        lambda folder: (folder / "model.tflite").write_bytes(b"\x1c\0\0\0TFL3" + b"\xff" * 500),
        "model.tflite cannot be loaded",
    ),
    "network of another size": (
        lambda folder: (folder / "model.tflite").write_bytes(network(side=32)),
        "it takes float32 32 x 32 x 3 where the card says float32 16 x 16 x 3",
    ),
    "network with other outputs": (
        lambda folder: (folder / "model.tflite").write_bytes(network(output="softmax")),
        "gives float32 2 where the card says float32 1",
    ),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_broken_folder_is_a_sentence_and_the_others_work(tmp_path: Path, name: str) -> None:
    spoil, says = BREAKAGES[name]
    write_model(tmp_path, "works")
    spoil(write_model(tmp_path))
    found = list_models(tmp_path)
    assert isinstance(found["works"], Card)
    with pytest.raises(ModelError) as refusal:
        load("tiny", tmp_path)
    for error in (found["tiny"], refusal.value):
        assert isinstance(error, ModelError)
        assert str(error).startswith("tiny: ")
        assert says in str(error)
        assert str(error).endswith(".")
        assert "\n" not in str(error)
        assert "root:" not in str(error), "what a link leads to must not be shown"
    assert load("works", tmp_path).predict([plain(RED)]) > 0.99


@pytest.mark.parametrize(
    ("steepness", "activation"), [(1e6, False), (float("nan"), True)], ids=["log-odds", "not a number"]
)
def test_a_network_that_gives_no_probabilities_is_refused(tmp_path: Path, steepness: float, activation: bool) -> None:
    folder = write_model(tmp_path)
    (folder / "model.tflite").write_bytes(network(steepness=steepness, activation=activation))
    with pytest.raises(ModelError, match="does not output a sigmoid"):
        load("tiny", tmp_path)


# The models that are shipped


SHIPPED = [name for name, card in list_models().items() if isinstance(card, Card)]


def test_a_model_is_shipped_and_every_folder_beside_it_works() -> None:
    assert SHIPPED[0] == DEFAULT_MODEL
    assert {name: str(card) for name, card in list_models().items() if not isinstance(card, Card)} == {}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_tells_parasitized_from_uninfected(name: str) -> None:
    classifier = load(name)
    beyond_doubt = {
        PARASITIZED: ("ring", "trophozoite", "schizont"),
        UNINFECTED: ("uninfected", "uninfected", "uninfected"),
    }
    medians = {
        label: np.median(classifier.predict([phantom.cell(form, slide=k, seed=k) for k, form in enumerate(forms * 8)]))
        for label, forms in beyond_doubt.items()
    }
    assert medians[UNINFECTED] < classifier.card.threshold <= medians[PARASITIZED]


def test_the_shipped_model_looks_at_the_parasite() -> None:
    classifier = load()
    brighter = 0
    for seed in range(12):
        cell = phantom.cell("trophozoite", slide=seed, seed=seed)
        inside = cv2.erode((cell.max(axis=2) > 0).astype(np.uint8), np.ones((15, 15))) > 0
        light = np.where(inside, cv2.GaussianBlur(cell.sum(axis=2, dtype=np.float32), (0, 0), 4), np.inf)
        parasite = np.unravel_index(light.argmin(), light.shape)  # nothing in a cell is darker
        heat = cover_each_place(classifier, cell)
        brighter += bool(heat[parasite] > 2 * np.median(heat[inside]))
    assert brighter >= 9


@pytest.mark.realdata
@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_knows_real_cells_apart(name: str, real_data: Path) -> None:
    from malaria.cells import labels_from_folders
    from malaria.images import open_source

    with open_source(real_data / "nih_cells_fullres_sample.zip") as source:
        rows = list(load(name).score(source))
    given = labels_from_folders([row.file for row in rows]).labels
    assert np.mean([row.label == given[row.file] for row in rows]) > 0.85
    assert MODELS_DIR.is_dir()
