"""The leaderboard: the CSV as it is, models that it lacks from their cards, and a sentence for a broken file."""

from pathlib import Path

import numpy as np
import pytest

from malaria.errors import ModelError
from malaria.model import classifier as model
from malaria.model.card import Card
from malaria.model.leaderboard import COSTS, RATES, READINGS, find_measured_alike, ranks, read_leaderboard
from tests.models import card_of

CSV = (
    "name,about,parameters,macs,as_given_n,as_given_accuracy,as_given_accuracy_low,as_given_accuracy_high,"
    "undisputed_accuracy,note\n"
    "big,Large.,100,1000,50,0.90,0.80,0.95,0.99,\n"
    "small,Little.,10,100,50,0.93,0.85,0.97,0.95,fewer epochs\n"
    "none,Not trained.,,,,,,,,not measured\n"
)


def cards(*names: str) -> dict[str, Card]:
    return {name: Card.model_validate(card_of(name)) for name in names}


def test_the_csv_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text(CSV)
    table = read_leaderboard(cards("none"), tmp_path)
    assert table["name"].tolist() == ["big", "small", "none"]
    assert table["shipped"].tolist() == [False, False, True]
    assert table["as_given_accuracy"].tolist()[:2] == [0.9, 0.93]
    assert np.isnan(table["as_given_accuracy"][2])
    assert table["note"].tolist() == ["", "fewer epochs", "not measured"]
    wanted = {f"{reading}_{rate}{end}" for reading in READINGS for rate in RATES for end in ("", "_low", "_high")}
    assert wanted | set(COSTS) <= set(table.columns)


def test_ranks_change_with_the_reading(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text(CSV)
    found = ranks(read_leaderboard({}, tmp_path))
    assert found["as_given"].tolist()[:2] == [2, 1]
    assert found["undisputed"].tolist()[:2] == [1, 2]
    assert found["expert"].isna().all()


def test_a_model_that_is_not_in_the_csv_comes_from_its_card(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text(CSV)
    table = read_leaderboard(cards("small", "mine"), tmp_path).set_index("name")
    assert table.loc["mine", "as_given_accuracy"] == 1.0
    assert table.loc["mine", "as_given_accuracy_low"] == 0.51
    assert table.loc["mine", "note"] == "from its card"
    assert len(table) == 4


def test_a_card_that_its_row_contradicts_is_that_of_another_network(tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text(CSV)
    row = read_leaderboard(cards("big"), tmp_path).set_index("name").loc["big"]
    assert (row["as_given_accuracy"], row["note"]) == (1.0, "from its card")
    assert np.isnan(row["undisputed_accuracy"]), "a figure of the network that was here before"
    (tmp_path / "leaderboard.csv").write_text("name,as_given_accuracy,size_bytes,note\nbig,1.0,7,measured\n")
    row = read_leaderboard(cards("big"), tmp_path).set_index("name").loc["big"]
    assert (row["size_bytes"], row["note"]) == (7, "measured")


def card_on(name: str, accuracy: float = 0.9, **trained_on: object) -> Card:
    """A card measured on 100 cells of 9 patients, but for what is said."""
    usual = {"data": "x.zip", "cells": 100, "patients": 9, "split": "5 folds by patient", "fingerprint": "abc"}
    entries = card_of(name) | {"trained_on": usual | {"command": f"train --output {name} --seed 1"} | trained_on}
    entries["metrics"]["as_given"]["accuracy"] = accuracy
    return Card.model_validate(entries)


@pytest.mark.parametrize(
    "other",
    [
        {"split": "5 folds by image (flattering: cells of one patient are on both sides)", "patients": None},
        {"split": "2 folds by patient"},
        {"cells": 160},
        {"patients": 8},
        {"fingerprint": "def"},
        {"command": "train --output odd --seed 2"},
        {"command": "train --output odd"},
    ],
)
def test_what_is_measured_otherwise_has_no_rank(other: dict[str, object], tmp_path: Path) -> None:
    odd = card_on("odd", 0.99, **other)
    table = read_leaderboard({"odd": odd, "a": card_on("a", 0.8), "b": card_on("b")}, tmp_path)
    assert find_measured_alike(table).tolist() == [False, True, True]
    assert ranks(table)["as_given"].tolist()[1:] == [2, 1]
    assert np.isnan(ranks(table)["as_given"][0])


def test_splits_by_image_are_not_ranked_among_themselves_either(tmp_path: Path) -> None:
    table = read_leaderboard({name: card_on(name, split="4 folds by image") for name in "ab"}, tmp_path)
    assert not find_measured_alike(table).any()


def test_without_a_csv_the_cards_are_the_table(tmp_path: Path) -> None:
    assert read_leaderboard(cards("a", "b"), tmp_path)["name"].tolist() == ["a", "b"]
    assert read_leaderboard({}, tmp_path).empty


@pytest.mark.parametrize("text", ["", "model,accuracy\na,1\n", "name,macs\na,many\n", "name,macs\na,1\na,2\n", "\0\0"])
def test_a_broken_csv_is_a_sentence(text: str, tmp_path: Path) -> None:
    (tmp_path / "leaderboard.csv").write_text(text)
    with pytest.raises(ModelError, match=r"leaderboard\.csv cannot be read .* Write it again"):
        read_leaderboard({}, tmp_path)


def test_what_is_shipped_reads_and_every_model_is_on_it() -> None:
    usable = {name: entry for name, entry in model.list_models().items() if isinstance(entry, Card)}
    table = read_leaderboard(usable).set_index("name")
    assert set(usable) <= set(table.index)
    for name, card in usable.items():
        assert table.loc[name, "as_given_accuracy"] == pytest.approx(card.metrics["as_given"].accuracy, abs=1e-6)
    assert find_measured_alike(table).all()
    measured = table.dropna(subset=["as_given_accuracy"])
    assert (len(table), len(measured)) == (18, 14)
    assert set(table["note"][~table.index.isin(measured.index)]) == {"not measured: not trained yet"}
    assert (measured["as_given_accuracy_low"] <= measured["as_given_accuracy"]).all()
    assert (measured["as_given_accuracy"] <= measured["as_given_accuracy_high"]).all()
