"""A model's card says everything in types that can be relied on, or is refused in a sentence."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from malaria.errors import ModelError
from malaria.model import classifier as model
from malaria.model.card import Card, read_card
from malaria.model.leaderboard import read_leaderboard
from malaria.model.provenance import Split
from tests.models import card_of, network, write_model

BEFORE = Path(__file__).with_name("earlier") / "card.json"
"""A shipped card as it was when the split was prose."""
FIGURES: dict[str, Any] = card_of()["metrics"]["as_given"]


def write(models: Path, card: object, name: str = "tiny") -> Path:
    folder = models / name
    folder.mkdir()
    (folder / "card.json").write_text(card if isinstance(card, str) else json.dumps(card))
    return folder


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, card_of()))
    (tmp_path / "again").mkdir()
    assert read_card(write(tmp_path / "again", card.model_dump_json())) == card
    assert card.classes == ("Uninfected", "Parasitized")
    assert card.temperature == 1
    assert card.threshold == 0.5


def test_undisputed_figures_are_shown_before_those_as_given() -> None:
    both = card_of() | {"metrics": {"as_given": FIGURES, "undisputed": FIGURES | {"accuracy": 0.5}}}
    name, figures = Card.model_validate(both).reading()
    assert (name, figures.accuracy) == ("undisputed", 0.5)
    assert Card.model_validate(both).reading("as_given")[1].accuracy == 1
    assert Card.model_validate(card_of()).reading()[0] == "as_given"


def test_a_folder_made_before_splits_were_data_still_answers(tmp_path: Path) -> None:
    old = json.loads(BEFORE.read_text(encoding="utf-8"))
    assert old["trained_on"]["split"] == "5 folds by patient"
    small = {"preprocessing": {"height": 16, "width": 16}, "output": "sigmoid", "temperature": 1.0}
    (write(tmp_path, old | small, "cell-resnet") / "model.tflite").write_bytes(network())
    classifier = model.load("cell-resnet", tmp_path)
    assert classifier.predict([np.full((20, 20, 3), (255, 0, 0), np.uint8)])[0] > 0.99
    card = classifier.card
    assert (card.trained_on.split, card.trained_on.seed) == (Split(by="patient", folds=5), 1)
    assert not card.trained_on.by_image
    assert card.trained_on.shipped_network == "trained once more on all patients"
    assert card.metrics["undisputed"].interval("accuracy") == (0.994678, 0.996413)
    assert card.metrics["as_given"].patients is not None
    assert card.metrics["as_given"].patients.n == 170
    again = json.loads(card.model_dump_json())
    assert again["metrics"] == old["metrics"], "nothing that was measured is lost"
    kept = old["trained_on"].keys() - {"split", "shipped_network"}
    assert {name: again["trained_on"][name] for name in kept} == {name: old["trained_on"][name] for name in kept}


@pytest.mark.parametrize(
    ("words", "split"),
    [
        ("3 folds by patient", {"by": "patient", "folds": 3}),
        ("4 folds by image (flattering: cells of one patient are on both sides)", {"by": "image", "folds": 4}),
        ("one hold-out of 2 of 8 patients, by patient", {"by": "patient", "folds": 0, "held_out": 2, "of": 8}),
        ("one hold-out of 5 of 9 images, by image (flattering)", {"by": "image", "folds": 0, "held_out": 5, "of": 9}),
        ("as usual", None),
        ("", None),
    ],
)
def test_what_older_cards_say_of_their_split_is_read(words: str, split: dict[str, Any] | None) -> None:
    run = Card.model_validate(card_of() | {"trained_on": {"split": words, "command": "train --seed -3"}}).trained_on
    assert run.split == (split and Split.model_validate(split))
    assert run.seed == -3, "older leaderboards had it in the command alone"
    if run.split and not words.endswith("(flattering)"):
        assert run.split.in_words == words


def test_a_copied_folder_is_a_model_of_its_own_name(tmp_path: Path) -> None:
    shutil.copytree(write_model(tmp_path, "tiny", trained_on={"cells": 7}), tmp_path / "Second run (2)")
    found = {name: card for name, card in model.list_models(tmp_path).items() if isinstance(card, Card)}
    assert {name: (card.name, card.trained_as) for name, card in found.items()} == {
        "Second run (2)": ("Second run (2)", "tiny"),
        "tiny": ("tiny", "tiny"),
    }
    assert "trained_as" not in found["tiny"].model_dump_json()
    assert set(read_leaderboard(found, tmp_path)["name"]) == set(found)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"name": "../../etc"}, "name"),
        ({"name": "Cell ResNet"}, "name"),
        ({"version": 1}, "version"),
        ({"classes": ["Parasitized"]}, "classes"),
        ({"classes": ["Parasitized", "Parasitized"]}, "two classes have one name"),
        ({"classes": ["a", "b", "c"]}, "tells two classes apart"),
        ({"output": "tanh"}, "output"),
        ({"temperature": 0}, "temperature"),
        ({"temperature": -1}, "temperature"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": "half"}, "threshold"),
        ({"parameters": -5}, "parameters"),
        ({"date": "yesterday"}, "date"),
        ({"preprocessing": {"height": 10**9}}, "preprocessing.height"),
        ({"preprocessing": "none"}, "preprocessing"),
        ({"trained_on": []}, "trained_on"),
        ({"metrics": {}}, "as_given"),
        ({"metrics": {"as_given": 0.99}}, "metrics"),
        ({"metrics": {"as_given": FIGURES | {"n": "many"}}}, "metrics"),
        ({"metrics": {"as_given": FIGURES | {"intervals": {"accuracy": [1]}}}}, "metrics"),
        ({"metrics": {"as_given": FIGURES | {"patients": {"n": 3}}}}, "metrics"),
        ({"command": "rm -rf /"}, "command"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else "",
)
def test_a_wrong_entry_is_refused_and_named(tmp_path: Path, wrong: dict[str, object], place: str) -> None:
    with pytest.raises(ModelError, match=place) as refusal:
        read_card(write(tmp_path, card_of() | wrong))
    assert str(refusal.value).startswith("tiny: card.json is not a valid card")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("entry", sorted(set(card_of()) - {"trained_on"}))
def test_a_missing_entry_is_refused_and_named(tmp_path: Path, entry: str) -> None:
    card = card_of()
    del card[entry]
    with pytest.raises(ModelError, match=entry):
        read_card(write(tmp_path, card))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"card"', "[" * 100_000, "\0\0\0\0", '{"name": NaN}'])
def test_what_is_no_card_at_all_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(ModelError, match=r"tiny: card\.json is not a valid card"):
        read_card(write(tmp_path, text))


def test_numbers_without_end_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="temperature"):
        read_card(write(tmp_path, json.dumps(card_of()).replace('"tiny"', '"tiny", "temperature": 1e999', 1)))
