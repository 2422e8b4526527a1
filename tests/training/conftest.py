"""Small labelled sets of synthetic cells for training."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from malaria.phantom import batch_zip


@pytest.fixture(scope="session")
def cells_zip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of 96 synthetic cells of 8 patients in the official layout."""
    path = tmp_path_factory.mktemp("cells") / "cells.zip"
    path.write_bytes(batch_zip(96, seed=3, patients=8))
    return path


@pytest.fixture(scope="session")
def vgg16_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in the format of Keras' VGG16 weights, of random ones."""
    import keras

    path = tmp_path_factory.mktemp("weights") / "vgg16.weights.h5"
    keras.applications.VGG16(include_top=False, weights=None).save_weights(path)
    return path
