"""The smear triage page: fields in, a ranked list of suspects for a human, and what the sample comes to."""

import time
from pathlib import Path
from typing import Final, NamedTuple

import streamlit as st

from malaria.smear import Head, sentences
from malaria.smear.sample import Judging, Sample
from malaria.smear.session import TriageSession
from malaria.ui.parts import annotator
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.journal import open_log
from malaria.ui.parts.progress import watch
from malaria.ui.parts.text import literal
from malaria.ui.smear import sources
from malaria.ui.smear.adapted import choose_head
from malaria.ui.smear.card import card, list_suspects
from malaria.ui.smear.result import downloads, readers, result
from malaria.ui.smear.view import view
from malaria.wording.words import choose_verb, count, say_which_picture

_SESSION: Final = "smear.session"
_SECONDS: Final = 3.0  # between two takings of fields that are done, so that the page is not drawn all the time


class _Settings(NamedTuple):
    annotator: str
    sample: str
    threshold: float
    blind: bool
    head: Head | None


def show(frame: Frame) -> None:
    """Draw the whole page below its title: the suspects first, then the result and where the fields come from."""
    st.html(Path(__file__).with_name("style.css"))
    top = st.container()
    sample = sources.choose()
    if sample is None:
        st.session_state.pop(_SESSION, None)
    else:
        with top:
            _work(sample, frame)


def _work(sample: Sample, frame: Frame) -> None:
    status = st.container(key="smear-status")  # of one height, so that nothing below it jumps when it is done
    settings = _settings(frame)
    judging = sample.judging(frame.classifier, settings.head)
    finished = judging.finished  # before its results are taken: what is done meanwhile is news
    session = _session(sample, frame, settings)
    with status:
        if finished:
            _done(judging, session)
        else:
            _under_way(judging, session)
    if session.cells.fields:
        _decide(sample, session, frame)
    else:
        _draw_refused(sample, session)


def _under_way(judging: Judging, session: TriageSession) -> None:
    """How far the fields are. The page takes in what is done while work goes on, the first field at once."""
    taken, first, since = _count_taken(session), not session.cells.fields, time.monotonic()

    def news() -> bool:
        return judging.progress.done > taken and (first or time.monotonic() - since > _SECONDS)

    watch(judging, "Triage", "fields", hint="", news=news)


def _done(judging: Judging, session: TriageSession) -> None:
    judging.wait()
    bad, total = len(session.triage.unreadable), judging.progress.total
    if judging.complete:  # in no row of its own: the row that it replaces would keep its button until the page is drawn
        less = f" {count(bad, 'field')} {choose_verb(bad, 'does', 'do')} not count: see below." if bad else ""
        st.markdown(f"**{count(total - bad, 'field')} triaged.**{less}")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        taken = _count_taken(session)
        st.markdown(
            f"**Stopped after {taken:,} of {count(total, 'field')}.** The figures below are for these fields only."
        )
        if st.button("Go on", icon=":material/play_arrow:"):
            judging.start()
            st.rerun()


def _count_taken(session: TriageSession) -> int:
    """How many fields the page has taken in, those that could not be used among them."""
    return len(session.triage.fields) + len(session.triage.unreadable)


def _draw_refused(sample: Sample, session: TriageSession) -> None:
    refused = session.triage.unreadable
    left_out = [name for name in refused if sample.is_left_out(name)]
    for name, why in refused.items():
        if name not in session.triage.left_out:
            st.error(literal(why), icon=":material/broken_image:")
        elif name not in left_out:  # as unusable
            with st.container(horizontal=True, vertical_alignment="center"):
                st.warning(literal(why), icon=":material/warning:")
                if st.button("Count it anyway", key=f"smear-take-in-{name}"):
                    sample.take_in(name)
                    st.rerun()
    if left_out:
        with st.expander(f"Left out ({len(left_out):,})", icon=":material/block:", key="smear-left-out"):
            for name in left_out:
                st.markdown(literal(refused[name]))
                if st.button("Put it back", key=f"smear-take-in-{name}"):
                    sample.take_in(name)
                    st.rerun()
    for sentence in sample.skipped:
        st.caption(literal(sentence))
    for copy in sample.copies:
        st.warning(literal(copy.sentence), icon=":material/content_copy:")
    for name, picture in sample.pictures.items():
        if name not in refused:
            st.info(literal(f"{name}: {say_which_picture(picture)}"), icon=":material/layers:")


@st.fragment
def _decide(sample: Sample, session: TriageSession, frame: Frame) -> None:
    """Everything that a key changes."""
    with st.container():  # there where the sample is as usual, too: what follows keeps its place
        if told := sentences.say_shift(session.triage):
            st.warning(literal(told), icon=":material/travel_explore:")
    left, right = st.columns([3, 2], gap="medium")
    with right:
        card(sample, session)
        list_suspects(sample, session)
    with left:
        view(sample, session)
    with st.container():  # there with nothing refused too: what follows keeps its place, and stays open
        _draw_refused(sample, session)
    found = result(sample, session, frame)
    readers(session)
    downloads(sample, session, found)


def _settings(frame: Frame) -> _Settings:
    """Who decides and how, what the sample is called, what judges, and from which p_parasitized on is a suspect."""
    with st.expander("Sample, annotator and threshold", icon=":material/tune:"):
        who, what, how = st.columns(3)
        blind = st.toggle(
            "Blind: hide other readers' answers until I have decided",
            True,
            key="smear.blind",
            help="The journal records whether each answer was blind.",
        )
        head = choose_head(frame.card)
    with who:
        name = annotator.draw_box()
    sample = what.text_input("Sample", key="smear.sample", max_chars=60, placeholder="The name to use in the report")
    if head is None:
        threshold = how.slider(
            "Suspects from p_parasitized",
            0.01,
            0.99,
            frame.threshold,
            0.01,
            key=f"smear.threshold.{frame.card.name}",
            help="A lower threshold shows more cells and misses fewer parasites.",
        )
    else:  # its rates are known at its own threshold only
        threshold = head.threshold
        how.markdown(f"Suspects from p_parasitized  \n**{threshold:.3g}**")
    return _Settings(name, (sample or "").strip(), threshold, blind, head)


def _session(sample: Sample, frame: Frame, settings: _Settings) -> TriageSession:
    """The session of this sample, begun anew where sample, model or annotator have changed."""
    key = (sample, frame.card.name, frame.card.version, settings.head, settings.annotator, open_log())
    triage = sample.triage(frame.classifier, settings.threshold, settings.head)
    known, session = st.session_state.get(_SESSION, (None, None))
    if known != key:
        session = TriageSession(triage, sample.ids, open_log(), settings.annotator)
        st.session_state[_SESSION] = key, session
    found: TriageSession = session
    found.take(triage)
    found.sample, found.blind, found.head = settings.sample, settings.blind, settings.head
    return found
