"""Small pictures for galleries, made when they are looked at; the last few hundred of a session are kept."""

import base64
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

import cv2

from malaria.errors import MalariaError
from malaria.images import decode
from malaria.ui.parts.gallery import fit_square

SIDE: Final = 96
KEPT: Final = 500
"""A thumbnail is a JPEG of about 3 KB, so these are 2 MB."""


class Thumbnails:
    """Thumbnails of the images that `read` returns the bytes of, by their file names."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._kept: OrderedDict[str, str] = OrderedDict()

    def __getitem__(self, file: str) -> str:
        """The thumbnail as a data URI, `SIDE` pixels square with black edges; empty when the image cannot be read."""
        if file not in self._kept:
            self._kept[file] = self._make(file)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(file)
        return self._kept[file]

    def _make(self, file: str) -> str:
        try:
            square = fit_square(decode(self._read(file), file), SIDE)
        except MalariaError:
            return ""
        jpeg = cv2.imencode(".jpg", cv2.cvtColor(square, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
        return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
