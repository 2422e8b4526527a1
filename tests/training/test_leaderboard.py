"""The table of networks: what is measured, what is not and why, and what an earlier table knew."""

from pathlib import Path

import pandas as pd
import pytest

from malaria.model import MODELS_DIR
from malaria.training.leaderboard import leaderboard

SHIPPED = [MODELS_DIR / "mini-resnet"]


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return leaderboard(SHIPPED, MODELS_DIR / "mini-resnet", {"mlp-1": "no time"}, report=lambda line: None)


def test_a_row_says_what_a_network_costs_and_how_good_it_is(table: pd.DataFrame) -> None:
    row = table.set_index("name").loc["mini-resnet"]
    assert row["shipped"]
    assert row["size_bytes"] == (SHIPPED[0] / "model.tflite").stat().st_size
    for reading in ("as_given", "expert", "undisputed"):
        assert row[f"{reading}_accuracy_low"] < row[f"{reading}_accuracy"] < row[f"{reading}_accuracy_high"]


def test_a_network_without_a_run_says_why(table: pd.DataFrame) -> None:
    row = table.set_index("name").loc["mlp-1"]
    assert row["note"] == "not measured: no time"
    assert pd.isna(row["expert_accuracy"])


def test_a_network_without_a_run_keeps_what_was_measured_before(tmp_path: Path) -> None:
    earlier = pd.read_csv(MODELS_DIR / "leaderboard.csv")
    table = leaderboard(SHIPPED, SHIPPED[0], {"mlp-1": "no time"}, lambda line: None, earlier)
    table.to_csv(tmp_path / "table.csv", index=False)
    kept = pd.read_csv(tmp_path / "table.csv").set_index("name").loc["mlp-1"]
    before = earlier.set_index("name").loc["mlp-1"]
    assert kept["expert_accuracy"] == before["expert_accuracy"]
    assert kept["command"] == before["command"]
