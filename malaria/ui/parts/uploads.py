"""What comes in: uploads, which leave their uploader at once, and the folder that the app was started with."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFile

from malaria.errors import MalariaError, SourceError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.ui.parts import visitors
from malaria.ui.parts.text import literal


def draw_uploader(page: str, words: str) -> None:
    """Draw an uploader for several files; `page` begins the keys of its state.

    Any file is taken: what it is, is seen by its bytes, and a page can say what to do with one that it cannot use.

    A full one is copied by Streamlit in every run of the page, so what comes in is kept aside and the next run has an
    empty one. What it is, is seen where they are opened: see `take_uploads`.
    """
    counted = f"{page}.uploads"  # how many there were so far: each has an uploader of its own
    key = f"{page}.upload.{st.session_state.get(counted, 0)}"

    def take() -> None:
        if uploads := read_uploader(key):  # an uploader also reports that it has become empty
            st.session_state[_key_of(page)] = uploads
            st.session_state[counted] = st.session_state.get(counted, 0) + 1

    st.file_uploader(words, accept_multiple_files=True, key=key, on_change=take)


def read_uploader(key: str) -> list[UploadedFile]:
    """Return what the uploader of that key holds, one file or several. Raises SourceError for one that never arrived.

    A callback reads an uploader by this: only there Streamlit hands over the name of a file that the server lacks.
    """
    held = st.session_state[key]
    files = held if isinstance(held, list) else [held] if held else []
    if any(isinstance(file, DeletedFile) for file in files):
        raise SourceError(
            visitors.take_refusal()
            or "An upload did not arrive: the server refused it, or no longer has it. Reload this page and choose the "
            "file again. If it does not arrive then, allow cookies for this page."
        )
    return files


def take_uploads(page: str) -> list[UploadedFile]:
    """Return what came in and is yet to be opened, once."""
    uploads: list[UploadedFile] = st.session_state.pop(_key_of(page), [])
    st.session_state.setdefault(_held_of(page), []).extend(upload.file_id for upload in uploads)
    return uploads


def go_on_with_uploads(page: str, bring: Callable[[bytes], None]) -> None:
    """Give `bring` what came in and draw the page anew; where it raises MalariaError, say why on this one."""
    for upload in take_uploads(page):
        try:
            bring(upload.getvalue())
        except MalariaError as error:
            st.error(literal(str(error)), icon=":material/error:")
        else:
            st.rerun()


def let_go_of_uploads(page: str, but: Sequence[UploadedFile] = ()) -> None:
    """Hold what came in on this page no longer, `but` for these: nothing uses it any more."""
    kept = [upload.file_id for upload in but]
    visitors.let_go([file_id for file_id in st.session_state.get(_held_of(page), []) if file_id not in kept])
    st.session_state[_held_of(page)] = kept


def check_set(uploads: Sequence[UploadedFile]) -> None:
    """Raise SourceError with what to do for a file that is no part of a set of cells: neither a zip nor a CSV."""
    for upload in uploads:
        if not upload.name.lower().endswith((".zip", ".csv")):
            raise SourceError(
                f"{upload.name}: This page takes one zip, not single files. Put the images into folders called "
                f"{PARASITIZED} and {UNINFECTED}, zip both folders, and upload the zip. For a few cells without "
                "labels, use the page Single cell."
            )


def _key_of(page: str) -> str:
    return f"{page}.taken"


def _held_of(page: str) -> str:
    return f"{page}.held"


def get_data_folder() -> Path | None:
    """The folder that the app was started with: `streamlit run streamlit_app.py -- --data DIR`."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--data", type=Path)
    try:
        given: Path | None = parser.parse_known_args(sys.argv[1:])[0].data
    except argparse.ArgumentError:
        return None
    return given
