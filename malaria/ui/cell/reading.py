"""From images to answers on a page: read once per session, doubted before the model is asked, told in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from malaria.errors import ImageError
from malaria.images import ImageFile, decode
from malaria.images.plausibility import implausible
from malaria.labels import CLASSES, label_for
from malaria.model.verdict import verdict
from malaria.ui.parts.charts import MARKS
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import data_uri

_ASKED: Final = "reading.asked"  # image_ids of what does not look like a cell, but whose answer was asked for
_KNOWN: Final = "reading.known"


@dataclass(frozen=True)
class Reading:
    """What became of one image: an `error` (cannot be read), a `doubt` (not a cell, it seems), a probability (0 to 1).

    With a doubt there is a probability only where the user insisted on one.
    """

    image: ImageFile
    thumbnail: str = ""
    error: str | None = None
    doubt: str | None = None
    p_parasitized: float | None = None

    @property
    def why(self) -> str | None:
        """The sentence, with the file's name, that says why there is no answer; None where there is one."""
        if self.p_parasitized is not None:
            return None
        return self.error or f"{self.image.file}: {self.doubt}"

    def words(self, threshold: float) -> str:
        """The answer in words, with a mark, as a table shows it."""
        if self.p_parasitized is None:
            return "⚠ cannot be read" if self.error else "? not a cell, it seems"
        said = verdict(self.p_parasitized, threshold)
        return f"{MARKS[said]} {said}"


def read(images: Sequence[ImageFile], frame: Frame) -> list[Reading]:
    """Read `images` with the picked model; what this session has read already is not read again."""
    insisted = _insisted()
    keys = [(image.file, image.image_id, frame.model_name, image.image_id in insisted) for image in images]
    known: dict[object, Reading] = st.session_state.get(_KNOWN, {})
    with st.spinner("Reading the images …"):
        fresh = {key: known.get(key) or _read(image, frame) for key, image in zip(keys, images, strict=True)}
    st.session_state[_KNOWN] = fresh
    return [fresh[key] for key in keys]


def insist(image: ImageFile) -> None:
    """Have the model asked about an image that does not look like a cell."""
    _insisted().add(image.image_id)


def table(readings: Sequence[Reading], threshold: float) -> pd.DataFrame:
    """Return the table of cells for `readings`: one row an image, in their order; a doubt stands as an error.

    Images that lie in a folder named like a class, as those of the public set do, have that as their given label.
    """
    cells = pd.DataFrame(
        [
            {
                "file": reading.image.file,
                "patient": reading.image.patient,
                "given_label": reading.image.folder if reading.image.folder in CLASSES else None,
                "p_parasitized": reading.p_parasitized,
                "label": None if reading.p_parasitized is None else label_for(reading.p_parasitized, threshold),
                "error": reading.error or reading.doubt,
                "image_id": reading.image.image_id,
            }
            for reading in readings
        ]
    )
    return cells if cells["given_label"].notna().any() else cells.drop(columns="given_label")


def _read(image: ImageFile, frame: Frame) -> Reading:
    """Decode, doubt, and only then ask the model. Of the pixels only a thumbnail is kept."""
    if image.data is None:
        return Reading(image, error=image.error)
    try:
        rgb = decode(image.data, image.file)
    except ImageError as error:
        return Reading(image, error=str(error))
    doubt = implausible(rgb)
    if doubt and image.image_id not in _insisted():
        return Reading(image, data_uri(rgb), doubt=doubt)
    return Reading(image, data_uri(rgb), doubt=doubt, p_parasitized=float(frame.classifier.predict([rgb])[0]))


def _insisted() -> set[str | None]:
    insisted: set[str | None] = st.session_state.setdefault(_ASKED, set())
    return insisted
