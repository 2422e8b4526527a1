"""Rows of small pictures that wrap on a phone, each with its words below it and a text for those who do not see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.ui.parts.gallery import enlarged, png_uri

SIDE: Final = 84

_STYLE: Final = """<style>
.tiles { display: flex; flex-wrap: wrap; gap: 0.5rem; margin: 0 0 0.5rem; }
.tiles figure { margin: 0; text-align: center; }
.tiles figure.marked img { outline: 3px solid currentColor; outline-offset: 1px; }
.tiles img { display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: #000;
    border-radius: 0.3rem; margin: 0 auto; }
.tiles figcaption { font-size: 0.8rem; line-height: 1.25; padding-top: 0.2rem; overflow-wrap: anywhere; }
</style>"""


@dataclass(frozen=True, eq=False)
class Tile:
    """One picture, uint8 RGB (height, width, 3), told in words (`alt`), with a `caption` of lines; perhaps `marked`."""

    rgb: RGB
    alt: str
    caption: str = ""
    marked: bool = False


def tiles(pictures: Sequence[Tile], *, side: int = SIDE, pixels: bool = False) -> None:
    """Show pictures in rows, `side` CSS pixels a side or four abreast on a phone; with `pixels` each a sharp square."""
    st.html(f'{_STYLE}<div class="tiles">{"".join(_figure(tile, side, pixels) for tile in pictures)}</div>')


def grey(values: NDArray[np.floating], low: float, high: float) -> RGB:
    """Return numbers (height, width) as a grey picture: `low` and below black, `high` and above white."""
    span = high - low if high > low else 1.0
    levels = np.round(np.clip((values - low) / span, 0, 1) * 255).astype(np.uint8)
    return np.repeat(levels[..., None], 3, axis=2)


def _figure(tile: Tile, side: int, pixels: bool) -> str:
    # Twice the size for sharp screens, unless the browser can do it from fewer bytes.
    picture = tile.rgb if pixels else enlarged(tile.rgb, 2 * side)
    if max(tile.rgb.shape[:2]) < 2 * side:
        picture = tile.rgb
    sharp = "image-rendering:pixelated" if pixels else ""
    lines = "<br>".join(escape(line) for line in tile.caption.splitlines())
    return (
        f'<figure{" class=marked" if tile.marked else ""} style="width:min({side}px, 20.5vw)">'
        f'<img src="{png_uri(picture)}" alt="{escape(tile.alt, quote=True)}" style="{sharp}">'
        f"<figcaption>{lines}</figcaption></figure>"
    )
