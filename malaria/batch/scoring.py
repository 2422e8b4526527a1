"""A model answers a whole source in the background: progress to look at, a stop, and what went wrong kept for later."""

import threading
from collections.abc import Iterator
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from malaria.background import Background
from malaria.errors import ImageError
from malaria.images import ImageFile, Source
from malaria.model.classifier import Classifier, Row, tabulate


class Scoring(Background[Row]):
    """One model's answers to one source, while they are being made and afterwards.

    Images are taken in random order, so that what a stopped scoring has done is a fair sample of the whole.
    """

    def __init__(self, classifier: Classifier, source: Source) -> None:
        self._order = np.random.default_rng(0).permutation(len(source))
        super().__init__(partial(_rows, classifier, source, self._order), len(source), "scoring")

    def table(self) -> pd.DataFrame:
        """The answers so far as a table of cells without labels, in the order of the source."""
        rows = self.results
        rows = [rows[place] for place in np.argsort(self._order[: len(rows)])]
        return tabulate(rows)


def _rows(
    classifier: Classifier, source: Source, order: NDArray[np.int64], done: int, stop: threading.Event
) -> Iterator[Row]:
    return classifier.score(_files(source, order[done:], stop))


def _files(source: Source, order: NDArray[np.int64], stop: threading.Event) -> Iterator[ImageFile]:
    names = source.files
    for place in order:
        if stop.is_set():
            return
        try:
            yield ImageFile(names[place], source.read(names[place]))
        except ImageError as error:
            yield ImageFile(names[place], error=str(error))
