"""The public NIH zip, its list of files read once for all sessions."""

from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    from malaria.dataset.public_cells import RemoteCells


@st.cache_resource(ttl="1h", show_spinner=False, on_release=lambda cells: cells.close())
def open_public_set() -> "RemoteCells":
    """Keep the public zip's list of files for an hour, for all sessions; it is far larger than a handful of cells."""
    from malaria.dataset.public_cells import RemoteCells  # only here: few visits need what it loads

    return RemoteCells()
