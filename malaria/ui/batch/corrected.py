"""What relabelling has changed: figures before and after, the files to take along, and how to learn from them."""

import shlex
from typing import Final

import streamlit as st

from malaria.batch import Batch, Relabelled, sentences, tables
from malaria.cells import format_csv
from malaria.review import Decision, correct_labels, replay, to_csv
from malaria.ui.parts.annotator import get_annotator
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.journal import open_log
from malaria.ui.parts.labelled_source import LabelledSource
from malaria.wording.words import choose_verb, count

_LABELS: Final = "corrected_labels.csv"


def draw_corrected(found: Relabelled, as_given: Batch, labelled: LabelledSource) -> None:
    """Draw the corrected figures beside those by the given labels, and what can be taken along: one's own work only."""
    # Looked up now: a file is made outside of the visit, where nobody knows whose it is.
    log, name, cells = open_log(), get_annotator(), set(as_given.table["image_id"])

    def list_decisions() -> list[Decision]:
        rows = (*log.state.rows, *log.unsaved)
        return [row for row in rows if row.annotator == name and row.image_id in cells]

    def write_labels() -> str:
        return format_csv(correct_labels(as_given.table, replay(list_decisions())))

    with st.container(key="batch-corrected", border=True):
        st.html(tables.relabelled_table(found))
        st.caption(f"{_count_changes(found)} {sentences.say_bias(found)}".strip())
        with st.container(horizontal=True, gap="small"):
            offer_download("Corrections (CSV)", lambda: to_csv(list_decisions()), "corrections.csv")
            offer_download("Corrected labels (CSV)", write_labels, _LABELS)
            with st.popover("Retrain with them", icon=":material/model_training:"):
                st.markdown("Put the corrected labels next to your images and run:")
                st.code(_write_command(as_given, labelled), language="bash", wrap_lines=True)


def _count_changes(found: Relabelled) -> str:
    said = f"You changed {count(found.changed, 'label')}."
    if found.lost:
        said += f" {count(found.lost, 'cell')} without a clear answer {choose_verb(found.lost, 'is', 'are')} left out."
    return said


def _write_command(batch: Batch, labelled: LabelledSource) -> str:
    """The command that trains a network like the one that answered on the corrected labels."""
    cells = "cells.zip" if labelled.synthetic else labelled.name
    words = ["python", "-m", "malaria", "train", cells, "--architecture", batch.card.architecture]
    if labelled.csv and labelled.labelling and labelled.labelling.given:
        words += ["--labels", "labels.csv"]
    return shlex.join([*words, "--corrections", _LABELS, "--output", "models/relabelled"])
