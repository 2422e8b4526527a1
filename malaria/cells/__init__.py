"""The table of cells: one pandas DataFrame shape for the whole app, and how labels come into it and rows out of it."""

from malaria.cells._copies import Once, count_once
from malaria.cells._csvtext import (
    find_files,
    for_spreadsheets,
    format_csv,
    format_row,
    neutralise,
    read_number,
    read_table,
    restore,
)
from malaria.cells._labels import (
    FolderLabels,
    Labels,
    Match,
    Meaning,
    Question,
    join_labels,
    labels_from_folders,
    match,
    read_labels,
    say_no_match,
)
from malaria.cells._table import COLUMNS, evaluate_cells, read_cells, to_csv

__all__ = [
    "COLUMNS",
    "FolderLabels",
    "Labels",
    "Match",
    "Meaning",
    "Once",
    "Question",
    "count_once",
    "evaluate_cells",
    "find_files",
    "for_spreadsheets",
    "format_csv",
    "format_row",
    "join_labels",
    "labels_from_folders",
    "match",
    "neutralise",
    "read_cells",
    "read_labels",
    "read_number",
    "read_table",
    "restore",
    "say_no_match",
    "to_csv",
]
