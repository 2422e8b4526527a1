"""A model's card says everything in types that can be relied on, or is refused in a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from malaria.errors import ModelError
from malaria.model.card import Card, read_card
from tests.models import card_of

FIGURES: dict[str, Any] = card_of()["metrics"]["as_given"]


def write(models: Path, card: object, name: str = "tiny") -> Path:
    folder = models / name
    folder.mkdir()
    (folder / "card.json").write_text(card if isinstance(card, str) else json.dumps(card))
    return folder


def test_a_card_comes_back_as_it_was_written(tmp_path: Path) -> None:
    card = read_card(write(tmp_path, card_of()))
    assert Card.model_validate_json(card.model_dump_json()) == card
    assert card.classes == ("Uninfected", "Parasitized")
    assert card.temperature == 1
    assert card.threshold == 0.5


def test_undisputed_figures_are_shown_before_those_as_given() -> None:
    both = card_of() | {"metrics": {"as_given": FIGURES, "undisputed": FIGURES | {"accuracy": 0.5}}}
    assert Card.model_validate(both).reading() == ("undisputed", both["metrics"]["undisputed"])
    assert Card.model_validate(both).reading("as_given")[1]["accuracy"] == 1
    assert Card.model_validate(card_of()).reading()[0] == "as_given"


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
