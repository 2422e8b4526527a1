"""Home: what this is, how good it is, and the way to each page."""

from malaria.ui.home import page as home
from malaria.ui.parts.frame import page

with page("Malaria cells", ":material/home:") as frame:
    home.show(frame)
