"""Where the cell rates come from: held-out scores of the shipped model, or cells that another page brought."""

import logging
import secrets
from pathlib import Path
from typing import Final

import pandas as pd
import streamlit as st

from malaria import model
from malaria.card import Card
from malaria.labels import PARASITIZED
from malaria.sample import HeldOut, MeasuredRate, OperatingPoint, ThresholdChoice, threshold_choices
from malaria.ui.sample.inputs import READINGS

FILES: Final = ("held_out.csv.gz", "held_out.csv")
"""In a model's folder: held-out cells with their labels and the answer of a network that had not seen the patient."""

_log = logging.getLogger(__name__)
_BROUGHT: Final = "sample.brought"
_SECOND_LABELS: Final = ("expert_label", "corrected_label", "label")


class Scores:
    """Cells with patients, labels and p_parasitized of a model that had not seen them; what is measured is kept.

    `table` has the columns patient, given_label, p_parasitized and, where the labels were read again, expert_label.
    """

    def __init__(self, name: str, table: pd.DataFrame) -> None:
        self.name, self.token = name, secrets.token_hex(8)
        usable = table["p_parasitized"].notna() & table["given_label"].notna()
        self.table = table[usable].assign(patient=table["patient"].fillna("unknown").astype(str))
        self.left_out = int((~usable).sum())
        second = next((column for column in _SECOND_LABELS if column in table), None)
        self._second = self.table[second].fillna(self.table["given_label"]) if second else None
        self._held_out: dict[str, HeldOut] = {}
        self._points: dict[tuple[str, float], OperatingPoint] = {}
        self._curves: dict[str, list[OperatingPoint]] = {}

    @property
    def readings(self) -> tuple[str, ...]:
        """The readings that the labels allow, the usual one first."""
        disputed = self._second is not None and bool((self._second != self.table["given_label"]).any())
        return READINGS if disputed else ("as_given",)

    @property
    def infected_patients(self) -> list[str]:
        """Patients with a cell that was given as parasitized: a single re-read cell makes nobody a patient."""
        return sorted(self.table["patient"][self.table["given_label"] == PARASITIZED].unique())

    def held_out(self, reading: str) -> HeldOut:
        """Return the cells as one reading of their labels has them. Raises SampleError when one class is missing."""
        if reading not in self._held_out:
            table, labels = self.table, self.table["given_label"]
            if reading != "as_given" and self._second is not None:
                labels = self._second
            if reading == "undisputed":
                agreed = labels == table["given_label"]
                table, labels = table[agreed], labels[agreed]
            self._held_out[reading] = HeldOut(
                table["p_parasitized"].to_numpy(), (labels == PARASITIZED).to_numpy(), table["patient"].to_numpy()
            )
        return self._held_out[reading]

    def at(self, reading: str, threshold: float) -> OperatingPoint:
        """Return the rates measured at `threshold`."""
        key = (reading, threshold)
        if key not in self._points:
            self._points[key] = self.held_out(reading).at(threshold)
        return self._points[key]

    def curve(self, reading: str) -> list[OperatingPoint]:
        """Return the rates measured at some thirty thresholds."""
        if reading not in self._curves:
            self._curves[reading] = self.held_out(reading).curve()
        return self._curves[reading]


def held_out_scores(model_name: str) -> Scores | None:
    """Return the held-out scores that came with a model, or None where it has none that can be used."""
    for name in FILES:
        path = model.MODELS_DIR / model_name / name
        try:
            if path.is_file():
                return _read(path, path.stat().st_mtime_ns, model_name)
        except (OSError, EOFError, KeyError, ValueError):  # cut short, other columns, no cells of one class
            _log.exception("The held-out scores in %s cannot be used", path)
    return None


@st.cache_resource(max_entries=4, show_spinner="Reading the held-out scores …")
def _read(path: Path, changed: int, model_name: str) -> Scores:
    """Read once for all sessions; `changed` is there so that a replaced file is read anew."""
    scores = Scores(f"the held-out patients of {model_name}", pd.read_csv(path))
    scores.held_out(scores.readings[0])
    return scores


@st.cache_resource(max_entries=64, show_spinner="Trying every threshold …")
def choices(
    _scores: Scores, token: str, reading: str, cells: int, target_sensitivity: float, target_specificity: float
) -> list[ThresholdChoice]:
    """Return the rule at every threshold of `_scores`, which their `token` stands for in the cache."""
    return threshold_choices(
        _scores.curve(reading), cells, target_sensitivity=target_sensitivity, target_specificity=target_specificity
    )


def from_card(card: Card) -> OperatingPoint:
    """Return the rates that a model's card states, where the scores themselves are not there."""
    _, figures = card.reading()
    confusion = figures["confusion"]
    return OperatingPoint(
        card.threshold,
        MeasuredRate(confusion["tp"], confusion["tp"] + confusion["fn"]),
        MeasuredRate(confusion["fp"], confusion["fp"] + confusion["tn"]),
        0.0,
    )


def bring(table: pd.DataFrame, name: str) -> None:
    """Make the page start from these cells, until `forget`. Columns as of `Scores`; raises SampleError if unusable."""
    scores = Scores(name, table)
    scores.held_out(scores.readings[0])
    st.session_state[_BROUGHT] = scores


def brought() -> Scores | None:
    """Return the cells that were brought in this session."""
    found: Scores | None = st.session_state.get(_BROUGHT)
    return found


def forget() -> None:
    """Go back to the model's own scores."""
    st.session_state.pop(_BROUGHT, None)
