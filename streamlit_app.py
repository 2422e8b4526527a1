"""Home: what this is, something to click, and the way to each page."""

import streamlit as st

from malaria.ui.parts import examples, links
from malaria.ui.parts.frame import PAGES, page

with page("Malaria cells", ":material/home:"):
    st.markdown(
        "Malaria parasites live inside red blood cells. Under a microscope, on a stained thin smear, an infected cell "
        "shows a small purple ring or blot. This app looks at pictures of single red blood cells with small neural "
        "networks, says how likely each is to be **parasitized**, and shows how sure it is and how often it is wrong."
    )
    st.header("Try one", anchor=False)
    if clicked := examples.draw_strip():
        links.open_example(clicked)
    st.header("What you can do here", anchor=False)
    for entry in PAGES[1:]:
        with st.container(border=True):
            st.page_link(entry.file, label=f"**{entry.title}**", icon=entry.icon)
            st.markdown(entry.line)
