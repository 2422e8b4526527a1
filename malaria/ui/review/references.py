"""What stands beside a cell for comparison: cells of its patient, and cells that look like it, with their labels."""

import html

import streamlit as st

from malaria.review import Suspect
from malaria.ui.review.pictures import Picture
from malaria.ui.review.work import NEXT, Work


def references(work: Work, current: Suspect, picture: Picture) -> None:
    """Draw both, cells with little suspect labels only."""
    left, right = st.columns(2, gap="medium")
    with left:
        _rows("From the same patient", work.neighbours(current), work, "The patient is not known.")
    with right:
        alike = {} if picture.rgb is None else work.look_alikes(current, picture.rgb)
        missing = "They appear as soon as the batch has been looked through." if alike is None else "There are none."
        _rows("Look-alikes", alike or {}, work, missing)
        if alike is not None:
            st.button(
                f"Show me the {NEXT} suspects most like it next",
                key="review-alike",
                shortcut="L",
                on_click=work.look_alikes_next,
            )


def _rows(title: str, found: dict[str, list[Suspect]], work: Work, missing: str) -> None:
    rows = []
    for label, cards in found.items():
        figures = "".join(_figure(card, label, work) for card in cards)
        rows.append(f'<p class="reference-label">labelled {label}</p><div class="references">{figures}</div>')
    shown = "".join(rows) if any(found.values()) else f'<p class="reference-label">{missing}</p>'
    st.html(f'<p class="reference-title">{title}</p>{shown}')


def _figure(card: Suspect, label: str, work: Work) -> str:
    uri = html.escape(work.thumbnails[card.file])
    return f'<figure><img src="{uri}" alt="A cell labelled {label}"></figure>' if uri else ""
