"""What is in a set of cells, and what is wrong with it."""

from malaria.ui.dataset.page import show
from malaria.ui.parts.frame import page

with page("Dataset", ":material/dataset:") as frame:
    show(frame)
