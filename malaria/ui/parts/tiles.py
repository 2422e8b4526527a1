"""Rows of small pictures that wrap on a phone, each with its words below it and a text for those who do not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.report.html import render
from malaria.ui.parts.gallery import enlarge, to_png_uri

SIDE: Final = 84


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture, uint8 RGB (height, width, 3), told in words (`alt`), with a `caption` of lines; perhaps `marked`."""

    rgb: RGB
    alt: str
    caption: str = ""
    marked: bool = False


def draw_tiles(pictures: Sequence[Tile], *, side: int = SIDE, pixels: bool = False) -> None:
    """Show pictures in rows, `side` CSS pixels a side or four abreast on a phone; with `pixels` each a sharp square."""
    shown = [_make_figure(tile, side, pixels) for tile in pictures]
    st.html(render("ui/parts/tiles.html", tiles=shown, side=side, pixels=pixels))


def to_grey(values: NDArray[np.floating], low: float, high: float) -> RGB:
    """Return numbers (height, width) as a grey picture: `low` and below black, `high` and above white."""
    span = high - low if high > low else 1.0
    levels = np.round(np.clip((values - low) / span, 0, 1) * 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def _make_figure(tile: Tile, side: int, pixels: bool) -> dict[str, object]:
    # Twice the size for sharp screens, unless the browser can do it from fewer bytes.
    small = max(tile.rgb.shape[:2]) < 2 * side
    picture = tile.rgb if pixels or small else enlarge(tile.rgb, 2 * side)
    return {"uri": to_png_uri(picture), "alt": tile.alt, "lines": tile.caption.splitlines(), "marked": tile.marked}
