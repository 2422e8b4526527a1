"""The ways in: the built-in set, a zip with or without a CSV of labels, a folder of this machine."""

from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from malaria.cells import read_table
from malaria.errors import LabelsError, MalariaError, SourceError
from malaria.images import open_source
from malaria.ui.dataset.data_set import CELLS, EXAMPLE, DataSet
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import check_set, get_data_folder, read_uploader

DATA_SET: Final = "dataset.data_set"
_TAKEN: Final = "dataset.taken"  # uploads that are yet to be opened
_UPLOADER: Final = "dataset.upload"
_AUTOMATIC: Final = "found by its name"


def choose_data_set() -> DataSet | None:
    """Draw the ways in, and return what is to be looked at; None while there is nothing."""
    asked = st.query_params.get("example")
    if asked == EXAMPLE and not (DATA_SET in st.session_state and st.session_state[DATA_SET].synthetic):
        put(DataSet.example())
    data_set: DataSet | None = st.session_state.get(DATA_SET)
    with st.container() if data_set is None else st.expander("Look at something else", icon=":material/upload_file:"):
        _draw_ways_in()
    if asked not in (None, EXAMPLE):
        st.warning(f"There is no example called {literal(asked)}. Click the one above.")
    try:
        if _TAKEN in st.session_state:
            _open(st.session_state.pop(_TAKEN))
            st.rerun()
    except MalariaError as error:
        st.error(literal(str(error)), icon=":material/error:")
        return None
    if data_set is None:
        words = "Counts, duplicates, samples, mean cells and splits appear here once you click the set or upload one."
        st.info(words, icon=":material/touch_app:")
    elif data_set.csv is not None:
        _ask_columns(data_set)
    return data_set


def put(data_set: DataSet | None) -> None:
    """Make this what the session looks at, in place of what it was."""
    old: DataSet | None = st.session_state.get(DATA_SET)
    if old is not None:
        old.close()
    st.session_state[DATA_SET] = data_set
    if data_set is not None and data_set.synthetic:
        st.query_params["example"] = EXAMPLE
    else:
        st.query_params.pop("example", None)


def _draw_ways_in() -> None:
    with st.container(horizontal=True):
        if st.button(f"Look at {CELLS} synthetic cells", type="primary", icon=":material/play_arrow:"):
            put(DataSet.example())
            st.rerun()
        here = get_data_folder()
        if here and st.button(f"Look at {literal(here.name or str(here))}", icon=":material/folder_open:"):
            put(DataSet.of_folder(here))
            st.rerun()
    st.file_uploader(
        "Your own set: a zip of images in folders named after their classes and, if you like, a CSV with the columns "
        "**file**, **given_label**, **expert_label** and **patient**. They stay in memory, for this visit only.",
        accept_multiple_files=True,
        key=_UPLOADER,
        on_change=_take,
    )


def _take() -> None:
    """Keep the uploads, to be opened where the page can say what is wrong with them."""
    if uploads := read_uploader(_UPLOADER):  # none are left where one was removed
        st.session_state[_TAKEN] = uploads


def _open(uploads: Sequence[UploadedFile]) -> None:
    """Make what was uploaded the session's data set. Raises SourceError for what is no data set."""
    check_set(uploads)
    csvs = [upload for upload in uploads if upload.name.lower().endswith(".csv")]
    zips = [upload for upload in uploads if upload not in csvs]
    if len(zips) > 1 or len(csvs) > 1:
        raise SourceError("Upload one zip and at most one CSV. Remove the other files with their ✕.")
    data_set: DataSet | None = st.session_state.get(DATA_SET)
    if zips and not (data_set and data_set.name == zips[0].name and data_set.upload == zips[0].file_id):
        data_set = DataSet(zips[0].name, open_source(zips[0]), upload=zips[0].file_id)
        put(data_set)
    if data_set is None:
        raise SourceError("This is only the CSV. Upload the zip with the images as well.")
    if csvs:
        data_set.label(csvs[0].getvalue())
    elif zips:
        data_set.label(None)


def _ask_columns(data_set: DataSet) -> None:
    """Let the user say which columns of the CSV hold the labels, where their names do not."""
    try:
        header = [
            _AUTOMATIC,
            *(name for name in read_table(data_set.csv or b"")[0] if name.strip().casefold() != "file"),
        ]
    except LabelsError:
        return
    left, right = st.columns(2)
    given = left.selectbox("Column of given labels", header, key="dataset.given")
    expert = right.selectbox("Column of expert labels", header, key="dataset.expert")
    chosen = tuple(None if name == _AUTOMATIC else name for name in (given, expert))
    data_set.label(data_set.csv, (chosen[0], chosen[1]))
