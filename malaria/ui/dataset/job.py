"""A data set is described in the background: progress to look at, a stop, and what went wrong kept for later."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from malaria.background import Background, Progress
from malaria.dataset import Description, Known, describe
from malaria.images import Source


class Job(Background[Description]):
    """One description, while it is being made and afterwards. The work ends when nobody holds this any more."""

    def __init__(self, source: Source, known: Known | None = None) -> None:
        self._looked, self._images = _Looked(), len(source)
        super().__init__(partial(_described, source, known, self._looked), 1, "describing")

    @property
    def progress(self) -> Progress:
        """Images looked at, of all."""
        return super().progress._replace(done=self._looked.images, total=self._images)

    def description(self) -> Description | None:
        """What was found; None when it was stopped, and lost. Raises what ended the work, if anything did."""
        self.wait(0)
        return next(iter(self.results), None)


@dataclass
class _Looked:
    """How many images were looked at: what the work counts, without holding the `Job`."""

    images: int = 0


class _StoppedError(Exception):
    """Somebody stopped the work."""


def _described(
    source: Source, known: Known | None, looked: _Looked, done: int, stop: threading.Event
) -> Iterator[Description]:
    looked.images = 0

    def count(images: int) -> None:
        looked.images += images
        if stop.is_set():
            raise _StoppedError

    try:
        yield describe(source, known, count)
    except _StoppedError:
        return
