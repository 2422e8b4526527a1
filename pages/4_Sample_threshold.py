"""From rates of cells to a rule for a patient's sample."""

from malaria.ui import sample_page
from malaria.ui.frame import page

with page("Sample threshold", ":material/rule:") as frame:
    sample_page.show(frame)
