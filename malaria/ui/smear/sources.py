"""The ways onto the smear triage page: synthetic fields at one click, or one's own in memory."""

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from malaria.errors import MalariaError
from malaria.images import open_source
from malaria.sample import RED_CELLS_PER_UL
from malaria.smear.counts import LEUKOCYTES_PER_UL
from malaria.smear.sample import EXAMPLE, EXAMPLES, Sample
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import draw_uploader, let_go_of_uploads, take_uploads

_OPEN: Final = "smear.open"
_PAGE: Final = "smear"
_MORE: Final = "smear.more"
_TYPED: Final = {
    "smear.sample": "",
    "smear.assumed.0": RED_CELLS_PER_UL,
    "smear.assumed.1": LEUKOCYTES_PER_UL,
    **{f"smear.manual.{at}": None for at in range(3)},
}
"""What is typed about one sample and its patient, by the key of its widget, as it is at first."""


def choose() -> Sample | None:
    """Draw the ways in, and return the sample on the page, None while there is none."""
    asked = st.query_params.get("example")
    if asked in EXAMPLES and not (_OPEN in st.session_state and st.session_state[_OPEN].example == asked):
        _begin(Sample.synthetic(asked))
    sample: Sample | None = st.session_state.get(_OPEN)
    with (
        st.container()
        if sample is None
        else st.expander("Add fields, or start another sample", icon=":material/upload_file:")
    ):
        _ways_in(sample)
    if asked is not None and asked not in EXAMPLES:
        st.warning(f"There is no example called {literal(asked)}. Click the one above.")
    if uploads := take_uploads(_PAGE):
        try:
            _open(uploads, sample)
        except MalariaError as error:
            st.error(literal(str(error)), icon=":material/error:")
        else:
            st.rerun()
    if sample is None:
        st.info("The suspects appear here once you click the example or upload a field.", icon=":material/touch_app:")
    return sample


def _ways_in(sample: Sample | None) -> None:
    with st.container(horizontal=True):
        if st.button("Try it on two synthetic fields", type="primary", icon=":material/play_arrow:"):
            _begin(Sample.synthetic())
            st.query_params["example"] = EXAMPLE
            st.rerun()
        if sample is not None and st.button("Close these fields", icon=":material/close:"):
            _begin(None)
            st.rerun()
    if sample is not None and not sample.example:
        st.toggle("Add them to this sample", True, key=_MORE, help="When off, your upload starts a new sample.")
    draw_uploader(
        _PAGE,
        "Your own fields of **one** sample: one or more pictures of a Giemsa-stained thin smear through the 100x lens, "
        "or a zip of them. Pictures stay in memory, for this visit only. Decisions are kept: upload the same pictures "
        "again to continue.",
    )


def _open(uploads: list[UploadedFile], sample: Sample | None) -> None:
    """Read what was uploaded, for this sample or a new one. Raises SourceError for what holds no image at all."""
    files, skipped = [], []
    for upload in uploads:
        source = open_source(upload, upload.name)  # stays open: its fields are unpacked one at a time
        files += source.keep()
        if source.skipped:
            skipped.append(source.told_skipped)
    if sample is not None and not sample.example and st.session_state.get(_MORE):
        _put(sample.with_more(files, skipped))
    else:
        _begin(Sample.of(files, skipped=skipped), uploads)


def _begin(sample: Sample | None, uploads: Sequence[UploadedFile] = ()) -> None:
    """Begin another sample, which came as `uploads`; what was typed about the last one is not true of it."""
    st.session_state.update(_TYPED)
    let_go_of_uploads(_PAGE, uploads)
    _put(sample)


def _put(sample: Sample | None) -> None:
    """Make this the sample of the session, in place of what it was."""
    if earlier := st.session_state.get(_OPEN):
        earlier.stop()
    if sample is None:
        st.session_state.pop(_OPEN, None)
    else:
        st.session_state[_OPEN] = sample
    if sample is None or not sample.example:
        st.query_params.pop("example", None)
