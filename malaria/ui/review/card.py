"""The card: one cell, large, with the keys to answer it, what the answer reveals, and the last decisions."""

from functools import partial

import streamlit as st

from malaria.report.html import render
from malaria.review import ReviewSession, SuspectLabel
from malaria.ui.parts import account
from malaria.ui.parts.answer_keys import LABELS, AnswerKeys, Shown
from malaria.ui.parts.text import literal
from malaria.ui.review.end import download, draw_end
from malaria.ui.review.label_review import NEXT, LabelReview
from malaria.ui.review.look import draw_look
from malaria.ui.review.pictures import COLOUR, VIEWS, Picture
from malaria.ui.review.queues import MINE, Asked, describe, get_asked
from malaria.ui.review.several import SEVERAL, draw_several, draw_switch
from malaria.wording.words import count, duration, probability


@st.fragment
def card(work: LabelReview) -> None:
    """Draw the card on the table. A key draws only this again."""
    with st.container(key="review-card"):
        session, asked = work.session, get_asked(work)
        if asked.filter != session.settings.wanted:
            st.rerun()  # a button here asked for another queue, which the row above has to take in
        moves = {"Enter": ("go_on", session.go_on), "S": ("skip", lambda token, note: session.skip(token))}
        keys = AnswerKeys("review", session, LABELS, "batch", moves)
        _progress(work, asked)
        if session.log.unsaved:
            keys.draw_stopped()
            keys.draw_card()
        elif session.current is None:
            draw_end(work, keys, asked)
            keys.draw_card()
        elif st.session_state.get(SEVERAL) and asked.queue != MINE:
            _say_error(session)
            draw_several(work, keys)
            keys.draw_card()
        else:
            _table(work, session.current, keys, asked)
        _latest(work)


def _table(work: LabelReview, current: SuspectLabel, keys: AnswerKeys, asked: Asked) -> None:
    left, right = st.columns([6, 5], gap="medium")
    with right:
        _revealed(work.session, current)
        _answers(work.session, keys)
        keys.draw_note()
        with st.container(horizontal=True, gap="small"):
            look = _controls()
            if asked.queue != MINE:
                draw_switch(several=False)
        _say_error(work.session)
        _kept(work)
    with left:
        _cells(work, current, keys, *look)
        draw_look(work, current)
    references(work, current, work.pictures[current.file])


# The cell


def _controls() -> tuple[str, float, int, int]:
    """What changes the display only: the view, zoom, brightness and contrast."""
    with st.popover("Look closer", icon=":material/tune:", help="Changes the view, never the image."):
        name = st.segmented_control("View", VIEWS, default=COLOUR, required=True, key="review.view")
        zoom = st.slider("Zoom", 1.0, 5.0, 1.0, 0.5, format="%g ×", key="review.zoom")
        brightness = st.slider("Brightness", 40, 250, 100, 10, format="%d %%", key="review.brightness")
        contrast = st.slider("Contrast", 40, 300, 100, 10, format="%d %%", key="review.contrast")
    return name or COLOUR, zoom, brightness, contrast


def _cells(
    work: LabelReview, current: SuspectLabel, keys: AnswerKeys, name: str, zoom: float, brightness: int, contrast: int
) -> None:
    """The cell on view, and behind it those that come next."""
    deck = [_show(work, card, name) for card in (current, *work.session.look_ahead())]
    look = {"--zoom": f"{zoom}", "--bright": f"{brightness}%", "--contrast": f"{contrast}%"}
    keys.draw_card(deck, "The cell to be judged", look)


def _show(work: LabelReview, card: SuspectLabel, name: str) -> Shown:
    picture, waits = work.pictures[card.file], work.session.will_wait(card)
    if picture.rgb is None:
        return Shown(card.image_id, card.image_id, "", str, waits, error=picture.error or "The image cannot be read.")
    height, width = picture.rgb.shape[:2]
    long = max(height, width)
    seen = "" if name == COLOUR else f", its {name.lower()} only"
    return Shown(
        card.image_id,
        f"{card.image_id} {name}",
        f"The cell to be judged, enlarged{seen}",
        partial(picture.seen_as, name),
        waits,
        height / long,
        width / long,
    )


def _revealed(session: ReviewSession, current: SuspectLabel) -> None:
    """The given label, the model's view and what others say; or that they are hidden."""
    mine = session.mine
    waits = "A different answer changes yours."
    if session.revealed:
        waits = "Enter keeps your answer. To change it, press another answer twice."
    if session.doubted:
        waits = f"Press {LABELS[session.doubted]} once more to change your answer, or Enter to keep it."
    revealed = render(
        "ui/review/reveal.html",
        hidden=session.label_hidden,
        mine=mine and LABELS[mine.final_answer],
        differs=mine is not None and mine.corrected_label not in (None, current.given_label),
        given_label=current.given_label,
        model=f"Model: {probability(current.p_parasitized)} parasitized, "
        f"suspect {current.rank:,} of {len(session.cards):,}",
        others={name: LABELS[one.final_answer] for name, one in session.others.items()},
        waits=mine and waits,
    )
    st.html(revealed)


# The keys


def _answers(session: ReviewSession, keys: AnswerKeys) -> None:
    keys.draw_answers()
    with st.container(key="review-moves"):
        if session.waits:
            keys.draw_move("Next", "Enter")
        else:
            keys.draw_move("Skip", "S")
        keys.draw_undo()


# Around the card


def _progress(work: LabelReview, asked: Asked) -> None:
    progress = work.session.progress
    if not progress.total:
        return  # what is said in place of a card says why
    done = "looked through" if asked.queue == MINE else "decided"
    parts = [f"**{progress.done:,} of {progress.total:,}** {done}"]
    if less := describe(work, asked):
        parts.append(less)
    if progress.seconds_per_card is not None and progress.seconds_left:
        parts.append(f"{progress.seconds_per_card:.1f} s a card · {duration(progress.seconds_left)} left")
    st.progress(progress.done / progress.total, " · ".join(parts))


def _say_error(session: ReviewSession) -> None:
    if session.error:
        st.warning(literal(session.error), icon=":material/warning:")


def _kept(work: LabelReview) -> None:
    """Say where decisions go, and whether they are still there tomorrow."""
    log = work.session.log
    if log.store.survives:
        st.caption(
            f":material/save: Each decision is saved at once in {literal(log.store.place)} and survives a restart."
        )
        return
    rows = len(log.state.rows) - work.downloaded
    left = f": {count(rows, 'row')} not downloaded yet" if rows else ""
    where = (
        f"Decisions go to {literal(log.store.place)}, **which this host loses when it restarts.**"
        if account.is_kept()
        else account.say_what_is_seen()
    )
    st.markdown(f":material/warning: {where} Download before you leave{left}.")
    download(work, "review-download-card")


def _latest(work: LabelReview) -> None:
    decisions = work.session.latest()
    if not decisions:
        return
    st.markdown("**Your last decisions**")
    st.caption("Click one to change it.")
    with st.container(key="review-latest", horizontal=True, gap="small"):
        for decision in decisions:
            st.button(
                f"![The cell]({work.thumbnails[decision.file]}) {LABELS[decision.final_answer]}",
                key=f"review-edit-{decision.image_id}",
                on_click=work.session.attempt,
                args=(partial(work.session.edit, decision.image_id),),
            )


def references(work: LabelReview, current: SuspectLabel, picture: Picture) -> None:
    """Draw both, cells with little suspect labels only."""
    left, right = st.columns(2, gap="medium")
    with left:
        _rows("From the same patient", work.neighbours(current), work, "The patient is not known.")
    with right:
        alike = {} if picture.rgb is None else work.look_alikes(current, picture.rgb)
        missing = "They appear once all cells of the batch have been compared." if alike is None else "There are none."
        _rows("Look-alikes", alike or {}, work, missing)
        if alike is not None:
            st.button(
                f"Show me the {NEXT} suspects most like it next",
                key="review-alike",
                shortcut="L",
                on_click=work.look_alikes_next,
            )


def _rows(title: str, found: dict[str, list[SuspectLabel]], work: LabelReview, missing: str) -> None:
    uris = {label: [work.thumbnails[card.file] for card in cards] for label, cards in found.items()}
    shown = uris if any(found.values()) else {}
    st.html(render("ui/review/references.html", title=title, found=shown, missing=missing))
