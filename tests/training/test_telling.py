"""A run that ends says every figure, the worst ones too, and what speaks against its network."""

from typing import Any

import pytest

from malaria.model.provenance import Figures
from malaria.training.telling import tell

CLASSES = ("Uninfected", "Parasitized")
BLIND = Figures(
    n=13,
    accuracy=0.69,
    sensitivity=0.0,
    specificity=1.0,
    kappa=0.0,
    ece=0.27,
    confusion={"tp": 0, "fn": 4, "fp": 0, "tn": 9},  # type: ignore[arg-type]
    intervals={"sensitivity": (0.0, 0.49), "specificity": (0.7, 1.0)},
)
LEARNING = {"fold-0": [{"epoch": 1, "val_loss": 0.7}, {"epoch": 2, "val_loss": 0.6}]}
STUCK = [{"epoch": 1, "val_loss": 0.6}, {"epoch": 2, "val_loss": 0.7}]


def told(figures: Figures = BLIND, temperature: float = 1.2, **histories: list[dict[str, Any]]) -> list[str]:
    return tell({"as_given": figures}, figures.classes or CLASSES, temperature, histories or LEARNING).splitlines()


def test_a_sensitivity_of_nothing_is_told_with_its_interval() -> None:
    assert told()[0] == (
        "held out, as given: n 13, accuracy 0.6900, kappa 0.0000, sensitivity 0.0000 [0.0000, 0.4900], "
        "specificity 1.0000 [0.7000, 1.0000], AUC – (cannot be computed), calibration error 0.2700"
    )


def test_a_class_that_was_never_answered_is_named() -> None:
    assert told()[1:] == ["Not one of the 13 held-out cells was called Parasitized."]
    blind = BLIND.confusion.model_copy(update={"tp": 4, "fn": 0, "fp": 9, "tn": 0})  # type: ignore[union-attr]
    assert told(BLIND.model_copy(update={"confusion": blind}))[1:] == [
        "Not one of the 13 held-out cells was called Uninfected."
    ]


def test_of_many_classes_those_are_named_that_were_never_answered() -> None:
    names, matrix = ("red", "green", "blue"), ((3, 0, 0), (3, 0, 1), (2, 0, 4))
    lines = told(Figures(n=13, accuracy=0.5, answered=0.0, classes=names, confusion_matrix=matrix, intervals={}))
    assert "n 13, accuracy 0.5000, kappa – (cannot be computed), answered 0.0000, accuracy of these – (" in lines[0]
    assert lines[1:] == ["Not one of the 13 held-out cells was called green."]


@pytest.mark.parametrize(("temperature", "concerned"), [(19.9999, True), (20.0, True), (0.05, True), (12.0, False)])
def test_a_temperature_at_an_end_of_its_range_is_told(temperature: float, concerned: bool) -> None:
    assert any("not calibrated" in line for line in told(temperature=temperature)) == concerned


def test_a_validation_that_never_improved_is_told() -> None:
    lines = told(**LEARNING, **{"fold-1": STUCK, "final": STUCK}, **{"fold-2": STUCK[:1]})
    assert lines[-1] == "Validation never improved on the first epoch, whose network was kept: fold 2, final."
    assert not any("Validation" in line for line in told(**{"fold-0": [{"epoch": 1}, {"epoch": 2}]}))
