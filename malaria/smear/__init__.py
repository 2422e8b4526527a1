"""Smear triage: from a whole microscope field to a ranked list for a human.

`segment` finds what is in a field, and `segment_scan` in a scan of any size, tile by tile. `triage_field` judges one
field, `pooled` puts the fields of a sample together, `Cells` finds what people said of them in the journal, and
`Result` is what it all comes to; `cells_csv` and `report_html` write it down.
"""

from malaria.smear.adapt import Head, adapts, fit_head, kept_share, label_field, read_boxes, together
from malaria.smear.field.calibration import Calibration, calibrate
from malaria.smear.field.leukocyte_types import LeukocyteType
from malaria.smear.field.objects import KINDS, Box, Kind, Outline, SmearObject
from malaria.smear.field.quality import Concern, concerns
from malaria.smear.field.segment import segment
from malaria.smear.field.tiles import segment_scan
from malaria.smear.readings import Cell, Cells, Readings
from malaria.smear.report import report_html
from malaria.smear.result import Assumed, Count, Result, cell_rates, cells_csv, head_rates
from malaria.smear.triage import COLUMNS, SCAN_MAX_PIXELS, Copy, FieldTriage, Suspect, Triage, pooled, triage_field

__all__ = [
    "COLUMNS",
    "KINDS",
    "SCAN_MAX_PIXELS",
    "Assumed",
    "Box",
    "Calibration",
    "Cell",
    "Cells",
    "Concern",
    "Copy",
    "Count",
    "FieldTriage",
    "Head",
    "Kind",
    "LeukocyteType",
    "Outline",
    "Readings",
    "Result",
    "SmearObject",
    "Suspect",
    "Triage",
    "adapts",
    "calibrate",
    "cell_rates",
    "cells_csv",
    "concerns",
    "fit_head",
    "head_rates",
    "kept_share",
    "label_field",
    "pooled",
    "read_boxes",
    "report_html",
    "segment",
    "segment_scan",
    "together",
    "triage_field",
]
