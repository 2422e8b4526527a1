"""The frame's models: shared by all sessions, and never those of a folder that was replaced meanwhile."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st

from malaria.model import classifier as model
from malaria.ui.parts.frame import Frame, list_usable_models
from tests.models import network, write_model

RED = np.full((20, 20, 3), (255, 0, 0), np.uint8)


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    yield
    st.cache_resource.clear()


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path)
    write_model(tmp_path)
    return tmp_path


def answer() -> float:
    return float(Frame("tiny", list_usable_models()).classifier.predict([RED])[0])


def test_a_model_is_loaded_once_for_all_sessions(models: Path) -> None:
    assert Frame("tiny", list_usable_models()).classifier is Frame("tiny", list_usable_models()).classifier


def test_a_replaced_network_of_the_same_version_and_size_is_loaded_anew(models: Path) -> None:
    assert answer() > 0.99
    (models / "tiny" / "model.tflite").write_bytes(network(steepness=-20))
    assert answer() < 0.01


def test_a_replaced_folder_is_another_card_and_another_network_at_once(models: Path, tmp_path: Path) -> None:
    assert answer() > 0.99
    other = write_model(tmp_path / "elsewhere", threshold=0.7, temperature=100.0)
    shutil.rmtree(models / "tiny")
    shutil.copytree(other, models / "tiny")  # keeps the times of the files
    frame = Frame("tiny", list_usable_models())
    assert (frame.threshold, frame.classifier.card.threshold) == (0.7, 0.7)
    assert answer() < 0.6


def test_folders_that_come_and_go_are_noticed_at_once(models: Path) -> None:
    assert set(list_usable_models()) == {"tiny"}
    write_model(models, "new")
    assert set(list_usable_models()) == {"tiny", "new"}
    shutil.rmtree(models / "tiny")
    assert set(list_usable_models()) == {"new"}
