"""Files to take away, made when they are asked for."""

import io
import mimetypes
from collections.abc import Callable
from typing import Literal

import streamlit as st

from malaria.cells import for_spreadsheets


def pack(write: Callable[[io.BytesIO], object]) -> bytes:
    """Return what `write` writes into a file, as bytes, without a second copy of them."""
    target = io.BytesIO()
    write(target)
    return target.getvalue()


def offer_download(
    label: str,
    make: Callable[[], str | bytes],
    file: str,
    *,
    kind: Literal["primary", "secondary"] = "secondary",
    key: str | None = None,
    on_click: Callable[[], None] | Literal["rerun", "ignore"] = "ignore",
) -> None:
    """Draw a button that hands over what `make` returns as `file`; the page is not drawn again for it unless asked.

    A CSV is made fit for spreadsheets.
    """

    def make_file() -> str | bytes:
        made = make()
        return for_spreadsheets(made) if isinstance(made, str) and file.endswith(".csv") else made

    st.download_button(
        label,
        make_file,
        file,
        mimetypes.guess_type(file)[0],
        icon=":material/download:",
        on_click=on_click,
        key=key or f"download.{label}",
        type=kind,
    )
