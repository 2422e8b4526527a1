"""The ways in to a labelled source (example, zip, CSV, folder), and what the words of its labels mean."""

import zipfile
from collections.abc import Sequence
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from malaria.batch import Word, find_label_columns
from malaria.cells import labels_from_folders
from malaria.errors import LabelsError, MalariaError, SourceError
from malaria.images import open_source
from malaria.labels import CLASSES
from malaria.ui.parts.labelled_source import EXAMPLE, EXAMPLE_CELLS, LabelledSource
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import check_set, draw_uploader, get_data_folder, let_go_of_uploads, take_uploads
from malaria.wording.words import count

SOURCE: Final = "batch.source"
"""Where in the session's state the labelled source stands."""
_PAGE: Final = "batch"
_CSV: Final = "batch.csv"  # a CSV that came before its zip
_LEAVE_OUT: Final = "leave these out"
_MAX_CSV_BYTES: Final = 64 * 2**20


def choose_source(promised: str = "The figures", again: str = "Evaluate something else") -> LabelledSource | None:
    """Draw the ways in, and return what is to be evaluated, or None while there is nothing or its labels are open.

    What is `promised` is said to appear as soon as there is a batch; `again` heads the ways in when there is one.
    """
    asked = st.query_params.get("example")
    if asked == EXAMPLE and not (SOURCE in st.session_state and st.session_state[SOURCE].synthetic):
        _put(LabelledSource.example())
    labelled: LabelledSource | None = st.session_state.get(SOURCE)
    with st.container() if labelled is None else st.expander(again, icon=":material/upload_file:"):
        _draw_ways_in(labelled)
    if asked not in (None, EXAMPLE):
        st.warning(f"There is no example called {literal(asked)}. Click the one above.")
    if uploads := take_uploads(_PAGE):
        try:
            _open(uploads)
        except MalariaError as error:
            st.error(literal(str(error)), icon=":material/error:")
        else:
            st.rerun()
    if labelled is not None:
        settled = _settle_labels(labelled)
        if settled and labelled.synthetic and asked != EXAMPLE:
            st.query_params["example"] = EXAMPLE
        return labelled if settled else None
    if _CSV in st.session_state:
        st.info("Got the CSV. Now upload the zip with the images.", icon=":material/table:")
    else:
        words = f"{promised} appear here once you click the example or upload a batch."
        st.info(words, icon=":material/touch_app:")
    return None


def _draw_ways_in(labelled: LabelledSource | None) -> None:
    with st.container(horizontal=True):
        if st.button(f"Try it on {EXAMPLE_CELLS} synthetic cells", type="primary", icon=":material/play_arrow:"):
            _put(LabelledSource.example())
            st.rerun()
        here = get_data_folder()
        if here and st.button(f"Evaluate the folder {literal(here.name or str(here))}", icon=":material/folder_open:"):
            source = open_source(here)
            _put(LabelledSource(source.name, source))
            st.rerun()
        if labelled is not None and st.button("Close this batch", icon=":material/close:"):
            _put(None)
            st.rerun()
    draw_uploader(
        _PAGE,
        "Your own cells: a zip with the folders **Parasitized** and **Uninfected**, or a zip plus a CSV with the "
        "columns **file** and **label**. They stay in memory, for this visit only.",
    )


def _open(uploads: Sequence[UploadedFile]) -> None:
    """Make what was uploaded the session's source. Raises SourceError for what is no batch."""
    check_set(uploads)
    csvs = [upload for upload in uploads if upload.name.lower().endswith(".csv")]
    zips = [upload for upload in uploads if upload not in csvs]
    if len(zips) > 1 or len(csvs) > 1:
        raise SourceError("Upload one zip and at most one CSV.")
    if csvs:
        st.session_state[_CSV] = csvs[0].getvalue()
    labelled: LabelledSource | None = st.session_state.get(SOURCE)
    if zips:
        source = open_source(zips[0])
        csv = st.session_state.pop(_CSV, None)
        if csv is None and not labels_from_folders(source.files).labels:
            csv = _find_csv(zips[0])
        _put(LabelledSource(zips[0].name, source, csv), uploads)
    elif labelled and csvs:
        labelled.bring_csv(st.session_state.pop(_CSV))


def _find_csv(upload: UploadedFile) -> bytes | None:
    """The only CSV in the zip, if there is one that can be read. Whether it gives labels is found out later."""
    try:
        with zipfile.ZipFile(upload) as archive:
            found = [
                member
                for member in archive.infolist()
                if member.filename.lower().endswith(".csv") and not member.filename.startswith(("__MACOSX", "."))
            ]
            if len(found) == 1 and found[0].file_size < _MAX_CSV_BYTES:
                return archive.read(found[0])
    except Exception:  # a damaged zip raises nearly every kind there is, and opening it as a source says which
        return None
    return None


def _put(labelled: LabelledSource | None, uploads: Sequence[UploadedFile] = ()) -> None:
    """Make this, which came as `uploads`, what the session evaluates, in place of what it was."""
    old: LabelledSource | None = st.session_state.get(SOURCE)
    if old is not None:
        old.close()
    let_go_of_uploads(_PAGE, uploads)
    if labelled is None:
        st.session_state.pop(SOURCE, None)
    else:
        st.session_state[SOURCE] = labelled
    if labelled is None or not labelled.synthetic:
        st.query_params.pop("example", None)


# Labels


def _settle_labels(labelled: LabelledSource) -> bool:
    """Find out which image has which label; ask where that is open. Returns whether it is settled."""
    if labelled.is_labelled:
        return True
    try:
        labelled.label()
    except MalariaError as error:
        st.error(literal(str(error)), icon=":material/label_off:")
        _ask_column(labelled)
        if labelled.meaning and st.button("Change what the words mean"):
            labelled.meaning.clear()
            st.rerun()
        return False
    if labelled.labelling and labelled.labelling.words:
        _ask_words(labelled, labelled.labelling.words)
    return labelled.is_labelled


def _ask_column(labelled: LabelledSource) -> None:
    try:
        columns = find_label_columns(labelled.csv or b"")
    except LabelsError:
        return
    if not columns:
        return
    asked = "Which column of the CSV holds the labels?"
    chosen = st.selectbox(asked, columns, index=None, key="batch.column", placeholder="Choose a column")
    if chosen and chosen != labelled.column:
        labelled.column = chosen
        st.rerun()


def _ask_words(labelled: LabelledSource, words: Sequence[Word]) -> None:
    """Ask what words mean that are no class. What they sound like is chosen beforehand, but not taken unasked."""
    with st.form("batch.words"):
        st.markdown(
            f"**What do these words mean?** They are not {CLASSES[0]} or {CLASSES[1]}, and the app does not guess."
        )
        answers = {word.word: _ask_word(word) for word in words}
        if st.form_submit_button("Use these", type="primary"):
            if None in answers.values():
                st.warning("For each word, choose what it means or leave its images out.")
                return
            labelled.meaning |= {word: None if said == _LEAVE_OUT else said for word, said in answers.items()}
            st.rerun()


def _ask_word(word: Word) -> str | None:
    options = [*CLASSES, _LEAVE_OUT]
    index = options.index(word.suggested) if word.suggested else None
    asked = f"“{literal(word.word)}”, {count(word.n, 'image')}"
    return st.selectbox(asked, options, index=index, placeholder="Choose what it means", key=f"batch.word.{word.word}")
