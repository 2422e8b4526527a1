"""The journal knows a cell by its field's bytes and its place, whatever the field is called; nothing else is a cell."""

import hashlib
from dataclasses import replace

import pytest

from malaria.labels import PARASITIZED
from malaria.review import Decision, replay
from malaria.smear import Box, Cells, Result, cells_csv, pool_fields, report_html, triage_field

ID = "a" * 64


@pytest.fixture
def judged(spotted, lone_cells, classifier):
    return lambda name: pool_fields([triage_field(spotted(lone_cells(4, 3, 60), 2), classifier, name)], classifier)


def added(place: str, name: str = "one.png") -> Decision:
    """What a journal holds of a cell that somebody marked."""
    image_id = hashlib.sha256(f"{ID}#xywh={place}".encode()).hexdigest()
    moment = "2026-01-31T12:00:00.000000Z"
    return Decision("ann", image_id, f"{name}#xywh={place}", PARASITIZED, PARASITIZED, decided_at=moment)


@pytest.mark.parametrize("name", ["one.png", "renamed.png", "taken at 1.02\u202fPM.png", "a\tb.png"])
def test_an_added_cell_is_found_again_whatever_its_field_is_called_now(judged, name):
    triage = judged(name)
    cells = Cells(triage, {name: ID})
    assert [cell.box for cell in cells.decisions(replay([added("10,20,30,40")])).said] == [Box(10, 20, 30, 40)]
    mine = cells.marked(name, Box(-3, 5, 20, 20))
    kept = Decision("ann", mine.image_id, mine.name, PARASITIZED, PARASITIZED, decided_at=added("1,1,1,1").decided_at)
    assert list(cells.decisions(replay([kept])).said) == [mine]


@pytest.mark.parametrize(
    "place",
    ["10,10,0,0", "10,10,0,5", "-500,-500,5,5", "9999,9999,5,5", "1,1," + "9" * 5000 + ",3"],
    ids=lambda p: p[:12],
)
def test_a_place_outside_its_field_is_no_cell_and_breaks_no_report(judged, place):
    triage = judged("one.png")
    decisions = Cells(triage, {"one.png": ID}).decisions(replay([added(place)]))
    assert not decisions.said
    result = Result(triage, decisions)
    assert len(cells_csv(result).splitlines()) == 13
    assert "Nobody has decided" in report_html(result)


@pytest.mark.parametrize("place", ["-900000000,-900000000,999999999,999999999", "3999,2999,20,20", "-19,-19,20,20"])
def test_a_place_half_outside_its_field_is_pictured_by_what_of_it_lies_there(judged, place):
    triage = judged("one.png")
    large = replace(triage.fields[0], width=4000, height=3000)  # its overview stays 640 pixels wide
    triage = replace(triage, fields=(large,))
    decisions = Cells(triage, {"one.png": ID}).decisions(replay([added(place)]))
    assert len(decisions.said) == 1
    assert "Cells that people added" in report_html(Result(triage, decisions))
