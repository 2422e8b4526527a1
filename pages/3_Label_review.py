"""Suspected label errors, one by one, for an expert's eye."""

from malaria.ui.parts.frame import page
from malaria.ui.review import page as review_page

with page("Label review", ":material/fact_check:") as frame:
    review_page.show(frame)
