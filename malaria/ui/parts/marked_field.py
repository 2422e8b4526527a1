"""A field with marks over it: outlines close to the cells, and numbers where they cover neither cells nor each other.

The browser draws them, as only there it is known how large the picture is; so they can be read on a phone, too.
"""

import base64
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from malaria.images import RGB
from malaria.smear import Box
from malaria.ui.parts.component import load_component

SURE: Final = 0.9
"""From this p_parasitized on a suspect has a full line round it; below it, a dashed one."""

_SMOOTH: Final = 0.01  # of a cell's size, by which its outline may be drawn aside

_field = load_component("marked_field", Path(__file__).with_name("marked_field.js"))


@dataclass(frozen=True, eq=False)
class Mark:
    """A cell to be outlined, by its `contour` or else by an ellipse in its `box`, with a `tag` beside it."""

    box: Box
    contour: NDArray[np.int32] | None
    tag: str
    is_sure: bool
    is_chosen: bool = False


def encode_picture(rgb: RGB) -> str:
    """Return a picture as the data URI of a JPEG."""
    jpeg = cv2.imencode(".jpg", rgb[..., ::-1])[1].tobytes()
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


def draw_field(
    key: str,
    picture: str,
    alt: str,
    window: Box,
    marks: Iterable[Mark],
    cells: Iterable[Box],
    places: Sequence[dict[str, Any]] = (),
    token: str | None = None,
    on_pick: Callable[[], None] = lambda: None,
) -> None:
    """Draw `window` of a field, a data URI, with its marks: of those that find no room for a number, the first do.

    `cells` are what a number must not cover. A click on a cell of `places` (as `place_in` of its box, `cell`, `name`,
    `chosen`) or anywhere sets `picked` with the `token`; without a token nothing can be picked.
    """
    _field(
        key=key,
        data={
            "picture": picture,
            "aspect": window.width / window.height,
            "alt": alt,
            "marks": [_mark(mark, window) for mark in marks],
            "cells": [list(_share(box, window)) for box in cells],
            "places": places,
            "token": token,
        },
        on_picked_change=on_pick,
    )


def _mark(mark: Mark, window: Box) -> dict[str, Any]:
    points = None
    if mark.contour is not None:
        near = cv2.approxPolyDP(mark.contour, _SMOOTH * max(mark.box.width, mark.box.height), closed=True).reshape(
            -1, 2
        )
        points = np.round((near - (window.x, window.y)) / (window.width, window.height), 4).tolist()
    kind = f"{'sure' if mark.is_sure else 'less'}{' chosen' if mark.is_chosen else ''}"
    return {"box": _share(mark.box, window), "points": points, "tag": mark.tag, "kind": kind}


def _share(box: Box, window: Box) -> tuple[float, ...]:
    """Where a box lies, as shares of the window: left, top, width, height."""
    across, down = window.width, window.height
    shares = (box.x - window.x) / across, (box.y - window.y) / down, box.width / across, box.height / down
    return tuple(round(share, 4) for share in shares)
