"""The field on view, its outlines drawn: whole, or at full resolution around the chosen suspect. A click chooses."""

import base64
from typing import Any, Final

import cv2
import numpy as np
import streamlit as st

from malaria.images import RGB
from malaria.smear import Box, FieldTriage
from malaria.ui.charts import probability
from malaria.ui.frame import ROOT
from malaria.ui.smear.bench import Bench, Cell
from malaria.ui.smear.desk import Desk
from malaria.ui.smear.drawing import SURE, Mark, drawn, window_around
from malaria.ui.smear.words import SIGNS

WHOLE: Final = "Whole field"
ZOOM: Final = "smear.zoom"
_NEAR: Final = "8 cells wide"
_VIEWS: Final = {WHOLE: 0, _NEAR: 8, "4 cells wide": 4}
_FIELD: Final = "smear.field"
_PICKED: Final = "smear-field"
_SIDE: Final = 1280  # of the picture in pixels, so that it is sharp on a phone held close

_folder = ROOT / "malaria/ui/smear"
_field = st.components.v2.component(
    "smear_field",
    html='<figure class="smear-field"><img alt=""><div class="places"></div></figure>',
    css=(_folder / "field.css").read_text(),
    js=(_folder / "field.js").read_text(),
)


def view(desk: Desk, bench: Bench) -> None:
    """Draw the field on view with what stands around it."""
    _choose_field(bench)
    st.session_state.setdefault(ZOOM, WHOLE)  # a button of the list may have set it
    zoom = st.segmented_control("View", _VIEWS, required=True, key=ZOOM, label_visibility="collapsed")
    about = bench.fields[bench.field]
    window, picture = _picture(desk, bench, about, _VIEWS[zoom or WHOLE])
    scale = picture.shape[1] / window.width
    marks = _marks(bench, about)
    image = cv2.imencode(".jpg", drawn(picture, window, marks.values(), scale)[..., ::-1])[1].tobytes()
    suspects = [cell for cell in bench.suspects if cell.field == bench.field and cell.box.shared_area(window)]
    _field(
        key=_PICKED,
        data={
            "picture": "data:image/jpeg;base64," + base64.b64encode(image).decode(),
            "alt": f"The field {bench.field} with {len(suspects)} suspects outlined",
            "places": [_place(cell, window, chosen=cell is bench.chosen) for cell in suspects],
            "token": bench.token,
        },
        on_picked_change=lambda: _pick(bench, window),
    )
    st.caption(
        f"□ p at least {SURE:g} · ◇ a suspect below that, numbered where there is room · thin blue: red cells not "
        "suspected · double violet: leukocytes · grey: platelets and dirt. After its number a suspect has + confirmed, "
        "- rejected, ? unsure, x no cell. **Click a suspect to choose it, any other cell to judge it too, or bare "
        "ground to add a missed cell.**"
    )


def look_closer() -> None:
    """Leave the whole field for what is chosen."""
    if st.session_state.get(ZOOM, WHOLE) == WHOLE:
        st.session_state[ZOOM] = _NEAR


def surroundings(desk: Desk, bench: Bench, cell: Cell) -> RGB:
    """The cell as it lies in its field, nothing drawn on it, two diameters wide."""
    about = bench.fields[cell.field]
    side = max(2 * about.diameter, 1.4 * max(cell.box.width, cell.box.height))
    return _cut(desk.rgb(cell.field), window_around(cell.box, about.width, about.height, side, square=True))


def _choose_field(bench: Bench) -> None:
    if len(bench.fields) < 2:
        return

    def change() -> None:
        bench.field = st.session_state[_FIELD]
        st.session_state[ZOOM] = WHOLE

    st.session_state[_FIELD] = bench.field
    st.selectbox("Field", list(bench.fields), key=_FIELD, on_change=change, label_visibility="collapsed")


def _picture(desk: Desk, bench: Bench, about: FieldTriage, cells: int) -> tuple[Box, RGB]:
    """The window on view and its picture. A scan is not decoded for the whole of it: the triage kept that small."""
    if not cells or bench.chosen is None or bench.chosen.field != about.field:
        overview = cv2.imdecode(np.frombuffer(about.overview, np.uint8), cv2.IMREAD_COLOR_RGB)
        return Box(0, 0, about.width, about.height), np.asarray(overview, np.uint8)
    window = window_around(bench.chosen.box, about.width, about.height, cells * about.diameter)
    part = _cut(desk.rgb(about.field), window)
    scale = _SIDE / max(part.shape[:2])
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return window, np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=shrink), np.uint8)


def _marks(bench: Bench, about: FieldTriage) -> dict[str, Mark]:
    """What to draw: every object, suspects and whatever was judged or chosen with a number or a sign."""
    answers = bench.answers
    tagged = {cell.image_id for cell in bench.suspects} | set(answers)
    marks = {str(at): Mark(item.box, item.contour, item.kind) for at, item in enumerate(about.outlines)}
    cells = [*bench.red_cells.values(), *bench.added, *([bench.chosen] if bench.chosen else [])]
    for cell in cells:
        if cell.field != about.field or not (cell.image_id in tagged or cell is bench.chosen):
            continue
        sign = SIGNS.get(answers.get(cell.image_id, ""), "")
        tag = f"{cell.rank or 'new'}{sign}"
        sure = cell.p_parasitized is None or cell.p_parasitized >= SURE
        shape = "square" if sure else "diamond"
        marks[cell.image_id] = Mark(cell.box, None, shape, tag, cell is bench.chosen)
    return marks


def _place(cell: Cell, window: Box, *, chosen: bool) -> dict[str, Any]:
    x, y, width, height = cell.box
    return {
        "left": (x - window.x) / window.width,
        "top": (y - window.y) / window.height,
        "width": width / window.width,
        "height": height / window.height,
        "name": f"Suspect {cell.rank}, p {probability(cell.p_parasitized or 0)}",
        "chosen": str(chosen).lower(),
    }


def _pick(bench: Bench, window: Box) -> None:
    """Choose what lies where the picture was clicked."""
    picked = st.session_state[_PICKED].picked
    if picked and picked["token"] == bench.token:
        x, y = (min(max(float(picked[side]), 0.0), 1.0) for side in "xy")
        bench.choose(bench.at(bench.field, window.x + x * window.width, window.y + y * window.height))


def _cut(rgb: RGB, window: Box) -> RGB:
    return rgb[window.y : window.y + window.height, window.x : window.x + window.width]
