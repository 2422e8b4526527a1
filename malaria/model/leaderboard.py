"""The table of networks: read from `models/leaderboard.csv`, completed from the models' cards; which are alike."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from malaria import labels
from malaria.errors import ModelError
from malaria.model import classifier as model
from malaria.model.card import Card
from malaria.model.old_cards import read_seed, read_split
from malaria.model.provenance import Figures, Provenance

FILE: Final = "leaderboard.csv"
READINGS: Final = {
    "as_given": labels.READINGS["as_given"],
    "expert": labels.READINGS["re_read"],
    "undisputed": labels.READINGS["undisputed"],
}
"""Against which labels the networks of the table are measured, as columns begin and in words."""
RATES: Final = ("accuracy", "sensitivity", "specificity", "auc", "mcc", "kappa", "sensitivity_at_9995")
"""Each a column READING_RATE with its 95 % interval in READING_RATE_low and READING_RATE_high."""
COSTS: Final = {
    "macs": "multiply-accumulates for one cell",
    "parameters": "parameters",
    "size_bytes": "bytes of the served file",
    "relative_ms_1": "time for one cell, of the default's",
    "relative_ms_256": "time for 256 cells, of the default's",
}

_UNMEASURED: Final = Figures(n=0, accuracy=None, intervals={})
_IN_CARDS: Final = {"sensitivity_at_9995": "sensitivity_at_9995_specificity"}


def read_leaderboard(cards: Mapping[str, Card], folder: Path | None = None) -> pd.DataFrame:
    """Return one row a network: the rows of the CSV, and one for each of `cards` that is not among them.

    A row whose figures are no longer those of its card is that of another network of the same name: the card's row
    takes its place. Columns: name, about, shipped (bool), those of `COSTS`, for each reading READING_n and each rate
    with its limits, folds (in words), split_by (patient or image), seed, patients, cells, epochs (at most), note, date,
    command, fingerprint (of the cells). What is not known is NaN or "". Without a CSV the cards alone make the table.
    Raises `ModelError` for a CSV that cannot be read.
    """
    path = (model.MODELS_DIR if folder is None else folder) / FILE
    rows = _read(path).to_dict("records") if path.is_file() else []
    of_cards = {name: _from_card(one) for name, one in cards.items()}
    kept = [row for row in rows if row["name"] not in cards or not _contradicts(of_cards[row["name"]], row)]
    for row in kept:  # a table that was made before it had this column
        row["fingerprint"] = row.get("fingerprint") or of_cards.get(row["name"], {}).get("fingerprint", "")
    missing = [of_cards[name] for name in cards if name not in {row["name"] for row in kept}]
    table = pd.DataFrame([*kept, *missing])
    table = table.reindex(columns=[*_COLUMNS, *(column for column in table if column not in _COLUMNS)])
    text, numbers = list(_TEXT), list(_NUMBERS)
    table[text] = table[text].astype(object).where(table[text].notna(), "")
    table[numbers] = table[numbers].astype(np.float64)
    table["shipped"] = table["name"].isin(list(cards))
    return table


def flat_rates(metrics: Mapping[str, Figures]) -> dict[str, Any]:
    """Return the figures of a card or a run as columns of the table: READING_n, READING_RATE and its interval's ends.

    What is not among them is NaN.
    """
    flat: dict[str, Any] = {}
    for reading in READINGS:
        figures = metrics.get(reading) or _UNMEASURED
        flat[f"{reading}_n"] = figures.n if reading in metrics else np.nan
        for rate in RATES:
            name = _IN_CARDS.get(rate, rate)
            value, (low, high) = figures.rate(name), figures.interval(name) or (np.nan, np.nan)
            flat[f"{reading}_{rate}"] = np.nan if value is None else value
            flat |= {f"{reading}_{rate}_low": low, f"{reading}_{rate}_high": high}
    return flat


def ranks(table: pd.DataFrame, rate: str = "accuracy") -> pd.DataFrame:
    """Return each network's rank, 1 the best, in every reading (columns as `READINGS`).

    NaN where it is not measured, or not as the others are (`find_measured_alike`).
    """
    alike = find_measured_alike(table)
    columns = {
        reading: table[f"{reading}_{rate}"].where(alike).rank(ascending=False, method="min") for reading in READINGS
    }
    return pd.DataFrame(columns, index=table.index)


def find_measured_alike(table: pd.DataFrame) -> "pd.Series[bool]":
    """Return for each row whether it may stand beside the others: the same cells in the same folds, by patient.

    Where several sets of cells or folds are in the table, those of most rows count. Rows without figures may stay.
    """
    rows = table.to_dict("records")
    fair = [row for row in rows if _measured(row) and not by_image(row)]
    usual = max(fair, key=lambda row: sum(alike(row, other) for other in fair), default={})
    return pd.Series(
        [not _measured(row) or (not by_image(row) and alike(row, usual)) for row in rows], index=table.index, dtype=bool
    )


def alike(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Whether two rows are about the same cells with the same labels, split alike; what a row does not say may be."""
    prints = {_said(row.get("fingerprint")) for row in (one, other)} - {""}
    same = (_said(one.get(column)) == _said(other.get(column)) for column in _MEASURED_ON)
    return len(prints) < 2 and _said(one.get("seed")) == _said(other.get("seed")) and all(same)


def say_how_measured(row: Mapping[Any, Any]) -> str:
    """Return what `alike` compares, as a sentence needs it."""
    cells, patients, folds, undisputed = (_said(row.get(column)) for column in _MEASURED_ON)
    parts = [f"{cells or '?'} cells of {patients or '?'} patients"]
    parts += [f"{undisputed} of them undisputed"] if undisputed else []
    parts += [f"fingerprint {_said(row['fingerprint'])[:8]}"] if _said(row.get("fingerprint")) else []
    return ", ".join([*parts, folds or "folds not said", f"seed {_said(row.get('seed')) or '?'}"])


def by_image(row: Mapping[Any, Any]) -> bool:
    """Whether cells of one patient were on both sides of the split, which flatters."""
    return _said(row.get("split_by")) == "image"


_MEASURED_ON: Final = ("cells", "patients", "folds", "undisputed_n")


def _measured(row: Mapping[Any, Any]) -> bool:
    return any(_said(row.get(f"{reading}_accuracy")) for reading in READINGS)


def _said(value: Any) -> str:
    """A cell of the table as text: whole numbers alike whether they were read or counted, what is missing as ""."""
    if value is None or value != value:
        return ""
    return f"{value:.10g}" if isinstance(value, int | float) else str(value)


def _contradicts(of_card: Mapping[str, Any], row: Mapping[Any, Any]) -> bool:
    """Whether a row has figures that its card does not have."""
    rates = (name for name in flat_rates({}) if _said(row.get(name)))
    return any(not abs(float(row[name]) - of_card[name]) < 2e-6 for name in rates)  # also where the card has none


_TEXT: Final = ("name", "about", "folds", "note", "date", "command", "fingerprint", "split_by")
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
    "seed",
)
_COLUMNS: Final = ("name", "about", "shipped", *_NUMBERS, *_TEXT[2:])


def _read(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        if "name" not in table or table["name"].duplicated().any():
            raise ValueError("every row needs a name of its own")
        table = complete_old_table(table)
        numbers = [column for column in _NUMBERS if column in table]
        table[numbers] = table[numbers].replace("", np.nan).astype(np.float64)
    except (ValueError, OSError) as problem:
        said = " ".join(str(problem).split())
        raise ModelError(
            f"{path.name} cannot be read ({said}). Write it again: python -m malaria leaderboard --help"
        ) from None
    return table


def complete_old_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table as it came from its CSV with `split_by` and `seed`, which it had only in words at first."""
    for column, source in (("split_by", "folds"), ("seed", "command")):
        if column not in table and source in table:
            said = table[source].fillna("").astype(str)
            splits = (read_split(words) or {} for words in said)
            found = [split.get("by", "") for split in splits] if column == "split_by" else map(read_seed, said)
            table[column] = ["" if value is None else str(value) for value in found]
    return table


def describe_measurement(run: Provenance) -> dict[str, Any]:
    """Return what a card or a run says of its measurement, as columns of the table."""
    return {
        **{name: getattr(run, name) for name in ("patients", "cells", "epochs", "seed", "command", "fingerprint")},
        "folds": run.split.in_words if run.split else "",
        "split_by": run.split.by if run.split else "",
    }


def _from_card(card: Card) -> dict[str, Any]:
    return (
        flat_rates(card.metrics)
        | describe_measurement(card.trained_on)
        | {
            "name": card.name,
            "about": card.about,
            "parameters": card.parameters,
            "macs": card.macs,
            "date": card.date.isoformat(),
            "note": "from its card",
        }
    )
