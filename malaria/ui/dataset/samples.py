"""Random cells of each class, drawn anew at the press of a button."""

from typing import Final

import numpy as np
import streamlit as st

from malaria.dataset import Description
from malaria.ui.dataset.desk import Desk
from malaria.ui.frame import boundary
from malaria.ui.text import literal
from malaria.ui.tiles import Tile, tiles

PER_CLASS: Final = 18
_SEED: Final = "dataset.seed"


@st.fragment
def samples(desk: Desk, found: Description) -> None:
    """Draw the section; a press of the button draws only this again."""
    with boundary():
        if st.button("Others", icon=":material/shuffle:", key="dataset.shuffle"):
            st.session_state[_SEED] = st.session_state.get(_SEED, 0) + 1
        seed = st.session_state.get(_SEED, 0)
        seen = found.readable
        for label in [*found.classes, None]:
            rows = seen[seen["given_label"].isna() if label is None else seen["given_label"] == label]
            if rows.empty:
                continue
            chosen = rows.iloc[np.random.default_rng(seed).permutation(len(rows))[:PER_CLASS]]
            words = "Without a label" if label is None else literal(label)
            st.markdown(f"**{words}**, {len(chosen)} of {len(rows):,} at random")
            _grid(desk, chosen["file"].tolist(), chosen["patient"].tolist(), label or "without a label")


def _grid(desk: Desk, files: list[str], patients: list[str | None], label: str) -> None:
    shown = []
    for file, patient in zip(files, patients, strict=True):
        picture = desk.picture(file)
        if picture is not None:
            shown.append(Tile(picture, f"Cell {label}, {file.rpartition('/')[2]}", patient or ""))
    tiles(shown)
