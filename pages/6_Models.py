"""Which networks there are, how good and how dear, and what is inside."""

from malaria.ui.frame import page
from malaria.ui.models_page import show

with page("Models", ":material/model_training:") as frame:
    show(frame)
