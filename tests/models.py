"""Tiny model folders, made in a millisecond: LiteRT's own schema writes the network, so no TensorFlow is needed.

The network knows one thing: how red the reddest pixel of a cell is. Pure red is parasitized (p 0.9999 before the
temperature), and so is one red spot on anything; black, grey, white, green and blue are not.
"""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from malaria.labels import PARASITIZED, UNINFECTED

REDNESS = (1.0, -1.0, -1.0)
"""What the network multiplies the channels with, which lie between 0 and 1, before it takes the highest pixel."""
STEEPNESS = 20.0
"""The log-odds of p_parasitized are this many times (redness - 0.5)."""
POSITIVE_LAST = (UNINFECTED, PARASITIZED)


def write_model(
    models: Path,
    name: str = "tiny",
    *,
    classes: Sequence[str] = POSITIVE_LAST,
    output: str = "sigmoid",
    side: int = 16,
    **card: Any,
) -> Path:
    """Write a model folder below `models` and return it; `card` replaces entries of its card."""
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "card.json").write_text(json.dumps(card_of(name, classes=classes, output=output, side=side) | card))
    (folder / "model.tflite").write_bytes(network(classes=classes, output=output, side=side))
    return folder


def write_held_out(folder: Path, *rows: str, columns: str = "file,patient,label,given_label,p_parasitized") -> Path:
    """Write a model folder's held-out answers, `rows` of CSV; two cells of other patients are always among them."""
    others = [
        f"far/{label}.png,far {label},{label},{label},{p}" for label, p in (("Parasitized", 1), ("Uninfected", 0))
    ]
    rows = (*rows, *(others if not columns.endswith("image_id") else [f"{row}," for row in others]))
    (folder / "held_out.csv.gz").write_bytes(gzip.compress("\n".join((columns, *rows, "")).encode(), mtime=0))
    return folder


def card_of(
    name: str = "tiny", *, classes: Sequence[str] = POSITIVE_LAST, output: str = "sigmoid", side: int = 16
) -> dict[str, Any]:
    """A valid card for `network`, as JSON has it."""
    figures = {"n": 4, "accuracy": 1.0, "patients": {"n": 2, "intervals": {}}, "intervals": {"accuracy": [0.51, 1.0]}}
    return {
        "name": name,
        "version": "1.0.0",
        "architecture": "redness",
        "preprocessing": {"height": side, "width": side},
        "classes": list(classes),
        "output": output,
        "threshold_chosen": "One half.",
        "parameters": 8,
        "macs": 3 * side * side,
        "trained_on": {"data": "nothing"},
        "metrics": {"as_given": figures},
        "date": "2026-01-01",
        "intended_use": "Tests.",
        "limits": "Knows red.",
    }


def network(
    *,
    classes: Sequence[str] = POSITIVE_LAST,
    output: str = "sigmoid",
    side: int = 16,
    steepness: float = STEEPNESS,
    activation: bool = True,
) -> bytes:
    """A LiteRT file: 1x1 convolution to redness, its highest pixel, one dense layer, and the activation of `output`.

    Without `activation` it ends in the dense layer, whatever the card says.
    """
    toward = np.array([[steepness if name == PARASITIZED else -steepness] for name in classes], np.float32)
    weights = toward / 2 if output == "softmax" else toward[1:]
    arrays = {
        "channels": np.array(REDNESS, np.float32).reshape(1, 1, 1, 3),
        "nothing": np.zeros(1, np.float32),
        "axes": np.array([1, 2], np.int32),
        "weights": weights,
        "bias": -0.5 * weights[:, 0],
    }
    graph = _Graph(arrays)
    cell, redness, reddest = (
        graph.tensor("cell", (1, side, side, 3)),
        graph.tensor("redness", (1, side, side, 1)),
        (graph.tensor("reddest", (1, 1))),
    )
    odds = graph.tensor("odds", (1, len(weights)))
    convolution = schema.Conv2DOptionsT()
    convolution.strideH = convolution.strideW = 1
    dense, reduction, softmax = (
        schema.FullyConnectedOptionsT(),
        schema.ReducerOptionsT(),
        schema.SoftmaxOptionsT(),
    )
    softmax.beta = 1.0
    graph.operator("CONV_2D", [cell, graph.at("channels"), graph.at("nothing")], redness, convolution)
    graph.operator("REDUCE_MAX", [redness, graph.at("axes")], reddest, reduction)
    graph.operator("FULLY_CONNECTED", [reddest, graph.at("weights"), graph.at("bias")], odds, dense)
    answer = odds
    if activation and output != "logit":
        answer = graph.tensor("answer", (1, len(weights)))
        if output == "softmax":
            graph.operator("SOFTMAX", [odds], answer, softmax)
        else:
            graph.operator("LOGISTIC", [odds], answer)
    return graph.file(cell, answer)


class _Graph:
    """A LiteRT file under construction: constants first, then tensors and operators in order."""

    def __init__(self, constants: dict[str, np.ndarray]) -> None:
        self._tensors: list[Any] = []
        self._operators: list[Any] = []
        self._codes: list[Any] = []
        self._buffers = [schema.BufferT()]  # the first is empty: what is computed has no bytes of its own
        self._places = {name: self.tensor(name, array.shape, array) for name, array in constants.items()}

    def at(self, name: str) -> int:
        return self._places[name]

    def tensor(self, name: str, shape: tuple[int, ...], values: np.ndarray | None = None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name, list(shape), 0
        tensor.type = schema.TensorType.FLOAT32
        if values is not None:
            if values.dtype == np.int32:
                tensor.type = schema.TensorType.INT32
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(values.tobytes(), np.uint8)
            tensor.buffer = len(self._buffers)
            self._buffers.append(buffer)
        self._tensors.append(tensor)
        return len(self._tensors) - 1

    def operator(self, kind: str, inputs: list[int], output: int, options: Any = None) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, kind)
        code.version = 1
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = len(self._codes), inputs, [output]
        if options is not None:
            operator.builtinOptions = options
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, type(options).__name__.removesuffix("T"))
        self._codes.append(code)
        self._operators.append(operator)

    def file(self, given: int, answer: int) -> bytes:
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs, graph.outputs = self._tensors, self._operators, [given], [answer]
        model = schema.ModelT()
        model.version, model.operatorCodes, model.buffers, model.subgraphs = 3, self._codes, self._buffers, [graph]
        builder = flatbuffers.Builder(4096)
        builder.Finish(model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
