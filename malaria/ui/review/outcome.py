"""What comes of a review: agreement, results and files, and the journal itself. Worked out only when looked at."""

from collections.abc import Callable
from typing import Final

import pandas as pd
import streamlit as st

from malaria.batch import tables
from malaria.errors import MalariaError
from malaria.export import format_label_studio, write_folders, write_imagefolder
from malaria.report.rates import describe_rate
from malaria.review import (
    RULE,
    Summary,
    compare_with_oneself,
    correct_labels,
    read_journal,
    summarise,
)
from malaria.ui.parts import account
from malaria.ui.parts.agreement import draw_agreement
from malaria.ui.parts.downloads import offer_download, pack
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import read_uploader
from malaria.ui.review.end import download, draw_oneself, offer_corrected, offer_measuring
from malaria.ui.review.label_review import LabelReview
from malaria.wording.words import count

_UPLOAD: Final = "review.journal"
_MAX_UPLOAD_MB: Final = 64


@st.fragment
def draw_outcome(review: LabelReview) -> None:
    """Draw the part that is asked for."""
    parts: dict[str, Callable[[LabelReview], None]] = {
        "Results": _draw_results,
        "Agreement": _draw_agreement,
        "Journal": _draw_journal,
    }
    st.header("The outcome", anchor=False)
    chosen = st.segmented_control("Show", list(parts), key="review.outcome", label_visibility="collapsed")
    if chosen:
        review.session.log.refresh()
        parts[chosen](review)
        st.button("Count again", icon=":material/refresh:", key="review-again")


# Results


def _draw_results(review: LabelReview) -> None:
    found = summarise(review.session.cards, review.session.log.state, review.threshold)
    st.markdown(
        f"**{found.n_read:,} of {found.n_cells:,} labelled cells were read.** Labels confirmed: {found.confirmed:,}; "
        f"changed: {found.changed:,} ({found.to_parasitized:,} to Parasitized, {found.to_uninfected:,} to Uninfected); "
        f"unsure: {found.unsure:,}; not usable: {found.unusable:,}; without a consensus: {found.no_consensus:,}."
    )
    if found.n_read:
        _draw_ranking(found)
        _draw_measured(found)
    _offer_files(review)


def _draw_ranking(found: Summary) -> None:
    st.subheader("How good the ranking was", anchor=False)
    lines = ["| place in the queue | read | label changed |", "|---|---|---|"]
    lines += [f"| {p.first:,} to {p.last:,} | {p.n_read:,} | {describe_rate(p.changed)} |" for p in found.pieces]
    st.markdown("\n".join(lines))
    st.caption(
        "Shares of the cells read, with 95 % intervals. With a good ranking, most changed labels are near the front."
    )


def _draw_measured(found: Summary) -> None:
    if found.readings is None:
        return
    st.subheader("The model before and after", anchor=False)
    st.html(tables.readings_table(found.readings))
    st.caption(
        "Only labels that the model suspects were checked, so the re-read figures flatter it: errors that it shares "
        "with the given labels remain. Cells that lost their label are in neither column."
    )


def _offer_files(review: LabelReview) -> None:
    st.subheader("Download the result", anchor=False)
    state, source = review.session.log.state, review.labelled.source

    def corrected() -> pd.DataFrame:
        return correct_labels(review.table, state)

    with st.container(horizontal=True):
        offer_corrected(review, "review-corrected")
        offer_download(
            "Corrected images (zip)",
            lambda: pack(lambda target: write_folders(target, source, corrected())),
            "corrected_cells.zip",
        )
        offer_download(
            "Hugging Face imagefolder (zip)",
            lambda: pack(lambda target: write_imagefolder(target, source, corrected())),
            "imagefolder.zip",
        )
        offer_download("Label Studio (JSON)", lambda: format_label_studio(corrected()), "label_studio.json")
        offer_measuring(review, "review-measure")
    st.caption("Use corrected_labels.csv with `python -m malaria evaluate --labels` and `train --corrections`. " + RULE)


# Agreement


def _draw_agreement(review: LabelReview) -> None:
    state = review.session.log.state
    st.subheader("With yourself", anchor=False)
    draw_oneself(compare_with_oneself(state, review.session.annotator).raw)
    st.subheader("With one another", anchor=False)
    if len(state.annotators) < 2:
        st.markdown(
            "Only one annotator has answered so far. Ask another to read the same cells under their own name."
            if account.sees_all()
            else account.say_what_is_seen()
        )
        return
    draw_agreement(state)
    st.caption(
        "With Blind on, first answers come before the label and the model’s answer are shown. Kappa is Cohen’s for two "
        "readers and Fleiss’ for more, with 95 % intervals, over the answers Parasitized, Uninfected, Not sure and Not "
        "usable. "
        "Cells on which readers disagree are in the queue “Third reader”. " + RULE
    )


# The journal


def _draw_journal(review: LabelReview) -> None:
    log = review.session.log
    rows = review.session.list_rows(about_these=account.tells_by_name())
    st.markdown(
        f"In {literal(log.store.place)}: rows {len(rows):,}, annotators {len({row.annotator for row in rows}):,}. Rows "
        f"are added, never removed: an undone or changed decision stays on record. {account.say_what_is_seen()}"
    )
    for problem in (*log.problems, *log.state.problems):
        st.warning(literal(problem), icon=":material/healing:")
    download(review, "review-download-journal")
    st.file_uploader(
        "Continue an earlier journal: upload it, and its rows that are missing here are added.",
        type="csv",
        key=_UPLOAD,
        max_upload_size=_MAX_UPLOAD_MB,
        on_change=_resume,
        args=(review,),
    )
    if review.session.error:
        st.error(literal(review.session.error), icon=":material/error:")
    elif review.added:
        st.success(review.added, icon=":material/check:")


def _resume(review: LabelReview) -> None:
    review.session.error = review.added = None
    try:
        uploads = read_uploader(_UPLOAD)
        if not uploads:
            return
        rows = read_journal(uploads[0].getvalue())
        added = review.session.log.resume(rows)
    except MalariaError as error:
        review.session.error = str(error)
        return
    review.session.advance()
    review.added = f"{count(added, 'row')} added from {literal(uploads[0].name)}."
    if others := sum(not review.session.log.shows(row) for row in rows):
        review.added += f" {count(others, 'row')} of other annotators left out: you can add your own only."
