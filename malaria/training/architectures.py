"""Every network that can be trained, by name: how it is built, what it sees and how its recipe trains it."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from malaria.errors import TrainingError
from malaria.preprocessing import Preprocessing
from malaria.training.augmentation import Augmentation

Tensor = Any
Build = Callable[[tuple[int, int, int], int, "Output"], keras.Model]
Output = Literal["sigmoid", "softmax", "logit"]
_MOMENTUM = 0.9
"""Of the running means of batch normalisation; Keras' 0.99 lags for many epochs on small sets."""
Schedule = Literal["constant", "exponential", "cosine"]


@dataclass(frozen=True)
class Recipe:
    """One network with all that its training needs to know."""

    name: str
    about: str
    build: Build
    """Makes the network from the input shape (height, width, channels), the number of outputs and the output's kind."""
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    augmentation: Augmentation = field(default_factory=Augmentation.none)
    output: Literal["sigmoid", "logit"] = "sigmoid"
    """For two classes; with more, every network ends in a softmax."""
    epochs: int = 40
    patience: int | None = 10
    """Epochs without a better validation loss before training stops; None trains all of them on all cells."""
    batch_size: int = 512
    learning_rate: float = 0.001
    schedule: Schedule = "constant"
    weight_decay: float = 0.0
    mixed_precision: bool = False
    """Compute in bfloat16: only for networks that are too slow without."""
    eight_bit: bool = False
    """Serve with 8-bit weights and activations: four times faster and smaller."""
    serves: bool = True
    """False for networks that only teach: they get no model folder."""
    margin: float = 1.0
    """Cells are augmented at this multiple of the input size and then shrunk, which keeps their detail."""
    frozen: str = ""
    """The last of the layers that keep their weights. Their output is computed once for a cell, so never augmented."""
    pretrained: Callable[[keras.Model], None] = lambda network: None
    """Puts weights that were learned elsewhere into the new network. Raises `TrainingError` where there are none."""

    def training_size(self) -> Preprocessing:
        """Return how cells are fitted before augmentation."""
        sides = {
            "height": round(self.preprocessing.height * self.margin),
            "width": round(self.preprocessing.width * self.margin),
        }
        return self.preprocessing.model_copy(update=sides)

    def with_augmentation(self, augmentation: Augmentation) -> "Recipe":
        """Return the recipe with another augmentation."""
        return replace(self, augmentation=augmentation)


def count_macs(network: keras.Model) -> int:
    """Return the multiply-accumulates of the convolutions and dense layers of `network` for one cell."""
    total = 0
    for layer in network._flatten_layers(include_self=False):
        if isinstance(layer, layers.Conv2D | layers.DepthwiseConv2D):
            total += int(np.prod(layer.output.shape[1:3])) * int(np.prod(layer.kernel.shape))
        elif isinstance(layer, layers.Dense):
            total += int(np.prod(layer.kernel.shape))
    return total


def _head(x: Tensor, outputs: int, output: Output) -> Tensor:
    activation = None if output == "logit" else output
    return layers.Dense(outputs, activation=activation, dtype="float32", name="answer")(x)


def _conv(x: Tensor, filters: int, size: int = 3, strides: int = 1, *, relu: bool = True) -> Tensor:
    """Convolution, batch normalisation and, unless told otherwise, ReLU."""
    x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
    x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
    return layers.ReLU()(x) if relu else x


def _residual(x: Tensor, filters: int, strides: int = 1, dropout: float = 0.0) -> Tensor:
    """Two 3x3 convolutions added to a shortcut, which is a 1x1 convolution where the shape changes."""
    y = _conv(x, filters, 3, strides)
    if dropout:
        y = layers.Dropout(dropout)(y)
    y = _conv(y, filters, relu=False)
    if strides != 1 or x.shape[-1] != filters:
        x = _conv(x, filters, 1, strides, relu=False)
    return layers.ReLU()(layers.add([x, y]))


# Ours


def _cell_resnet(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    """5x5 convolution at stride 2, then residual blocks that shrink quickly: most work is done at 16x16 and 8x8."""
    cell = keras.Input(shape)
    x = _conv(cell, 16, 5, 2)
    x = _residual(x, 24, strides=2)
    x = _residual(x, 24)
    x = _residual(x, 48, strides=2)
    x = _residual(x, 48)
    x = _residual(x, 64, strides=2)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.1)(x)
    return keras.Model(cell, _head(x, outputs, output))


def _teacher(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    """A wide residual network, fifty times the work of what is served: it only ever teaches."""
    cell = keras.Input(shape)
    x = _conv(cell, 32)
    for filters in (64, 128, 256, 384):
        x = _residual(x, filters, strides=2)
        x = _residual(x, filters, dropout=0.1)
    x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(cell, _head(x, outputs, output))


# The sources' networks


def _seed_cnn_1(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = cell
    for filters in (6, 4):
        x = layers.Conv2D(filters, 3)(x)
        x = layers.PReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.PReLU()(layers.Dense(16)(x))
    return keras.Model(cell, _head(x, outputs, output))


def _leaky(dense: tuple[int, int], *, normalised: bool = False, resize: int | None = None) -> Build:
    """`seed-cnn-2` and its variants: four convolutions with ever less leaky ReLUs, two dense layers."""

    def build(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
        cell = keras.Input(shape)
        x = layers.Resizing(resize, resize)(cell) if resize else cell
        for number, (filters, slope) in enumerate([(18, 0.25), (16, 0.20), (12, 0.15)]):
            x = layers.Conv2D(filters, 3, padding="same")(x)
            if normalised and number < 2:
                x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
            x = layers.LeakyReLU(negative_slope=slope)(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(8, 3, padding="same")(x)
        x = layers.LeakyReLU(negative_slope=0.10)(x)
        x = layers.Flatten()(x)
        x = layers.Dense(dense[0])(x)
        if normalised:
            x = layers.BatchNormalization(momentum=_MOMENTUM)(x)
        x = layers.Dense(dense[1], activation="sigmoid")(layers.Activation("sigmoid")(x))
        return keras.Model(cell, _head(x, outputs, output))

    return build


def _seed_vgg16(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    """VGG16 up to `block3_pool`, frozen, and two dense layers."""
    vgg = keras.applications.VGG16(include_top=False, weights=None, input_shape=shape)
    trunk = keras.Model(vgg.input, vgg.get_layer("block3_pool").output)
    trunk.trainable = False
    x = layers.Flatten()(trunk.output)
    x = layers.Dense(32, activation="relu")(x)
    x = layers.Dense(16, activation="relu")(x)
    return keras.Model(trunk.input, _head(x, outputs, output))


def vgg16_weights() -> str:
    """Return the file that MALARIA_VGG16_WEIGHTS names, or "imagenet" for the one that Keras downloads."""
    return os.environ.get("MALARIA_VGG16_WEIGHTS") or "imagenet"


def _load_vgg16(network: keras.Model) -> None:
    """Give `network` ImageNet's weights, as far as it has VGG16's layers."""
    weights = vgg16_weights()
    if weights != "imagenet" and not Path(weights).is_file():
        raise TrainingError(
            f"MALARIA_VGG16_WEIGHTS names {weights}, which is not a file. Give Keras' VGG16 weights file."
        )
    try:
        vgg = keras.applications.VGG16(include_top=False, weights=weights)
    except Exception as problem:
        raise TrainingError(
            "seed-vgg16 needs ImageNet's weights, and they could not be downloaded or read "
            f"({problem}). Go online, or set MALARIA_VGG16_WEIGHTS to Keras' file "
            "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5."
        ) from problem
    names = {layer.name for layer in network.layers}
    for layer in vgg.layers:
        if layer.name in names and layer.weights:
            network.get_layer(layer.name).set_weights(layer.get_weights())


def _seed_cnn_48(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = cell
    for filters in (16, 32, 64, 128):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.BatchNormalization()(x)
        x = layers.MaxPooling2D()(x)
        x = layers.Dropout(0.2)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(128, activation="relu")(x)
    x = layers.Dropout(0.3)(x)
    return keras.Model(cell, _head(x, outputs, output))


def _seed_cnn_128(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = cell
    for filters in (16, 32, 64, 64):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu")(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(cell, _head(x, outputs, output))


def mini_resnet(blocks: int = 4, channels: int = 16) -> Build:
    """Return a builder of `blocks` residual blocks; the channels double, from `channels`, at every second block."""

    def build(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
        cell = keras.Input(shape)
        x = _conv(cell, channels, strides=2)
        for block in range(blocks):
            x = _residual(x, channels * 2 ** (block // 2), strides=2 if block % 2 == 0 else 1, dropout=0.2)
        x = layers.GlobalAveragePooling2D()(x)
        return keras.Model(cell, _head(x, outputs, output))

    return build


def _mlp(*units: int) -> Build:
    def build(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
        cell = keras.Input(shape)
        x = layers.Flatten()(cell)
        for width in units:
            x = layers.Dense(width, activation="relu")(x)
        return keras.Model(cell, _head(x, outputs, output))

    return build


def _cnn_plain(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = cell
    for filters in (128, 64, 32):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    return keras.Model(cell, _head(layers.Flatten()(x), outputs, output))


def _cnn_dropout(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = layers.Conv2D(32, 3, activation="relu")(cell)
    x = layers.Conv2D(64, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(128, 3, activation="relu")(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    x = layers.Dropout(0.5)(x)
    return keras.Model(cell, _head(x, outputs, output))


_HSV = Preprocessing(colour="hsv")
_SMALL = Preprocessing(height=28, width=28)
_SEED_JITTER = replace(Augmentation.none(), brightness=0.1, contrast=0.1, hue=0.1)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "cell-resnet",
            "Ours: a small residual network, taught by an ensemble of large ones.",
            _cell_resnet,
            augmentation=Augmentation(),
            margin=1.25,
            output="logit",
            eight_bit=True,
            epochs=80,
            patience=40,
            batch_size=256,
            learning_rate=0.003,
            schedule="cosine",
            weight_decay=0.001,
        ),
        Recipe(
            "teacher",
            "A wide residual network at 80x80; teaches cell-resnet, too slow to serve.",
            _teacher,
            Preprocessing(height=80, width=80),
            Augmentation(),
            output="logit",
            epochs=40,
            patience=40,
            batch_size=256,
            learning_rate=0.002,
            schedule="cosine",
            weight_decay=0.01,
            mixed_precision=True,
            serves=False,
        ),
        Recipe("seed-cnn-1", "Two tiny convolutions with PReLU.", _seed_cnn_1, _HSV),
        Recipe("seed-cnn-2", "Four convolutions with leaky ReLU, at 64x64.", _leaky((32, 18)), _HSV),
        Recipe("seed-cnn-3", "seed-cnn-2 with batch normalisation.", _leaky((32, 18), normalised=True), _HSV),
        Recipe(
            "seed-cnn-4",
            "seed-cnn-2 with colour jitter and a slower learning rate.",
            _leaky((64, 16)),
            _HSV,
            _SEED_JITTER,
            learning_rate=0.0002,
        ),
        Recipe(
            "seed-vgg16",
            "VGG16 to block3_pool, frozen, with two dense layers.",
            _seed_vgg16,
            _HSV,
            frozen="block3_pool",
            pretrained=_load_vgg16,
        ),
        Recipe("seed-cnn-6", "seed-cnn-2 at 32x32: the sources' best.", _leaky((32, 18), resize=32), _HSV),
        Recipe(
            "seed-cnn-48",
            "Four convolutions with dropout, at 48x48 RGB.",
            _seed_cnn_48,
            Preprocessing(height=48, width=48),
            epochs=30,
            patience=3,
            batch_size=8,
            learning_rate=0.0001,
        ),
        Recipe(
            "seed-cnn-128",
            "A plain convolutional network at 128x128 RGB.",
            _seed_cnn_128,
            Preprocessing(height=128, width=128),
            epochs=20,
            patience=4,
            batch_size=32,
        ),
        Recipe(
            "mini-resnet",
            "Four residual blocks with dropout 0.2 and a decaying learning rate.",
            mini_resnet(),
            augmentation=Augmentation().without("surround"),
            epochs=60,
            patience=15,
            batch_size=128,
            schedule="exponential",
        ),
        Recipe("mlp-1", "One dense layer of 128.", _mlp(128), _SMALL, batch_size=128),
        Recipe("mlp-3", "Three dense layers of 64.", _mlp(64, 64, 64), _SMALL, batch_size=128),
        Recipe("cnn-plain", "Three convolutions without pooling, at 28x28.", _cnn_plain, _SMALL, batch_size=128),
        Recipe(
            "cnn-dropout",
            "Three convolutions with pooling and dropout, at 28x28.",
            _cnn_dropout,
            _SMALL,
            batch_size=128,
        ),
    )
}
"""Every recipe by name; the default model's first."""


def recipe_named(name: str) -> Recipe:
    """Return the recipe called `name`, or raise `TrainingError` saying which there are."""
    if name not in RECIPES:
        raise TrainingError(f"There is no architecture named {name!r}. There are: {', '.join(RECIPES)}.")
    return RECIPES[name]


def resized(recipe: Recipe, blocks: int | None, channels: int | None) -> Recipe:
    """Return the recipe with another number of residual blocks, or of channels in the first, where one is given.

    Raises `TrainingError` for a network that has no such numbers.
    """
    asked = {name: number for name, number in (("blocks", blocks), ("channels", channels)) if number}
    if not asked:
        return recipe
    if recipe.name != "mini-resnet":
        raise TrainingError(f"The blocks and channels of {recipe.name} cannot be chosen, only those of mini-resnet.")
    size = ", ".join(f"{number} {name}" for name, number in asked.items())
    return replace(recipe, build=mini_resnet(**asked), about=f"Residual blocks with dropout 0.2: {size}.")
