"""What the sample comes to, over all its fields: counts, parasitaemia with its interval, and the cells still needed."""

from typing import Final

import pandas as pd
import streamlit as st

from malaria.errors import ModelError, SampleError
from malaria.export import format_coco, format_cvat, label_boxes, write_yolo
from malaria.images import RGB
from malaria.review import UNSURE
from malaria.sample import RED_CELLS_PER_UL, CellRates
from malaria.smear import Assumed, Box, Cell, Count, Result, cell_rates, cells_csv, head_rates, report_html, sentences
from malaria.smear.counts import LEUKOCYTES_PER_UL, LIMITS, MOST_COUNTED, WISHED_PER_UL
from malaria.smear.sample import Sample
from malaria.smear.sentences import CARD_STANDS_IN, CONSENSUS, each
from malaria.smear.session import TriageSession
from malaria.ui.parts import account
from malaria.ui.parts.agreement import draw_agreement
from malaria.ui.parts.downloads import offer_download, pack
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_scores
from malaria.ui.parts.text import literal
from malaria.ui.smear.card import where
from malaria.ui.smear.view import choose_closely
from malaria.wording.numbers import DASH
from malaria.wording.words import choose_verb, count

_OWN: Final = "The patient’s own count where it is known."
_INPUTS: Final = (
    ("red_cells_per_ul", "Red cells per µL", RED_CELLS_PER_UL, 100_000, _OWN),
    ("leukocytes_per_ul", "Leukocytes per µL", LEUKOCYTES_PER_UL, 500, _OWN),
    ("wished_per_ul", "Target limit of detection, parasites per µL", WISHED_PER_UL, 50, None),
)


def result(sample: Sample, session: TriageSession, frame: Frame) -> Result:
    """Draw the figures of the sample, pooled over its fields, and return them."""
    st.header("The sample, all fields together", anchor=False)
    figures = st.container()  # above what they rest on
    assumed, manual = _draw_assumed(), _manual()
    found = Result(session.triage, session.visible, _rates(frame, session), manual, assumed, session.sample)
    with figures:
        _figures(found, sample, session)
    with st.expander("How far to trust these figures", icon=":material/balance:"):
        st.markdown(sentences.say_caveats(found))
    _fields(session)
    return found


def _figures(found: Result, sample: Sample, session: TriageSession) -> None:
    if found.unfit:
        with st.container(key="smear-unfit"):
            st.warning(sentences.say_unfit(found), icon=":material/warning:")
            if st.button(f"Leave {choose_verb(len(found.unfit), 'it', 'them')} out", icon=":material/block:"):
                sample.leave_out(found.unfit, session.annotator)
                st.rerun()
    if told := sentences.say_concerns(found.triage):
        st.warning(told, icon=":material/warning:")
    columns = {literal(name): column for name, column in sentences.figures(found).items()}
    st.table(pd.DataFrame(columns).rename_axis("Figure"))
    if surer := sentences.say_surer(found, session.annotator):
        st.info(surer, icon=":material/query_stats:")
    elif left := len(session.undecided):
        what = "cell" if session.is_survey else "suspect"
        words = f"{count(left, what)} still {choose_verb(left, 'needs', 'need')} a decision"
        unsure = sum(answer == UNSURE for answer in session.answers.values())
        st.info(f"Provisional: {words}{f', {unsure:,} not sure' if unsure else ''}.", icon=":material/pending:")
    st.markdown(sentences.say_needed(found))
    if types := sentences.say_types(found.triage.leukocyte_counts):
        st.markdown(types)
    if sample.parasitized is not None:
        st.caption(f"These fields are synthetic: {sample.parasitized} of their cells were drawn as parasitized.")
    st.caption(sentences.say_assumed(found))


def _draw_assumed() -> Assumed:
    with st.expander("Change the assumptions and the target", icon=":material/calculate:"):
        given = []
        for at, (part, (what, name, usual, step, why)) in enumerate(zip(st.columns(3), _INPUTS, strict=True)):
            key = f"smear.assumed.{at}"
            st.session_state.setdefault(key, usual)  # another sample may have set it
            given.append(part.number_input(name, *LIMITS[what], step=step, key=key, help=why))
    return Assumed(*map(float, given))


def _manual() -> Count | None:
    """What the user counted: red cells, parasitized ones, leukocytes."""
    names = ("Red cells you counted", "Parasitized red cells among them", "Leukocytes you counted")
    with st.expander("Enter your own count", icon=":material/pin:"):
        cells, found, white = (
            part.number_input(name, 0, MOST_COUNTED, None, key=f"smear.manual.{at}", placeholder="None")
            for at, (part, name) in enumerate(zip(st.columns(3), names, strict=True))
        )
        try:
            return Count.by_hand(cells, found, white)
        except SampleError as problem:
            st.warning(str(problem))
            return Count.by_hand(None, None, white)


def _fields(session: TriageSession) -> None:
    triage = session.triage
    rows = [
        {
            "Field": f"{triage.letters[name]} · {name}",
            "Red cells": f"{one.red_cells:,.0f}",
            "Leukocytes": f"{one.count('leukocyte'):,}",
            "Suspects": f"{sum(cell.field == name for cell in session.suspects):,}",
            "Quality": one.told or "Good.",
        }
        for name, one in session.cells.fields.items()
    ]
    dash = dict.fromkeys(("Red cells", "Leukocytes", "Suspects"), DASH)
    rows += [
        {"Field": f"{triage.letters[name]} · {name}", **dash, "Quality": f"Rejected: {sentences.why(name, why)}"}
        for name, why in triage.unreadable.items()
    ]
    # With a key it stays open when its label changes.
    with st.expander(f"Field by field ({len(rows):,})", icon=":material/table_rows:", key="smear-fields"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


def _rates(frame: Frame, session: TriageSession) -> CellRates | None:
    if session.head:
        return head_rates(session.head, session.triage.threshold)
    scores = read_scores(frame)
    if isinstance(scores, ModelError):
        st.caption(f":material/warning: {literal(str(scores))} {CARD_STANDS_IN}")
    return cell_rates(frame.card, None if isinstance(scores, ModelError) else scores, session.triage.threshold)


def downloads(sample: Sample, session: TriageSession, result: Result) -> None:
    """Offer report.html and cells.csv. Both are made only when clicked."""

    def look(name: str, box: Box) -> RGB:
        return sample.cut(name, box, 1.3 * max(box.width, box.height))

    with st.container(horizontal=True):
        offer_download("Download the report", lambda: report_html(result, look=look), "report.html", kind="primary")
        offer_download("Download cells.csv", lambda: cells_csv(result), "cells.csv")
        offer_download("COCO (JSON)", lambda: format_coco(label_boxes(result)), "cells_coco.json")
        offer_download(
            "YOLO labels (zip)", lambda: pack(lambda target: write_yolo(target, label_boxes(result))), "cells_yolo.zip"
        )
        offer_download("CVAT (XML)", lambda: format_cvat(label_boxes(result)), "cells_cvat.xml")
    st.caption(
        "The report is one file that opens in any browser and prints. It names the patient only if you typed a name "
        f"above. Decisions are kept in {literal(session.log.store.place)}. {account.say_what_is_seen()}"
    )


def readers(session: TriageSession) -> None:
    """Draw nothing while one has read alone."""
    everyone, compared = session.decisions.annotators, session.compared
    others = [account.name_annotator(name) for name in everyone if name != session.annotator]
    if not others:
        return
    st.header("Readers", anchor=False)
    if session.blind and session.undecided:
        st.markdown(
            f"Also read by {literal(', '.join(others))}. While Blind is on, you see their answers only for cells you "
            "have decided on, and their counts once no suspect is left."
        )
    if len(compared.annotators) > 1:
        with st.container(key="smear-readers"):
            draw_agreement(compared.of_sample)
        _differ(session, compared.disputed)
        st.caption(f"For cells that both have read, with 95 % intervals. Kappa is Cohen’s. {CONSENSUS}")


def _differ(session: TriageSession, cells: list[Cell]) -> None:
    if not cells:
        st.markdown("They agree on every cell.")
        return
    with st.expander(f"They disagree on {count(len(cells), 'cell')}", icon=":material/group:"):
        for cell in cells:
            name = f"**{cell.number}**" if cell.number else "Added"
            st.button(
                f"{name} · {where(session, cell)} · {literal(each(session.compared.said[cell]))}",
                key=f"smear-differ-{cell.image_id}",
                on_click=choose_closely,
                args=(session, cell),
            )
