"""Files to take away, made when they are asked for."""

import mimetypes
from collections.abc import Callable
from typing import Literal

import streamlit as st


def offer_download(
    label: str, make: Callable[[], str | bytes], file: str, *, kind: Literal["primary", "secondary"] = "secondary"
) -> None:
    """Draw a button that hands over what `make` returns as `file`; the page is not drawn again for it."""
    st.download_button(
        label,
        make,
        file,
        mimetypes.guess_type(file)[0],
        icon=":material/download:",
        on_click="ignore",
        key=f"download.{label}",
        type=kind,
    )
