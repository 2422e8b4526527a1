"""The smear triage page: fields in, a ranked list of suspects for a human, and what the sample comes to."""

import streamlit as st

from malaria.ui.frame import ROOT, Frame, boundary
from malaria.ui.review.settings import ANNOTATOR
from malaria.ui.review.work import log
from malaria.ui.smear import sources
from malaria.ui.smear.bench import Bench
from malaria.ui.smear.card import card, listed
from malaria.ui.smear.desk import Desk
from malaria.ui.smear.downloads import downloads
from malaria.ui.smear.result import result
from malaria.ui.smear.view import view
from malaria.ui.text import literal

_BENCH = "smear.bench"


def show(frame: Frame) -> None:
    """Draw the whole page below its title: the suspects first, then the result and where the fields come from."""
    st.html(ROOT / "malaria/ui/smear/style.css")
    top = st.container()
    desk = sources.choose()
    if desk is not None:
        with top:
            _judge(desk, frame)
            _warnings(desk, frame)
            _work(desk, frame)


def _judge(desk: Desk, frame: Frame) -> None:
    """Judge each field, showing how far it is. What is done stays done if the user turns to something else."""
    place, total = st.empty(), len(desk.files)
    for name in desk.judge(frame):
        at = list(desk.files).index(name)
        place.progress(at / total, f"Field {at + 1:,} of {total:,}: {literal(name)}")
    place.empty()


def _warnings(desk: Desk, frame: Frame) -> None:
    triage = desk.triage(frame, frame.threshold)
    for name in desk.twice:
        st.warning(f"{literal(name)} was given more than once, and counts once.", icon=":material/content_copy:")
    for why in triage.unreadable.values():
        st.error(literal(why), icon=":material/broken_image:")
    for one in triage.fields:
        for concern in one.concerns:
            st.warning(f"**{literal(one.field)}** {literal(concern.sentence)}", icon=":material/warning:")


def _work(desk: Desk, frame: Frame) -> None:
    bench = _bench(desk, frame, *_settings(frame))
    if bench.fields:
        _desk(desk, bench, frame)


@st.fragment
def _desk(desk: Desk, bench: Bench, frame: Frame) -> None:
    """Everything that a key changes."""
    with boundary():
        left, right = st.columns([3, 2], gap="medium")
        with right:
            card(desk, bench)
            listed(desk, bench)
        with left:
            view(desk, bench)
        result(desk, bench, frame)
        downloads(bench)


def _settings(frame: Frame) -> tuple[str, str, float]:
    """Who decides, what the sample is called, and from which p_parasitized on a cell is a suspect."""
    with st.expander("Sample, annotator and threshold", icon=":material/tune:"):
        who, what, how = st.columns(3)
    annotator = who.text_input(
        "Annotator", ANNOTATOR, key=ANNOTATOR, bind="query-params", max_chars=60, placeholder="Your name"
    )
    sample = what.text_input(
        "Sample", key="smear.sample", max_chars=60, placeholder="As you wish it named in the report"
    )
    threshold = how.slider(
        "Suspects from p_parasitized",
        0.01,
        0.99,
        frame.threshold,
        0.01,
        key=f"smear.threshold.{frame.card.name}",
        help="Lower shows more cells and misses fewer parasites.",
    )
    return (annotator or "").strip() or ANNOTATOR, (sample or "").strip(), threshold


def _bench(desk: Desk, frame: Frame, annotator: str, sample: str, threshold: float) -> Bench:
    """The bench of this sample, begun anew where fields, model, threshold or annotator have changed."""
    key = (id(desk), frame.card.name, frame.card.version, threshold, annotator)
    known, bench = st.session_state.get(_BENCH, (None, None))
    if known != key:
        bench = Bench(desk.triage(frame, threshold), desk.ids, log(), annotator)
        st.session_state[_BENCH] = key, bench
    found: Bench = bench
    found.sample = sample
    return found
