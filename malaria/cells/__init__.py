"""The table of cells: one pandas DataFrame shape for the whole app, and how labels come into it and rows out of it."""

from malaria.cells._labels import FolderLabels, Labels, Match, Question, labels_from_folders, match, read_labels
from malaria.cells._table import COLUMNS, evaluate_cells, read_cells, to_csv

__all__ = [
    "COLUMNS",
    "FolderLabels",
    "Labels",
    "Match",
    "Question",
    "evaluate_cells",
    "labels_from_folders",
    "match",
    "read_cells",
    "read_labels",
    "to_csv",
]
