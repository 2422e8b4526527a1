"""Parts of a page that the browser draws by a script of ours."""

from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

_WRITING: Final = Path(__file__).with_name("writing.js")


def load_component(
    name: str, script: Path, *, isolate_styles: bool = True, hears_letters: bool = False
) -> ComponentRenderer:
    """Register the component of a script, with the .html and .css of the same stem where they stand beside it.

    Without `isolate_styles` the page's own styles apply to it. A script that `hears_letters` has `isWriting` at hand.
    """

    def read(ending: str) -> str | None:
        file = script.with_suffix(ending)
        return file.read_text("utf-8") if file.is_file() else None

    scripts = [_WRITING, script] if hears_letters else [script]
    js = "\n".join(one.read_text("utf-8") for one in scripts)
    return st.components.v2.component(name, html=read(".html"), css=read(".css"), js=js, isolate_styles=isolate_styles)
