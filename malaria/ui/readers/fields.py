"""Whole fields: mark the parasites, miss none; the counts are held against the WHO's 25 %."""

import base64
import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import streamlit as st

from malaria.errors import ReaderTestError
from malaria.images import RGB, decode
from malaria.readers import (
    MAX_MARKS,
    OF_FIELDS,
    FieldKey,
    FieldReading,
    FieldSettings,
    FieldsGrade,
    MarkedField,
    fields_to_csv,
    grade_fields,
    make_field_test,
    marks_to_csv,
    read_marked,
    read_marks,
    render_fields,
    write_fields_certificate,
)
from malaria.review.moments import next_moment
from malaria.ui.parts import account, annotator
from malaria.ui.parts.component import load_component
from malaria.ui.parts.downloads import offer_download
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import draw_picture
from malaria.ui.parts.text import literal
from malaria.ui.parts.uploads import draw_uploader, go_on_with_uploads
from malaria.ui.readers import making, sitting
from malaria.wording.words import count

SECTION: Final = "Fields"
MOST: Final = 10
"""Fields of one test here: drawing more takes longer than anyone waits."""
LONGEST: Final = 24 * 3600.0  # seconds for one field
_ADDRESS: Final = {"fields": "fields", "fields_seed": "seed"}
"""What the address calls the settings; those of a test of cells stand beside them."""
_TEST: Final = "fields_test"
_STATE: Final = "readers.fields"
_KEY: Final = "reader-marks"
_UPLOADS: Final = "readers.marks"
_WIDE: Final = 1280
_FORM_WIDE: Final = 544

_marks = load_component("reader_marks", Path(__file__).with_name("marks.js"))


@dataclass(eq=False)
class Fields:
    """A test of fields before one reader: `given` holds what was marked, by position from 1."""

    key: FieldKey
    pictures: Mapping[str, bytes]
    reader: str = "reader"
    given: dict[int, MarkedField] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many fields there are."""
        return len(self.key.test.fields)

    @property
    def due(self) -> int:
        """The position of the field that is not marked yet; one more than there are when all are."""
        return next(position for position in range(1, self.total + 2) if position not in self.given)

    @property
    def marked(self) -> list[MarkedField]:
        """What was marked, in the order of the fields."""
        return [replace(self.given[position], reader=self.reader) for position in sorted(self.given)]

    @property
    def token(self) -> str:
        """What tells the field that is due from any other."""
        return f"{self.key.test.id}.{self.due}.{id(self)}"

    def draw(self, position: int) -> RGB:
        """The picture of a field."""
        return decode(self.pictures[self.key.test.fields[position - 1]], f"field {position}")

    def take(self, said: Any) -> None:
        """Keep what a browser marked on the field that is due: shares of its width and height, and the seconds."""
        if self.due > self.total or not isinstance(said, dict) or said.get("token") != self.token:
            return
        height, width = self.draw(self.due).shape[:2]
        points, seconds = said.get("marks"), said.get("seconds")
        self.given[self.due] = MarkedField(
            self.key.test.id,
            self.reader,
            self.due,
            self.key.test.fields[self.due - 1],
            tuple((point[0] * width, point[1] * height) for point in points[:MAX_MARKS] if _is_point(point))
            if isinstance(points, list)
            else (),
            float(seconds) if isinstance(seconds, int | float) and 0 <= seconds <= LONGEST else math.nan,
            next_moment(),
        )

    def bring(self, data: bytes) -> None:
        """Go on with marks kept elsewhere. Raises ReaderTestError for a file that holds none of this test."""
        rows = [row for row in read_marks(data) if row.test == self.key.test.id]
        if len({row.reader for row in rows}) != 1:
            many = "marks of several readers" if rows else "no marks"
            raise ReaderTestError(f"The file holds {many} on these fields. Upload the marks of one reader.")
        read_marked(self.key, rows)  # which refuses marks on other fields
        for row in rows:
            self.given.setdefault(row.position, row)


def draw_fields(_frame: Frame) -> None:
    """Draw the field that is due, or what came of all."""
    settings = making.read_address(FieldSettings, _ADDRESS)
    if settings is None:
        settings = _ask_for(FieldSettings(seed=secrets.randbelow(1000)))
    if settings.fields > MOST:
        st.error(f"A test here has at most {MOST} fields. Ask for fewer.", icon=":material/error:")
        _draw_form(settings)
        return
    key, pictures = _make(settings.model_dump_json())
    _check_id(key)
    at = st.session_state.setdefault(_STATE, {}).setdefault(key.test.id, Fields(key, pictures))
    name = annotator.get_annotator()
    at.reader = "reader" if sitting.check_name(name) else name
    if at.due > at.total:
        _draw_result(at)
    else:
        _draw_field(at)
    _draw_more(at)


def _draw_field(at: Fields) -> None:
    jpeg = cv2.imencode(".jpg", at.draw(at.due)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    _marks(
        key=_KEY,
        data={
            "token": at.token,
            "picture": f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}",
            "title": f"Field {at.due} of {at.total}",
            "alt": "A synthetic microscope field. Click each parasite, or aim with the arrow keys and mark with Space.",
            "done": "Next field" if at.due < at.total else "Done",
        },
        on_marked_change=lambda: at.take(st.session_state[_KEY].marked),
    )
    st.caption(
        "Click or tap each parasitized cell; again to take a mark away. By keys: arrows, then Space. The fields are "
        "synthetic. Your marks stay in this visit; download them to keep them."
    )


def _draw_result(at: Fields) -> None:
    readings = read_marked(at.key, at.marked)
    grade = grade_fields(readings, [one.seconds for one in at.marked])
    found, there = sum(len(one.pairs) for one in readings), sum(one.parasites for one in readings)
    st.header(f"{found} of {count(there, 'parasite')} found", anchor=False)
    st.html(render_fields(grade))
    st.markdown(grade.sentence)
    st.caption(OF_FIELDS)
    _draw_take_away(at, grade)
    for position, reading in enumerate(readings, start=1):
        st.subheader(
            f"Field {position}: {len(reading.pairs)} found, {len(reading.missed)} missed, "
            f"{count(len(reading.false_alarms), 'false alarm')}",
            anchor=False,
        )
        alt = f"Field {position}, with circles where parasites were found, squares where missed, crosses where none is."
        draw_picture(_mark(at, position, reading), alt, side=_WIDE)
    st.caption("Circle: found. Square: missed. Cross: marked, but no parasite there.")


def _draw_take_away(at: Fields, grade: FieldsGrade) -> None:
    grades = {account.name_annotator(at.reader): grade}
    with st.container(horizontal=True):
        offer_download(
            "Certificate",
            lambda: write_fields_certificate(at.key, grades),
            "reader_fields.html",
            kind="primary",
            key="readers.fields.html",
        )
        offer_download(
            "Result as CSV",
            lambda: fields_to_csv(at.key, grades),
            "reader_fields.csv",
            key="readers.fields.csv",
        )
        st.button("Other fields", icon=":material/replay:", on_click=_take_others, args=(at.total,))


def _draw_more(at: Fields) -> None:
    """The link for others, the marks so far, and the way to other fields."""
    with st.expander("Link, marks, other fields", icon=":material/more_horiz:"):
        st.markdown("**The same fields for other readers.**")
        asked = {"fields": at.total, "fields_seed": at.key.settings.seed, _TEST: at.key.test.id}
        st.code(making.join_link(SECTION, asked), language=None, wrap_lines=True)
        with st.container(width=_FORM_WIDE):
            annotator.draw_box(who="Reader, for the files")
        if at.given:
            offer_download("Marks", lambda: marks_to_csv(at.marked), "reader_marks.csv", key="readers.marks.csv")
        if at.due <= at.total:
            draw_uploader(_UPLOADS, "Continue with marks that you downloaded before (CSV).")
        _draw_form(at.key.settings)
    go_on_with_uploads(_UPLOADS, at.bring)


def _draw_form(last: FieldSettings) -> None:
    with st.form("readers.fields.form", width=_FORM_WIDE):
        left, right = st.columns(2)
        fields = left.number_input("Fields", 1, MOST, min(last.fields, MOST))
        seed = right.number_input("Seed", 0, 2**31 - 1, last.seed, help="A different seed draws different fields.")
        if st.form_submit_button("Draw these fields", icon=":material/play_arrow:"):
            _forget(_ask_for(FieldSettings(fields=fields, seed=seed)))
            st.rerun()


def _take_others(fields: int) -> None:
    _ask_for(FieldSettings(fields=fields, seed=secrets.randbelow(1000)))


def _ask_for(settings: FieldSettings) -> FieldSettings:
    """Have these fields drawn when the page is drawn next."""
    st.query_params.pop(_TEST, None)
    for name, setting in _ADDRESS.items():
        st.query_params[name] = str(getattr(settings, setting))
    return settings


def _forget(settings: FieldSettings) -> None:
    """Let these fields be marked anew, if they were before."""
    key, _ = _make(settings.model_dump_json())
    st.session_state.get(_STATE, {}).pop(key.test.id, None)


def _check_id(key: FieldKey) -> None:
    """Say so where the link was for other fields, as after a change of how they are drawn."""
    asked = st.query_params.get(_TEST)
    if asked is None:
        st.query_params[_TEST] = key.test.id
    elif asked != key.test.id:
        st.warning(
            f"These are not the fields {literal(asked)} from the link: this version of the program draws others. The "
            "marks cannot be compared with other readers’ marks.",
            icon=":material/warning:",
        )


@st.cache_resource(max_entries=6, show_spinner="Drawing the fields …")
def _make(settings: str) -> tuple[FieldKey, dict[str, bytes]]:
    return make_field_test(FieldSettings.model_validate_json(settings))


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(type(at) in (int, float) and math.isfinite(at) and 0 <= at <= 1 for at in point)
    )


def _mark(at: Fields, position: int, reading: FieldReading) -> RGB:
    picture = np.ascontiguousarray(at.draw(position))
    marked = at.given[position]
    field_key = at.key.fields[marked.image_id]
    reach = round(field_key.radius)

    def places(points: Sequence[tuple[float, float]], which: Iterable[int]) -> list[tuple[int, int]]:
        return [(round(points[index][0]), round(points[index][1])) for index in which]

    found = places(field_key.parasites, (index for _, index in reading.pairs))
    missed = places(field_key.parasites, reading.missed)
    wrong = places(marked.points, reading.false_alarms)
    for colour, thick in (((255, 255, 255), 7), ((0, 0, 0), 3)):
        for middle in found:
            cv2.circle(picture, middle, reach, colour, thick, cv2.LINE_AA)
        for x, y in missed:
            cv2.rectangle(picture, (x - reach, y - reach), (x + reach, y + reach), colour, thick, cv2.LINE_AA)
        for middle in wrong:
            cv2.drawMarker(picture, middle, colour, cv2.MARKER_TILTED_CROSS, reach, thick, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)
