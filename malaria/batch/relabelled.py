"""What relabelling comes to: one model's answers measured by the given labels, and by those of one annotator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import pandas as pd

from malaria.batch.table import Batch
from malaria.cells import evaluate_cells
from malaria.labels import CLASSES
from malaria.metrics import Evaluation


@dataclass(frozen=True)
class Looked:
    """How many of `n` cells were answered."""

    answered: int
    n: int


@dataclass(frozen=True, eq=False)
class Relabelled:
    """The figures `before`, by the given labels, and `after`, by the annotator's where there is one.

    `changed` counts the labels that are now the other class, `lost` the cells that now have none, for the annotator
    could not tell or found them not usable: they are not in `after`. Who looks only at the cells where model and given
    label disagree favours the model; `disagreeing` and `agreeing` say how many of each were answered.
    """

    before: Evaluation
    after: Evaluation
    changed: int
    lost: int
    disagreeing: Looked
    agreeing: Looked

    @classmethod
    def measure(cls, batch: Batch, answers: Mapping[str, str]) -> Self | None:
        """Measure `batch`, by its labels as given, anew after `answers` (image_id to one of `malaria.review.ANSWERS`).

        None where no answer changes a label.
        """
        table, given = batch.table, batch.table["given_label"]
        counts = given.isin(CLASSES) & table["p_parasitized"].notna()
        answer = table["image_id"].map(answers)
        answered = answer.notna() & counts
        changed, lost = answered & answer.isin(CLASSES) & (answer != given), answered & ~answer.isin(CLASSES)
        if not (changed | lost).any():
            return None
        corrected = given.mask(changed, answer).mask(lost, pd.Series(None, given.index, dtype=object))
        after = evaluate_cells(table.assign(given_label=corrected), batch.threshold, model=batch.model)
        agrees = given == table["label"]
        disagreeing, agreeing = (
            Looked(int((answered & group).sum()), int((counts & group).sum())) for group in (~agrees, agrees)
        )
        return cls(batch.evaluation, after, int(changed.sum()), int(lost.sum()), disagreeing, agreeing)
