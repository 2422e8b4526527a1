"""The field on view, its outlines drawn: whole, or a part of it at full resolution. A click chooses."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.review import UNUSABLE
from malaria.smear import Box, Cell, FieldTriage
from malaria.smear.drawing import draw_outlines, window_around
from malaria.smear.sample import Sample
from malaria.smear.session import TriageSession
from malaria.ui.parts.answer_keys import SIGNS
from malaria.ui.parts.marked_field import SURE, Mark, draw_field, encode_picture
from malaria.ui.parts.mirrored import read_control, set_control
from malaria.ui.parts.text import literal
from malaria.wording.numbers import interval
from malaria.wording.words import count, probability

WHOLE: Final = "Whole field"
ZOOM: Final = "smear.zoom"
_NEAR: Final = "8 cells"
_VIEWS: Final = {WHOLE: 0, _NEAR: 8, "4 cells": 4}
_FIELD: Final = "smear.field"
_PICKED: Final = "smear-field"
_SIDE: Final = 1280  # of the picture in pixels, so that it is sharp on a phone held close
_USUAL: Final = 80  # pixels across a cell under the 100x lens, for a field where none was found to be measured
_MOVES: Final = {"Left": (-1, 0), "Up": (0, -1), "Down": (0, 1), "Right": (1, 0)}
_FAR: Final = 2 / 3  # of the part in view: a cell that its edge cuts is whole after the next move

_LEGEND: Final = f"""
- **full line** a suspect, p at least {SURE:g}
- **dashed line** a suspect below that
- **thick green** the cell on view
- **B3** a cell of field B: its number stays, whatever is found later
- **+ - ? x** after a number: confirmed, rejected, unsure, no cell
- **thin blue** red cells that are not suspects
- **double violet** leukocytes
- **grey** platelets and dirt
- **double teal** the edge of the view through an eyepiece

Without a mouse: press Tab to reach the field, move the cross with the arrow keys, and press Enter to choose
what is under it.
"""


def view(sample: Sample, session: TriageSession) -> None:
    """Draw the field on view with what stands around it."""
    _choose_field(sample, session)
    about = session.cells.fields[session.field]
    with st.container():  # there without a concern too, so that what follows keeps its place, and stays open
        for concern in about.concerns:
            st.warning(literal(concern.sentence), icon=":material/warning:")
    st.session_state.setdefault(ZOOM, WHOLE)  # a button of the list may have set it
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        zoom = st.segmented_control("View", _VIEWS, required=True, key=ZOOM, label_visibility="collapsed")
        with st.popover("Marks", icon=":material/info:"):
            st.markdown(_LEGEND)
    cells = _VIEWS[zoom or WHOLE]
    window = _window(session, about, cells)
    picture = _picture(sample, about, window)
    seen = [cell for cell in session.listed if cell.field == session.field and cell.box.shared_area(window)]
    told = f"{_in_view(window, about) if cells else ''} {_leukocytes(about)}".strip()
    tagged = _tagged(session, about)
    draw_field(
        _PICKED,
        encode_picture(draw_outlines(picture, window, _outlines(about, tagged), picture.shape[1] / window.width)),
        f"The field {session.field} with {count(len(seen), _what(session))} outlined. {told}".strip(),
        window,
        [_mark(session, cell) for cell in tagged if cell.box.shared_area(window)],
        _hideable(about, tagged, window),
        [_place(session, cell, window) for cell in seen],
        _token(session, window),
        lambda: _pick(session, window),
    )
    _moves(session, about, cells, window)
    st.caption(
        f"{told} Click a suspect to choose it, any other cell to judge it, or an empty spot to add a missed cell."
    )
    if st.button("Leave this field out", icon=":material/block:", help="Nothing in it counts until you put it back."):
        sample.leave_out([session.field], session.annotator)
        st.rerun()


def choose_closely(session: TriageSession, cell: Cell) -> None:
    """Put a cell on view, and leave the whole field for it."""
    session.choose(cell)
    if st.session_state.get(ZOOM, WHOLE) == WHOLE:
        st.session_state[ZOOM] = _NEAR


def surroundings(sample: Sample, session: TriageSession, cell: Cell) -> RGB:
    """The cell as it lies in its field, nothing drawn on it, two diameters wide."""
    return sample.cut(cell.field, cell.box, _width(session, cell))


def is_at_hand(sample: Sample, session: TriageSession, cell: Cell) -> bool:
    """Whether its surroundings can be shown without decoding a field."""
    return sample.is_at_hand(cell.field, cell.box, _width(session, cell))


def _width(session: TriageSession, cell: Cell) -> float:
    return max(2 * session.cells.fields[cell.field].diameter, 1.4 * max(cell.box.width, cell.box.height))


def _choose_field(sample: Sample, session: TriageSession) -> None:
    """Of a sample of several, from the first on: what comes in later must not push the card away."""
    fields = session.cells.fields
    if len(sample.files) < 2:
        return

    def change() -> None:
        session.field = read_control(_FIELD)
        st.session_state[ZOOM] = WHOLE

    def named(name: str) -> str:
        n = sum(cell.field == name for cell in session.chosen_cells)
        told = [session.triage.letters[name], name, count(n, _what(session)), *(["⚠"] if fields[name].concerns else [])]
        return " · ".join(told)

    key = set_control(_FIELD, session.field)
    st.selectbox("Field", list(fields), format_func=named, key=key, on_change=change, label_visibility="collapsed")


def _leukocytes(about: FieldTriage) -> str:
    """How many leukocytes the field holds, by type where that is known."""
    found = Counter(one.name for one in about.leukocyte_types.values())
    n = about.count("leukocyte")
    listed = (
        f": {', '.join(f'{name} {number}' for name, number in found.most_common())}, for research use" if found else ""
    )
    return f"{count(n, 'leukocyte')}{listed}." if n else ""


def _window(session: TriageSession, about: FieldTriage, cells: int) -> Box:
    """What of the field is in view: so many cells across, or with 0 the whole."""
    if not cells:
        return Box(0, 0, about.width, about.height)
    return window_around(session.look, about.width, about.height, cells * (about.diameter or _USUAL))


def _picture(sample: Sample, about: FieldTriage, window: Box) -> RGB:
    """The pixels in view. A scan is not decoded for the whole of it: the triage kept that small."""
    if window == (0, 0, about.width, about.height):
        return about.picture
    part = sample.rgb(about.field)[window.y : window.y + window.height, window.x : window.x + window.width]
    scale = _SIDE / max(part.shape[:2])
    shrink = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=shrink), np.uint8)


def _moves(session: TriageSession, about: FieldTriage, cells: int, window: Box) -> None:
    """Buttons that look elsewhere in the field at the same resolution; what is chosen stays chosen."""
    ends = {
        "Left": window.x == 0,
        "Up": window.y == 0,
        "Down": window.y + window.height == about.height,
        "Right": window.x + window.width == about.width,
    }
    with st.container(horizontal=True, gap="small", key="smear-moves"):
        if cells:
            for words, end in ends.items():
                st.button(
                    words, key=f"smear-{words}", disabled=end, on_click=_move, args=(session, about, cells, words)
                )


def _move(session: TriageSession, about: FieldTriage, cells: int, words: str) -> None:
    """Look further, from what is in view now: a second click may come before the first is drawn."""
    window = _window(session, about, cells)
    (x, y), (right, down) = window.centre, _MOVES[words]
    session.look = x + right * _FAR * window.width, y + down * _FAR * window.height


def _in_view(window: Box, about: FieldTriage) -> str:
    """Which part of its field a window is, in words."""
    left, right = (round(x / about.width, 2) for x in (window.x, window.x + window.width))
    top, bottom = (round(y / about.height, 2) for y in (window.y, window.y + window.height))
    return f"In view: {interval(left, right)} across, {interval(top, bottom)} down."


def _tagged(session: TriageSession, about: FieldTriage) -> list[Cell]:
    """The cells of the field that are marked, suspects and whatever was judged or chosen: the chosen one first."""
    answers, chosen = session.answers, session.current
    cells = (one for one in {*session.listed, *answers, *([chosen] if chosen else [])} if one.field == about.field)
    kept = (one for one in cells if one == chosen or one.row is not None or answers.get(one) != UNUSABLE)
    return sorted(kept, key=lambda one: (one != chosen, one.rank is None, one.rank or 0, one.name))


def _mark(session: TriageSession, cell: Cell) -> Mark:
    tag = f"{cell.number or 'new'}{SIGNS.get(session.answers.get(cell, ''), '')}"
    is_sure = cell.p_parasitized is None or (cell.p_parasitized >= SURE and not session.is_survey)
    contour = None if cell.outline is None else cell.outline.contour
    return Mark(cell.box, contour, tag, is_sure, cell == session.current)


def _outlines(about: FieldTriage, tagged: Iterable[Cell]) -> Iterator[tuple[NDArray[np.int32], str]]:
    """What else lies in the field."""
    marked = {cell.box for cell in tagged}
    yield from ((item.contour, item.kind) for item in about.outlines if item.box not in marked)
    yield from ((edge, "slide") for edge in about.view.edges)


def _hideable(about: FieldTriage, tagged: Iterable[Cell], window: Box) -> list[Box]:
    """What no number should cover."""
    boxes = {item.box for item in about.outlines if item.kind in ("red_cell", "leukocyte")}
    return [box for box in boxes.union(cell.box for cell in tagged) if box.shared_area(window)]


def _what(session: TriageSession) -> str:
    """What the cells that are shown are called."""
    return "chosen cell" if session.is_survey else "suspect"


def _place(session: TriageSession, cell: Cell, window: Box) -> dict[str, Any]:
    """Where the button over a suspect lies, as shares of the window: what sticks out would lie over other buttons."""
    x, y, width, height = cell.box
    left, right = max(x, window.x), min(x + width, window.x + window.width)
    top, bottom = max(y, window.y), min(y + height, window.y + window.height)
    return {
        "cell": cell.image_id,
        "left": (left - window.x) / window.width,
        "top": (top - window.y) / window.height,
        "width": (right - left) / window.width,
        "height": (bottom - top) / window.height,
        "name": session.name(cell) + ("" if session.is_survey else f", p {probability(cell.p_parasitized or 0)}"),
        "chosen": str(cell == session.current).lower(),
    }


def _token(session: TriageSession, window: Box) -> str:
    """Changes with what is chosen and with what is in view: a click on an earlier picture is about another place."""
    return f"{session.token} {','.join(map(str, window))}"


def _pick(session: TriageSession, window: Box) -> None:
    """Choose the suspect whose button was clicked, or what lies where the picture was."""
    picked = st.session_state[_PICKED].picked
    if not picked or picked["token"] != _token(session, window):
        return
    if "cell" in picked:
        cell = session.cells.red.get(picked["cell"])
    else:
        x, y = (min(max(float(picked[side]), 0.0), 1.0) for side in "xy")
        cell = session.at(window.x + x * window.width, window.y + y * window.height)
    if cell:
        session.choose(cell)
