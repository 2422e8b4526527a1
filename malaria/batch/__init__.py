"""A labelled set of images, answered by a model in the background and measured: at any threshold, beside another one.

Everything the batch page shows can be had from here without a page.
"""

from malaria.background import Progress
from malaria.batch.comparison import Comparison, compare
from malaria.batch.labelling import Labelling, Word, apply_corrections, find_label_columns
from malaria.batch.relabelled import Relabelled
from malaria.batch.report import report
from malaria.batch.scoring import Scoring
from malaria.batch.table import Batch, Reading

__all__ = [
    "Batch",
    "Comparison",
    "Labelling",
    "Progress",
    "Reading",
    "Relabelled",
    "Scoring",
    "Word",
    "apply_corrections",
    "compare",
    "find_label_columns",
    "report",
]
