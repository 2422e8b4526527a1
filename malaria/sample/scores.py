"""Scores of cells that a model had not seen, with their labels in up to three readings, and the rates they give."""

import secrets
from typing import Final

import pandas as pd

from malaria.labels import PARASITIZED
from malaria.sample.scored_cells import OperatingPoint, ScoredCells

READINGS: Final = ("undisputed", "expert", "as_given")
"""Whose labels the model's rates are measured by, the usual one first."""

_SECOND_LABELS: Final = ("expert_label", "corrected_label", "label")


class Scores:
    """Cells with patients, labels and p_parasitized of a model that had not seen them; what is measured is kept.

    `table` has the columns patient, given_label, p_parasitized and, where the labels were read again, expert_label.
    `caution` says so where the model has learned from these cells after all, so that its rates flatter it.
    """

    def __init__(self, name: str, table: pd.DataFrame, caution: str = "") -> None:
        self.name, self.caution, self.token = name, caution, secrets.token_hex(8)
        usable = table["p_parasitized"].notna() & table["given_label"].notna()
        self.table = table[usable].assign(patient=table["patient"].fillna("unknown").astype(str))
        self.left_out = int((~usable).sum())
        self.second = next((column for column in _SECOND_LABELS if column in table), None)
        """The column of the labels that were read again, if there is one."""
        self._second = self.table[self.second].fillna(self.table["given_label"]) if self.second else None
        self._cells: dict[str, ScoredCells] = {}
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

    def cells(self, reading: str) -> ScoredCells:
        """Return the cells as one reading of their labels has them. Raises SampleError when one class is missing."""
        if reading not in self._cells:
            table, labels = self.table, self.table["given_label"]
            if reading != "as_given" and self._second is not None:
                labels = self._second
            if reading == "undisputed":
                agreed = labels == table["given_label"]
                table, labels = table[agreed], labels[agreed]
            self._cells[reading] = ScoredCells(
                table["p_parasitized"].to_numpy(), (labels == PARASITIZED).to_numpy(), table["patient"].to_numpy()
            )
        return self._cells[reading]

    def at(self, reading: str, threshold: float) -> OperatingPoint:
        """Return the rates measured at `threshold`."""
        key = (reading, threshold)
        if key not in self._points:
            self._points[key] = self.cells(reading).at(threshold)
        return self._points[key]

    def curve(self, reading: str) -> list[OperatingPoint]:
        """Return the rates measured at some thirty thresholds."""
        if reading not in self._curves:
            self._curves[reading] = self.cells(reading).curve()
        return self._curves[reading]
