"""How good a reader is, beside the network: ten cells as a dare, then a real test."""

from malaria.ui.parts.frame import page
from malaria.ui.readers import page as readers_page

with page("Reader test", ":material/visibility:") as frame:
    readers_page.show(frame)
