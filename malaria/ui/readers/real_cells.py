"""Ten real cells for the dare, of the public NIH set, for whoever asks for them and can reach it."""

from pathlib import PurePosixPath
from typing import Final

import streamlit as st

from malaria.errors import ModelError, NoHeldOutError
from malaria.images import ImageFile
from malaria.model.classifier import tabulate
from malaria.readers import Key, Settings, make_test
from malaria.review import out_of_sample
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_answers
from malaria.ui.parts.public_cells import open_public_set

EACH: Final = 20
"""So many cells of either class are fetched, about 500 kB, and serve everybody for an hour."""


def make_real_test(settings: Settings, frame: Frame) -> tuple[Key, dict[str, bytes]]:
    """Make a test of public cells, with the files by image_id; the network's answers are held-out ones where there are.

    Raises SourceError where the public set cannot be reached, ReaderTestError where too few of its cells can be used.
    """
    files = _fetch()
    table = tabulate(frame.classifier.score(files))
    table = table.assign(given_label=[PurePosixPath(file.file).parent.name for file in files])
    held_out = read_answers(frame)
    if isinstance(held_out, ModelError) and not isinstance(held_out, NoHeldOutError):
        raise held_out
    table, basis = out_of_sample(table, held_out, frame.card.name)
    key = make_test(table, settings, threshold=frame.threshold, basis=basis)
    data = {str(file.image_id): file.data for file in files if file.data is not None}
    return key, {name: data[name] for name in key.cells}


@st.cache_resource(ttl="1h", max_entries=1, show_spinner=False)
def _fetch() -> list[ImageFile]:
    return open_public_set().fetch(EACH)
