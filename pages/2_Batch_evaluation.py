"""A labelled set in, how good the model is on it out."""

from malaria.ui.batch import page as batch_page
from malaria.ui.parts.frame import page

with page("Batch evaluation", ":material/grid_view:") as frame:
    batch_page.show(frame)
