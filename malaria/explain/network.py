"""What a Keras network is made of and looks at: first filters, feature maps, Grad-CAM; and cells as training sees them.

The only module besides `malaria.training` that loads TensorFlow. The app does not import it: it runs it as a process of
its own (`python -m malaria.explain.network`), which takes some 700 MB and ends when nothing is asked for a while.
"""

import os
import sys
import threading
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from malaria.errors import MalariaError, ModelError
from malaria.explain.pipe import Message, receive, send
from malaria.images import RGB
from malaria.labels import PARASITIZED
from malaria.model.card import Card, read_card
from malaria.model.layers import FILE, read_keras

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import tensorflow as tf

Floats = NDArray[np.float32]
IDLE: Final = 120.0
"""Seconds without a question after which the process ends and gives its memory back."""
COARSEST: Final = 8
"""A map of fewer places a side is too coarse to point at anything in a cell."""


def load_network(folder: Path) -> keras.Model:
    """Read a model folder's `.keras` file, in safe mode: nothing in it is run as code.

    Raises `ModelError` for a file that is missing, too large, damaged, or that holds code.
    """
    read_keras(folder)
    try:
        return keras.saving.load_model(folder / FILE, compile=False, safe_mode=True)
    except Exception as problem:  # Keras raises nearly every kind there is
        code = "unsafe" in str(problem).lower() or "lambda" in str(problem).lower()
        why = "it holds code, which is never run here" if code else type(problem).__name__
        raise ModelError(f"{folder.name}: {FILE} cannot be loaded ({why}). Train or copy it again.") from problem


def first_filters(network: keras.Model) -> Floats:
    """Return the kernels of the first convolution: float32 (filters, height, width, channels in).

    Raises `ModelError` for a network without a convolution.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.Conv2D):
            kernels: Floats = keras.ops.convert_to_numpy(layer.kernel).astype(np.float32)
            return np.moveaxis(kernels, -1, 0)
    raise ModelError("This network has no convolution, so there are no filters to see.")


def feature_maps(network: keras.Model, layer: str, cell: Floats) -> Floats:
    """Return what the layer called `layer` gives for one preprocessed cell (height, width, 3).

    Float32 of the layer's output shape: (height, width, channels) or (units,). Raises `ModelError` for an unknown name.
    """
    output = keras.Model(network.inputs, _layer(network, layer).output)([cell[None]], training=False)
    maps: Floats = np.asarray(keras.ops.convert_to_numpy(output), np.float32)[0]
    return maps


def map_layers(network: keras.Model) -> list[str]:
    """Return the names of the layers whose output is (height, width, channels), in their order, without the input."""
    pictures = [layer for layer in network.layers if len(layer.output.shape) == 4]
    return [layer.name for layer in pictures if not isinstance(layer, keras.layers.InputLayer)]


def grad_cam(network: keras.Model, card: Card, cell: Floats, layer: str | None = None) -> Floats:
    """Return what each place of a layer's output adds to the log-odds of p_parasitized: float32 (height, width), >= 0.

    The gradient of the log-odds by each channel, averaged over the picture, weighs that channel; what is negative in
    the sum is left out (Selvaraju et al. 2017, doi:10.1109/ICCV.2017.74). In a network that averages its last maps,
    the sum over that layer's map is what it adds in all. `cell` is one preprocessed cell (height, width, 3); without a
    `layer` it is the last whose map is at least 8 x 8. Raises `ModelError` where there is no such layer.
    """
    target = _layer(network, layer or _default_layer(network))
    answer = network.layers[-1]
    if not isinstance(answer, keras.layers.Dense):
        raise ModelError("Grad-CAM needs a network that ends in a dense layer, and this one does not.")
    parts = keras.Model(network.inputs, [target.output, answer.input])
    with tf.GradientTape() as tape:
        given = tf.convert_to_tensor(cell[None])
        tape.watch(given)
        maps, before = parts([given], training=False)
        # The last layer by hand, without its activation: a sigmoid near 1 has no gradient left.
        odds = _log_odds(tf.matmul(before, answer.kernel) + answer.bias, card)
    weights = tf.reduce_mean(tape.gradient(odds, maps), axis=(1, 2), keepdims=True)
    return np.asarray(tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))[0], np.float32)


def augmented(view: RGB, n: int, seed: int = 0) -> list[RGB]:
    """Return `n` random changes of a cell as training makes them: uint8, of the shape of `view` (side, side, 3)."""
    from malaria.training.augmentation import Augment, Augmentation

    cells = np.repeat(view[None].astype(np.float32) / 255, n, axis=0)
    changed = keras.ops.convert_to_numpy(Augment(Augmentation(), seed)(cells))
    return list(np.round(changed * 255).astype(np.uint8))


def _layer(network: keras.Model, name: str) -> keras.layers.Layer:
    for layer in network.layers:
        if layer.name == name:
            return layer
    raise ModelError(f"This network has no layer named {name!r}.")


def _default_layer(network: keras.Model) -> str:
    """The last layer whose map is still fine enough to point at something."""
    for name in reversed(map_layers(network)):
        if min(_layer(network, name).output.shape[1:3]) >= COARSEST:
            return name
    raise ModelError("This network has no layer with a map of at least 8 x 8, so Grad-CAM has nothing to point with.")


def _log_odds(raw: Any, card: Card) -> Any:
    """The log-odds of p_parasitized from the last layer's output (1, outputs) before its activation."""
    place = card.classes.index(PARASITIZED)
    if card.output == "softmax":
        others = [number for number in range(len(card.classes)) if number != place]
        odds = raw[:, place] - tf.reduce_logsumexp(tf.gather(raw, others, axis=1), axis=1)
    else:
        odds = raw[:, 0] if place == 1 else -raw[:, 0]
    return odds / card.temperature


# The process


@lru_cache(maxsize=2)
def _opened(folder: str, _written: float) -> tuple[keras.Model, Card]:
    return load_network(Path(folder)), read_card(Path(folder))


def _open(question: Message) -> tuple[keras.Model, Card]:
    folder = Path(question["folder"])
    try:
        return _opened(str(folder), (folder / FILE).stat().st_mtime)
    except OSError:
        raise ModelError(f"{folder.name}: has no {FILE}.") from None


def _seen(question: Message, card: Card) -> Floats:
    return card.preprocessing.scale_values(card.preprocessing.pixels(question["rgb"]))


def _filters(question: Message) -> Message:
    return {"filters": first_filters(_open(question)[0])}


def _maps(question: Message) -> Message:
    network, card = _open(question)
    return {"maps": feature_maps(network, question["layer"], _seen(question, card))}


def _grad_cam(question: Message) -> Message:
    network, card = _open(question)
    return {"map": grad_cam(network, card, _seen(question, card), question["layer"] or None)}


def _augmented(question: Message) -> Message:
    return {"cells": np.stack(augmented(question["rgb"], question["n"], question["seed"]))}


ANSWERS: Final[dict[str, Callable[[Message], Message]]] = {
    "filters": _filters,
    "maps": _maps,
    "grad_cam": _grad_cam,
    "augmented": _augmented,
}
"""What the process can be asked, by the word in `ask`; the other entries are the function's arguments."""


def main() -> None:
    """Answer messages on standard input until it closes, or until none has come for `IDLE` seconds."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # whatever prints must not fall among the answers
    while True:
        timer = threading.Timer(IDLE, os._exit, [0])
        timer.daemon = True
        timer.start()
        question = receive(sys.stdin.buffer)
        timer.cancel()
        if question is None:
            return
        try:
            send(answers, ANSWERS[question["ask"]](question))
        except MalariaError as error:
            send(answers, {"error": str(error)})


if __name__ == "__main__":
    main()
