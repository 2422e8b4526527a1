"""Which labels are most likely wrong: the ranking, and the answers it may rest on."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from malaria.errors import ModelError
from malaria.labels import CLASSES, PARASITIZED
from malaria.model.held_out import HeldOut, stem
from malaria.wording.words import count

SUSPECTS_COLUMNS: Final = ("rank", "file", "patient", "given_label", "p_parasitized", "suspicion")
"""What `python -m malaria suspects` writes, in this order."""

Floats: TypeAlias = NDArray[np.float64]


def suspicion(p_parasitized: ArrayLike, given_labels: ArrayLike) -> Floats:
    """Return how likely each given label is wrong, by the model: 1 - p(given label), float64 (n,), 0 to 1.

    `p_parasitized` (n,), 0 to 1, `given_labels` (n,), class names. To be believed only for out-of-sample answers: a
    network that was trained on a cell repeats its label (Northcutt et al., J. Artif. Intell. Res. 70 (2021) 1373).

    Measured on the NIH cells against an expert's re-reading, what else was tried did not help: the rate of each
    patient's given labels as a prior lowers the average precision, and centring each patient's answers changes the
    third decimal only. More and better networks do help.
    """
    p = np.asarray(p_parasitized, np.float64)
    return np.where(np.asarray(given_labels, object) == PARASITIZED, 1 - p, p)


def rank(table: pd.DataFrame) -> pd.DataFrame:
    """Return the labelled, readable cells of a table of cells, the most suspect label first.

    `rank` (from 1) and `suspicion` (0 to 1) come in front, all other columns stay; equal suspicion keeps the table's
    order. Rows without p_parasitized or without a given label that is a class are left out.
    """
    used = table[table["p_parasitized"].notna() & table["given_label"].isin(CLASSES)]
    doubt = suspicion(used["p_parasitized"].to_numpy(np.float64), used["given_label"].to_numpy(object))
    order = np.argsort(-doubt, kind="stable")
    ranked = used.iloc[order].reset_index(drop=True)
    ranked.insert(0, "rank", np.arange(1, len(ranked) + 1))
    ranked["suspicion"] = doubt[order]
    first = [column for column in SUSPECTS_COLUMNS if column in ranked]
    return ranked[first + [column for column in ranked if column not in first]]


@dataclass(frozen=True)
class Basis:
    """How many answers of a ranking are out of sample, and why.

    `held_out` answers come from networks that had not seen the patient, `new` ones from the model itself, about
    patients it was not trained on. The model learned from `seen` cells for which there is no held-out answer, and from
    other cells of the patients of `known_patient` cells. `unknown` is the reason why the model does not say what it
    learned from, None where it does.
    """

    model: str
    held_out: int = 0
    new: int = 0
    known_patient: int = 0
    seen: int = 0
    unknown: str | None = None

    @property
    def sentence(self) -> str:
        """How the ranking was made, in one sentence."""
        if self.held_out == 0:
            by = f"the model {self.model}"
        elif self.new + self.known_patient + self.seen == 0:
            by = f"networks like {self.model} that had not seen the cell's patient"
        else:
            by = (
                f"networks like {self.model} that had not seen the cell's patient ({count(self.held_out, 'cell')}) or, "
                f"for the other {self.new + self.known_patient + self.seen:,}, {self.model} itself"
            )
        return f"Ranked by how unlikely the given label is, according to {by}. The least likely come first."

    @property
    def warning(self) -> str | None:
        """What speaks against believing the ranking; None where nothing does."""
        if self.unknown:
            return (
                f"{self.unknown} The model {self.model} does not say which cells it was trained on. If it was trained "
                "on these, it repeats their labels, errors included, and this ranking means little."
            )
        if self.seen:
            return (
                f"The model {self.model} was trained on {self.seen:,} of these cells and there is no held-out answer "
                "for them: it repeats their labels, errors included. Do not trust their place in the ranking."
            )
        if self.known_patient:
            return (
                f"The model {self.model} was trained on other cells from the same patients as {self.known_patient:,} "
                "of these cells, so it may share the errors in their labels."
            )
        return None


def out_of_sample(table: pd.DataFrame, held_out: HeldOut | ModelError, model: str) -> tuple[pd.DataFrame, Basis]:
    """Return a table of cells whose answers are out of sample as far as can be, and what they rest on.

    A cell that `held_out` knows, by image_id or by the stem of its file, gets the answer from there in place of the
    model's own. Rows without an answer stay as they are, and are not counted. Where there is only the reason why the
    held-out answers are not known, the answers stay the model's own.
    """
    answered = table["p_parasitized"].notna()
    if isinstance(held_out, ModelError):
        return table, Basis(model, new=int(answered.sum()), unknown=str(held_out))
    counts: Counter[str] = Counter()
    answers = table["p_parasitized"].to_numpy(np.float64, na_value=np.nan, copy=True)
    columns = (table[name].tolist() for name in ("file", "image_id", "patient"))
    for at, (file, image_id, patient) in enumerate(zip(*columns, strict=True)):
        if np.isnan(answers[at]):
            continue
        known = image_id in held_out.by_id or stem(file) in held_out.by_stem
        answer = held_out.by_id.get(image_id, held_out.by_stem.get(stem(file)))
        if answer is not None:
            answers[at] = answer
            counts["held_out"] += 1
        elif known:
            counts["seen"] += 1
        else:
            counts["known_patient" if patient in held_out.known_patients else "new"] += 1
    basis = Basis(model, counts["held_out"], counts["new"], counts["known_patient"], counts["seen"])
    return table.assign(p_parasitized=answers), basis
