"""The table of networks measured alike: read from `models/leaderboard.csv`, completed from the models' cards."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from malaria import model
from malaria.card import Card
from malaria.errors import ModelError

FILE: Final = "leaderboard.csv"
READINGS: Final = {"as_given": "as given", "expert": "expert", "undisputed": "undisputed"}
"""Against which labels a model is measured, as columns begin and in words."""
RATES: Final = ("accuracy", "sensitivity", "specificity", "auc", "mcc", "kappa", "sensitivity_at_9995")
"""Each a column READING_RATE with its 95 % interval in READING_RATE_low and READING_RATE_high."""
COSTS: Final = {
    "macs": "multiply-accumulates for one cell",
    "parameters": "parameters",
    "size_bytes": "bytes of the served file",
    "relative_ms_1": "time for one cell, of the default's",
    "relative_ms_256": "time for 256 cells, of the default's",
}

_IN_CARDS: Final = {"sensitivity_at_9995": "sensitivity_at_9995_specificity"}


def read_leaderboard(cards: Mapping[str, Card], folder: Path | None = None) -> pd.DataFrame:
    """Return one row a network: the rows of the CSV, and one for each of `cards` that is not among them.

    Columns: name, about, shipped (bool), those of `COSTS`, for each reading READING_n and each rate with its limits,
    folds, patients, cells, epochs, note, date, command. What is not known is NaN or "". Without a CSV the cards
    alone make the table. Raises `ModelError` for a CSV that cannot be read.
    """
    path = (model.MODELS_DIR if folder is None else folder) / FILE
    table = _read(path) if path.is_file() else pd.DataFrame({"name": pd.Series(dtype=str)})
    missing = [_from_card(card) for name, card in cards.items() if name not in set(table["name"])]
    table = pd.concat([table, pd.DataFrame(missing)], ignore_index=True) if missing else table
    table = table.reindex(columns=[*_COLUMNS, *(column for column in table if column not in _COLUMNS)])
    text = list(_TEXT)
    table[text] = table[text].astype(object).where(table[text].notna(), "")
    table["shipped"] = table["name"].isin(list(cards))
    return table


def flat_rates(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Return the figures of a card or a run as columns of the table: READING_n, READING_RATE and its interval's ends.

    What is not among them is NaN.
    """
    flat: dict[str, Any] = {}
    for reading in READINGS:
        figures = metrics.get(reading) or {"intervals": {}}
        flat[f"{reading}_n"] = figures.get("n", np.nan)
        for rate in RATES:
            name = _IN_CARDS.get(rate, rate)
            value, interval = figures.get(name), figures["intervals"].get(name)
            low, high = interval or (np.nan, np.nan)
            flat[f"{reading}_{rate}"] = np.nan if value is None else value
            flat |= {f"{reading}_{rate}_low": low, f"{reading}_{rate}_high": high}
    return flat


def ranks(table: pd.DataFrame, rate: str = "accuracy") -> pd.DataFrame:
    """Return each network's rank, 1 the best, in every reading (columns as `READINGS`); NaN if not measured."""
    columns = {reading: table[f"{reading}_{rate}"].rank(ascending=False, method="min") for reading in READINGS}
    return pd.DataFrame(columns, index=table.index)


_TEXT: Final = ("name", "about", "folds", "note", "date", "command")
_NUMBERS: Final = (
    *COSTS,
    *(
        f"{reading}_{rest}"
        for reading in READINGS
        for rest in ("n", *(f"{rate}{end}" for rate in RATES for end in ("", "_low", "_high")))
    ),
    "patients",
    "cells",
    "epochs",
)
_COLUMNS: Final = ("name", "about", "shipped", *_NUMBERS, "folds", "note", "date", "command")


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if "name" not in table or table["name"].duplicated().any():
            raise ValueError("every row needs a name of its own")
        numbers = [column for column in _NUMBERS if column in table]
        table[numbers] = table[numbers].replace("", np.nan).astype(np.float64)
    except (ValueError, OSError) as problem:
        said = " ".join(str(problem).split())
        raise ModelError(
            f"{path.name} cannot be read ({said}). Write it again: python -m malaria leaderboard --help"
        ) from None
    return table


def _from_card(card: Card) -> dict[str, Any]:
    return flat_rates(card.metrics) | {
        "name": card.name,
        "about": card.about,
        "parameters": card.parameters,
        "macs": card.macs,
        "folds": card.trained_on.get("split", ""),
        "date": card.date.isoformat(),
        "note": "from its card",
    }
