"""From images to answers on a page: read once per session, doubted before the model is asked, told in words."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final

import pandas as pd
import streamlit as st

from malaria.errors import ImageError
from malaria.images import ImageFile, decode, name_picture
from malaria.images.plausibility import find_doubt, refuse_black
from malaria.labels import CLASSES, label_for
from malaria.model.verdict import verdict
from malaria.ui.parts.charts import MARKS
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import to_data_uri

_ASKED: Final = "single_cell.asked"  # image_ids of what does not look like a cell, but whose answer was asked for
_KNOWN: Final = "single_cell.known"
_AT_ONCE: Final = 5  # images that are read before anybody could see that they are


@dataclass(frozen=True)
class CellAnswer:
    """What became of one image: an `error` (cannot be read), a `doubt` (not a cell, it seems), a probability (0 to 1).

    With a doubt there is a probability only where the user insisted on one.
    """

    image: ImageFile
    thumbnail: str = ""
    error: str | None = None
    doubt: str | None = None
    p_parasitized: float | None = None
    picture: str | None = None
    """Which of the file's several pictures was read, as in "page 1 of 3"."""

    @property
    def why(self) -> str | None:
        """The sentence, with the file's name, that says why there is no answer; None where there is one."""
        if self.p_parasitized is not None:
            return None
        return self.error or f"{self.image.file}: {self.doubt}"

    def in_words(self, threshold: float) -> str:
        """The answer in words, with a mark, as a table shows it."""
        if self.p_parasitized is None:
            return "⚠ cannot be read" if self.error else "? not a cell, it seems"
        said = verdict(self.p_parasitized, threshold)
        return f"{MARKS[said]} {said}"


def answer_cells(images: Sequence[ImageFile], frame: Frame) -> list[CellAnswer]:
    """Read `images` with the picked model; what this session has read already is not read again."""
    insisted = _get_insisted()
    keys = [(image.file, image.image_id, frame.model_name, image.image_id in insisted) for image in images]
    known: dict[object, CellAnswer] = st.session_state.get(_KNOWN, {})
    unread = sum(key not in known for key in keys)
    with st.spinner("Reading the images …") if unread > _AT_ONCE else nullcontext():
        fresh = {key: known.get(key) or _answer(image, frame) for key, image in zip(keys, images, strict=True)}
    st.session_state[_KNOWN] = fresh
    return [fresh[key] for key in keys]


def insist(image: ImageFile) -> None:
    """Have the model asked about an image that does not look like a cell."""
    _get_insisted().add(image.image_id)


def to_table(cell_answers: Sequence[CellAnswer], threshold: float) -> pd.DataFrame:
    """Return the table of cells for `cell_answers`: one row an image, in their order; a doubt stands as an error.

    Images that lie in a folder named like a class, as those of the public set do, have that as their given label.
    """
    cells = pd.DataFrame(
        [
            {
                "file": answer.image.file,
                "patient": answer.image.patient,
                "given_label": answer.image.folder if answer.image.folder in CLASSES else None,
                "p_parasitized": answer.p_parasitized,
                "label": None if answer.p_parasitized is None else label_for(answer.p_parasitized, threshold),
                "error": answer.error or answer.doubt,
                "image_id": answer.image.image_id,
                "picture": answer.picture,
            }
            for answer in cell_answers
        ]
    )
    return cells.drop(columns=[name for name in ("given_label", "picture") if cells[name].isna().all()])


def _answer(image: ImageFile, frame: Frame) -> CellAnswer:
    """Decode, doubt, and only then ask the model. Of the pixels only a thumbnail is kept."""
    if image.data is None:
        return CellAnswer(image, error=image.error)
    try:
        rgb = decode(image.data, image.file)
        refuse_black(rgb, image.file)
    except ImageError as error:
        return CellAnswer(image, error=str(error))
    doubt, picture = find_doubt(rgb), name_picture(image.data)
    p = None
    if not doubt or image.image_id in _get_insisted():
        p = float(frame.classifier.predict([rgb])[0])
    return CellAnswer(image, to_data_uri(rgb), doubt=doubt, p_parasitized=p, picture=picture)


def _get_insisted() -> set[str | None]:
    insisted: set[str | None] = st.session_state.setdefault(_ASKED, set())
    return insisted
