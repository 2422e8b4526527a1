"""The zoo: every network builds, has the size its source reports, and answers in the range it should."""

import numpy as np
import pytest

from malaria.errors import TrainingError
from malaria.training.architectures import RECIPES, find_recipe
from malaria.training.augmentation import Augmentation
from malaria.training.fitting import Trainee, build_network
from malaria.training.jitter import Jitter
from malaria.training.networks import count_macs, mini_resnet


@pytest.mark.parametrize("name", RECIPES)
def test_every_network_answers(name: str) -> None:
    recipe = RECIPES[name]
    network = build_network(recipe, 1)
    side = recipe.preprocessing.height
    answer = np.asarray(network(np.random.default_rng(0).random((2, side, side, 3), np.float32)))
    assert answer.shape == (2, 1)
    assert answer.dtype == np.float32
    assert recipe.output == "logit" or (answer > 0).all() & (answer < 1).all()


def test_ours_stays_small() -> None:
    network = build_network(RECIPES["cell-resnet"], 1)
    assert network.count_params() <= 250_000
    assert count_macs(network) <= 12_000_000


def test_the_sources_best_has_the_parameters_it_reports() -> None:
    assert build_network(RECIPES["seed-cnn-6"], 1).count_params() == 71_905


def list_layers(name: str) -> list[tuple[object, ...]]:
    """The layers of a network in order, each with what its source says of it; what normalises is only named."""
    told = {
        "Conv2D": lambda one: (one.filters, one.kernel_size, one.padding, one.activation.__name__),
        "LeakyReLU": lambda one: (one.negative_slope,),
        "MaxPooling2D": lambda one: (one.pool_size,),
        "Dense": lambda one: (one.units, one.activation.__name__),
    }
    network = build_network(RECIPES[name], 1)
    assert network.input_shape == (None, 64, 64, 3)
    kinds = ((type(one).__name__, one) for one in network.layers[1:])
    return [(kind, *told[kind](one)) if kind in told else (kind,) for kind, one in kinds]


def conv(filters: int) -> tuple[object, ...]:
    return ("Conv2D", filters, (3, 3), "same", "linear")


def test_the_layers_of_seed_cnn_3_are_its_sources_in_their_order() -> None:
    assert RECIPES["seed-cnn-3"].preprocessing.colour == "hsv"
    assert list_layers("seed-cnn-3") == [
        conv(18),
        ("LeakyReLU", 0.25),
        ("BatchNormalization",),
        conv(16),
        ("LeakyReLU", 0.20),
        ("BatchNormalization",),
        conv(12),
        ("LeakyReLU", 0.15),
        ("MaxPooling2D", (2, 2)),
        conv(8),
        ("LeakyReLU", 0.10),
        ("Flatten",),
        ("Dense", 32, "sigmoid"),
        ("BatchNormalization",),
        ("Dense", 18, "sigmoid"),
        ("Dense", 1, "sigmoid"),
    ]


def test_seed_cnn_4_is_jittered_as_its_source_says_and_its_variant_less() -> None:
    source, mild = RECIPES["seed-cnn-4"], RECIPES["seed-cnn-4-mild"]
    assert (source.jitter, source.augmentation, source.learning_rate) == (0.2, Augmentation.none(), 0.0002)
    assert isinstance(Trainee(build_network(source, 1), source).augment, Jitter)
    assert list_layers("seed-cnn-4") == list_layers("seed-cnn-4-mild")
    assert (mild.jitter, mild.augmentation.hue, mild.augmentation.brightness) == (0, 0.1, 0.1)


def test_the_variant_of_seed_cnn_3_normalises_before_the_activations() -> None:
    kinds = [kind for kind, *_ in list_layers("seed-cnn-3-norm-first")]
    assert kinds[:6] == ["Conv2D", "BatchNormalization", "LeakyReLU"] * 2


def test_the_hue_is_all_that_hue_only_sees() -> None:
    network = build_network(RECIPES["hue-only"], 1)
    cells = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    answer = np.asarray(network(cells))
    np.testing.assert_array_equal(np.asarray(network(cells * np.float32([1, 0, 0]))), answer)
    assert np.abs(np.asarray(network(cells * np.float32([0, 1, 1]))) - answer).max() > 0


def test_more_classes_end_in_a_softmax() -> None:
    answer = np.asarray(build_network(RECIPES["cell-resnet"], 5)(np.zeros((3, 64, 64, 3), np.float32)))
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-5)


def test_multiply_accumulates_are_those_of_a_hand_count() -> None:
    network = build_network(RECIPES["mlp-1"], 1)
    assert count_macs(network) == 28 * 28 * 3 * 128 + 128


def test_blocks_and_channels_of_the_residual_network_can_be_chosen() -> None:
    small, large = (mini_resnet(*size)((32, 32, 3), 1, "sigmoid").count_params() for size in ((2, 8), (6, 16)))
    assert small < large


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(TrainingError, match=r"no architecture named 'alexnet'.*cell-resnet"):
        find_recipe("alexnet")


def test_missing_imagenet_weights_are_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = RECIPES["seed-vgg16"]
    monkeypatch.setenv("MALARIA_VGG16_WEIGHTS", "/nowhere/weights.h5")
    with pytest.raises(TrainingError, match="is not a file"):
        recipe.pretrained(build_network(recipe, 1))
