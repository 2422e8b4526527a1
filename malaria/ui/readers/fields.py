"""Whole fields: mark the parasites, miss none; the counts are held against the WHO's 25 %."""

import base64
import math
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import streamlit as st

from malaria import phantom
from malaria.images import RGB
from malaria.readers import FieldReading, describe, grade_fields, match_marks, parasites_of
from malaria.report.html import render_table
from malaria.ui.parts.component import load_component
from malaria.ui.parts.frame import Frame
from malaria.ui.parts.gallery import draw_picture
from malaria.wording.numbers import estimate, plain
from malaria.wording.words import count

FIELDS: Final = 3
MOST: Final = 500  # marks on one field
_DIAMETER: Final = 72.0  # pixels of a red cell
_STATE: Final = "readers.fields"
_KEY: Final = "reader-marks"
_WIDE: Final = 1280

_marks = load_component("reader_marks", Path(__file__).with_name("marks.js"))


@dataclass(eq=False)
class Fields:
    """Synthetic fields before one reader, and the points marked so far, in pixels."""

    seed: int
    marked: list[list[tuple[float, float]]] = field(default_factory=list)

    def draw(self, place: int) -> phantom.Field:
        """The field at a place, from 0."""
        return _draw(self.seed + place)

    def take(self, said: Any) -> None:
        """Keep what a browser marked on the field that is due: shares of its width and height."""
        if len(self.marked) == FIELDS or not isinstance(said, dict) or said.get("token") != self.token:
            return
        height, width = self.draw(len(self.marked)).rgb.shape[:2]
        points = said.get("marks")
        self.marked.append(
            [(point[0] * width, point[1] * height) for point in points[:MOST] if _is_point(point)]
            if isinstance(points, list)
            else []
        )

    @property
    def token(self) -> str:
        """What tells the field that is due from any other."""
        return f"{self.seed}.{len(self.marked)}"

    def read(self) -> list[FieldReading]:
        """What was found, field by field."""
        return [
            match_marks(f"Field {place + 1}", points, parasites_of(self.draw(place)), 0.6 * _DIAMETER)
            for place, points in enumerate(self.marked)
        ]


def draw_fields(_frame: Frame) -> None:
    """Draw the field that is due, or what came of all."""
    at = st.session_state.get(_STATE)
    if at is None:
        at = st.session_state[_STATE] = Fields(secrets.randbelow(2**31))
    if len(at.marked) == FIELDS:
        _draw_result(at)
        return
    place = len(at.marked)
    jpeg = cv2.imencode(".jpg", at.draw(place).rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    _marks(
        key=_KEY,
        data={
            "token": at.token,
            "picture": f"data:image/jpeg;base64,{base64.b64encode(jpeg.tobytes()).decode()}",
            "title": f"Field {place + 1} of {FIELDS}",
            "alt": "A synthetic microscope field. Click each parasite, or aim with the arrow keys and mark with Space.",
            "done": "Next field" if place + 1 < FIELDS else "Done",
        },
        on_marked_change=lambda: at.take(st.session_state[_KEY].marked),
    )
    st.caption(
        "Click or tap each parasitized cell; again to take a mark away. By keys: arrows, then Space. The fields are "
        "synthetic, and nothing is kept."
    )


def _draw_result(at: Fields) -> None:
    readings = at.read()
    grade = grade_fields(readings)
    found, there = sum(len(one.pairs) for one in readings), sum(one.parasites for one in readings)
    st.header(f"{found} of {count(there, 'parasite')} found", anchor=False)
    alarms = grade.false_alarms
    rows = [
        ("Parasites found", describe(grade.sensitivity)),
        ("False alarms a field", estimate(alarms.value or 0, alarms.interval, alarms.n, plain)),
        ("Counts within 25 %", describe(grade.within)),
    ]
    st.html(render_table("Value (95 % interval), n", (), rows))
    level = grade.level.sentence.partition(".")[0]
    st.markdown(f"{level}, by the WHO’s thresholds for counts within 25 %.")
    st.caption(
        "The WHO’s levels are of whole slides, read under the microscope. Here they are of "
        f"{count(grade.fields, 'synthetic field')}: this is no WHO certificate."
    )
    st.button("Other fields", type="primary", icon=":material/replay:", on_click=_forget)
    for place, reading in enumerate(readings):
        st.subheader(
            f"Field {place + 1}: {len(reading.pairs)} found, {len(reading.missed)} missed, "
            f"{count(len(reading.false_alarms), 'false alarm')}",
            anchor=False,
        )
        drawn = at.draw(place)
        alt = (
            f"Field {place + 1}, with circles where parasites were found, squares where missed, crosses where none is."
        )
        draw_picture(_mark(drawn, at.marked[place], reading), alt, side=_WIDE)
    st.caption("Circle: found. Square: missed. Cross: marked, but no parasite there.")


def _forget() -> None:
    st.session_state.pop(_STATE, None)


@st.cache_resource(max_entries=12, show_spinner="Drawing a field …")
def _draw(seed: int) -> phantom.Field:
    return phantom.field(seed=seed, cells=90, parasitaemia=(5 + seed % 4) / 90, diameter=_DIAMETER)


def _is_point(point: Any) -> bool:
    return (
        isinstance(point, list)
        and len(point) == 2
        and all(type(at) in (int, float) and math.isfinite(at) and 0 <= at <= 1 for at in point)
    )


def _mark(drawn: phantom.Field, marked: list[tuple[float, float]], reading: FieldReading) -> RGB:
    picture = np.ascontiguousarray(drawn.rgb)
    truth, reach = parasites_of(drawn), round(0.62 * _DIAMETER)
    missed = {(round(truth[index][0]), round(truth[index][1])) for index in reading.missed}
    wrong = {(round(marked[index][0]), round(marked[index][1])) for index in reading.false_alarms}
    for colour, thick in (((255, 255, 255), 7), ((0, 0, 0), 3)):
        for _, index in reading.pairs:
            cv2.circle(picture, (round(truth[index][0]), round(truth[index][1])), reach, colour, thick, cv2.LINE_AA)
        for x, y in missed:
            cv2.rectangle(picture, (x - reach, y - reach), (x + reach, y + reach), colour, thick, cv2.LINE_AA)
        for x, y in wrong:
            cv2.drawMarker(picture, (x, y), colour, cv2.MARKER_TILTED_CROSS, reach, thick, cv2.LINE_AA)
    return np.asarray(picture, np.uint8)
