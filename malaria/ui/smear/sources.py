"""The ways onto the smear triage page: synthetic fields at one click, or one's own in memory."""

from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from malaria.errors import MalariaError
from malaria.images import open_source
from malaria.sample import RED_CELLS_PER_UL
from malaria.smear.result import LEUKOCYTES_PER_UL
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import taken, uploader
from malaria.ui.smear.desk import EXAMPLE, Desk

DESK: Final = "smear.desk"
_PAGE: Final = "smear"
_MORE: Final = "smear.more"
_TYPED: Final = {
    "smear.sample": "",
    "smear.assumed.0": RED_CELLS_PER_UL,
    "smear.assumed.1": LEUKOCYTES_PER_UL,
    **{f"smear.manual.{at}": None for at in range(3)},
}
"""What is typed about one sample and its patient, by the key of its widget, as it is at first."""
_TYPES: Final = ["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "zip"]


def choose() -> Desk | None:
    """Draw the ways in, and return the sample on the desk, None while there is none."""
    asked = st.query_params.get("example")
    if asked == EXAMPLE and not (DESK in st.session_state and st.session_state[DESK].synthetic):
        _begin(Desk.example())
    desk: Desk | None = st.session_state.get(DESK)
    with st.container() if desk is None else st.expander("Add fields, or triage others", icon=":material/upload_file:"):
        _ways_in(desk)
    if asked not in (None, EXAMPLE):
        st.warning(f"There is no example called {literal(asked)}. Click the one above.")
    if uploads := taken(_PAGE):
        try:
            _open(uploads, desk)
        except MalariaError as error:
            st.error(literal(str(error)), icon=":material/error:")
        else:
            st.rerun()
    if desk is None:
        st.info(
            "The suspects appear here as soon as you click the example or give a field.", icon=":material/touch_app:"
        )
    return desk


def _ways_in(desk: Desk | None) -> None:
    with st.container(horizontal=True):
        if st.button("Try it on two synthetic fields", type="primary", icon=":material/play_arrow:"):
            _begin(Desk.example())
            st.query_params["example"] = EXAMPLE
            st.rerun()
        if desk is not None and st.button("Close these fields", icon=":material/close:"):
            _begin(None)
            st.rerun()
    if desk is not None and not desk.synthetic:
        st.toggle("Add them to this sample", True, key=_MORE, help="Off: what you give is a new sample.")
    uploader(
        _PAGE,
        "Your own fields of **one** sample: pictures of a Giemsa-stained thin smear under the 100x lens, one or many, "
        "or a zip of them. They stay in memory, for this visit only; decisions are kept: give the same again to go on.",
        _TYPES,
    )


def _open(uploads: list[UploadedFile], desk: Desk | None) -> None:
    """Read what was uploaded, for this sample or a new one. Raises SourceError for what holds no image at all."""
    files = []
    for upload in uploads:
        with open_source(upload, upload.name) as source:
            files += list(source)
    if desk is not None and not desk.synthetic and st.session_state.get(_MORE):
        _put(desk.with_more(files))
    else:
        _begin(Desk.of(files))


def _begin(desk: Desk | None) -> None:
    """Begin another sample; what was typed about the last one is not true of it."""
    st.session_state.update(_TYPED)
    _put(desk)


def _put(desk: Desk | None) -> None:
    """Make this the sample of the session, in place of what it was."""
    if earlier := st.session_state.get(DESK):
        earlier.stop()
    if desk is None:
        st.session_state.pop(DESK, None)
    else:
        st.session_state[DESK] = desk
    if desk is None or not desk.synthetic:
        st.query_params.pop("example", None)
