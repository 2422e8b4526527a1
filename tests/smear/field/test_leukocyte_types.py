"""Every leukocyte of a field gets its type, and without the network the triage works as before."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from malaria import phantom
from malaria.labels import PARASITIZED
from malaria.model import classifier as model
from malaria.model.card import read_card
from malaria.model.classifier import list_models, list_other_models
from malaria.smear import LeukocyteType, pool_fields, triage_field
from tests.models import network, write_model

NUCLEUS = (88, 50, 150)
TYPES = ("eosinophil", "lymphocyte")


def write_types(models: Path, steepness: float = 20.0, **card: object) -> Path:
    """A network that takes what is not red for a lymphocyte."""
    folder = write_model(models, "leukocyte-types", classes=TYPES, output="softmax", **card)
    reddish = network(classes=(PARASITIZED, "other"), output="softmax", steepness=steepness)
    (folder / "model.tflite").write_bytes(reddish)
    return folder


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of models that the triage looks into."""
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def leukocytes(draw, lone_cells):
    """A function that draws a field of twelve red cells and so many leukocytes below them."""

    def field(*colours: tuple[int, int, int]) -> np.ndarray:
        rgb = draw(lone_cells(4, 3, 60), height=640)
        for number, colour in enumerate(colours):
            rgb = draw([(100 + 160 * number, 500, 90)], on=rgb, colour=colour)
        return rgb

    return field


def test_each_leukocyte_has_a_type_and_nothing_else_has(models, leukocytes, classifier):
    write_types(models)
    field = triage_field(leukocytes(NUCLEUS, NUCLEUS), classifier, "a.png")
    assert field.count("leukocyte") == 2
    assert {field.outlines[place].kind for place in field.leukocyte_types} == {"leukocyte"}
    for found in field.leukocyte_types.values():
        assert found == LeukocyteType("lymphocyte", found.p)
        assert 0.9 < found.p <= 1
    table = pool_fields([field], classifier).table
    assert {"leukocyte_type", "p_leukocyte_type"} <= set(table.columns)
    is_leukocyte = table["kind"] == "leukocyte"
    assert (table["leukocyte_type"].notna() == is_leukocyte).all()
    assert (table["p_leukocyte_type"].notna() == is_leukocyte).all()


def test_types_are_counted_over_all_fields(models, leukocytes, classifier):
    write_types(models)
    fields = [triage_field(leukocytes(*[NUCLEUS] * count), classifier, f"{count}.png") for count in (1, 0, 3)]
    result = pool_fields(fields, classifier)
    assert result.leukocyte_counts == {"lymphocyte": 4}
    assert result.summary()["leukocyte_types"] == {"lymphocyte": 4}
    assert result.table["leukocyte_type"].value_counts().to_dict() == {"lymphocyte": 4}


@pytest.mark.parametrize(
    ("card", "name", "p"),
    [
        ({"threshold": 0.85}, "lymphocyte", 0.881),
        ({"threshold": 0.9}, "unsure", 0.881),
        ({"threshold": 0.85, "temperature": 2.0}, "unsure", 0.731),
    ],
    ids=["above the threshold", "below it", "below it at the card's temperature"],
)
def test_a_type_less_likely_than_the_threshold_of_the_card_is_unsure(models, leukocytes, classifier, card, name, p):
    write_types(models, steepness=4.0, **card)  # the black around is reddest, with log-odds of 2
    field = triage_field(leukocytes(NUCLEUS), classifier)
    assert list(field.leukocyte_types.values()) == [LeukocyteType(name, pytest.approx(p, abs=0.001))]


def test_a_leukocyte_of_another_stain_is_unsure_whatever_the_network_says(models, leukocytes, classifier):
    write_types(models)
    field = triage_field(leukocytes((130, 40, 120)), classifier)
    (found,) = field.leukocyte_types.values()
    assert found.name == "unsure"
    assert np.isnan(found.p)
    assert pool_fields([field], classifier).leukocyte_counts == {"unsure": 1}


def spoil_card(folder: Path) -> None:
    (folder / "card.json").write_text("{}")


def spoil_network(folder: Path) -> None:
    (folder / "model.tflite").write_bytes(b"garbage")


def answer_as_one(folder: Path) -> None:
    card = json.loads((folder / "card.json").read_text())
    (folder / "card.json").write_text(json.dumps(card | {"output": "sigmoid"}))
    (folder / "model.tflite").write_bytes(network(classes=TYPES))


@pytest.mark.parametrize("spoil", [spoil_card, spoil_network, answer_as_one])
def test_with_a_broken_network_the_rest_works_and_a_mended_one_is_used(models, leukocytes, classifier, spoil):
    rgb = leukocytes(NUCLEUS)
    spoil(write_types(models))
    field = triage_field(rgb, classifier)
    assert field.count("leukocyte") == 1
    assert field.leukocyte_types == {}
    result = pool_fields([field], classifier)
    assert result.red_cells == 12
    assert result.leukocyte_counts == {}
    assert result.table["leukocyte_type"].isna().all()
    (models / "leukocyte-types").rename(models / "broken")
    write_types(models)
    assert len(triage_field(rgb, classifier).leukocyte_types) == 1


# The network that is shipped

SHIPPED = model.MODELS_DIR / "leukocyte-types"


def test_the_shipped_network_is_small_and_no_model_for_cells():
    assert "leukocyte-types" in list_other_models()
    assert "leukocyte-types" not in list_models()
    assert sum(file.stat().st_size for file in SHIPPED.iterdir() if file.is_file()) < 1_000_000
    card = read_card(SHIPPED)
    assert card.classes == ("eosinophil", "lymphocyte", "monocyte", "neutrophil")
    assert all(name in card.intended_use for name in card.classes)
    assert "these classes only" in card.limits


def test_its_figures_are_those_of_its_held_out_answers():
    card = read_card(SHIPPED)
    table = pd.read_csv(SHIPPED / "held_out.csv.gz")
    assert table["file"].is_unique
    p = table[[f"p_{name}" for name in card.classes]].to_numpy()
    right = np.asarray(card.classes)[p.argmax(axis=1)] == table["label"]
    figures = card.metrics["as_given"]
    assert len(table) == figures.n == card.trained_on.cells
    assert right.mean() == pytest.approx(figures.accuracy)
    assert figures.accuracy > 0.83
    assert figures.kappa > 0.7
    sure = p.max(axis=1) >= card.threshold
    assert right[sure].mean() > 0.94
    assert sure.mean() > 0.65


def test_it_names_the_leukocytes_of_a_synthetic_field(classifier):
    drawn = phantom.field(seed=2, cells=40, leukocytes=3, platelets=0, artefacts=0)
    field = triage_field(drawn.rgb, classifier, drawn.file)
    assert len(field.leukocyte_types) == field.count("leukocyte") == 3
    known = {*read_card(SHIPPED).classes, "unsure"}
    assert {found.name for found in field.leukocyte_types.values()} <= known
    assert all(found.name == "unsure" or 0.8 <= found.p <= 1 for found in field.leukocyte_types.values())
