"""Which networks there are, how good and how dear, and what is inside."""

from malaria.ui.models.page import show
from malaria.ui.parts.frame import page

with page("Models", ":material/model_training:") as frame:
    show(frame)
