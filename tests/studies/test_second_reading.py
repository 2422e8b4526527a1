"""Figures against amended boxes: what was added, taken away and left open counts as it should."""

from collections import Counter

import numpy as np
import pytest

from malaria.smear import Box, segment
from studies.annotated_fields import UNSURE, AnnotatedField, is_held_out
from studies.second_reading import Verdict, amended, sampled, unread, verdicts
from studies.segmentation import count_agreement, count_field, report


@pytest.fixture
def field(draw, lone_cells):
    """Twelve cells, of which the first has no box, and a box in the empty corner."""
    cells = lone_cells(4, 3, 60)
    boxes = [Box(round(x - 30), round(y - 30), 60, 60) for x, y, _ in cells]
    rgb = draw(cells)
    return AnnotatedField("a.png", rgb, (*boxes[1:], Box(520, 400, 60, 60)), ("red blood cell",) * 12), boxes[0]


def counted(field):
    counts = count_field(field, segment(field.rgb))
    return {name: counts[name] for name in ("annotated", "found", "outlines", "right")}


def test_a_cell_left_out_is_added_and_a_box_without_a_cell_goes(field):
    given, left_out = field
    assert counted(given) == {"annotated": 12, "found": 11, "outlines": 12, "right": 11}
    said = [Verdict("outline", left_out, "cell"), Verdict("box", given.boxes[-1], "not_a_cell")]
    assert counted(amended(given, said)) == {"annotated": 12, "found": 12, "outlines": 12, "right": 12}


def test_what_cannot_be_said_counts_for_nothing(field):
    given, left_out = field
    said = [Verdict("outline", left_out, "unsure"), Verdict("box", given.boxes[-1], "unsure")]
    again = amended(given, said)
    assert again.types.count(UNSURE) == 2
    assert counted(again) == {"annotated": 11, "found": 11, "outlines": 11, "right": 11}


def test_a_cell_in_a_clump_is_a_missed_one(field):
    given, _ = field
    said = [Verdict("clump", Box(500, 20, 60, 60), "cell"), Verdict("clump", Box(560, 20, 60, 60), "not_a_cell")]
    assert counted(amended(given, said)) == counted(given) | {"annotated": 13}


def test_an_outline_that_is_no_cell_stays_false(field):
    given, left_out = field
    assert counted(amended(given, [Verdict("outline", left_out, "not_a_cell")])) == counted(given)


def test_outlines_that_nobody_judged_are_named(field):
    given, left_out = field
    (box,) = unread(segment(given.rgb), [], given)
    assert box.shared_area(left_out) > 0.8 * 60 * 60
    assert unread(segment(given.rgb), [Verdict("outline", left_out, "not_a_cell")], given) == []


def test_the_fields_that_are_read_are_drawn_by_lot_and_stay_the_same():
    names = [f"{number}.JPG" for number in range(70)]
    drawn = sampled(reversed(names))
    assert drawn == sampled(names)
    assert len(drawn) == 25
    assert drawn < set(names)
    assert sampled(names[:3]) == set(names[:3])


def test_the_verdicts_are_of_held_out_fields_and_each_place_has_one():
    said = verdicts()
    places = [(name, verdict.box) for name, listed in said.items() for verdict in listed]
    assert len(set(places)) == len(places) > 200
    assert all(is_held_out(name) for name in said)
    assert {verdict.verdict for listed in said.values() for verdict in listed} == {"cell", "not_a_cell", UNSURE}
    assert {verdict.drawn for listed in said.values() for verdict in listed} == {"box", "outline", "clump"}


def test_counts_of_a_field_and_of_all_fields_are_compared():
    fields = [
        Counter(outlines=110, annotated=100),
        Counter(outlines=95, annotated=100),
        Counter(outlines=98, annotated=100),
    ]
    agreement = count_agreement(fields)
    assert agreement["median difference of a field"].value == pytest.approx(0.05)
    assert agreement["counted of those annotated"].value == pytest.approx(1.01)
    assert all(estimate.low <= estimate.value <= estimate.high for estimate in agreement.values())
    same = count_agreement([Counter(outlines=50, annotated=50)] * 4)
    assert np.allclose([tuple(estimate) for estimate in same.values()], [[0, 0, 0], [1, 1, 1]])


def test_a_report_says_every_figure(field):
    text = report("Red cells", [count_field(field[0], segment(field[0].rgb))] * 2)
    assert text.splitlines()[0] == "Red cells (2 fields)"
    for line in ("recall                       0.9167", "24", "counted of those annotated   1.0000"):
        assert line in text
