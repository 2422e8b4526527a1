"""The end of a queue: what was decided, what to take away, and what comes next."""

from dataclasses import replace

import streamlit as st

from malaria.cells import format_csv
from malaria.metrics import Rate
from malaria.report.rates import describe_rate
from malaria.review import compare_with_oneself, correct_labels, corrections, count_decided
from malaria.ui.parts import links
from malaria.ui.parts.answer_keys import AnswerKeys, download_journal
from malaria.ui.parts.downloads import offer_download
from malaria.ui.review.label_review import LabelReview
from malaria.ui.review.queues import ALL, DISPUTE, MINE, THIRD, Asked, ask_for, describe, draw_clear
from malaria.wording.words import choose_verb, count


def draw_end(work: LabelReview, keys: AnswerKeys, asked: Asked) -> None:
    """Draw what is there when no card is left."""
    session = work.session
    left = session.progress.total - session.progress.done
    if asked.queue not in (MINE, THIRD) and session.settings.sharing and left:
        st.info(f"With others: the last {count(left, 'card')}.", icon=":material/group:")
        st.button("Look again", shortcut="Enter", on_click=session.attempt, args=(session.advance,))
    elif not session.progress.total:
        st.info(_say_empty(work, asked), icon=":material/inbox:")
        draw_clear(asked, "review-clear-empty")
    else:
        _draw_decided(work, asked)
    if asked.queue == MINE and session.progress.total:
        st.button("Go through them again", on_click=session.attempt, args=(session.start_over,))
    _draw_next(work, asked)
    with st.container(width=240):
        keys.draw_undo()


def _say_empty(work: LabelReview, asked: Asked) -> str:
    unfiltered = Asked(asked.queue)
    if asked.is_filtered and work.count(unfiltered.filter):
        return f"No label matches these filters: {describe(work, asked)}."
    n = len(work.session.cards)
    return {
        DISPUTE: f"The model disputes none of these {n:,} labels.",
        ALL: "There is no label here.",
        THIRD: "No cell is waiting for a third reader. A cell comes here when two others have read it and disagree.",
        MINE: "You have decided nothing here yet.",
    }[asked.queue]


def _draw_decided(work: LabelReview, asked: Asked) -> None:
    """Say what was decided, and hand it over."""
    session = work.session
    state, me = session.log.state, session.annotator
    cards = [
        card
        for card in session.chosen
        if asked.queue != THIRD or ((mine := state.mine(card.image_id, me)) and mine.adjudicates)
    ]
    found = count_decided(cards, state, me)
    n = session.progress.total
    done = f"You have looked through all {n:,}." if asked.queue == MINE else f"Done: all {n:,} are decided."
    st.success(f"**{done}**", icon=":material/task_alt:")
    if found.n:
        st.markdown(
            f"You confirmed {count(found.confirmed, 'label')} and changed {found.changed.numerator:,}: "
            f"{found.to_parasitized:,} to Parasitized, {found.to_uninfected:,} to Uninfected. Not sure: "
            f"{found.unsure:,}. Not usable: {found.unusable:,}."
        )
        st.markdown(f"Changed, of the {found.n:,} you answered: {describe_rate(found.changed)}.")
    if (raw := compare_with_oneself(state, me).raw).n:
        draw_oneself(raw)
    with st.container(horizontal=True):
        offer_corrected(work, "review-end-corrected")
        download(work, "review-end-journal")


def _draw_next(work: LabelReview, asked: Asked) -> None:
    """Offer what else there is to do."""
    session = work.session
    more = work.count_waiting(replace(asked, queue=ALL, wrong=None).filter)
    third = work.count_waiting(Asked(THIRD).filter)
    with st.container(horizontal=True):
        if asked.queue != ALL and more:
            where = "at lower suspicion" if asked.queue == DISPUTE else "undecided"
            _offer_queue(f"{more:,} more {where}: go on with {choose_verb(more, 'it', 'them')}", asked, ALL, "primary")
        if asked.queue != THIRD and third:
            _offer_queue(
                f"{count(third, 'cell')} {choose_verb(third, 'waits', 'wait')} for a third reader", asked, THIRD
            )
        if session.log.state.decided_by(session.annotator):
            offer_measuring(work, "review-end-measure")


def _offer_queue(words: str, asked: Asked, queue: str, kind: str = "secondary") -> None:
    chosen = replace(asked, queue=queue, wrong=None) if queue == ALL else Asked(queue)
    st.button(words, key=f"review-go-{queue}", type=kind, on_click=ask_for, args=(chosen,))  # type: ignore[arg-type]


def download(work: LabelReview, key: str) -> None:
    """Draw the button that downloads the journal, and note what was downloaded."""
    log = work.session.log

    def note() -> None:
        work.downloaded = len(log.state.rows)

    download_journal(work.session, key, note)


def offer_corrected(work: LabelReview, key: str) -> None:
    """Draw the button that downloads the corrected labels."""
    state = work.session.log.state
    offer_download(
        "Corrected labels (CSV)",
        lambda: format_csv(correct_labels(work.table, state)),
        "corrected_labels.csv",
        key=key,
    )


def offer_measuring(work: LabelReview, key: str) -> None:
    """Draw the button that leads to the batch page with the corrected labels."""
    if st.button("Measure the models against these labels", icon=":material/grid_view:", key=key):
        links.open_batch(corrections(work.session.log.state))


def draw_oneself(raw: Rate) -> None:
    """How the annotator agreed with themselves on the cards that came back."""
    if raw.n:
        st.markdown(
            f"Of {count(raw.n, 'cell')} that came back unannounced, you gave the same answer to {describe_rate(raw)}."
        )
    else:
        st.markdown("No cell has come back to you yet, so your agreement with yourself is not known.")
