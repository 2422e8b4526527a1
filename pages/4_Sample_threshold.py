"""From rates of cells to a rule for a patient's sample."""

from malaria.ui.parts.frame import page
from malaria.ui.sample import page as sample_page

with page("Sample threshold", ":material/rule:") as frame:
    sample_page.show(frame)
