"""A network with its card, for any classes: pictures in, raw outputs out, by LiteRT on any number of threads."""

import math
import os
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from malaria.errors import ModelError
from malaria.model.card import Card, read_card, read_network

FILE = "model.tflite"
_MAX_BYTES = 64 * 2**20
_MAX_TENSORS = 256 * 2**20
"""Bytes of all tensors of a network that looks at one cell, weights included; the largest shipped one has 2 MB."""
BATCH = 16
"""Pictures scored in one go by one thread: enough to make calls cheap, few enough that progress is smooth."""


def threads() -> int:
    """Return on how many threads cells are scored: the cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Network:
    """One model folder's network, ready to answer. Any number of threads may use it at once."""

    def __init__(self, card: Card, litert: bytes) -> None:
        """Check that `litert` (a LiteRT file) fits its card; raises `ModelError` if it does not."""
        self.card = card
        self._litert = litert
        self._idle: queue.LifoQueue[_Interpreter] = queue.LifoQueue()
        self._room = threading.Semaphore(threads() + 1)  # one more than a batch takes, for the answer to a single cell
        first = _Interpreter(card, litert)
        first.check(card)
        self._idle.put(first)

    @classmethod
    def from_folder(cls, folder: Path) -> Self:
        """Read a model folder. Raises `ModelError`."""
        card = read_card(folder)
        litert = read_network(folder, card, FILE, _MAX_BYTES)
        if litert[4:8] != b"TFL3":
            raise ModelError(f"{folder.name}: {FILE} is not a LiteRT file. Train or copy it again.")
        return cls(card, litert)

    def preprocess(self, rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the network takes for an RGB cell (height, width, 3): float32 of the card's input shape."""
        return self.card.preprocessing.scale_values(self.card.preprocessing.pixels(rgb))

    def network_view(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return what the network sees of a cell, as an RGB picture of the input size, whatever its colour space."""
        return self.card.preprocessing.fit_to_input(rgb)

    def outputs(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the raw outputs (n, outputs) for cells already preprocessed: uint8 (n, height, width, 3), n > 0."""
        with self._borrowed() as interpreter:
            parts = [interpreter.run(pixels[start : start + BATCH]) for start in range(0, len(pixels), BATCH)]
        return np.concatenate(parts)

    @contextmanager
    def _borrowed(self) -> Iterator["_Interpreter"]:
        """An interpreter that no other thread uses meanwhile; made when all are in use, kept for later.

        There are only as many as can be busy at once: each takes several MB.
        """
        with self._room:
            try:
                interpreter = self._idle.get_nowait()
            except queue.Empty:
                interpreter = _Interpreter(self.card, self._litert)
            try:
                yield interpreter
            finally:
                self._idle.put(interpreter)


class _Interpreter:
    """One LiteRT interpreter, on one thread: parallel work runs several."""

    def __init__(self, card: Card, litert: bytes) -> None:
        self._scaled = card.preprocessing.scale_values
        try:
            self._interpreter = Interpreter(model_content=litert, num_threads=1)
            given, answer = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except (ValueError, RuntimeError, TypeError) as problem:
            raise ModelError(
                f"{card.name}: {FILE} cannot be loaded ({_line(problem)}). Train or copy it again."
            ) from None
        wanted = f"float32 {card.preprocessing.height} x {card.preprocessing.width} x 3"
        outputs = f"float32 {len(card.classes) if card.output == 'softmax' else 1}"
        if (_form(given), _form(answer)) != (wanted, outputs):
            raise ModelError(
                f"{card.name}: {FILE} does not fit its card: it takes {_form(given)} where the card says "
                f"{wanted}, and gives {_form(answer)} where the card says {outputs}. Copy both from one training run."
            )
        self._input, self._output = given[0]["index"], answer[0]["index"]
        self._size = 0

    def check(self, card: Card) -> None:
        """Raise `ModelError` unless it runs, on any number of cells, and gives what its card says."""
        declared = sum(map(_bytes, self._interpreter.get_tensor_details()))
        if declared > _MAX_TENSORS:
            raise ModelError(
                f"{card.name}: {FILE} declares tensors of {declared / 2**20:,.0f} MB for one cell, more than the "
                f"{_MAX_TENSORS // 2**20} MB allowed here. Train a smaller network."
            )
        pixels = np.zeros((2, card.preprocessing.height, card.preprocessing.width, 3), np.uint8)
        pixels[1] = np.random.default_rng(0).integers(0, 256, pixels.shape[1:], np.uint8)
        try:
            answers = self.run(pixels)
        except (ValueError, RuntimeError) as problem:
            raise ModelError(f"{card.name}: {FILE} does not run ({_line(problem)}). Train or copy it again.") from None
        shares = card.output == "logit" or bool(((answers >= 0) & (answers <= 1)).all())
        if len(answers) != len(pixels) or not np.isfinite(answers).all() or not shares:
            raise ModelError(
                f"{card.name}: {FILE} does not output a {card.output}, as its card says. Copy both files from one "
                "training run."
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


def _form(tensors: list[dict[str, Any]]) -> str:
    """Kind and shape, without the first axis, of a network's inputs or outputs."""
    return " and ".join(
        f"{np.dtype(tensor['dtype']).name} {' x '.join(map(str, tensor['shape'][1:]))}" for tensor in tensors
    )


def _bytes(tensor: dict[str, Any]) -> int:
    """How much memory a tensor takes as the file declares it; nothing of it is taken yet."""
    return math.prod(map(int, tensor["shape"])) * int(np.dtype(tensor["dtype"]).itemsize)


def _line(problem: Exception) -> str:
    """What an exception says, in one line that ends without a full stop."""
    return " ".join(str(problem).split()).rstrip(".")


cv2.setNumThreads(1)  # cells are small, and every core is busy with cells of its own
