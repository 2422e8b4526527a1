"""Suspected label errors, one by one, for an expert's eye."""

from malaria.ui import review_page
from malaria.ui.frame import page

with page("Label review", ":material/fact_check:") as frame:
    review_page.show(frame)
