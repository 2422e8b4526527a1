"""Filters, feature maps and Grad-CAM are held against Keras and against arithmetic; layers are read without Keras."""

import io
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers

from malaria import phantom
from malaria.errors import ModelError
from malaria.explain import network as explain
from malaria.explain.pipe import receive, send
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model import classifier as model
from malaria.model.card import Card, read_card
from malaria.model.layers import read_layers
from malaria.model.network import Network
from malaria.training.architectures import RECIPES
from tests.models import card_of

SHIPPED = [model.MODELS_DIR / name for name in model.list_models()]
BUILT = ["cell-resnet", "seed-cnn-1", "seed-cnn-3", "seed-cnn-6", "mlp-1"]
SIDE = 16


def small_network(outputs: int = 1, activation: str | None = None) -> keras.Model:
    """A convolution, its mean over the picture, and a dense layer: Grad-CAM of it is known."""
    keras.utils.set_random_seed(4)
    cell = keras.Input((SIDE, SIDE, 3))
    x = layers.Conv2D(5, 3, padding="same", name="convolution")(cell)
    x = layers.ReLU(name="positive")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(cell, layers.Dense(outputs, activation=activation, name="answer")(x))


def card(classes: Sequence[str] = (UNINFECTED, PARASITIZED), output: str = "sigmoid") -> Card:
    return Card.model_validate(card_of(classes=classes, output=output, side=SIDE) | {"temperature": 2.0})


@pytest.fixture
def cell() -> np.ndarray:
    return np.random.default_rng(0).random((SIDE, SIDE, 3), np.float32)


# Layers, without Keras


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_layers_of_the_shipped_models_are_as_keras_has_them(folder: Path) -> None:
    network = explain.load_network(folder)
    found = read_layers(folder)
    assert [layer.name for layer in found] == [layer.name for layer in network.layers]
    assert [layer.parameters for layer in found] == [layer.count_params() for layer in network.layers]
    assert sum(layer.parameters for layer in found) == read_card(folder).parameters


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_what_is_served_answers_as_its_keras_network(folder: Path) -> None:
    served = Network.from_folder(folder)
    cells = np.stack([served.card.preprocessing.pixels(one.rgb) for one in phantom.examples()])
    answers = served.outputs(cells)
    scaled = served.card.preprocessing.scale_values(cells)
    np.testing.assert_allclose(answers, explain.load_network(folder)(scaled), atol=1e-3)


@pytest.mark.parametrize("name", BUILT)
def test_layers_of_what_can_be_trained_are_as_keras_has_them(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    network = recipe.build((recipe.preprocessing.height, recipe.preprocessing.width, 3), 1, recipe.output)
    network.save(tmp_path / "model.keras")
    found = read_layers(tmp_path)
    assert [layer.kind for layer in found] == [type(layer).__name__ for layer in network.layers]
    assert [layer.parameters for layer in found] == [layer.count_params() for layer in network.layers]
    shapes = [tuple(np.atleast_1d(layer.output.shape[1:]).tolist()) for layer in network.layers]
    assert [layer.shape for layer in found] == shapes
    maps = [layer.name for layer in found if layer.is_picture and layer.kind != "InputLayer"]
    assert maps == explain.map_layers(network)


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06" + bytes(18), b"no zip at all"])
def test_a_damaged_keras_file_is_a_sentence(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(data)
    with pytest.raises(ModelError, match=r"model\.keras cannot be read .* Train or copy it again"):
        read_layers(tmp_path)
    with pytest.raises(ModelError, match=r"model\.keras cannot be loaded .* Train or copy it again"):
        explain.load_network(tmp_path)


def test_without_a_keras_file() -> None:
    for read in (read_layers, explain.load_network):
        with pytest.raises(ModelError, match=r"has no model\.keras"):
            read(Path(__file__).parent)


def test_code_inside_a_keras_file_is_not_run(tmp_path: Path) -> None:
    given = keras.Input((4,))
    network = keras.Model(given, layers.Lambda(lambda x: x + 1, output_shape=(4,))(given))
    network.save(tmp_path / "model.keras")
    with pytest.raises(ModelError, match="holds code, which is never run here"):
        explain.load_network(tmp_path)


# Filters and feature maps


def test_first_filters_are_the_weights() -> None:
    network = small_network()
    filters = explain.first_filters(network)
    weights = network.get_layer("convolution").get_weights()[0]
    assert filters.shape == (5, 3, 3, 3)
    assert all(np.array_equal(filters[k], weights[..., k]) for k in range(5))


def test_a_network_without_convolution_has_no_filters() -> None:
    given = keras.Input((4, 4, 3))
    network = keras.Model(given, layers.Dense(1)(layers.Flatten()(given)))
    with pytest.raises(ModelError, match="no convolution"):
        explain.first_filters(network)


def test_a_feature_map_is_the_convolution_by_hand(cell: np.ndarray) -> None:
    network = small_network()
    kernel, bias = network.get_layer("convolution").get_weights()
    padded = np.pad(cell, ((1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(0, 1))
    by_hand = np.einsum("yxcij,ijck->yxk", windows, kernel) + bias
    assert explain.feature_maps(network, "convolution", cell) == pytest.approx(by_hand, abs=1e-5)
    assert explain.feature_maps(network, "positive", cell) == pytest.approx(np.maximum(by_hand, 0), abs=1e-5)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_layer_of_a_shipped_model_gives_what_keras_gives(folder: Path) -> None:
    network, preprocessing = explain.load_network(folder), read_card(folder).preprocessing
    seen = preprocessing.scale_values(preprocessing.pixels(phantom.examples()[1].rgb))
    layers_said = read_layers(folder)
    for said in (layers_said[1], layers_said[len(layers_said) // 2], layers_said[-1]):
        maps = explain.feature_maps(network, said.name, seen)
        assert maps.shape == said.shape
    answer = network(seen[None], training=False).numpy()[0]
    assert explain.feature_maps(network, layers_said[-1].name, seen) == pytest.approx(answer, abs=1e-5)


def test_an_unknown_layer_is_a_sentence(cell: np.ndarray) -> None:
    with pytest.raises(ModelError, match="no layer named 'nothing'"):
        explain.feature_maps(small_network(), "nothing", cell)


# Grad-CAM


@pytest.mark.parametrize(
    ("classes", "activation", "sign"),
    [
        ((UNINFECTED, PARASITIZED), None, 1),
        ((UNINFECTED, PARASITIZED), "sigmoid", 1),
        ((PARASITIZED, UNINFECTED), "sigmoid", -1),
    ],
)
def test_grad_cam_of_a_mean_is_the_weighted_sum(
    cell: np.ndarray, classes: tuple[str, str], activation: str | None, sign: int
) -> None:
    network = small_network(activation=activation)
    maps = explain.feature_maps(network, "positive", cell)
    weights = network.get_layer("answer").get_weights()[0][:, 0]
    by_hand = np.maximum(sign * (maps @ weights) / maps[..., 0].size / 2.0, 0)  # 2 is the temperature
    output = "sigmoid" if activation else "logit"
    assert explain.grad_cam(network, card(classes, output), cell) == pytest.approx(by_hand, abs=1e-6)


def test_grad_cam_of_a_softmax(cell: np.ndarray) -> None:
    network = small_network(outputs=2, activation="softmax")
    maps = explain.feature_maps(network, "positive", cell)
    weights = network.get_layer("answer").get_weights()[0]
    by_hand = np.maximum(maps @ (weights[:, 1] - weights[:, 0]) / maps[..., 0].size / 2.0, 0)
    found = explain.grad_cam(network, card(output="softmax"), cell)
    assert found == pytest.approx(by_hand, abs=1e-6)


def test_grad_cam_of_an_inner_layer_is_keras_gradient() -> None:
    import tensorflow as tf

    folder = model.MODELS_DIR / model.DEFAULT_MODEL
    network, default = explain.load_network(folder), read_card(folder)
    seen = default.preprocessing.scale_values(default.preprocessing.pixels(phantom.examples()[1].rgb))
    for name in explain.map_layers(network)[2:20:8]:
        both = keras.Model(network.inputs, [network.get_layer(name).output, network.output])
        with tf.GradientTape() as tape:
            maps, answer = both([seen[None]], training=False)
            odds = answer[:, 0] / default.temperature
        weights = tape.gradient(odds, maps).numpy().mean(axis=(1, 2))[0]
        by_keras = np.maximum((maps.numpy()[0] * weights).sum(axis=-1), 0)
        assert explain.grad_cam(network, default, seen, name) == pytest.approx(by_keras, abs=1e-5)


def test_grad_cam_needs_a_map() -> None:
    given = keras.Input((16, 16, 3))
    network = keras.Model(given, layers.Dense(1)(layers.Flatten()(given)))
    with pytest.raises(ModelError, match="no layer with a map"):
        explain.grad_cam(network, card(), np.zeros((16, 16, 3), np.float32))


# Cells as training sees them


def test_augmentation_changes_a_cell_and_is_repeatable() -> None:
    view = phantom.cell("ring", size=64)
    view = np.pad(view, ((0, 64 - view.shape[0]), (0, 64 - view.shape[1]), (0, 0)))
    first, again, other = (explain.augmented(view, 3, seed) for seed in (1, 1, 2))
    assert [one.shape for one in first] == [view.shape] * 3
    assert all(one.dtype == np.uint8 for one in first)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first[0], first[1])


# Messages


def test_a_message_arrives_as_it_was_sent() -> None:
    pipe = io.BytesIO()
    send(pipe, {"ask": "maps", "n": 3, "rgb": np.arange(6, dtype=np.uint8).reshape(1, 2, 3)})
    send(pipe, {"error": "häßlich"})
    pipe.seek(0)
    first, second = receive(pipe), receive(pipe)
    assert first is not None
    assert first["ask"] == "maps"
    assert first["n"] == 3
    assert np.array_equal(first["rgb"], [[[0, 1, 2], [3, 4, 5]]])
    assert second == {"error": "häßlich"}
    assert receive(pipe) is None


def test_half_a_message_is_none() -> None:
    pipe = io.BytesIO()
    send(pipe, {"n": 1})
    assert receive(io.BytesIO(pipe.getvalue()[:-5])) is None
