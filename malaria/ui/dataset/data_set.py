"""What one session looks at: a source, what is known of its labels, and its description. No other session sees it."""

import io
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import cv2
import streamlit as st

from malaria import phantom
from malaria.background import Background, Progress
from malaria.dataset import Description, Known, describe
from malaria.errors import MalariaError
from malaria.images import RGB, Source, decode, open_source
from malaria.labels import CLASSES
from malaria.ui.parts.gallery import enlarge

EXAMPLE: Final = "synthetic"
"""The built-in set's name in the address: `?example=synthetic`."""
CELLS: Final = 200
PLANTED: Final = (
    "The set has planted errors: ten wrong labels, one cell filed under a second patient with the other label, one "
    "cell saved again as JPEG under another patient, and one truncated file."
)


class Describing(Background[Description]):
    """One description, while it is being made and afterwards. The work ends when nobody holds this any more."""

    def __init__(self, source: Source, known: Known | None = None) -> None:
        self._looked, self._images = _Looked(), len(source)
        super().__init__(partial(_describe, source, known, self._looked), 1, "describing")

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
    """How many images were looked at: what the work counts, without holding the `Describing`."""

    images: int = 0


class _StoppedError(Exception):
    """Somebody stopped the work."""


def _describe(
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


@dataclass(eq=False)
class DataSet:
    """One data set, what is known of its labels, and its description."""

    name: str
    source: Source
    known: Known | None = None
    synthetic: bool = False
    csv: bytes | None = None
    upload: str = ""
    columns: tuple[str | None, str | None] = (None, None)  # of the given and the expert's labels, as the user chose
    _begun: list[Describing] = field(default_factory=list)

    @classmethod
    def example(cls) -> "DataSet":
        """The built-in synthetic cells, with a few planted problems."""
        data, expert = make_synthetic_set()
        source = open_source(io.BytesIO(data), "synthetic.zip")
        known = Known(Known.from_folders(source.files).given, expert)
        return cls(f"{CELLS} synthetic cells", source, known, synthetic=True)

    @classmethod
    def of_folder(cls, path: Path) -> "DataSet":
        """A folder (or zip) of this machine. Raises SourceError."""
        return cls(path.name or str(path), open_source(path))

    @property
    def describing(self) -> Describing:
        """The description, being made since this was first asked for. Raises LabelsError for a CSV of no use."""
        if not self._begun:
            known = Known.from_csv(self.csv, self.source.files, *self.columns) if self.csv is not None else self.known
            self._begun.append(Describing(self.source, known))
        return self._begun[0]

    def label(self, csv: bytes | None, columns: tuple[str | None, str | None] = (None, None)) -> None:
        """Take labels from a CSV, and look at everything again."""
        if (csv, columns) != (self.csv, self.columns):
            self.close()
            self.csv, self.columns = csv, columns

    def read_picture(self, file: str, largest: int = 240) -> RGB | None:
        """One image again, its longer side at most `largest` pixels; None where it cannot be read."""
        try:
            rgb = decode(self.source.read(file), file)
        except MalariaError:
            return None
        return enlarge(rgb, largest) if max(rgb.shape[:2]) > largest else rgb

    def close(self) -> None:
        """Stop all work."""
        while self._begun:
            self._begun.pop().stop()


@st.cache_resource(show_spinner="Drawing synthetic cells …")
def make_synthetic_set() -> tuple[bytes, dict[str, str]]:
    """Return the built-in set as a zip, and what an expert says of its files: the truth."""
    cells = phantom.batch(CELLS, mislabelled=0.05)
    stream = io.BytesIO()
    expert: dict[str, str] = {}
    with zipfile.ZipFile(stream, "w") as archive:
        for cell in cells:
            path = f"cell_images/{cell.given_label}/{cell.file}"
            archive.writestr(path, cell.png)
            expert[path] = cell.true_label
        first, second, third = cells[:3]
        other = CLASSES[1 - CLASSES.index(first.given_label)]
        archive.writestr(f"cell_images/{other}/C999P99ThinF_SYNTHETIC_copy.png", first.png)
        again = cv2.imencode(".jpg", second.rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes()
        archive.writestr(f"cell_images/{second.given_label}/C998P98ThinF_SYNTHETIC_again.jpg", again)
        archive.writestr(f"cell_images/{third.given_label}/cut_short_SYNTHETIC.png", third.png[:400])
    return stream.getvalue(), expert
