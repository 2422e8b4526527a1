"""A labelled set of images that one model has answered: measured at any threshold, in any reading of its labels."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from malaria.cells import evaluate_cells
from malaria.labels import CLASSES, PARASITIZED, READINGS, UNINFECTED
from malaria.metrics import Evaluation, Readings
from malaria.model.card import Card


class Reading(StrEnum):
    """Which labels are taken for true."""

    AS_GIVEN = READINGS["as_given"]
    RE_READ = READINGS["re_read"]
    UNDISPUTED = READINGS["undisputed"]


@dataclass(frozen=True, eq=False)
class Batch:
    """A labelled set of images, one model's answers to it, and a way to see its images again.

    `table` is the table of cells: file, patient, p_parasitized, label (the answer at `threshold`), error, image_id and
    given_label; where labels were corrected also corrected_label, None where a cell's given label stands. `read`
    returns the bytes of one of its files, and raises ImageError or SourceError. `total` counts the images of the
    source called `name`, without its `copies`: more than the table has when scoring was stopped. Believe the figures
    only for cells that the model was not trained on: `caution` says so where it was, and goes wherever the figures go.
    """

    name: str
    table: pd.DataFrame
    card: Card
    threshold: float
    read: Callable[[str], bytes]
    total: int
    synthetic: bool = False
    copies: int = 0
    caution: str = ""
    reading: Reading = Reading.AS_GIVEN
    _measured: Evaluation | None = field(default=None, repr=False)

    @property
    def model(self) -> str:
        """The name of the model that answered."""
        return self.card.name

    @cached_property
    def evaluation(self) -> Evaluation:
        """Everything that is measured, as `python -m malaria evaluate` has it."""
        return self._measured or evaluate_cells(self.table, self.threshold, model=self.model)

    def at(self, threshold: float) -> Self:
        """The same answers at another threshold, 0 to 1."""
        if threshold == self.threshold:
            return self
        p = self.table["p_parasitized"].to_numpy(np.float64)
        answers = np.where(p >= threshold, *CLASSES).astype(object)
        answers[np.isnan(p)] = None
        table = self.table.assign(label=pd.Series(answers, self.table.index, dtype=object))
        return replace(self, threshold=threshold, table=table, _measured=self.evaluation.at(threshold))

    def read_as(self, reading: Reading) -> Self:
        """The same answers against other labels. Undisputed cells are those whose two labels agree."""
        table, disputed = self.table, self.disputed
        if reading == Reading.RE_READ:
            table = table.assign(given_label=table["given_label"].mask(disputed, table.get("corrected_label")))
        elif reading == Reading.UNDISPUTED:
            table = table[~disputed]
        return replace(self, table=table, reading=reading, _measured=None)

    @property
    def disputed(self) -> "pd.Series[bool]":
        """Which cells have a corrected label that differs from the given one."""
        given = self.table["given_label"]
        if "corrected_label" not in self.table:
            return pd.Series(False, index=given.index)
        correction = self.table["corrected_label"]
        return given.notna() & correction.notna() & (given != correction)

    def readings(self, corrected: Self, undisputed: Self) -> Readings:
        """The three readings side by side; self is the one as given."""
        changed = self.table.loc[self.disputed, "corrected_label"]
        return Readings(
            "corrected",
            self.evaluation,
            corrected.evaluation,
            undisputed.evaluation,
            to_parasitized=int((changed == PARASITIZED).sum()),
            to_uninfected=int((changed == UNINFECTED).sum()),
        )

    def cells(self, true_label: str, predicted: str) -> pd.DataFrame:
        """The rows behind one count of the confusion matrix, p_parasitized furthest from the label first.

        Of mistakes these are the most confident ones; of right answers the least sure.
        """
        rows = self.table[(self.table["given_label"] == true_label) & (self.table["label"] == predicted)]
        return rows.sort_values("p_parasitized", ascending=true_label == PARASITIZED, kind="stable")

    @property
    def errors(self) -> pd.DataFrame:
        """The rows of all mistakes, most confident first."""
        rows = pd.concat([self.cells(PARASITIZED, UNINFECTED), self.cells(UNINFECTED, PARASITIZED)])
        distance = (rows["p_parasitized"] - (rows["given_label"] == PARASITIZED)).abs()
        return rows.loc[distance.sort_values(ascending=False, kind="stable").index]

    @property
    def unreadable(self) -> pd.DataFrame:
        """The rows of images that could not be read."""
        return self.table[self.table["error"].notna()]

    @property
    def unlabelled(self) -> pd.DataFrame:
        """The rows of readable images without a label."""
        return self.table[self.table["error"].isna() & self.table["given_label"].isna()]
