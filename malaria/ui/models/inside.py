"""Inside one model: how steady its answer to a cell is, where it looks, and what its filters and layers see."""

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from malaria.errors import ImageError, ModelError
from malaria.images import RGB, ImageFile, decode, name_picture
from malaria.images.plausibility import find_doubt, refuse_black
from malaria.model import classifier as model
from malaria.model.layers import Layer, read_layers
from malaria.model.robustness import KINDS, Changed, Kind, robustness
from malaria.model.verdict import verdict
from malaria.ui.models.one import shape
from malaria.ui.parts import charts as answers
from malaria.ui.parts import examples, gallery
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.grounds import say_grounds
from malaria.ui.parts.keras_process import NOTICE, get_keras_process
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import SIDE, Tile, draw_tiles, to_grey
from malaria.ui.parts.uploads import read_uploader
from malaria.wording.words import probability, say_which_picture

_UPLOAD: Final = "models.cell"
_DEFAULT_EXAMPLE: Final = "ring"
_MOST_MAPS: Final = 64
_LARGEST: Final = 1024
"""Pixels of the longer side above which a picture is shrunk first; cells have 40 to 400."""


def choose_cell() -> tuple[ImageFile, RGB] | None:
    """Draw the ways to a cell (examples, upload) and return it, decoded; None, and why, where it cannot be read."""
    named = st.query_params.get("example", _DEFAULT_EXAMPLE)
    uploaded: ImageFile | None = st.session_state.get(_UPLOAD)
    if clicked := examples.draw_strip(None if uploaded else named):
        st.session_state[_UPLOAD] = None
        st.query_params["example"] = clicked
        st.rerun()

    def take() -> None:
        files = read_uploader(f"{_UPLOAD}.file")
        st.session_state[_UPLOAD] = ImageFile(files[0].name, files[0].getvalue()) if files else None

    st.file_uploader(
        "Or a cell of your own. It stays in memory and is never stored.",
        key=f"{_UPLOAD}.file",
        on_change=take,
        max_upload_size=25,
    )
    image = uploaded or examples.get_example(named)
    if image is None or image.data is None:
        st.warning(f"There is no example called {literal(named)}. Click one of those above.")
        return None
    try:
        rgb = decode(image.data, image.file)
        refuse_black(rgb, image.file)
        # Everything below is asked many times over and kept: a photograph of 25 megapixels would fill the memory.
        return image, gallery.enlarge(rgb, _LARGEST) if max(rgb.shape[:2]) > _LARGEST else rgb
    except ImageError as error:
        st.error(literal(str(error)), icon=":material/broken_image:")
        return None


def inside(frame: Frame) -> None:
    """Draw the section for the picked model."""
    cell = choose_cell()
    if cell is None:
        return
    image, rgb = cell
    if picture := name_picture(image.data or b""):
        st.info(say_which_picture(picture), icon=":material/layers:")
    if doubt := find_doubt(rgb):
        st.warning(literal(doubt), icon=":material/help:")
    p = float(frame.classifier.predict([rgb])[0])
    st.markdown(
        f"**{literal(frame.card.name)}** on {literal(image.file)}: p_parasitized **{probability(p)}**, it "
        f"{verdict(p, frame.threshold)}."
    )
    st.header("How stable the answer is", anchor=False)
    _draw_robustness(rgb, image.image_id or "", frame)
    st.header("What the network consists of, and where it looks", anchor=False)
    _open_network(rgb, image.image_id or "", frame)


# How steady


def _draw_robustness(rgb: RGB, image_id: str, frame: Frame) -> None:
    found = _ask_again(image_id, frame.card.name, frame.card.version, rgb, frame)
    st.markdown(_say_steadiness(found, frame.threshold))
    for kind in KINDS:
        st.markdown(f"**{kind.name}**")
        draw_tiles([_make_tile(kind, changed, frame.threshold) for changed in found[kind.name]])
    st.caption(
        "The framed picture is the unchanged cell. ● looks parasitized, ○ looks uninfected, ◐ is too close to call. "
        "Blurs are Gaussian, with a standard deviation in percent of the cell's longer side."
    )


@st.cache_resource(max_entries=32, show_spinner="Asking again about the changed cell …")
def _ask_again(image_id: str, model_name: str, version: str, _rgb: RGB, _frame: Frame) -> dict[str, list[Changed]]:
    """Ask about the changed cells; of their pixels only what a tile shows is kept."""
    found = robustness(_frame.classifier, _rgb)
    return {
        kind: [
            replace(one, rgb=gallery.enlarge(one.rgb, 2 * SIDE)) if max(one.rgb.shape) > 2 * SIDE else one
            for one in row
        ]
        for kind, row in found.items()
    }


def _say_steadiness(found: dict[str, list[Changed]], threshold: float) -> str:
    """Say how far the answer moves under each kind of change, and which turn it round."""
    said = []
    for kind, changes in found.items():
        ends = [end(changed.p_parasitized for changed in changes) for end in (min, max)]
        low, high = map(probability, ends)
        turns = len({verdict(changed.p_parasitized, threshold) for changed in changes}) > 1
        moved = f"{kind.lower()}: " + (low if low == high else f"{low} to {high}")
        said.append(f"{moved}, **which changes the answer**" if turns else moved)
    return f"p_parasitized of the same cell, {'; '.join(said)}."


def _make_tile(kind: Kind, changed: Changed, threshold: float) -> Tile:
    words, p = verdict(changed.p_parasitized, threshold), probability(changed.p_parasitized)
    amount = kind.say(changed.amount)
    return Tile(
        changed.rgb,
        f"{kind.name} {amount}: p_parasitized {p}, it {words}",
        f"{amount}\n{answers.MARKS[words]} {p}",
        marked=changed.amount == kind.neutral,
    )


# With TensorFlow


@st.fragment
def _open_network(rgb: RGB, image_id: str, frame: Frame) -> None:
    """Show what needs TensorFlow, once it was asked for; and occlusion, which does not, beside it."""
    st.caption(NOTICE)
    wanted = st.toggle("Open the network with TensorFlow", key="models.open", persist_state="session")
    if not wanted:
        _draw_occlusion(rgb, image_id, frame)
        return
    try:
        layers = [layer for layer in read_layers(_folder(frame)) if layer.kind != "InputLayer"]
        keys = (frame.card.name, frame.card.version)
        filters = _ask_for_filters(*keys, str(_folder(frame)))
        _draw_saliency(rgb, image_id, frame, layers)
        _draw_filters(filters, frame)
        _draw_feature_maps(rgb, image_id, frame, layers)
    except ModelError as error:
        st.warning(literal(str(error)), icon=":material/memory:")
        _draw_occlusion(rgb, image_id, frame)


def _draw_saliency(rgb: RGB, image_id: str, frame: Frame, layers: list[Layer]) -> None:
    """Grad-CAM of a layer beside occlusion."""
    maps = [layer for layer in layers if layer.is_picture]
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown("**Grad-CAM:** what the gradient points at")
        fine = [layer for layer in maps if min((layer.shape or (0,))[:2]) >= 8]
        name = st.selectbox(
            "Of the layer",
            [layer.name for layer in maps],
            index=maps.index(fine[-1]) if fine else None,
            format_func=_name_layers(layers).__getitem__,
            key="models.gradcam",
        )
        if name:
            _draw_grad_cam(rgb, image_id, frame, name)
    with right:
        _draw_occlusion(rgb, image_id, frame)
    st.caption(
        "Where the two maps differ, trust occlusion: it changes the cell and asks again. Grad-CAM reads the gradients "
        "of one layer. It is more telling in late layers, where its map is coarse."
    )


def _draw_grad_cam(rgb: RGB, image_id: str, frame: Frame, layer: str) -> None:
    heat = _ask_network(image_id, frame.card.name, frame.card.version, "grad_cam", layer, rgb, _folder(frame))["map"]
    strongest = float(heat.max())
    shown = frame.card.preprocessing.fit_back(_enlarge(heat / max(strongest, 1e-6), frame), rgb.shape)
    if strongest < 1e-3:
        alt = said = "Nothing in this layer is evidence for a parasite."
        shown = np.zeros_like(shown)
    else:
        alt = f"The cell under Grad-CAM; strongest {gallery.find_place(shown)}."
        said = (
            f"Yellow is evidence for a parasite. The strongest of {heat.shape[0]} × {heat.shape[1]} places, "
            f"{gallery.find_place(shown)}, counts {strongest:.2g} in log-odds. Scaled to its own maximum."
        )
    gallery.draw_picture(gallery.overlay(gallery.enlarge(rgb, 360), shown, 0.7), alt, side=360)
    st.caption(said)


def _enlarge(heat: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """A layer's map at the size of the network's input."""
    size = frame.card.preprocessing.width, frame.card.preprocessing.height
    return np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_LINEAR), np.float32)


def _draw_occlusion(rgb: RGB, image_id: str, frame: Frame) -> None:
    st.markdown("**Occlusion:** where covering a spot changes the answer")
    evidence = frame.find_evidence(image_id, rgb)
    where, said = say_grounds(evidence, frame.threshold)
    alt = f"The cell under the occlusion map: {where}."
    gallery.draw_picture(gallery.overlay(gallery.enlarge(rgb, 360), evidence.heat, 0.7), alt, side=360)
    st.caption(f"{said} No TensorFlow.")


def _draw_filters(filters: NDArray[np.float32] | None, frame: Frame) -> None:
    st.markdown("**The first convolution’s filters**")
    if filters is None:
        st.markdown("This network has no convolution.")
        return
    most = float(np.abs(filters).max()) or 1.0
    colours = "red, green and blue"
    if frame.card.preprocessing.colour == "hsv":
        colours = "hue, saturation and value, shown as red, green and blue"
    pictures = []
    for number, kernel in enumerate(filters, start=1):
        if kernel.shape[-1] == 3:
            rgb = np.round(np.clip(kernel / most / 2 + 0.5, 0, 1) * 255).astype(np.uint8)
        else:
            rgb = to_grey(kernel.mean(axis=-1), -most, most)
        pictures.append(Tile(rgb, f"Filter {number}, {_describe_filter(kernel)}", str(number)))
    draw_tiles(pictures, side=64, pixels=True)
    height, width = filters.shape[1:3]
    st.caption(f"{len(filters)} filters of {height} × {width} over {colours}. Mid-grey is 0, all on one scale.")


def _describe_filter(kernel: NDArray[np.float32]) -> str:
    """What a filter answers to, in words: the channel with the largest weights, and whether they add up or cancel."""
    channel = int(np.abs(kernel).sum(axis=(0, 1)).argmax())
    balance = abs(float(kernel.sum())) / max(1e-9, float(np.abs(kernel).sum()))
    return f"mostly channel {channel + 1}, {'an edge or spot' if balance < 0.3 else 'a level'}"


def _draw_feature_maps(rgb: RGB, image_id: str, frame: Frame, layers: list[Layer]) -> None:
    st.markdown("**Feature maps:** what a layer outputs for this cell")
    default = next((place for place, layer in enumerate(layers) if layer.kind in ("ReLU", "LeakyReLU")), 0)
    name = st.selectbox(
        "Layer",
        [layer.name for layer in layers],
        index=default,
        format_func=_name_layers(layers).__getitem__,
        key="models.layer",
    )
    maps = _ask_network(image_id, frame.card.name, frame.card.version, "maps", name, rgb, _folder(frame))["maps"]
    if maps.ndim == 3:
        _show_maps(maps)
    else:
        _show_units(maps.ravel())


def _show_maps(maps: NDArray[np.float32]) -> None:
    low, high = (float(np.percentile(maps, share)) for share in (1, 99))
    pictures = []
    for number in range(min(_MOST_MAPS, maps.shape[-1])):
        channel = maps[..., number]
        alt = f"Channel {number + 1}, mean {channel.mean():.3g}, strongest {gallery.find_place(channel)}"
        pictures.append(Tile(to_grey(channel, low, high), alt, str(number + 1)))
    draw_tiles(pictures, pixels=True)
    more = f" The first {_MOST_MAPS} of {maps.shape[-1]} are shown." if maps.shape[-1] > _MOST_MAPS else ""
    st.caption(f"{maps.shape[0]} × {maps.shape[1]}, one scale for all: black is {low:.3g}, white {high:.3g}.{more}")


def _show_units(units: NDArray[np.float32]) -> None:
    st.bar_chart(units[:2048], height=220, x_label="Unit", y_label="Output", alt=_describe_units(units))
    st.caption(_describe_units(units))


def _describe_units(units: NDArray[np.float32]) -> str:
    strongest = int(np.abs(units).argmax())
    if units.size == 1:
        return f"One number: {units[0]:.4g}."
    return f"{units.size} units from {units.min():.3g} to {units.max():.3g}; the strongest is unit {strongest + 1}."


def _name_layers(layers: list[Layer]) -> dict[str, str]:
    """What each layer is called where one is picked, by its name in the file; the input, left out here, is number 1."""
    return {
        layer.name: f"{number} · {layer.kind}{f', {layer.about}' if layer.about else ''} → {shape(layer)}"
        for number, layer in enumerate(layers, start=2)
    }


def _folder(frame: Frame) -> Path:
    return model.MODELS_DIR / (frame.model_name or "")


@st.cache_resource(max_entries=8, show_spinner="Starting TensorFlow and reading the network …")
def _ask_for_filters(model_name: str, version: str, folder: str) -> NDArray[np.float32] | None:
    try:
        found: NDArray[np.float32] = get_keras_process().ask(ask="filters", folder=folder)["filters"]
    except ModelError as error:
        if "no convolution" in str(error):
            return None
        raise
    return found


@st.cache_resource(max_entries=64, show_spinner="Asking the network …")
def _ask_network(
    image_id: str, model_name: str, version: str, ask: str, layer: str, _rgb: RGB, _folder: Path
) -> dict[str, Any]:
    return get_keras_process().ask(ask=ask, folder=str(_folder), layer=layer, rgb=_rgb)
