"""A trained network as the LiteRT file that is served, and what that file answers."""

import tempfile

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from malaria.errors import TrainingError
from malaria.training.architectures import Recipe

CALIBRATION_CELLS = 512
"""Cells from which the ranges of an 8-bit network are taken."""


def to_litert(network: keras.Model, recipe: Recipe, serving: NDArray[np.uint8]) -> bytes:
    """Return `network` as a LiteRT file: float32 throughout; inside 8-bit where the recipe says so.

    `serving` are uint8 cells as the network sees them, shape (n, height, width, 3); 8-bit ranges are taken from them.
    Raises `TrainingError` where Keras does not run on TensorFlow, which alone can convert.
    """
    if keras.backend.backend() != "tensorflow":
        raise TrainingError(
            "Only TensorFlow can write a LiteRT file. The run is saved: "
            "repeat the same command with --resume and KERAS_BACKEND=tensorflow to finish it."
        )
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        network.export(folder, verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if recipe.eight_bit:
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = lambda: (
                [recipe.preprocessing.scale_values(cell[None])] for cell in serving[:CALIBRATION_CELLS]
            )
        return bytes(converter.convert())


def litert_outputs(litert: bytes, recipe: Recipe, serving: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return the raw outputs, shape (n, outputs), of a LiteRT file for uint8 cells as the network sees them."""
    interpreter = Interpreter(model_content=litert)
    (given,), (answer,) = interpreter.get_input_details(), interpreter.get_output_details()
    parts = []
    for start in range(0, len(serving), 16):
        batch = recipe.preprocessing.scale_values(serving[start : start + 16])
        interpreter.resize_tensor_input(given["index"], batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(given["index"], batch)
        interpreter.invoke()
        parts.append(interpreter.get_tensor(answer["index"]))
    return np.concatenate(parts)
