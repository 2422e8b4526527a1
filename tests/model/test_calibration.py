"""A card calls its probability calibrated where its figures say so, and nowhere else."""

import json
from pathlib import Path
from typing import Any

import pytest

from malaria.model.calibration import say_calibration
from malaria.model.card import Card
from malaria.model.classifier import MODELS_DIR, list_models
from tests.models import card_of

BEFORE = Path(__file__).with_name("earlier") / "card.json"


def card(ece: float | None, **entries: Any) -> Card:
    said = card_of()
    said["metrics"]["as_given"] |= {"ece": ece}
    return Card.model_validate(said | entries)


@pytest.mark.parametrize(
    ("ece", "temperature", "begins"),
    [
        (0.001, 0.9, "Calibrated. Over 4 held-out cells, labels as given, the probability is on average 0.1 points"),
        (0.01, 1.0, "Calibrated. "),
        (
            0.0278,
            1.8,
            "Not calibrated. Over 4 held-out cells, labels as given, the probability is on average 2.8",
        ),
        (0.27, 20.0, "Not calibrated: the temperature is at an end of the range that was searched. Over 4 "),
        (0.005, 19.9999, "Not calibrated: the temperature is at an end"),
        (0.005, 0.05, "Not calibrated: the temperature is at an end"),
        (None, 1.0, "Not measured."),
    ],
)
def test_the_claim_follows_the_figures(ece: float | None, temperature: float, begins: str) -> None:
    assert say_calibration(card(ece, temperature=temperature)).startswith(begins)


def test_undisputed_labels_are_taken_where_there_are_any() -> None:
    said = card_of()
    said["metrics"] |= {"undisputed": said["metrics"]["as_given"] | {"n": 3, "ece": 0.002}}
    assert "Over 3 held-out cells, labels undisputed" in say_calibration(Card.model_validate(said))


def test_no_card_here_claims_what_its_figures_deny() -> None:
    said = {name: say_calibration(card) for name, card in list_models(MODELS_DIR).items() if isinstance(card, Card)}
    assert {name for name, words in said.items() if words.startswith("Calibrated.")} == {
        "cell-resnet", "mini-resnet", "seed-cnn-6",
    }  # fmt: skip
    assert said["seed-cnn-48"].startswith("Not calibrated. ")


@pytest.mark.parametrize(
    ("claimed", "read"),
    [
        (", so more likely than not.", "."),
        (", but 5 of the 9 cells were measured without.", ", but 5 of the 9 cells were measured without."),
    ],
)
def test_what_an_earlier_card_claimed_untested_is_not_repeated(claimed: str, read: str) -> None:
    old = json.loads(BEFORE.read_text(encoding="utf-8"))
    assert "calibrated" in old["threshold_chosen"]
    old["threshold_chosen"] = f"One half: p_parasitized is calibrated on held-out patients{claimed}"
    chosen = Card.model_validate(old).threshold_chosen
    assert chosen == f"One half. p_parasitized has a temperature fitted on held-out patients{read}"
