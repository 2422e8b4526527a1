"""One cell in, one honest answer out."""

from malaria.ui.cell import page as single_cell
from malaria.ui.parts.frame import page

with page("Single cell", ":material/search:") as frame:
    single_cell.draw_answers(single_cell.choose_cells(), frame)
