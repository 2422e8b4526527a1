"""Parts of a page that the browser draws by a script of ours."""

from pathlib import Path

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer


def load_component(name: str, script: Path, *, isolate_styles: bool = True) -> ComponentRenderer:
    """Register the component of a script, with the .html and .css of the same stem where they stand beside it.

    Without `isolate_styles` the page's own styles apply to it.
    """

    def read(ending: str) -> str | None:
        file = script.with_suffix(ending)
        return file.read_text("utf-8") if file.is_file() else None

    return st.components.v2.component(
        name, html=read(".html"), css=read(".css"), js=script.read_text("utf-8"), isolate_styles=isolate_styles
    )
