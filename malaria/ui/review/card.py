"""The card: one cell, large, with the keys to answer it, what the answer reveals, and the last decisions."""

import html
from collections.abc import Callable
from typing import Final

import streamlit as st

from malaria.errors import JournalError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE, Decision, ReviewSession, SuspectLabel, compare_with_oneself, to_csv
from malaria.ui.parts.agreement import share
from malaria.ui.parts.frame import PARTS, boundary
from malaria.ui.parts.text import literal
from malaria.ui.review.label_review import NEXT, LabelReview
from malaria.ui.review.pictures import COLOUR, VIEWS, Picture
from malaria.wording.words import count, probability

KEYS: Final = {PARASITIZED: "P", UNINFECTED: "U", UNSURE: "N", UNUSABLE: "X"}
"""The key of each answer. C and R belong to Streamlit."""
WORDS: Final = {PARASITIZED: "Parasitized", UNINFECTED: "Uninfected", UNSURE: "Not sure", UNUSABLE: "Not usable"}

_keys = st.components.v2.component("review_keys", js=(PARTS / "keys.js").read_text())


@st.fragment
def card(work: LabelReview) -> None:
    """Draw the card on the table. A key draws only this again."""
    with boundary(), st.container(key="review-card"):
        session = work.session
        _progress(session)
        if session.log.unsaved:
            _stopped(work)
        elif session.current is None:
            _finished(work)
        else:
            _table(work, session.current)
        _latest(work)
        _keys(key="review-keys")
        work.prepare()


def _table(work: LabelReview, current: SuspectLabel) -> None:
    picture = work.pictures[current.file]
    left, right = st.columns([6, 5], gap="medium")
    with right:
        _revealed(work.session, current)
        _answers(work)
        _note(work)
        look = _controls()
        _kept(work)
    with left:
        _cell(picture, *look)
    references(work, current, picture)


# The cell


def _controls() -> tuple[str, float, int, int]:
    """What changes the display only: the view, zoom, brightness and contrast."""
    with st.popover("Look closer", icon=":material/tune:", help="Changes what you see, never the image."):
        name = st.segmented_control("View", VIEWS, default=COLOUR, required=True, key="review.view")
        zoom = st.slider("Zoom", 1.0, 5.0, 1.0, 0.5, format="%g ×", key="review.zoom")
        brightness = st.slider("Brightness", 40, 250, 100, 10, format="%d %%", key="review.brightness")
        contrast = st.slider("Contrast", 40, 300, 100, 10, format="%d %%", key="review.contrast")
    return name or COLOUR, zoom, brightness, contrast


def _cell(picture: Picture, name: str, zoom: float, brightness: int, contrast: int) -> None:
    if picture.rgb is None:
        st.error(literal(picture.error or "The image cannot be read."), icon=":material/broken_image:")
        return
    height, width = picture.rgb.shape[:2]
    long = max(height, width)
    style = (
        f"--zoom:{zoom};--bright:{brightness}%;--contrast:{contrast}%;"
        f"--tall:{height / long:.4f};--wide:{width / long:.4f}"
    )
    seen = "" if name == COLOUR else f", its {name.lower()} only"
    st.html(
        f'<div class="cell" tabindex="0" role="group" aria-label="The cell to be judged" style="{style}">'
        f'<img src="{picture.seen_as(name)}" alt="The cell to be judged, enlarged{seen}"></div>'
    )


def _revealed(session: ReviewSession, current: SuspectLabel) -> None:
    """The given label, the model's view and what others say; or that they are hidden."""
    if session.label_hidden:
        st.html(
            '<p class="reveal">Is this cell parasitized? Given label and model’s view appear when you have answered.'
        )
        return
    mine = session.mine
    differs = mine is not None and mine.corrected_label not in (None, current.given_label)
    lines = [
        f'Given label: <b class="{"changed" if differs else ""}">{current.given_label}</b>',
        f"Model: {probability(current.p_parasitized)} parasitized, suspect {current.rank:,} of {len(session.cards):,}",
        *(f"{html.escape(name)}: {WORDS[one.final_answer]}" for name, one in session.others.items()),
    ]
    if mine is not None:
        lines.insert(0, f"You: <b>{WORDS[mine.final_answer]}</b>")
        waits = (
            "Enter keeps your answer, another key changes it." if session.revealed else "Another answer changes yours."
        )
        lines.append(f"<small>{waits}</small>")
    st.html(f'<p class="reveal" role="status">{"<br>".join(lines)}</p>')


# The keys


def _answers(work: LabelReview) -> None:
    session, token = work.session, work.session.token
    mine = session.mine
    with st.container(key="review-answers"):
        for answer, key in KEYS.items():
            chosen = mine is not None and mine.final_answer == answer
            st.button(
                WORDS[answer],
                key=f"review-{key}-{token}",
                shortcut=key,
                type="primary" if chosen else "secondary",
                width="stretch",
                on_click=_do,
                args=(work, lambda given=answer: session.answer(token, given, _noted(work))),
            )
    with st.container(key="review-moves"):
        if session.revealed is not None:
            go_on = lambda: session.go_on(token, _noted(work))  # noqa: E731
            _move("Next", "Enter", work, go_on)
        else:
            skip = lambda: session.skip(token)  # noqa: E731
            _move("Skip", "S", work, skip)
        _undo(work)


def _undo(work: LabelReview) -> None:
    session, token = work.session, work.session.token

    def undo() -> None:
        if not session.undo(token) and token == session.token:
            work.error = "There is nothing left to undo in this batch."

    _move("Undo", "Z", work, undo)


def _move(words: str, key: str, work: LabelReview, act: Callable[[], object]) -> None:
    name = f"review-{words}-{work.session.token}"
    st.button(words, key=name, shortcut=key, width="stretch", on_click=_do, args=(work, act))


def _note(work: LabelReview) -> None:
    mine = work.session.mine
    with st.container(key="review-note"):
        st.text_input(
            "Note",
            value=mine.note if mine else "",
            key=_note_key(work),
            placeholder="T to write, Enter to go back to the keys",
            max_chars=500,
        )


def _note_key(work: LabelReview) -> str:
    return f"review.note.{work.session.shown}"


def _noted(work: LabelReview) -> str:
    mine = work.session.mine
    return str(st.session_state.get(_note_key(work), mine.note if mine else ""))


def _do(work: LabelReview, act: Callable[[], object]) -> None:
    """Do what a key stands for; what the journal refuses is told on the card."""
    work.error = None
    try:
        act()
    except JournalError as error:
        work.error = str(error)


# Around the card


def _progress(session: ReviewSession) -> None:
    progress = session.progress
    words = f"**{progress.done:,} of {progress.total:,}** decided"
    if progress.seconds_per_card is not None and progress.seconds_left is not None:
        words += f" · {progress.seconds_per_card:.1f} s a card · {_duration(progress.seconds_left)} left"
    st.progress(progress.done / progress.total if progress.total else 1.0, words)


def _kept(work: LabelReview) -> None:
    """Say where decisions go, and whether they are still there tomorrow."""
    log = work.session.log
    if work.error:
        st.warning(literal(work.error), icon=":material/warning:")
    if log.store.survives:
        st.caption(
            f":material/save: Each decision is kept at once in {literal(log.store.place)} and survives a restart."
        )
        return
    rows = len(log.state.rows) - work.downloaded
    left = f": {count(rows, 'row')} not downloaded yet" if rows else ""
    st.markdown(
        f":material/warning: Decisions go to {literal(log.store.place)}, **which this host forgets when it starts "
        f"anew.** Download before you leave{left}."
    )
    download(work, "review-download-card")


def download(work: LabelReview, key: str) -> None:
    """Draw the button that downloads the journal, with what could not be kept."""
    log = work.session.log

    def note() -> None:
        work.downloaded = len(log.state.rows)

    def journal() -> str:
        return to_csv([*log.state.rows, *log.unsaved])

    icon = ":material/download:"
    st.download_button(
        "Download the journal", journal, "corrections.csv", "text/csv", key=key, icon=icon, on_click=note
    )


def _stopped(work: LabelReview) -> None:
    """The store refused: nothing goes on before every decision is safe."""
    n = len(work.session.log.unsaved)
    st.error(literal(work.error or work.session.log.problems[-1]), icon=":material/error:")
    st.markdown(f"**The queue stands still: {n:,} {'decision is' if n == 1 else 'decisions are'} not kept yet.**")
    with st.container(horizontal=True):
        st.button("Try again", type="primary", shortcut="Enter", on_click=_do, args=(work, work.session.save_again))
        download(work, "review-download-stopped")


def _finished(work: LabelReview) -> None:
    session = work.session
    which = session.settings.wanted.which
    left = session.progress.total - session.progress.done
    if which == "undecided" and session.settings.sharing and left:
        st.info(f"The last {left:,} cards are with others.", icon=":material/group:")
        st.button("Look again", shortcut="Enter", on_click=_do, args=(work, session.advance))
    else:
        st.success("No card is left here. See below what came of it.", icon=":material/check:")
        oneself(work)
        if which != "undecided":
            st.button("Go through them again", on_click=_do, args=(work, session.start_over))
    _undo(work)


def oneself(work: LabelReview) -> None:
    """How the annotator agreed with themselves on the cards that came back."""
    raw = compare_with_oneself(work.session.log.state, work.session.annotator).raw
    if raw.n:
        st.markdown(f"Of {raw.n} cells that came back unannounced, you answered {share(raw)} as before.")
    else:
        st.markdown("No cell has come back to you yet, so there is no agreement with yourself to show.")


def _latest(work: LabelReview) -> None:
    decisions = work.session.latest()
    if not decisions:
        return
    st.markdown("##### Your last decisions")
    st.caption("Click one to change it.")
    with st.container(key="review-latest", horizontal=True, gap="small"):
        for decision in decisions:
            st.button(
                f"![The cell]({work.thumbnails[decision.file]}) {WORDS[decision.final_answer]}",
                key=f"review-edit-{decision.image_id}",
                on_click=_do,
                args=(work, lambda chosen=decision: _edit(work, chosen)),
            )


def _edit(work: LabelReview, decision: Decision) -> None:
    work.session.edit(decision.image_id)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def references(work: LabelReview, current: SuspectLabel, picture: Picture) -> None:
    """Draw both, cells with little suspect labels only."""
    left, right = st.columns(2, gap="medium")
    with left:
        _rows("From the same patient", work.neighbours(current), work, "The patient is not known.")
    with right:
        alike = {} if picture.rgb is None else work.look_alikes(current, picture.rgb)
        missing = "They appear as soon as the batch has been looked through." if alike is None else "There are none."
        _rows("Look-alikes", alike or {}, work, missing)
        if alike is not None:
            st.button(
                f"Show me the {NEXT} suspects most like it next",
                key="review-alike",
                shortcut="L",
                on_click=work.look_alikes_next,
            )


def _rows(title: str, found: dict[str, list[SuspectLabel]], work: LabelReview, missing: str) -> None:
    rows = []
    for label, cards in found.items():
        figures = "".join(_figure(card, label, work) for card in cards)
        rows.append(f'<p class="reference-label">labelled {label}</p><div class="references">{figures}</div>')
    shown = "".join(rows) if any(found.values()) else f'<p class="reference-label">{missing}</p>'
    st.html(f'<p class="reference-title">{title}</p>{shown}')


def _figure(card: SuspectLabel, label: str, work: LabelReview) -> str:
    uri = html.escape(work.thumbnails[card.file])
    return f'<figure><img src="{uri}" alt="A cell labelled {label}"></figure>' if uri else ""
