"""Smear triage: from a whole microscope field to a ranked list for a human.

`segment` finds what is in a field, and `segment_scan` in a scan of any size, tile by tile. `triage_field` judges one
field, `pooled` puts the fields of a sample together, `cells_csv` and `report_html` write the result down.
"""

from malaria.smear.adapt import Head, fit_head, kept_share
from malaria.smear.calibration import Calibration, calibrate
from malaria.smear.labelled import label_field, read_boxes, together
from malaria.smear.objects import KINDS, Box, Kind, Outline, SmearObject
from malaria.smear.quality import Concern, concerns
from malaria.smear.report import Decision, cells_csv, report_html
from malaria.smear.segment import segment
from malaria.smear.tiles import segment_scan
from malaria.smear.triage import COLUMNS, SCAN_MAX_PIXELS, FieldTriage, Suspect, Triage, pooled, triage_field

__all__ = [
    "COLUMNS",
    "KINDS",
    "SCAN_MAX_PIXELS",
    "Box",
    "Calibration",
    "Concern",
    "Decision",
    "FieldTriage",
    "Head",
    "Kind",
    "Outline",
    "SmearObject",
    "Suspect",
    "Triage",
    "calibrate",
    "cells_csv",
    "concerns",
    "fit_head",
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
