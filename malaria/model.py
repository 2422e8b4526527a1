"""A model folder becomes a Classifier: preprocessing by its card, LiteRT inference on all cores, p_parasitized out."""

import os
import queue
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from scipy.special import expit, logit

from malaria.card import Card, read_card, read_file
from malaria.errors import ImageError, ModelError
from malaria.images import ImageFile, decode
from malaria.labels import PARASITIZED, label_for

__all__ = ["BATCH", "DEFAULT_MODEL", "MODELS_DIR", "Card", "Classifier", "Row", "list_models", "load", "threads"]

DEFAULT_MODEL = "cell-resnet"
MODELS_DIR = Path(os.environ.get("MALARIA_MODELS") or Path(__file__).resolve().parents[1] / "models")
NETWORK_FILE = "model.tflite"
_MAX_NETWORK_BYTES = 64 * 2**20
BATCH = 16
"""Cells scored in one go by one thread: enough to make calls cheap, few enough that progress is smooth."""
_AHEAD = 8
"""Batches a thread that may be begun before the oldest is done: one slow thread must not make the others wait."""
_BYTES_AHEAD = 64 * 2**20
"""Of large files fewer are begun, so that enormous images do not add up: about this many bytes are held."""
_SHARPEST = 1e-9
"""Probabilities are kept this far from 0 and 1, so that log-odds stay finite."""


@dataclass(frozen=True, slots=True)
class Row:
    """One image's line in the table of cells. With an `error` there is no answer, and the other way round."""

    file: str
    patient: str | None
    p_parasitized: float | None
    label: str | None
    error: str | None
    image_id: str | None


def list_models(folder: Path | None = None) -> dict[str, Card | ModelError]:
    """Return every model of `folder` (default: `MODELS_DIR`) by name, the default first; broken ones as their error.

    Networks trained for other tasks than malaria cells are listed as an error too: they cannot answer here.
    """
    place = MODELS_DIR if folder is None else folder
    names = sorted(entry.name for entry in place.iterdir() if _may_be_model(entry)) if place.is_dir() else []
    found: dict[str, Card | ModelError] = {}
    for name in sorted(names, key=lambda name: name != DEFAULT_MODEL):
        try:
            card = _judging(read_card(place / name))
            _Network(card, _network_bytes(place / name))
            found[name] = card
        except ModelError as error:
            found[name] = error
    return found


def load(name: str | None = None, folder: Path | None = None) -> "Classifier":
    """Return the model called `name`, or the default. Raises `ModelError` for one that is missing, broken or unsafe."""
    place = MODELS_DIR if folder is None else folder
    wanted = name or DEFAULT_MODEL
    if wanted not in {entry.name for entry in (place.iterdir() if place.is_dir() else ())}:
        there = ", ".join(list_models(place)) or "none"
        raise ModelError(f"There is no model named {wanted!r}. There are: {there}.")
    return Classifier.from_folder(place / wanted)


def threads() -> int:
    """Return on how many threads cells are scored: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Classifier:
    """One model, ready to answer. Any number of threads may use it at once."""

    def __init__(self, card: Card, network: bytes) -> None:
        """Check that `network` (a LiteRT file) fits its card; raises `ModelError` if it does not."""
        self.card = card
        self._network = network
        self._idle: queue.LifoQueue[_Network] = queue.LifoQueue()
        first = _Network(card, network)
        first.check(card)
        self._idle.put(first)

    @classmethod
    def from_folder(cls, folder: Path) -> "Classifier":
        """Read a model folder. Raises `ModelError`."""
        return cls(_judging(read_card(folder)), _network_bytes(folder))

    def preprocess(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the network takes for an RGB cell (height, width, 3): float32 of the card's input shape."""
        return self.card.preprocessing.scaled(self.card.preprocessing.pixels(rgb))

    def network_view(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the network sees of a cell, as an RGB picture of the input size, whatever its colour space."""
        return self.card.preprocessing.fitted(rgb)

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.float64]:
        """Return p_parasitized, shape (n,), for RGB cells of any size, in their order."""
        pixels = [self.card.preprocessing.pixels(rgb) for rgb in images]
        return self.predict_pixels(np.stack(pixels)) if pixels else np.empty(0)

    def score(self, files: Iterable[ImageFile], threshold: float | None = None) -> Iterator[Row]:
        """Yield a row for each file, in order, while later files are decoded and scored on all cores.

        Only a few files are held at a time, so a stream of any length passes in bounded memory. `threshold` (0 to 1)
        is the card's unless given. Closing the iterator stops the work.
        """
        at = self.card.threshold if threshold is None else threshold
        workers = threads()
        pending: deque[tuple[Future[list[Row]], int]] = deque()
        held = 0
        pool = ThreadPoolExecutor(workers, thread_name_prefix="score")
        try:
            for batch, size in _batches(files):
                pending.append((pool.submit(self._score_batch, batch, at), size))
                held += size
                while pending and (pending[0][0].done() or len(pending) > _AHEAD * workers or held > _BYTES_AHEAD):
                    oldest, size = pending.popleft()
                    held -= size
                    yield from oldest.result()
            for rest, _ in pending:
                yield from rest.result()
        finally:
            pool.shutdown(cancel_futures=True)

    def occlusion(self, rgb: NDArray[np.uint8], patch: float = 0.19, stride: float = 0.0625) -> NDArray[np.float32]:
        """Return where the cell looks parasitized: float32 (height, width) of `rgb`, 0 to 1.

        A square of the cell's own mean colour, `patch` of the input's side wide, is moved over the cell in steps of
        `stride`; where covering it lowers the log-odds of p_parasitized, the map is high (Zeiler and Fergus 2014,
        doi:10.1007/978-3-319-10590-1_53). 1 stands for a fall of 4 (odds 55 times lower) or the largest fall if that
        is more, so a cell in which nothing matters stays dark.
        """
        pixels = self.card.preprocessing.pixels(rgb)
        height, width = pixels.shape[:2]
        inside = self.card.preprocessing.fitted(rgb).max(axis=2) > 0
        side, step = max(2, round(patch * width)), max(1, round(stride * width))
        colour = pixels[inside].mean(axis=0).astype(np.uint8) if inside.any() else np.zeros(3, np.uint8)
        corners = [
            (top, left)
            for top in range(-side // 2, height, step)
            for left in range(-side // 2, width, step)
            if inside[max(0, top) : top + side, max(0, left) : left + side].any()
        ]
        covered = np.repeat(pixels[None], len(corners) + 1, axis=0)
        for number, (top, left) in enumerate(corners):
            window = (slice(max(0, top), top + side), slice(max(0, left), left + side))
            covered[number][window][inside[window]] = colour
        odds = logit(self.predict_pixels(covered))
        fall, times = np.zeros((height, width)), np.full((height, width), 1e-6)
        for (top, left), change in zip(corners, odds[-1] - odds[:-1], strict=True):
            window = (slice(max(0, top), top + side), slice(max(0, left), left + side))
            fall[window] += change
            times[window] += 1
        heat = np.clip(fall / times, 0, None) * inside
        return self.card.preprocessing.unfitted((heat / max(4.0, float(heat.max()))).astype(np.float32), rgb.shape)

    def _score_batch(self, files: Sequence[ImageFile], threshold: float) -> list[Row]:
        pixels: list[NDArray[np.uint8]] = []
        errors: list[str | None] = []
        for file in files:
            try:
                if file.data is None:
                    raise ImageError(file.file, file.error or "It could not be read.", "")
                pixels.append(self.card.preprocessing.pixels(decode(file.data, file.file)))
                errors.append(None)
            except ImageError as error:
                errors.append(file.error or str(error))
        answers = iter(self.predict_pixels(np.stack(pixels)).tolist() if pixels else ())
        return [_row(file, error, answers, threshold) for file, error in zip(files, errors, strict=True)]

    def predict_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return p_parasitized, shape (n,), of cells already preprocessed: uint8 (n, height, width, 3), n > 0."""
        with self._borrowed() as network:
            parts = [network.run(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
        return self.p_from_outputs(np.concatenate(parts))

    def p_from_outputs(self, raw: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring a network's raw outputs (n, outputs), of any kind and class order, to p_parasitized, shape (n,)."""
        card = self.card
        place = card.classes.index(PARASITIZED)
        values = raw[:, place if card.output == "softmax" else 0].astype(np.float64)
        odds = values if card.output == "logit" else logit(np.clip(values, _SHARPEST, 1 - _SHARPEST))
        if card.output != "softmax" and place == 0:  # a single output is about the second class
            odds = -odds
        return np.clip(expit(odds / card.temperature), _SHARPEST, 1 - _SHARPEST)

    @contextmanager
    def _borrowed(self) -> Iterator["_Network"]:
        """A network that no other thread uses meanwhile; made when all are in use, kept for later."""
        try:
            network = self._idle.get_nowait()
        except queue.Empty:
            network = _Network(self.card, self._network)
        try:
            yield network
        finally:
            self._idle.put(network)


class _Network:
    """One LiteRT interpreter, on one thread: parallel work runs several."""

    def __init__(self, card: Card, network: bytes) -> None:
        self._scaled = card.preprocessing.scaled
        try:
            self._interpreter = Interpreter(model_content=network, num_threads=1)
            given, answer = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError, TypeError) as problem:
            raise ModelError(
                f"{card.name}: {NETWORK_FILE} cannot be loaded ({_line(problem)}). Train or copy it again."
            ) from None
        wanted = f"float32 {card.preprocessing.height} x {card.preprocessing.width} x 3"
        outputs = f"float32 {len(card.classes) if card.output == 'softmax' else 1}"
        if (_form(given), _form(answer)) != (wanted, outputs):
            raise ModelError(
                f"{card.name}: {NETWORK_FILE} does not fit its card: it takes {_form(given)} where the card says "
                f"{wanted}, and gives {_form(answer)} where the card says {outputs}. Copy both from one training run."
            )
        self._input, self._output = given[0]["index"], answer[0]["index"]
        self._size = 0

    def check(self, card: Card) -> None:
        """Raise `ModelError` unless it runs, on any number of cells, and gives what its card says."""
        pixels = np.zeros((2, card.preprocessing.height, card.preprocessing.width, 3), np.uint8)
        pixels[1] = np.random.default_rng(0).integers(0, 256, pixels.shape[1:], np.uint8)
        try:
            answers = self.run(pixels)
        except (ValueError, RuntimeError) as problem:
            raise ModelError(
                f"{card.name}: {NETWORK_FILE} does not run ({_line(problem)}). Train or copy it again."
            ) from None
        shares = card.output == "logit" or bool(((answers >= 0) & (answers <= 1)).all())
        if len(answers) != len(pixels) or not np.isfinite(answers).all() or not shares:
            raise ModelError(
                f"{card.name}: {NETWORK_FILE} answers with what is no {card.output}, which its card says it gives. "
                "Copy both files from one training run."
            )

    def run(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs, shape (n, outputs), for uint8 cells (n, height, width, 3)."""
        if len(pixels) != self._size:
            self._interpreter.resize_tensor_input(self._input, pixels.shape)
            self._interpreter.allocate_tensors()
            self._size = len(pixels)
        self._interpreter.set_tensor(self._input, self._scaled(pixels))
        self._interpreter.invoke()
        answer: NDArray[np.float32] = self._interpreter.get_tensor(self._output)
        return answer


def _batches(files: Iterable[ImageFile]) -> Iterator[tuple[list[ImageFile], int]]:
    """The files in lists of `BATCH`, of fewer where they are large, with the bytes of each list."""
    batch: list[ImageFile] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file.data or b"")
        if len(batch) == BATCH or size > _BYTES_AHEAD // BATCH:
            yield batch, size
            batch, size = [], 0
    if batch:
        yield batch, size


def _form(tensors: list[dict[str, Any]]) -> str:
    """Kind and shape, without the first axis, of a network's inputs or outputs."""
    return " and ".join(
        f"{np.dtype(tensor['dtype']).name} {' x '.join(map(str, tensor['shape'][1:]))}" for tensor in tensors
    )


def _line(problem: Exception) -> str:
    """What an exception says, in one line that ends without a full stop."""
    return " ".join(str(problem).split()).rstrip(".")


def _row(file: ImageFile, error: str | None, answers: Iterator[float], threshold: float) -> Row:
    if error is not None:
        return Row(file.file, file.patient, None, None, error, file.image_id)
    p = next(answers)
    return Row(file.file, file.patient, p, label_for(p, threshold), None, file.image_id)


def _may_be_model(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith((".", "_"))


def _judging(card: Card) -> Card:
    if not card.judges_cells:
        raise ModelError(
            f"{card.name}: tells {', '.join(card.classes)} apart, not malaria cells. It cannot answer here."
        )
    return card


def _network_bytes(folder: Path) -> bytes:
    data = read_file(folder, NETWORK_FILE, _MAX_NETWORK_BYTES)
    if data[4:8] != b"TFL3":
        raise ModelError(f"{folder.name}: {NETWORK_FILE} is not a LiteRT file. Train or copy it again.")
    return data


cv2.setNumThreads(1)  # cells are small, and every core is busy with cells of its own
