"""A model answers a whole source in the background: progress to look at, a stop, and what went wrong kept for later."""

import threading
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd

from malaria.errors import ImageError
from malaria.images import ImageFile, Source
from malaria.model import Classifier, Row

COLUMNS: Final = ("file", "patient", "p_parasitized", "label", "error", "image_id")


@dataclass(frozen=True)
class Progress:
    """How far a scoring is: images `done` of `total`, in `seconds` of work."""

    done: int
    total: int
    seconds: float

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.done / self.total if self.total else 1.0

    @property
    def per_second(self) -> float | None:
        """Images per second; None before the first."""
        return self.done / self.seconds if self.done and self.seconds else None

    @property
    def seconds_left(self) -> float | None:
        """None before the first image."""
        return None if self.per_second is None else (self.total - self.done) / self.per_second


class Scoring:
    """One model's answers to one source, while they are being made and afterwards.

    The work is done in a thread of its own, which ends by itself when nobody holds this object any more. Images are
    taken in random order, so that what a stopped scoring has done is a fair sample of the whole.
    """

    def __init__(self, classifier: Classifier, source: Source) -> None:
        self._work = _Work(classifier, source)
        weakref.finalize(self, self._work.stop.set)
        self.start()

    def start(self) -> None:
        """Go on after a stop."""
        if self.finished:
            self._work.stop.clear()
            self._thread = threading.Thread(target=self._work.run, name="scoring", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End soon, and keep what is done."""
        self._work.stop.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until the work has ended, at most so long. Raises what ended it, if anything did."""
        self._thread.join(seconds)
        if self._work.failure is not None:
            raise self._work.failure

    @property
    def finished(self) -> bool:
        """Whether the work has ended: done, stopped or failed."""
        return not hasattr(self, "_thread") or not self._thread.is_alive()

    @property
    def complete(self) -> bool:
        """Whether every image has been looked at."""
        return self.finished and len(self._work.rows) == len(self._work.order)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(len(self._work.rows), len(self._work.order), self._work.seconds)

    def table(self) -> pd.DataFrame:
        """The answers so far as a table of cells without labels, in the order of the source."""
        rows = self._work.rows[:]
        rows = [rows[place] for place in np.argsort(self._work.order[: len(rows)])]
        return pd.DataFrame(
            {
                name: pd.Series([getattr(row, name) for row in rows], dtype="f8" if name == "p_parasitized" else object)
                for name in COLUMNS
            }
        )


class _Work:
    """What the thread holds: never the `Scoring` itself, which could then not be let go of."""

    def __init__(self, classifier: Classifier, source: Source) -> None:
        self.classifier, self.source = classifier, source
        self.order = np.random.default_rng(0).permutation(len(source))
        self.rows: list[Row] = []
        self.stop = threading.Event()
        self.failure: Exception | None = None
        self._worked, self._since = 0.0, time.perf_counter()

    def run(self) -> None:
        self.failure, self._since = None, time.perf_counter()
        try:
            for row in self.classifier.score(self._files()):
                self.rows.append(row)
        except Exception as failure:  # told to whoever waits, in a thread that can show it
            self.failure = failure
        finally:
            self._worked, self._since = self.seconds, 0.0

    @property
    def seconds(self) -> float:
        return self._worked + (time.perf_counter() - self._since if self._since else 0.0)

    def _files(self) -> Iterator[ImageFile]:
        names = self.source.files
        for place in self.order[len(self.rows) :]:
            if self.stop.is_set():
                return
            try:
                yield ImageFile(names[place], self.source.read(names[place]))
            except ImageError as error:
                yield ImageFile(names[place], error=str(error))
