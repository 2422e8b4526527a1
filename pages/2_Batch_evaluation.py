"""A labelled set in, how good the model is on it out."""

from malaria.ui import batch_page
from malaria.ui.frame import page

with page("Batch evaluation", ":material/grid_view:") as frame:
    batch_page.show(frame)
