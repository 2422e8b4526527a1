"""Smear triage: from a whole microscope field to a ranked list for a human.

`segment` finds what is in a field, `segment_scan` does the same for a scan of any size, tile by tile.
"""

from malaria.smear.calibration import Calibration, calibrate
from malaria.smear.objects import KINDS, Box, Kind, Outline, SmearObject
from malaria.smear.quality import Concern, concerns
from malaria.smear.segment import segment
from malaria.smear.tiles import segment_scan

__all__ = [
    "KINDS",
    "Box",
    "Calibration",
    "Concern",
    "Kind",
    "Outline",
    "SmearObject",
    "calibrate",
    "concerns",
    "segment",
    "segment_scan",
]
