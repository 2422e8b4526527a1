"""The zoo: every network builds, has the size its source reports, and answers in the range it should."""

import numpy as np
import pytest

from malaria.errors import TrainingError
from malaria.training.architectures import RECIPES, find_recipe
from malaria.training.fitting import build_network
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
