"""Synthetic cells and fields, drawn from numbers alone: the demo's examples and the tests' images.

Nothing here comes from a photograph, and everything says so: every file name carries the word SYNTHETIC. A phantom
shows that a program works and what a page looks like; it never says how good a model is on real cells.
"""

from malaria.phantom.cells import Phantom, batch, batch_zip, cell, examples
from malaria.phantom.fields import Field, FieldObject, field
from malaria.phantom.forms import ARTEFACTS, FORMS, HARD_FORMS
from malaria.phantom.stain import Slide

__all__ = [
    "ARTEFACTS",
    "FORMS",
    "HARD_FORMS",
    "Field",
    "FieldObject",
    "Phantom",
    "Slide",
    "batch",
    "batch_zip",
    "cell",
    "examples",
    "field",
]
