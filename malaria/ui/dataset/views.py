"""One cell of the set as it is, blurred, as the picked model sees it, and as training changes it."""

from typing import Any, Final

import numpy as np
import streamlit as st

from malaria.dataset import Description
from malaria.errors import ModelError
from malaria.images import RGB
from malaria.model.robustness import blur
from malaria.ui.dataset.data_set import DataSet
from malaria.ui.parts import gallery
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.keras_process import NOTICE, get_keras_process
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, draw_tiles

_CELL: Final = "dataset.cell"
_LARGEST: Final = 1024
_VIEW: Final = 80
_VARIANTS: Final = 18


@st.fragment
def draw_views(data_set: DataSet, found: Description, frame: Frame) -> None:
    """Draw the section; its buttons and sliders draw only this again."""
    if st.button("Another cell", icon=":material/shuffle:", key="dataset.another"):
        st.session_state[_CELL] = st.session_state.get(_CELL, 0) + 1
    row = found.readable.iloc[_pick(len(found.readable), st.session_state.get(_CELL, 0))]
    rgb = data_set.read_picture(str(row["file"]), _LARGEST)
    if rgb is None:
        st.warning("This file can no longer be read. Take another cell.")
        return
    st.caption(literal(f"{row['file']}, {row['width']} × {row['height']} pixels"))
    _draw_blur(rgb)
    _draw_network_view(rgb, frame)
    _draw_augmented(rgb, str(row["image_id"]))


def _pick(n: int, turn: int) -> int:
    """A place among `n`, another at every turn."""
    return int(np.random.default_rng(7).permutation(n)[turn % n])


def _draw_blur(rgb: RGB) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**The cell**")
        gallery.draw_picture(rgb, "The cell as it is", side=300)
    with right:
        sigma = st.slider("Gaussian blur, standard deviation in pixels", 0.0, 8.0, 2.0, 0.5, key="dataset.blur")
        softened = blur(rgb, sigma / max(rgb.shape[:2]))
        gallery.draw_picture(softened, f"The cell blurred by {sigma:g} pixels", side=300)


def _draw_network_view(rgb: RGB, frame: Frame) -> None:
    st.markdown("**What the model sees**")
    card = frame.card
    view = frame.classifier.network_view(rgb)
    size = f"{view.shape[1]} × {view.shape[0]}"
    pictures = [Tile(view, f"The cell as {card.name} sees it, {size} pixels", f"RGB, {size}")]
    pixels = card.preprocessing.pixels(rgb)
    names = ("hue", "saturation", "value") if card.preprocessing.colour == "hsv" else ("red", "green", "blue")
    for place, name in enumerate(names):
        channel = np.repeat(pixels[..., place : place + 1], 3, axis=2)
        pictures.append(Tile(channel, f"Its channel {name}, mean {channel.mean():.0f}", name))
    draw_tiles(pictures, side=150, pixels=True)
    scaled = frame.classifier.preprocess(rgb)
    st.caption(
        f"{literal(card.name)} receives {size} × 3 numbers from {scaled.min():.2f} to {scaled.max():.2f}; another "
        "model, picked in the sidebar, may see the cell differently."
    )


def _draw_augmented(rgb: RGB, image_id: str) -> None:
    st.markdown("**What training does to it**")
    st.caption(NOTICE)
    if not st.toggle("Show random changes", key="dataset.augment", persist_state="session"):
        return
    seed = int(st.number_input("Seed", 0, 9999, 0, key="dataset.augment.seed"))
    try:
        cells = _augment(image_id, seed, rgb)
    except ModelError as error:
        st.warning(literal(str(error)), icon=":material/memory:")
        return
    draw_tiles(
        [Tile(cell, f"Random change {number} of the cell", str(number)) for number, cell in enumerate(cells, start=1)]
    )
    st.caption(
        "Cells are rotated, flipped, sheared, scaled, recoloured, blurred or sharpened, and get noise. Some get "
        "another background."
    )


@st.cache_resource(max_entries=32, show_spinner="Asking the trainer …")
def _augment(image_id: str, seed: int, _rgb: RGB) -> Any:
    square = gallery.fit_square(_rgb, _VIEW)
    return get_keras_process().ask(ask="augmented", rgb=square, n=_VARIANTS, seed=seed)["cells"]


PER_CLASS: Final = 18
_SEED: Final = "dataset.seed"


@st.fragment
def draw_samples(data_set: DataSet, found: Description) -> None:
    """Draw the section; a press of the button draws only this again."""
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
        _draw_grid(data_set, chosen["file"].tolist(), chosen["patient"].tolist(), label or "without a label")


def _draw_grid(data_set: DataSet, files: list[str], patients: list[str | None], label: str) -> None:
    shown = []
    for file, patient in zip(files, patients, strict=True):
        picture = data_set.read_picture(file)
        if picture is not None:
            shown.append(Tile(picture, f"Cell {label}, {file.rpartition('/')[2]}", patient or ""))
    draw_tiles(shown)
