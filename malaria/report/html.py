"""A small table of words that stays readable on a phone and on paper."""

from collections.abc import Sequence
from html import escape

import streamlit as st


def table(caption: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Draw a table; the first cell of each row names the row. Everything is shown letter for letter."""

    def shown(cell: str) -> str:
        return escape(cell).replace(" %", "\u00a0%")

    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "".join(
        f'<tr><th scope="row">{shown(first)}</th>{"".join(f"<td>{shown(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    st.html(
        f'<div class="figures"><table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
