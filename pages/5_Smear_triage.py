"""Whole microscope fields of a thin smear, down to a ranked list of suspects for a human."""

from malaria.ui.parts.frame import page
from malaria.ui.smear import page as smear_page

with page("Smear triage", ":material/biotech:") as frame:
    smear_page.show(frame)
