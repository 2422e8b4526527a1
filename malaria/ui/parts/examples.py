"""The strip of synthetic example cells: every page that wants something to click on shows this one."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from malaria import phantom
from malaria.images import ImageFile
from malaria.ui.parts.gallery import to_data_uri


@st.cache_resource(show_spinner=False)
def get_examples() -> dict[str, phantom.Phantom]:
    """Return the example cells by the name they have in the address (`?example=ring`), in the order of the strip."""
    named: dict[str, phantom.Phantom] = {}
    for cell in phantom.examples():
        name = cell.form.removeprefix("artefact_")
        named[name if name not in named else f"{name}_2"] = cell
    return named


def get_example(name: str) -> ImageFile | None:
    """Return the example of that name as an upload would arrive, or None where there is none."""
    cell = get_examples().get(name)
    return None if cell is None else ImageFile(cell.file, cell.png)


def get_title(name: str) -> str:
    """Return what an example shows, in words: "faint ring"."""
    return get_examples()[name].form.removeprefix("artefact_").replace("_", " ")


def draw_strip(chosen: str | None = None, take: Callable[[str], None] | None = None) -> str | None:
    """Show the examples as buttons, `chosen` marked, and return the name of the one that was just clicked, if any.

    `take` is called with it before the page is drawn anew.
    """
    clicked = None
    with st.container(key="strip"):
        st.caption("Click a cell. These are synthetic, drawn by this program.")
        with st.container(key="examples", horizontal=True, gap="small"):
            for name in get_examples():
                if st.button(
                    _make_face(name),
                    key=f"example-{name}",
                    type="primary" if name == chosen else "secondary",
                    on_click=take and partial(take, name),
                ):
                    clicked = name
    return clicked


@st.cache_resource(show_spinner=False)
def _make_face(name: str) -> str:
    return f"![Synthetic cell:]({to_data_uri(get_examples()[name].rgb)}) {get_title(name).capitalize()}"
