"""The networks of the zoo, each a few readable lines of Keras; how each is trained stands in `architectures`."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import keras
import numpy as np
from keras import layers

from malaria.errors import TrainingError

Tensor = Any
Build = Callable[[tuple[int, int, int], int, "Output"], keras.Model]
"""Makes a network from the input shape (height, width, channels), the number of outputs and the output's kind."""
Output = Literal["sigmoid", "softmax", "logit"]
_MOMENTUM = 0.9
"""Of the running means of batch normalisation; Keras' 0.99 lags for many epochs on small sets."""


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


def cell_resnet(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
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


def teacher(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
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


def seed_cnn_1(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = cell
    for filters in (6, 4):
        x = layers.Conv2D(filters, 3)(x)
        x = layers.PReLU()(x)
        x = layers.MaxPooling2D()(x)
    x = layers.Flatten()(x)
    x = layers.PReLU()(layers.Dense(16)(x))
    return keras.Model(cell, _head(x, outputs, output))


def leaky(dense: tuple[int, int], *, normalised: bool = False, resize: int | None = None) -> Build:
    """`seed-cnn-2` and its variants: four convolutions with ever less leaky ReLUs, two dense layers.

    `normalised` puts batch normalisation before the first two of those and the first sigmoid: not the source's order.
    """

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


def seed_cnn_3(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    """As its source writes it: batch normalisation stands after the activations, with Keras' own momentum."""
    cell = keras.Input(shape)
    x = layers.Conv2D(18, 3, padding="same")(cell)
    x = layers.LeakyReLU(negative_slope=0.25)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(16, 3, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.20)(x)
    x = layers.BatchNormalization()(x)
    x = layers.Conv2D(12, 3, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.15)(x)
    x = layers.MaxPooling2D()(x)
    x = layers.Conv2D(8, 3, padding="same")(x)
    x = layers.LeakyReLU(negative_slope=0.10)(x)
    x = layers.Flatten()(x)
    x = layers.Dense(32, activation="sigmoid")(x)
    x = layers.BatchNormalization()(x)
    x = layers.Dense(18, activation="sigmoid")(x)
    return keras.Model(cell, _head(x, outputs, output))


def seed_vgg16(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
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


def load_vgg16(network: keras.Model) -> None:
    """Give `network` ImageNet's weights, as far as it has VGG16's layers."""
    weights = vgg16_weights()
    if weights != "imagenet" and not Path(weights).is_file():
        raise TrainingError(
            f"MALARIA_VGG16_WEIGHTS names {weights}, which is not a file. Name Keras' VGG16 weights file."
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


def seed_cnn_48(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
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


def seed_cnn_128(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
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


def mlp(*units: int) -> Build:
    def build(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
        cell = keras.Input(shape)
        x = layers.Flatten()(cell)
        for width in units:
            x = layers.Dense(width, activation="relu")(x)
        return keras.Model(cell, _head(x, outputs, output))

    return build


def hue_only(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    """`seed-cnn-1` on the first channel alone: of HSV that is the hue."""
    cell = keras.Input(shape)
    return keras.Model(cell, seed_cnn_1((*shape[:2], 1), outputs, output)(cell[..., :1]))


def cnn_plain(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
    cell = keras.Input(shape)
    x = cell
    for filters in (128, 64, 32):
        x = layers.Conv2D(filters, 3, activation="relu")(x)
    return keras.Model(cell, _head(layers.Flatten()(x), outputs, output))


def cnn_dropout(shape: tuple[int, int, int], outputs: int, output: Output) -> keras.Model:
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
