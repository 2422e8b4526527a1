"""Every network that can be trained, by name: what it sees and how its recipe trains it."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import keras

from malaria.errors import TrainingError
from malaria.model.preprocessing import Preprocessing
from malaria.training import networks
from malaria.training.augmentation import Augmentation
from malaria.training.networks import Build

Schedule = Literal["constant", "exponential", "cosine"]


@dataclass(frozen=True)
class Recipe:
    """One network with all that its training needs to know."""

    name: str
    about: str
    build: Build
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    augmentation: Augmentation = field(default_factory=Augmentation.none)
    jitter: float = 0.0
    """How strong the `Jitter` is that stands in the place of the augmentation; 0 for none."""
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
    """Serve with 8-bit weights and activations: a quarter of the size, and faster where processors have instructions
    for it (VNNI); but 256 different answers at most, so cells tie."""
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


_HSV = Preprocessing(colour="hsv")
_SMALL = Preprocessing(height=28, width=28)
_SEED_JITTER = replace(Augmentation.none(), brightness=0.1, contrast=0.1, hue=0.1)

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe(
            "cell-resnet",
            "Ours: a small residual network, taught by an ensemble of large ones.",
            networks.cell_resnet,
            augmentation=Augmentation(),
            margin=1.25,
            output="logit",
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
            networks.teacher,
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
        Recipe("seed-cnn-1", "Two tiny convolutions with PReLU.", networks.seed_cnn_1, _HSV),
        Recipe("seed-cnn-2", "Four convolutions with leaky ReLU, at 64x64.", networks.leaky((32, 18)), _HSV),
        Recipe(
            "seed-cnn-3",
            "seed-cnn-2 with batch normalisation after the activations, as its source has it.",
            networks.seed_cnn_3,
            _HSV,
        ),
        Recipe(
            "seed-cnn-3-norm-first",
            "seed-cnn-2 with batch normalisation before the activations.",
            networks.leaky((32, 18), normalised=True),
            _HSV,
        ),
        Recipe(
            "seed-cnn-4",
            "seed-cnn-2 with its source's strong colour jitter and a slower learning rate.",
            networks.leaky((64, 16)),
            _HSV,
            jitter=0.2,
            learning_rate=0.0002,
        ),
        Recipe(
            "seed-cnn-4-mild",
            "seed-cnn-2 with mild colour jitter and a slower learning rate.",
            networks.leaky((64, 16)),
            _HSV,
            _SEED_JITTER,
            learning_rate=0.0002,
        ),
        Recipe(
            "seed-vgg16",
            "VGG16 to block3_pool, frozen, with two dense layers.",
            networks.seed_vgg16,
            _HSV,
            frozen="block3_pool",
            pretrained=networks.load_vgg16,
        ),
        Recipe("seed-cnn-6", "seed-cnn-2 at 32x32: the sources' best.", networks.leaky((32, 18), resize=32), _HSV),
        Recipe(
            "seed-cnn-48",
            "Four convolutions with dropout, at 48x48 RGB.",
            networks.seed_cnn_48,
            Preprocessing(height=48, width=48),
            epochs=30,
            patience=3,
            batch_size=8,
            learning_rate=0.0001,
        ),
        Recipe(
            "seed-cnn-128",
            "A plain convolutional network at 128x128 RGB.",
            networks.seed_cnn_128,
            Preprocessing(height=128, width=128),
            epochs=20,
            patience=4,
            batch_size=32,
        ),
        Recipe(
            "mini-resnet",
            "Four residual blocks with dropout 0.2 and a decaying learning rate.",
            networks.mini_resnet(),
            augmentation=Augmentation().without("surround"),
            epochs=60,
            patience=15,
            batch_size=128,
            schedule="exponential",
        ),
        Recipe("hue-only", "seed-cnn-1 on the hue alone: how little suffices?", networks.hue_only, _HSV),
        Recipe(
            "cells-8x8",
            "One dense layer of 128 on 8x8 pixels: how little suffices?",
            networks.mlp(128),
            Preprocessing(height=8, width=8),
            batch_size=128,
        ),
        Recipe("mlp-1", "One dense layer of 128.", networks.mlp(128), _SMALL, batch_size=128),
        Recipe("mlp-3", "Three dense layers of 64.", networks.mlp(64, 64, 64), _SMALL, batch_size=128),
        Recipe(
            "cnn-plain", "Three convolutions without pooling, at 28x28.", networks.cnn_plain, _SMALL, batch_size=128
        ),
        Recipe(
            "cnn-dropout",
            "Three convolutions with pooling and dropout, at 28x28.",
            networks.cnn_dropout,
            _SMALL,
            batch_size=128,
        ),
    )
}
"""Every recipe by name; the default model's first."""


def find_recipe(name: str) -> Recipe:
    """Return the recipe called `name`, or raise `TrainingError` saying which there are."""
    if name not in RECIPES:
        raise TrainingError(f"There is no architecture named {name!r}. There are: {', '.join(RECIPES)}.")
    return RECIPES[name]


def resize(recipe: Recipe, blocks: int | None, channels: int | None) -> Recipe:
    """Return the recipe with another number of residual blocks, or of channels in the first, where one is given.

    Raises `TrainingError` for a network that has no such numbers.
    """
    asked = {name: number for name, number in (("blocks", blocks), ("channels", channels)) if number}
    if not asked:
        return recipe
    if recipe.name != "mini-resnet":
        raise TrainingError(f"The blocks and channels of {recipe.name} cannot be chosen, only those of mini-resnet.")
    size = ", ".join(f"{number} {name}" for name, number in asked.items())
    return replace(recipe, build=networks.mini_resnet(**asked), about=f"Residual blocks with dropout 0.2: {size}.")
