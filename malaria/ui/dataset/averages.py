"""The mean picture of each class and how far two are apart, in RGB and HSV, channel by channel."""

from typing import Final

import cv2
import numpy as np
import streamlit as st
from numpy.typing import NDArray

from malaria.dataset import HUES, Description, Means, find_difference
from malaria.images import RGB
from malaria.ui.parts.text import literal
from malaria.ui.parts.tiles import Tile, draw_tiles, to_grey

Floats = NDArray[np.float64]

_DARK: Final = 16
"""Where a mean picture is not lighter than this (of 255), it has no hue to speak of."""


def draw_averages(found: Description) -> None:
    """Draw the section."""
    means = {label: found.means[label] for label in found.classes}
    if not means:
        st.markdown("No readable image has a label, so there is no class to average.")
        return
    names = list(means)
    if len(names) > 2:
        left, right = st.columns(2)
        first = left.selectbox("First class", names, index=0, key="dataset.first")
        second = right.selectbox("Second class", names, index=1, key="dataset.second")
    else:
        first, second = names[0], names[-1]
    counted = ", ".join(f"{means[name].n:,} {literal(name)}" for name in dict.fromkeys((first, second)))
    st.markdown(
        f"Means over {counted}, each fitted into {means[first].side} × {means[first].side} pixels with black around it."
    )
    if first == second:
        draw_tiles([_make_colour_tile(first, means[first])], side=160)
        return
    _draw_pair(first, means[first], second, means[second])


def _draw_pair(first: str, a: Means, second: str, b: Means) -> None:
    apart = find_difference(a.rgb, b.rgb)
    words = f"|difference|, largest {apart.max():.1f}, mean {apart.mean():.1f}"
    difference = np.round(apart / max(1.0, float(apart.max())) * 255).astype(np.uint8)
    colours = Tile(difference, f"Absolute difference in colour: {words}", words)
    draw_tiles([_make_colour_tile(first, a), _make_colour_tile(second, b), colours], side=160)
    st.caption(
        "The difference is brightened so that its largest value is white. The numbers are grey levels, 0 to 255."
    )
    left, right = st.columns(2, gap="large")
    with left:
        for place, name in enumerate(("Red", "Green", "Blue")):
            _draw_channel(name, [(first, a.rgb[..., place]), (second, b.rgb[..., place])])
    with right:
        _draw_hue(first, a, second, b)
        for place, name in ((1, "Saturation"), (2, "Value")):
            _draw_channel(name, [(first, a.hsv[..., place]), (second, b.hsv[..., place])])
    st.caption(
        "Hue runs round from 0 to 180 and is averaged as an angle (the hue of the mean colour), its difference taken "
        f"the shorter way; it is shown, in colour, and counted where both means are lighter than {_DARK}. The others "
        "run from 0 to 255."
    )


def _draw_channel(name: str, classes: list[tuple[str, Floats]]) -> None:
    """One channel of two classes as grey pictures, and how far they are apart."""
    st.markdown(f"**{name}**")
    (_, one), (_, other) = classes
    gap = np.abs(one - other)
    shown = [_make_tile(name, label, to_grey(mean, 0, 255), mean) for label, mean in classes]
    draw_tiles([*shown, _make_tile(name, "|difference|", to_grey(gap, 0, max(1.0, float(gap.max()))), gap)], side=110)


def _draw_hue(first: str, a: Means, second: str, b: Means) -> None:
    """Hue, only where there is any: that of a surround that is black in most images means nothing."""
    st.markdown("**Hue**")
    light = np.minimum(a.hsv[..., 2], b.hsv[..., 2]) > _DARK
    if not light.any():
        st.markdown("Both means are too dark to have a hue.")
        return
    gap = find_difference(a.hsv, b.hsv, hue=True)[..., 0] * light
    shown = []
    for label, hue in ((first, a.hsv[..., 0]), (second, b.hsv[..., 0])):
        strong = np.dstack([hue, light * 255, light * 255]).astype(np.uint8)
        picture: RGB = np.asarray(cv2.cvtColor(strong, cv2.COLOR_HSV2RGB), np.uint8)
        direction = np.exp(2j * np.pi * hue[light] / HUES).mean()
        words = f"mean {np.angle(direction) * HUES / (2 * np.pi) % HUES:.1f}"
        shown.append(Tile(picture, f"Hue, {label}: {words}", f"{label}\n{words}"))
    picture = to_grey(gap, 0, max(1.0, float(gap.max())))
    draw_tiles([*shown, _make_tile("Hue", "|difference|", picture, gap[light])], side=110)


def _make_tile(channel: str, name: str, picture: RGB, values: Floats) -> Tile:
    mean, largest = f"mean {values.mean():.1f}", f"largest {values.max():.1f}"
    return Tile(picture, f"{channel}, {name}: {mean}, {largest}", f"{name}\n{mean}\n{largest}")


def _make_colour_tile(name: str, means: Means) -> Tile:
    rgb: RGB = np.round(means.rgb).astype(np.uint8)
    colour = ", ".join(f"{channel:.0f}" for channel in means.rgb.mean(axis=(0, 1)))
    return Tile(rgb, f"Mean picture of {name}, mean red, green, blue {colour}", f"{name}, n = {means.n:,}")
