"""Whole microscope fields of a thin smear, down to a ranked list of suspects for a human."""

from malaria.ui import smear_page
from malaria.ui.frame import page

with page("Smear triage", ":material/biotech:") as frame:
    smear_page.show(frame)
