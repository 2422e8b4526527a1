"""What a `.keras` file says of its layers (kind, output, parameters), read from the archive without loading Keras."""

import io
import json
import re
import zipfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import h5py

from malaria.errors import ModelError
from malaria.model.card import FILE as CARD_FILE
from malaria.model.card import read_card, read_network

FILE: Final = "model.keras"
MAX_BYTES: Final = 256 * 2**20


@dataclass(frozen=True)
class Layer:
    """One layer: its name in the file, its class, the shape of its output without the batch, its parameters.

    `shape` is None where the file does not say it. `about` has what its kind leaves open: "16 of 5 × 5, stride 2".
    """

    name: str
    kind: str
    shape: tuple[int, ...] | None
    parameters: int
    about: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether the output is (height, width, channels)."""
        return self.shape is not None and len(self.shape) == 3


def read_keras(folder: Path) -> bytes:
    """Return a model folder's `.keras` file, which nothing has unpacked yet.

    Raises `ModelError` if it is missing, too large, also once it is unpacked, or not what the folder's card is about.
    """
    card = read_card(folder) if (folder / CARD_FILE).is_file() else None
    data = read_network(folder, card, FILE, MAX_BYTES)
    unpacked = 0
    with suppress(zipfile.BadZipFile, ValueError, EOFError), zipfile.ZipFile(io.BytesIO(data)) as archive:
        unpacked = sum(member.file_size for member in archive.infolist())
    if unpacked > MAX_BYTES:
        raise ModelError(f"{folder.name}: {FILE} unpacks to more than {MAX_BYTES // 2**20} MB. Train or copy it again.")
    return data


def read_layers(folder: Path) -> tuple[Layer, ...]:
    """Return the layers of a model folder's `.keras` file in their order. Raises `ModelError` if it cannot be read."""
    data = read_keras(folder)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            layers = json.loads(archive.read("config.json"))["config"]["layers"]
            weights = archive.read("model.weights.h5")
        with h5py.File(io.BytesIO(weights)) as saved:
            counts = [_parameters(saved, group) for group in _groups(layers)]
        shapes = _shapes(layers)
        return tuple(_layer(one, shapes, count) for one, count in zip(layers, counts, strict=True))
    except Exception as problem:  # a damaged archive raises nearly every kind there is
        raise ModelError(
            f"{folder.name}: {FILE} cannot be read ({type(problem).__name__}). Train or copy it again."
        ) from problem


def _layer(said: dict[str, Any], shapes: dict[str, tuple[int, ...]], parameters: int) -> Layer:
    config, kind = said["config"], said["class_name"]
    about = ""
    if "kernel_size" in config:
        strides = config["strides"][0]
        about = f"{config.get('filters', '')} of {' × '.join(map(str, config['kernel_size']))}".strip()
        about += f", stride {strides}" if strides > 1 else ""
    elif "units" in config:
        about = f"{config['units']} units"
    elif "rate" in config:
        about = f"rate {config['rate']:g}"
    elif "pool_size" in config:
        about = " × ".join(map(str, config["pool_size"]))
    activation = config.get("activation")
    if isinstance(activation, str) and activation != "linear":
        about = f"{about}, {activation}".removeprefix(", ")
    shape = shapes.get(said["config"]["name"])
    if shape is None and kind == "Dense":
        shape = (int(config["units"]),)
    return Layer(config["name"], kind, shape, parameters, about)


def _shapes(layers: list[dict[str, Any]]) -> dict[str, tuple[int, ...]]:
    """The output shape of each layer, as the layers that take it say it; of the input, as it says itself."""
    found: dict[str, tuple[int, ...]] = {}

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if node.get("class_name") == "__keras_tensor__":
                found[node["config"]["keras_history"][0]] = tuple(node["config"]["shape"][1:])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    for layer in layers:
        walk(layer.get("inbound_nodes"))
        if "batch_shape" in layer["config"]:
            found.setdefault(layer["config"]["name"], tuple(layer["config"]["batch_shape"][1:]))
    return found


def _groups(layers: list[dict[str, Any]]) -> list[str]:
    """Where each layer's weights lie: Keras numbers the layers of a class, whatever their names."""
    seen: Counter[str] = Counter()
    groups = []
    for layer in layers:
        kind = re.sub(r"\W+", "", layer["class_name"])
        snake = re.sub(r"([a-z])([A-Z])", r"\1_\2", re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", kind)).lower()
        groups.append(f"layers/{snake}" + (f"_{seen[snake]}" if seen[snake] else ""))
        seen[snake] += 1
    return groups


def _parameters(saved: h5py.File, group: str) -> int:
    """All numbers below a group."""
    counted = 0

    def count(_: str, item: Any) -> None:
        nonlocal counted
        if isinstance(item, h5py.Dataset):
            counted += int(item.size)

    if group in saved:
        saved[group].visititems(count)
    return counted
