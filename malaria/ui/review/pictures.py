"""Pictures of whole cells for the card, made ready before they are asked for."""

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Final

from malaria.errors import MalariaError
from malaria.images import RGB, decode
from malaria.review.views import COLOUR, view
from malaria.ui.gallery import png_uri

KEPT: Final = 64
"""Decoded cells that are kept; of 130 pixels a side, as those of NIH, these are 3 MB."""


@dataclass(frozen=True)
class Picture:
    """One cell, decoded, as it is and as a PNG in a data URI; or the sentence that says why not."""

    rgb: RGB | None
    uri: str = ""
    error: str | None = None

    def seen_as(self, name: str) -> str:
        """The data URI of one of `malaria.review.views.VIEWS`."""
        return self.uri if name == COLOUR or self.rgb is None else png_uri(view(self.rgb, name))


class Pictures:
    """The pictures of the files that `read` returns the bytes of."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read = read
        self._made: dict[str, Future[Picture]] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="pictures")

    def __getitem__(self, file: str) -> Picture:
        """The picture, at once where it was made ready."""
        self.prepare([file])
        return self._made[file].result()

    def prepare(self, files: Iterable[str]) -> None:
        """Begin to make pictures that will be asked for soon, the first first."""
        with self._lock:
            for file in files:
                made = self._made.pop(file, None) or self._pool.submit(self._make, file)
                self._made[file] = made  # now the last to be dropped
            for old in list(self._made)[:-KEPT]:
                del self._made[old]

    def _make(self, file: str) -> Picture:
        try:
            rgb = decode(self._read(file), file)
        except MalariaError as error:
            return Picture(None, error=str(error))
        return Picture(rgb, png_uri(rgb))
