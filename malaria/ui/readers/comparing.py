"""For whoever gives a test: what several readers answered, beside one another and beside the network."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from malaria.errors import JournalError, MalariaError, ReaderTestError
from malaria.readers import (
    Answer,
    Group,
    by_place,
    describe,
    grades_to_csv,
    group_by_reader,
    name_levels,
    read_answers,
    render_pairs,
    tidy_name,
    to_csv,
)
from malaria.report.html import render_table
from malaria.ui.parts import account, annotator
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import draw_uploader, take_uploads
from malaria.ui.readers import making, sitting
from malaria.ui.readers.making import MadeTest
from malaria.ui.readers.rules import draw_rules
from malaria.wording.numbers import DASH
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
    with st.container(horizontal=True, vertical_alignment="center"):
        if everybody:
            st.header(count(len(everybody), "reader"), anchor=False, width="content")
        elif sitting.keeps_answers():
            none = (
                "Nobody has taken this test here yet." if account.sees_all() else "You have not taken this test here."
            )
            st.markdown(none, width="content")
        if sitting.keeps_answers():
            st.button("Look again", icon=":material/refresh:")
    if everybody:
        _draw(made, [answer for answers in everybody.values() for answer in answers])
    making.draw_change()


def _read_server(made: MadeTest) -> dict[str, list[Answer]]:
    """The answers of each reader that are on the server."""
    if not sitting.keeps_answers():
        return {}
    try:
        answers, problems = sitting.read_kept(made.key)
    except JournalError as error:
        st.warning(literal(str(error)))
        return {}
    for problem in problems:
        st.warning(literal(problem))
    found = group_by_reader(answers)
    if account.sees_all():
        return found
    own = tidy_name(annotator.get_annotator())
    return {name: rows for name, rows in found.items() if name == own}


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
    named = sitting.name_readers(answers)
    group = made.grade(named)
    st.html(_list_readers(group))
    if sitting.keeps_answers():
        st.caption(_say_what_is_seen())
    st.html(_to_table(group))
    if len(group.grades) > 1:
        st.markdown(f"**All readers together**, Fleiss’ kappa: {describe(group.agreement.kappa, 'coefficient')}.")
    if group.pairs:
        st.html(render_pairs(group))
    group = draw_rules(made, group, named)
    for note in made.key.notes:
        st.caption(literal(note))
    with st.container(horizontal=True):
        offer_download(
            "Results as CSV", lambda: grades_to_csv(group.grades.values()), "reader_tests.csv", kind="primary"
        )
        offer_download("All certificates", lambda: made.certify(group), "reader_tests.html")
        offer_download("All answers", lambda: to_csv(answers), "reader_answers.csv", key="readers.all.csv")


def _say_what_is_seen() -> str:
    file = "A file that you upload stands in place of what the server has under the same name."
    if not account.sees_all():
        return f"Of the answers on this server you see your own. {file}"
    if account.has_sign_in():
        return f"As a lead, you see the answers of everyone. {file}"
    return f"Whoever has the link sees this page, and can read under any name: a name is no password. {file}"


def _list_readers(group: Group) -> str:
    """Who has taken the test, how much of it, and when."""
    rows = [
        (
            name,
            f"{one.answered:,} of {one.cards:,}" if one.missing else f"all {one.cards:,}",
            f"{one.ended[:16].replace('T', ' ')} UTC" if one.ended else DASH,
        )
        for name, one in group.grades.items()
    ]
    return render_table("", ("Reader", "Cards answered", "Last answer"), rows)


def _to_table(group: Group) -> str:
    rows = [
        (
            name,
            *(describe(one.rates[kind]) for kind in ("sensitivity", "specificity", "accuracy")),
            name_levels(one.level.possible),
        )
        for name, one in group.grades.items()
    ]
    return render_table("Value (95 % interval), n", ("Reader", "Sensitivity", "Specificity", "Accuracy", "Level"), rows)
