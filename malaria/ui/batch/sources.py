"""The ways in: the example, a zip with or beside a CSV, a folder of this machine; and what their words mean."""

import argparse
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from malaria.batch import Word, label_columns
from malaria.cells import labels_from_folders
from malaria.errors import LabelsError, MalariaError, SourceError
from malaria.images import open_source
from malaria.labels import CLASSES
from malaria.ui.parts.labelled_source import EXAMPLE, EXAMPLE_CELLS, Desk
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import taken, uploader
from malaria.wording.words import count

DESK: Final = "batch.desk"
_PAGE: Final = "batch"
_CSV: Final = "batch.csv"  # a CSV that came before its zip
_LEAVE_OUT: Final = "leave these out"
_MAX_CSV_BYTES: Final = 64 * 2**20


def choose(promised: str = "The figures", again: str = "Evaluate something else") -> Desk | None:
    """Draw the ways in, and return what is to be evaluated, or None while there is nothing or its labels are open.

    What is `promised` is said to appear as soon as there is a batch; `again` heads the ways in when there is one.
    """
    asked = st.query_params.get("example")
    if asked == EXAMPLE and not (DESK in st.session_state and st.session_state[DESK].synthetic):
        _put(Desk.example())
    desk: Desk | None = st.session_state.get(DESK)
    with st.container() if desk is None else st.expander(again, icon=":material/upload_file:"):
        _ways_in(desk)
    if asked not in (None, EXAMPLE):
        st.warning(f"There is no example called {literal(asked)}. Click the one above.")
    if uploads := taken(_PAGE):
        try:
            _open(uploads)
        except MalariaError as error:
            st.error(literal(str(error)), icon=":material/error:")
        else:
            st.rerun()
    if desk is not None:
        return desk if _labelled(desk) else None
    if _CSV in st.session_state:
        st.info("The CSV is here. Now give the zip with the images.", icon=":material/table:")
    else:
        words = f"{promised} appear here as soon as you click the example or give a batch."
        st.info(words, icon=":material/touch_app:")
    return None


def folder() -> Path | None:
    """The folder that the app was started with: `streamlit run streamlit_app.py -- --data DIR`."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--data", type=Path)
    try:
        given: Path | None = parser.parse_known_args(sys.argv[1:])[0].data
    except argparse.ArgumentError:
        return None
    return given


def _ways_in(desk: Desk | None) -> None:
    with st.container(horizontal=True):
        if st.button(f"Try it on {EXAMPLE_CELLS} synthetic cells", type="primary", icon=":material/play_arrow:"):
            _put(Desk.example())
            st.rerun()
        here = folder()
        if here and st.button(f"Evaluate the folder {literal(str(here))}", icon=":material/folder_open:"):
            source = open_source(here)
            _put(Desk(source.name, source))
            st.rerun()
        if desk is not None and st.button("Close this batch", icon=":material/close:"):
            _put(None)
            st.rerun()
    uploader(
        _PAGE,
        "Your own cells: a zip with folders **Parasitized** and **Uninfected**, or a zip and beside it a CSV with the "
        "columns **file** and **label**. They stay in memory, for this visit only.",
        ["zip", "csv"],
    )


def _open(uploads: Sequence[UploadedFile]) -> None:
    """Put what was uploaded on the desk. Raises SourceError for what is no batch."""
    csvs = [upload for upload in uploads if upload.name.lower().endswith(".csv")]
    zips = [upload for upload in uploads if upload not in csvs]
    if len(zips) > 1 or len(csvs) > 1:
        raise SourceError("Give one zip, and at most one CSV beside it.")
    if csvs:
        st.session_state[_CSV] = csvs[0].getvalue()
    desk: Desk | None = st.session_state.get(DESK)
    if zips:
        source = open_source(zips[0])
        csv = st.session_state.pop(_CSV, None)
        if csv is None and not labels_from_folders(source.files).labels:
            csv = _csv_inside(zips[0])
        _put(Desk(zips[0].name, source, csv))
    elif desk and csvs:
        desk.bring_csv(st.session_state.pop(_CSV))


def _csv_inside(upload: UploadedFile) -> bytes | None:
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


def _put(desk: Desk | None) -> None:
    """Make this what the session evaluates, in place of what it was."""
    old: Desk | None = st.session_state.get(DESK)
    if old is not None:
        old.close()
    if desk is None:
        st.session_state.pop(DESK, None)
    else:
        st.session_state[DESK] = desk
    if desk is None or not desk.synthetic:
        st.query_params.pop("example", None)


# Labels


def _labelled(desk: Desk) -> bool:
    """Find out which image has which label; ask where that is open. Returns whether it is settled."""
    if desk.labelled:
        return True
    try:
        desk.label()
    except MalariaError as error:
        st.error(literal(str(error)), icon=":material/label_off:")
        _ask_column(desk)
        if desk.meaning and st.button("Answer again what the words mean"):
            desk.meaning.clear()
            st.rerun()
        return False
    if desk.labelling and desk.labelling.words:
        _ask_words(desk, desk.labelling.words)
    return desk.labelled


def _ask_column(desk: Desk) -> None:
    try:
        columns = label_columns(desk.csv or b"")
    except LabelsError:
        return
    if not columns:
        return
    asked = "Which column of the CSV holds the labels?"
    chosen = st.selectbox(asked, columns, index=None, key="batch.column", placeholder="Choose a column")
    if chosen and chosen != desk.column:
        desk.column = chosen
        st.rerun()


def _ask_words(desk: Desk, words: Sequence[Word]) -> None:
    """Ask what words mean that are no class. What they sound like is chosen beforehand, but not taken unasked."""
    with st.form("batch.words"):
        st.markdown(f"**What do these mean?** They are not named {CLASSES[0]} or {CLASSES[1]}, and are not guessed.")
        answers = {word.word: _ask_word(word) for word in words}
        if st.form_submit_button("Use these", type="primary"):
            if None in answers.values():
                st.warning("Choose what each word means, or to leave its images out.")
                return
            desk.meaning |= {word: None if said == _LEAVE_OUT else said for word, said in answers.items()}
            st.rerun()


def _ask_word(word: Word) -> str | None:
    options = [*CLASSES, _LEAVE_OUT]
    index = options.index(word.suggested) if word.suggested else None
    asked = f"“{literal(word.word)}”, {count(word.n, 'image')}"
    return st.selectbox(asked, options, index=index, placeholder="Choose what it means", key=f"batch.word.{word.word}")
