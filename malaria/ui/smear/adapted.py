"""The triage adapted to a laboratory: its head comes in as a file, and holds until it is taken away."""

from typing import Final

import streamlit as st

from malaria.errors import ModelError
from malaria.model.card import Card
from malaria.report.rates import describe_rate
from malaria.smear import Head, check_head, kept_share
from malaria.ui.parts.text import literal
from malaria.wording.numbers import percent
from malaria.wording.words import count

_HEAD: Final = "smear.head"


def choose_head(card: Card) -> Head | None:
    """Draw the way in of a head, or what it is and the way out, and return the one that is in use with this model."""
    head: Head | None = st.session_state.get(_HEAD)
    try:
        if head is None:
            return _brought(card)
        check_head(head, card)
    except ModelError as error:
        st.warning(literal(str(error)), icon=":material/warning:")
        head = None
    if head is not None:
        st.markdown(
            f"**Adapted to your laboratory.** With {percent(head.discard)} of red cells discarded, it kept "
            f"{describe_rate(kept_share(head))} of the parasitized ones, n = {head.parasitized:,} in "
            f"{count(head.fields, 'field')}, cross-validated by field. The 95 % interval is in brackets. The adapted "
            "model has its own threshold."
        )
    if _HEAD in st.session_state and st.button("Use the model as shipped", icon=":material/undo:"):
        del st.session_state[_HEAD]
        st.rerun()
    return head


def _brought(card: Card) -> Head | None:
    """Take in a head and begin anew with it. Raises ModelError for one that cannot be used."""
    upload = st.file_uploader(
        "Have you adapted the triage to your laboratory? Upload the file that `python -m malaria triage-adapt` wrote.",
        type="json",
        key="smear.head.file",
    )
    if upload is not None:
        head = Head.read(upload.getvalue(), upload.name)
        check_head(head, card)
        st.session_state[_HEAD] = head
        st.rerun()
    return None
