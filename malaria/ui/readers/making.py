"""Which test it is: settings from the address or a form, and the test that they make of phantoms or a labelled set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import cv2
import streamlit as st
from pydantic import BaseModel, ValidationError

from malaria.errors import MalariaError, ModelError, NoHeldOutError, ReaderTestError
from malaria.images import RGB, decode
from malaria.readers import Answer, Group, Key, Settings, grade_all, make_phantom_test, make_test, write_certificate
from malaria.review import out_of_sample
from malaria.ui.parts import address
from malaria.ui.parts.choose_source import choose_source
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.held_out import read_answers
from malaria.ui.parts.progress import wait_or_watch
from malaria.ui.parts.text import literal

_Asked = TypeVar("_Asked", bound=BaseModel)

SECTION: Final = "section"
TEST: Final = "A test"
MOST_PHANTOMS: Final = 300
"""Cells of a synthetic test: drawing more takes longer than anyone waits."""

_SET: Final = "set"
_LABELLED: Final = "labelled"
_TEST_ID: Final = "test"
_SETS: Final = {"phantoms": "Synthetic cells", _LABELLED: "A labelled set"}
_GROUP: Final = "readers.group"
_MADE: Final = "readers.made"
_LAST: Final = "readers.settings"  # what was asked for last, for the form


@dataclass(frozen=True, eq=False)
class MadeTest:
    """A test with its key; `read` returns the file of a cell by its image_id."""

    key: Key
    read: Callable[[str], bytes]

    def png(self, image_id: str) -> bytes:
        """A cell as a PNG file."""
        return cv2.imencode(".png", cv2.cvtColor(self.picture(image_id), cv2.COLOR_RGB2BGR))[1].tobytes()

    def picture(self, image_id: str) -> RGB:
        """A cell, uint8 RGB (height, width, 3)."""
        return decode(self.read(image_id), self.key.cells[image_id].file)

    def grade(self, answers: Sequence[Answer]) -> Group:
        """The readers of these answers, graded once for as long as the answers are the same."""
        key = (self.key, tuple(answers))
        known, group = st.session_state.get(_GROUP, (None, None))
        if known != key:
            group = grade_all(self.key, answers)
            st.session_state[_GROUP] = (key, group)
        found: Group = group
        return found

    def certify(self, group: Group) -> str:
        """The certificate of the readers in `group`, bearing today's date, with a picture of each mistake."""
        wrong = {mistake.image_id for one in group.grades.values() for mistake in one.mistakes}
        return write_certificate(self.key, group, pictures={name: self.png(name) for name in wrong})


def choose_test(frame: Frame, told: str) -> MadeTest | None:
    """Return the test that the address asks for; while there is none, draw the form, below `told`, or ways to a set."""
    settings = read_settings()
    if settings is None:
        st.markdown(told)
        _draw_form()
        return None
    try:
        made = _make(settings, frame)
    except MalariaError as error:
        st.error(literal(str(error)), icon=":material/error:")
        made = None
    if made is None:
        draw_change()
        return None
    asked = st.query_params.get(_TEST_ID)
    if asked is None:
        st.query_params[_TEST_ID] = made.key.test.id
    elif asked != made.key.test.id:
        st.warning(
            f"This is not the test {literal(asked)} from the link: the set of cells or the model is different. Its "
            "answers cannot be compared with other readers' answers.",
            icon=":material/warning:",
        )
    return made


def read_settings() -> Settings | None:
    """The settings that the address names, if any; what breaks a rule is left out, and it is said."""
    return read_address(Settings, {name: name for name in ("cells", *Settings.model_fields)})


def read_address(kind: type[_Asked], names: Mapping[str, str]) -> _Asked | None:
    """The settings of a `kind` that the address names (its name for each), None without the first of `names`.

    What breaks a rule is left out, and it is said.
    """
    asked = {setting: st.query_params[name] for name, setting in names.items() if name in st.query_params}
    if next(iter(names.values())) not in asked:
        return None
    try:
        return kind.model_validate(asked)
    except ValidationError as error:
        called = {setting: name for name, setting in names.items()}
        for problem in error.errors():
            setting = str(problem["loc"][0])
            address.leave_out(called[setting], asked.pop(setting), problem["msg"].replace("Input should", "must"))
        return kind.model_validate(asked)


def make_link(made: MadeTest) -> str:
    """The address of this very test, without who reads it."""
    kept = {name: st.query_params[name] for name in (_SET, "example", "model") if name in st.query_params}
    return join_link(TEST, _to_query(made.key.settings) | kept | {_TEST_ID: made.key.test.id})


def join_link(section: str, asked: Mapping[str, object]) -> str:
    """The address of a section of this page with what is asked of it."""
    return f"{(st.context.url or '').partition('?')[0]}?{urlencode({SECTION: section, **asked})}"


def is_labelled() -> bool:
    """Whether the test is of a labelled set."""
    return st.query_params.get(_SET) == _LABELLED


def draw_change() -> None:
    """Draw the button that leads back to the form."""

    def change() -> None:
        for name in (*Settings.model_fields, _TEST_ID):
            st.query_params.pop(name, None)

    st.button("Make another test", icon=":material/tune:", on_click=change)


def ask_for(settings: Settings, source: str = "phantoms") -> None:
    """Have this test made when the page is drawn next."""
    st.session_state[_LAST] = (settings, source)
    st.query_params.pop(_TEST_ID, None)
    st.query_params.pop(_SET, None)
    for name, value in _to_query(settings).items():
        st.query_params[name] = value
    if source == _LABELLED:
        st.query_params[_SET] = source
    else:
        st.query_params.pop("example", None)


def _to_query(settings: Settings) -> dict[str, str]:
    asked = settings.model_dump(exclude_defaults=True) | {"cells": settings.cells}
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in asked.items()}


def _draw_form() -> None:
    last, before = st.session_state.get(_LAST, (Settings(repeats=10), "phantoms"))
    with st.form("readers.form"):
        source = st.segmented_control(
            "Cells from", list(_SETS), format_func=_SETS.__getitem__, default=before, required=True, width="stretch"
        )
        left, middle, right = st.columns(3)
        cells = left.number_input("Cells", 2, 5000, last.cells, help="Each is read once.")
        repeats = middle.number_input(
            "Cells read twice", 0, 2500, last.repeats, help="Shows how well you agree with yourself."
        )
        seed = right.number_input("Seed", 0, 2**53 - 1, last.seed, help="A different seed makes a different test.")
        share = left.number_input("Parasitized, %", 0, 100, round(100 * last.parasitized))
        difficulty = middle.selectbox(
            "Difficulty",
            ["easy", "mixed", "hard"],
            index=["easy", "mixed", "hard"].index(last.difficulty),
            help="Easy and hard cells are those that the network doubts least and most.",
        )
        name = right.text_input("Name of the test", last.name, max_chars=100)
        shown = st.checkbox(
            "Show the network’s call on half of the cards, to see whether it leads readers astray",
            last.show_calls,
            help="Readers are told this beforehand, and that some calls are wrong.",
        )
        if st.form_submit_button("Make the test", type="primary", icon=":material/play_arrow:"):
            settings = Settings(
                cells=cells,
                parasitized=share / 100,
                difficulty=difficulty,
                repeats=repeats,
                seed=seed,
                show_calls=shown,
                name=name,
            )
            ask_for(settings, str(source))
            st.rerun()


def _make(settings: Settings, frame: Frame) -> MadeTest | None:
    if is_labelled():
        return _make_of_set(settings, frame)
    if settings.cells > MOST_PHANTOMS:
        raise ReaderTestError(f"A synthetic test has at most {MOST_PHANTOMS} cells. Ask for fewer.")
    key, pictures = _make_of_phantoms(settings.model_dump_json(), frame.card.name, frame.card.version, frame)
    return MadeTest(key, pictures.__getitem__)


@st.cache_resource(max_entries=16, show_spinner="Drawing the cells of the test …")
def _make_of_phantoms(settings: str, model: str, version: str, _frame: Frame) -> tuple[Key, dict[str, bytes]]:
    return make_phantom_test(Settings.model_validate_json(settings), _frame.classifier)


def _make_of_set(settings: Settings, frame: Frame) -> MadeTest | None:
    """The test of the session’s labelled set, by answers out of sample where there are any; None until it is scored."""
    labelled = choose_source("The test’s cells", "The set of the test")
    if labelled is None or not wait_or_watch(labelled.scoring(frame), frame.card.name):
        return None
    key = (labelled, labelled.labelling, settings, frame.card.name, frame.card.version)
    known: tuple[Any, MadeTest | None] = st.session_state.get(_MADE, (None, None))
    if known[0] != key or known[1] is None:
        held_out = read_answers(frame)
        if isinstance(held_out, ModelError) and not isinstance(held_out, NoHeldOutError):
            raise held_out
        table, basis = out_of_sample(labelled.batch(frame).table, held_out, frame.card.name)
        made = make_test(table, settings, threshold=frame.threshold, basis=None if labelled.synthetic else basis)
        known = (key, MadeTest(made, lambda image_id: labelled.source.read(made.cells[image_id].file)))
        st.session_state[_MADE] = known
    return known[1]
