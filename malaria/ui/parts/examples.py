"""The strip of synthetic example cells: every page that wants something to click on shows this one."""

import streamlit as st

from malaria import phantom
from malaria.images import ImageFile
from malaria.ui.parts.gallery import data_uri


@st.cache_resource(show_spinner=False)
def examples() -> dict[str, phantom.Phantom]:
    """Return the example cells by the name they have in the address (`?example=ring`), in the order of the strip."""
    named: dict[str, phantom.Phantom] = {}
    for cell in phantom.examples():
        name = cell.form.removeprefix("artefact_")
        named[name if name not in named else f"{name}_2"] = cell
    return named


def example(name: str) -> ImageFile | None:
    """Return the example of that name as an upload would arrive, or None where there is none."""
    cell = examples().get(name)
    return None if cell is None else ImageFile(cell.file, cell.png)


def title(name: str) -> str:
    """Return what an example shows, in words: "faint ring"."""
    return examples()[name].form.removeprefix("artefact_").replace("_", " ")


def strip(chosen: str | None = None) -> str | None:
    """Show the examples as buttons, `chosen` marked, and return the name of the one that was just clicked, if any."""
    clicked = None
    with st.container(key="strip"):
        st.caption("Click a cell. These are synthetic, drawn by this program.")
        with st.container(key="examples", horizontal=True, gap="small"):
            for name in examples():
                if st.button(_face(name), key=f"example-{name}", type="primary" if name == chosen else "secondary"):
                    clicked = name
    return clicked


@st.cache_resource(show_spinner=False)
def _face(name: str) -> str:
    return f"![Synthetic cell:]({data_uri(examples()[name].rgb)}) {title(name).capitalize()}"
