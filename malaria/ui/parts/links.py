"""How one page sends a user to another: its address, and what it brings along in the session's state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn

import pandas as pd
import streamlit as st

from malaria.cells import Labels
from malaria.images import ImageFile

HOME: Final = "streamlit_app.py"
CELL: Final = "pages/1_Single_cell.py"
BATCH: Final = "pages/2_Batch_evaluation.py"
REVIEW: Final = "pages/3_Label_review.py"
SAMPLE: Final = "pages/4_Sample_threshold.py"
TRIAGE: Final = "pages/5_Smear_triage.py"
MODELS: Final = "pages/6_Models.py"
DATASET: Final = "pages/7_Dataset.py"
READERS: Final = "pages/8_Reader_test.py"

CELLS: Final = "single_cell.cells"
"""Cells (a list of `ImageFile`) for the single-cell page; they outlive a visit to another page."""
CORRECTIONS: Final = "corrections"
"""Corrected labels (`malaria.cells.Labels`) from label review, for the readings of every labelled source."""
DARE: Final = "readers.dare"
"""The ten cells that a visitor reads against the network, or has read."""
SCORES: Final = "links.scores"
"""Cells of a batch (`malaria.sample.Scores`) on their way to the sample page."""

_ORIGIN: Final = "links.origin"


@dataclass(frozen=True)
class Origin:
    """Where a cell on the single-cell page came from: a batch, its given label there, and what the model called it."""

    image_id: str | None
    batch: str
    given_label: str
    called: str


# Without `query_params` Streamlit refuses to leave while a widget is in the address.


def open_example(name: str) -> NoReturn:
    """Show one of the synthetic examples on the single-cell page."""
    st.switch_page(CELL, query_params={"example": name})


def open_triage(example: str) -> NoReturn:
    """Triage one of the synthetic examples of the smear triage page (`malaria.smear.sample.EXAMPLES`)."""
    st.switch_page(TRIAGE, query_params={"example": example})


def open_dare() -> NoReturn:
    """Read ten cells against the network, on the reader test page: others than before."""
    st.session_state.pop(DARE, None)
    st.switch_page(READERS, query_params={})


def open_cell(image: ImageFile, origin: Origin) -> NoReturn:
    """Show one cell of a batch on the single-cell page. Call it after a button, not in a callback."""
    bring_cells([image])
    st.session_state[_ORIGIN] = origin
    st.switch_page(CELL, query_params={})


def get_origin(image: ImageFile) -> Origin | None:
    """Where a cell came from, if from a batch."""
    origin: Origin | None = st.session_state.get(_ORIGIN)
    return origin if origin and origin.image_id == image.image_id else None


def bring_cells(images: Sequence[ImageFile]) -> None:
    """Make `images` what the single-cell page shows, in place of what was uploaded there."""
    st.session_state[CELLS] = list(images)


def open_batch(corrections: Labels) -> NoReturn:
    """Measure on the batch page by corrected labels."""
    st.session_state[CORRECTIONS] = corrections
    st.switch_page(BATCH, query_params={})


def open_review() -> NoReturn:
    """Review the labels of the session's labelled source."""
    st.switch_page(REVIEW, query_params={})


def open_sample(table: pd.DataFrame, name: str, threshold: float, caution: str = "") -> NoReturn:
    """Start the sample page from the cells of a batch at `threshold` (0 to 1); see `bring_scores`."""
    bring_scores(table, name, caution)
    st.switch_page(SAMPLE, query_params={"threshold": f"{threshold:.10g}"})


def open_sample_with_rates(found: int, infected: int, alarms: int, uninfected: int) -> NoReturn:
    """Start the sample page from rates measured elsewhere, as by a reader's test, with what they rest on.

    `found` of `infected` infected cells and `alarms` of `uninfected` uninfected ones were called parasitized; both
    numbers of cells are at least 1.
    """
    rates = {"sens": found / infected, "fpr": alarms / uninfected, "sens_cells": infected, "fpr_cells": uninfected}
    nobody_else = {"rho": 0, "kept": 1, "fooled": 1}
    st.switch_page(SAMPLE, query_params={name: f"{value:.10g}" for name, value in (rates | nobody_else).items()})


def bring_scores(table: pd.DataFrame, name: str, caution: str = "") -> None:
    """Make the sample page start from the cells of a batch: rates, overdispersion, thresholds, real check.

    `table` has the columns patient, given_label, p_parasitized (and corrected_label or expert_label, where there is
    one); `name` says what they are, as in "measured on NAME", and `caution` why they flatter the model, if they do.
    Raises SampleError for cells that give no rates.
    """
    from malaria.sample import Scores  # only here: it needs 70 MB of statistics that other pages do without

    scores = Scores(name, table, caution)
    scores.cells(scores.readings[0])
    st.session_state[SCORES] = scores
