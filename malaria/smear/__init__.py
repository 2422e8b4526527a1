"""Smear triage: from a whole microscope field to a ranked list for a human.

`segment` finds what is in a field, and `segment_scan` in a scan of any size, tile by tile. `triage_field` judges one
field, `pool_fields` puts the fields of a sample together (`Sample` holds them in
memory, `FieldNames` names them), `Cells` finds what people said of them in the journal, and
`Result` is what it all comes to; `cells_csv` and `report_html` write it down.
"""

from malaria.smear.adapt import Head, check_head, fit_head, join_cells, kept_share, label_field, read_boxes
from malaria.smear.columns import COLUMNS, cells_csv
from malaria.smear.counts import Assumed, Count
from malaria.smear.decisions import Cell, Cells, SampleDecisions
from malaria.smear.field.calibration import Calibration, calibrate
from malaria.smear.field.leukocyte_types import LeukocyteType
from malaria.smear.field.objects import KINDS, Box, Kind, Outline, SmearObject
from malaria.smear.field.quality import Concern, concerns
from malaria.smear.field.segment import segment
from malaria.smear.field.tiles import segment_scan
from malaria.smear.field_names import Copy, FieldNames, NamedField
from malaria.smear.field_triage import SCAN_MAX_PIXELS, FieldTriage, triage_field
from malaria.smear.report import report_html
from malaria.smear.result import Result, cell_rates, head_rates
from malaria.smear.sample import Refused, Sample, decode_field, judge_field
from malaria.smear.session import TriageSession
from malaria.smear.triage import SuspectCell, Triage, pool_fields

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
    "FieldNames",
    "FieldTriage",
    "Head",
    "Kind",
    "LeukocyteType",
    "NamedField",
    "Outline",
    "Refused",
    "Result",
    "Sample",
    "SampleDecisions",
    "SmearObject",
    "SuspectCell",
    "Triage",
    "TriageSession",
    "calibrate",
    "cell_rates",
    "cells_csv",
    "check_head",
    "concerns",
    "decode_field",
    "fit_head",
    "head_rates",
    "join_cells",
    "judge_field",
    "kept_share",
    "label_field",
    "pool_fields",
    "read_boxes",
    "report_html",
    "segment",
    "segment_scan",
    "triage_field",
]
