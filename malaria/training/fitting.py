"""Fit one network on one split: batches, augmentation, teachers, early stopping, and a run that survives a kill."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy.special import logit

from malaria.training.architectures import Recipe
from malaria.training.augmentation import Augment, to_hsv
from malaria.training.jitter import Jitter
from malaria.training.keeping import Keeper
from malaria.training.records import load_best, read_json, write_json

Tensor = Any
LEARNING_SHARE = 0.3
"""With teachers, the share of the loss that still looks at the labels; the rest looks at the teachers' answers."""
FEWEST_STEPS = 16
"""Steps in an epoch; sets too small for that get smaller batches."""


@dataclass(frozen=True)
class Pixels:
    """Cells as arrays, uint8.

    `training` has shape (n, height, width, 3): fitted RGB at the recipe's training size. `serving` is what the served
    network sees, from the same preprocessing as in the app. `targets` are class indices, float for softened labels
    of two classes, shape (n,). `weights` has shape (n,). `features`, float16, are what a recipe's frozen layers make of
    `serving`: where they are given, only the layers after those are computed in training.
    """

    training: NDArray[np.uint8]
    serving: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    features: NDArray[np.float16] | None = None

    @property
    def learned_from(self) -> NDArray[Any]:
        """What training looks at."""
        return self.training if self.features is None else self.features

    @property
    def validated_on(self) -> NDArray[Any]:
        """What validation looks at."""
        return self.serving if self.features is None else self.features


class Batches(keras.utils.PyDataset):  # type: ignore[misc]
    """Shuffled batches of training cells. The order depends on seed and epoch alone, so a resumed run repeats it."""

    def __init__(self, pixels: Pixels, positions: NDArray[np.int64], batch_size: int, seed: int) -> None:
        super().__init__()
        self.pixels, self.positions, self.batch_size, self.seed = pixels, positions, batch_size, seed
        self.set_epoch(0)

    def set_epoch(self, epoch: int) -> None:
        """Draw the order of one epoch."""
        self.order = np.random.default_rng([self.seed, epoch]).permutation(self.positions)

    def __len__(self) -> int:
        return max(1, len(self.positions) // self.batch_size)

    def __getitem__(self, index: int) -> tuple[Any, Any, Any]:
        chosen = self.order[index * self.batch_size : (index + 1) * self.batch_size]
        pixels = self.pixels
        return pixels.learned_from[chosen], pixels.targets[chosen], pixels.weights[chosen]


@keras.saving.register_keras_serializable("malaria")
class Trainee(keras.Model):  # type: ignore[misc]
    """A network with all that surrounds it in training only: augmentation, colour space, teachers.

    In training it takes RGB uint8 at the training size; otherwise what the served network takes, as uint8. A network
    with frozen layers takes their output instead, both times.
    """

    def __init__(
        self, network: keras.Model, recipe: Recipe, teachers: Sequence[keras.Model] = (), seed: int = 0
    ) -> None:
        super().__init__()
        self.network, self.recipe = network, recipe
        self.after_frozen = (
            keras.Model(network.get_layer(recipe.frozen).output, network.output) if recipe.frozen else None
        )
        self.augment = (
            Jitter(recipe.jitter, seed, dtype="float32")
            if recipe.jitter
            else Augment(recipe.augmentation, seed, dtype="float32")
        )
        self.teachers = list(teachers)
        for teacher in self.teachers:
            teacher.trainable = False
        self.two_classes = network.output_shape[-1] == 1

    def build(self, input_shape: Any = None) -> None:
        """The parts are built already."""
        self.built = True

    def call(self, cells: Tensor, training: bool = False) -> Tensor:
        """Return the network's answers, shape (n, outputs)."""
        if self.after_frozen:
            return self.after_frozen(ops.cast(cells, "float32"), training=training)
        cells = ops.cast(cells, "float32") / 255
        if not training:
            if tuple(cells.shape[1:3]) != tuple(self.network.input_shape[1:3]):  # Keras' first look at a training batch
                return self.network(self._prepare(cells), training=False)
            return self.network(cells * (255 * self.recipe.preprocessing.scale), training=False)
        cells = self.augment(cells)
        answer = self.network(self._prepare(cells), training=True)
        if self.teachers:
            self.add_loss((1 - LEARNING_SHARE) * ops.mean(self._binary_loss(self._ask_teachers(cells), answer)))
        return answer

    def _ask_teachers(self, cells: Tensor) -> Tensor:
        """Return the teachers' mean probability for augmented cells, shape (n, 1)."""
        answers = []
        for teacher in self.teachers:
            wanted = teacher.input_shape[1:3]
            seen = cells if tuple(cells.shape[1:3]) == wanted else ops.image.resize(cells, wanted, antialias=True)
            answers.append(ops.sigmoid(ops.cast(teacher(seen, training=False), "float32")))
        return ops.stop_gradient(sum(answers) / len(answers))

    def _prepare(self, cells: Tensor) -> Tensor:
        """Shrink augmented cells to the input size and bring them to the network's colour space."""
        wanted = (self.recipe.preprocessing.height, self.recipe.preprocessing.width)
        if tuple(cells.shape[1:3]) != wanted:
            cells = ops.image.resize(cells, wanted, interpolation="bilinear", antialias=True)
        cells = to_hsv(cells) if self.recipe.preprocessing.colour == "hsv" else cells
        return cells * (255 * self.recipe.preprocessing.scale)

    def _binary_loss(self, target: Tensor, answer: Tensor) -> Tensor:
        """Cross-entropy of each cell, shape (n,)."""
        target = ops.reshape(ops.cast(target, "float32"), (-1, 1))
        return ops.mean(ops.binary_crossentropy(target, answer, from_logits=self.recipe.output == "logit"), axis=-1)

    def compute_loss(
        self,
        x: Tensor = None,
        y: Tensor = None,
        y_pred: Tensor = None,
        sample_weight: Tensor = None,
        training: bool = True,
    ) -> Tensor:
        """Weighted cross-entropy with the labels, plus what teachers added."""
        if self.two_classes:
            each = self._binary_loss(y, y_pred)
        else:
            each = ops.sparse_categorical_crossentropy(ops.cast(y, "int32"), y_pred)
        weight = 1.0 if sample_weight is None else ops.cast(sample_weight, "float32")
        loss = ops.sum(each * weight) / (ops.sum(weight + 0 * each) + 1e-6)
        if training and self.losses:
            return LEARNING_SHARE * loss + sum(self.losses)
        return loss


def fit(
    recipe: Recipe,
    pixels: Pixels,
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
    folder: Path,
    *,
    outputs: int,
    seed: int,
    teachers: Callable[[], Sequence[keras.Model]] = tuple,
    tensorboard: bool = False,
    after: int = 0,
    report: Callable[[str], None] = print,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Train `recipe` on the cells at `train` and return the network with its best weights, and its history.

    `validation` holds the positions that decide when to stop, where the recipe has patience. `folder` keeps the state;
    when it holds that of a killed run, training goes on from there. `teachers` are called for only when there is
    training to do. `outputs` is 1 for two classes. So many trainings follow `after` this one, for the time left that
    is reported. One history row per epoch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    network = build_network(recipe, outputs)
    done = folder / "history.json"
    if done.exists():
        load_best(network, folder)
        return network, read_json(done)
    recipe.pretrained(network)
    trainee = Trainee(network, recipe, teachers(), seed)
    batch_size = min(recipe.batch_size, max(8, len(train) // FEWEST_STEPS))
    steps = max(1, len(train) // batch_size)
    trainee.compile(
        optimizer=_optimizer(recipe, steps),
        metrics=[_accuracy(outputs, recipe), *_area_under_curve(outputs, recipe)],
    )
    trainee(pixels.validated_on[:1])
    trainee.optimizer.build(trainee.trainable_variables)
    batches = Batches(pixels, train, batch_size, seed)
    watched = (pixels.validated_on[validation], pixels.targets[validation], pixels.weights[validation])
    keeper = Keeper(folder, batches.set_epoch, recipe.patience, after, report)
    keeper.set_model(trainee)
    trainee.fit(
        batches,
        epochs=recipe.epochs,
        initial_epoch=keeper.restore(),
        validation_data=None if recipe.patience is None else watched,
        validation_batch_size=512,
        callbacks=[keeper, *([keras.callbacks.TensorBoard(folder / "tensorboard")] if tensorboard else [])],
        shuffle=False,  # Keras would shuffle the batches by a state that a resumed run does not have
        verbose=0,
    )
    write_json(keeper.history, done)
    keeper.latest.unlink(missing_ok=True)
    load_best(network, folder)
    return network, keeper.history


def build_network(recipe: Recipe, outputs: int) -> keras.Model:
    """Return the untrained network of `recipe`; in bfloat16 where the recipe says so."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if recipe.mixed_precision else "float32")
    try:
        shape = (recipe.preprocessing.height, recipe.preprocessing.width, 3)
        return recipe.build(shape, outputs, recipe.output if outputs == 1 else "softmax")
    finally:
        keras.config.set_dtype_policy(policy)


def frozen_features(recipe: Recipe, serving: NDArray[np.uint8]) -> NDArray[np.float16]:
    """Return what the frozen layers of `recipe` make of uint8 cells (n, height, width, 3), shape (n, ...)."""
    network = build_network(recipe, 1)
    recipe.pretrained(network)
    trunk = keras.Model(network.input, network.get_layer(recipe.frozen).output)
    return _outputs(trunk, recipe, serving, np.float16)


def logits(network: keras.Model, recipe: Recipe, serving: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the answers for uint8 cells (n, height, width, 3): log-odds (n,), or probabilities (n, classes)."""
    return log_odds(_outputs(network, recipe, serving, np.float64), recipe)


def _outputs(network: keras.Model, recipe: Recipe, serving: NDArray[np.uint8], kind: type[Any]) -> NDArray[Any]:
    parts = []
    for start in range(0, len(serving), 512):
        batch = recipe.preprocessing.scale_values(serving[start : start + 512])
        parts.append(ops.convert_to_numpy(network(batch, training=False)).astype(kind))
    return np.concatenate(parts)


def log_odds(answer: NDArray[np.floating], recipe: Recipe) -> NDArray[np.float64]:
    """Bring outputs (n, outputs) to log-odds of the second of two classes (n,); those of more stay as they are."""
    exact = np.asarray(answer, np.float64)
    if exact.shape[1] > 1:
        return exact
    return exact[:, 0] if recipe.output == "logit" else np.asarray(logit(np.clip(exact[:, 0], 1e-7, 1 - 1e-7)))


def shorten(recipe: Recipe, epochs: int | None) -> Recipe:
    """Return the recipe with another number of epochs, if one is given."""
    return replace(recipe, epochs=epochs) if epochs else recipe


def _optimizer(recipe: Recipe, steps: int) -> keras.optimizers.Optimizer:
    rate: Any = recipe.learning_rate
    if recipe.schedule == "cosine":
        warmup = 2 * steps
        rate = keras.optimizers.schedules.CosineDecay(
            rate / 20, max(1, recipe.epochs * steps - warmup), warmup_target=rate, warmup_steps=warmup, alpha=0.001
        )
    elif recipe.schedule == "exponential":
        rate = keras.optimizers.schedules.ExponentialDecay(rate, decay_steps=steps, decay_rate=0.95)
    if recipe.weight_decay:
        return keras.optimizers.AdamW(rate, weight_decay=recipe.weight_decay)
    return keras.optimizers.Adam(rate)


def _accuracy(outputs: int, recipe: Recipe) -> keras.metrics.Metric:
    if outputs > 1:
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    return keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0 if recipe.output == "logit" else 0.5)


def _area_under_curve(outputs: int, recipe: Recipe) -> list[keras.metrics.Metric]:
    return [keras.metrics.AUC(name="auc", from_logits=recipe.output == "logit")] if outputs == 1 else []
