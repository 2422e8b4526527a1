"""For whoever gives a test: what several readers answered, beside one another and beside the network."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from malaria.errors import JournalError, MalariaError, ReaderTestError
from malaria.readers import (
    Answer,
    Grade,
    Group,
    by_place,
    describe,
    grades_to_csv,
    group_by_reader,
    read_answers,
    render_pairs,
    render_rule,
    to_csv,
)
from malaria.report.html import Entry, TableCell, render_table
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import draw_uploader, take_uploads
from malaria.ui.readers import making, sitting
from malaria.ui.readers.making import MadeTest
from malaria.wording.words import count

_TOLD: Final = (
    "See who has taken a test, and how several readers do on it. Make that test here, or open the link that they used."
)
_UPLOADS: Final = "readers.compare"
_BROUGHT: Final = "readers.brought"


def draw_comparison(frame: Frame) -> None:
    """Draw the test, the way in for answers, and what they say together."""
    made = making.choose_test(frame, _TOLD)
    if made is None:
        return
    test = made.key.test
    st.markdown(
        f"**{literal(test.name) or 'A test'}** of {count(len(test.cards), 'card')}. Readers take it by this link:"
    )
    st.code(making.make_link(made), language=None, wrap_lines=True)
    brought: dict[str, list[Answer]] = st.session_state.setdefault(_BROUGHT, {}).setdefault(test.id, {})
    kept = _read_server(made)
    draw_uploader(_UPLOADS, "The readers’ answers: the CSV that each downloads at the end. Several at once.")
    for upload in take_uploads(_UPLOADS):
        try:
            _take(upload.getvalue(), made, brought)
        except MalariaError as error:
            st.error(f"{literal(upload.name)}: {literal(str(error))}", icon=":material/error:")
    everybody = kept | brought
    if everybody:
        _draw(made, [answer for answers in everybody.values() for answer in answers])
    making.draw_change()


def _read_server(made: MadeTest) -> dict[str, list[Answer]]:
    """The answers of each reader that are on the server, with a word on whose they are."""
    if not sitting.keeps_answers():
        return {}
    try:
        answers, problems = sitting.read_kept(made.key)
    except JournalError as error:
        st.warning(literal(str(error)))
        return {}
    found = group_by_reader(answers)
    with st.container(horizontal=True, vertical_alignment="center"):
        who = f"{count(len(found), 'reader')} on this server" if found else "Nobody has taken this test here yet"
        st.markdown(f"**{who}.**", width="content")
        st.button("Look again", icon=":material/refresh:")
    st.caption(
        "Whoever has the link can see this, and can read under any name: a name is no password. A file that you upload "
        "stands in place of what the server has under the same name."
    )
    for problem in problems:
        st.warning(literal(problem))
    return found


def _take(data: bytes, made: MadeTest, brought: dict[str, list[Answer]]) -> None:
    """Add the answers of a file; a reader's new file stands for the old one. Raises ReaderTestError."""
    answers = [answer for answer in read_answers(data) if answer.test == made.key.test.id]
    if not answers:
        raise ReaderTestError("The file holds no answers to this test. Use the link that its readers used.")
    new = group_by_reader(answers)
    for own in new.values():
        by_place(made.key, own)  # which refuses answers about other cells
    brought |= new


def _draw(made: MadeTest, answers: Sequence[Answer]) -> None:
    group = made.grade(answers)
    n = len(group.grades)
    st.header(count(n, "reader"), anchor=False)
    st.html(_to_table(group))
    if n > 1:
        st.markdown(f"**All readers together**, Fleiss’ kappa: {describe(group.agreement.kappa, 'coefficient')}.")
    if group.pairs:
        st.html(render_pairs(group))
    for name, rule in group.rules.items():
        with st.expander(f"{literal(name)} with the network"):
            st.html(render_rule(rule))
    for note in made.key.notes:
        st.caption(literal(note))
    with st.container(horizontal=True):
        offer_download(
            "Results as CSV", lambda: grades_to_csv(group.grades.values()), "reader_tests.csv", kind="primary"
        )
        offer_download("All certificates", lambda: made.certify(group), "reader_tests.html")
        offer_download("All answers", lambda: to_csv(answers), "reader_answers.csv", key="readers.all.csv")


def _to_table(group: Group) -> str:
    rows: list[list[Entry]] = [
        [
            TableCell(name, _say_how_far(one)),
            *(describe(one.rates[kind]) for kind in ("sensitivity", "specificity", "accuracy")),
            " or ".join(map(str, one.level.possible)),
        ]
        for name, one in group.grades.items()
    ]
    return render_table("", ("Reader", "Sensitivity", "Specificity", "Accuracy", "Level"), rows)


def _say_how_far(one: Grade) -> str:
    """How much of the test a reader has taken, and when."""
    when = f", {one.ended[:16].replace('T', ' ')} UTC" if one.ended else ""
    if one.missing:
        return f"{one.answered:,} of {count(one.cards, 'card')}{when}"
    return f"finished {count(one.cards, 'card')}{when}"
