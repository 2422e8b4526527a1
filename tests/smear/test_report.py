"""The report opens anywhere, shows every suspect, says what it rests on, and trusts no name."""

import base64
import re
from dataclasses import replace
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, UNUSABLE
from malaria.sample import CellRates
from malaria.smear import Copy, Count, Result, pool_fields, report_html, sentences, triage_field
from malaria.smear.field.leukocyte_types import LeukocyteType
from malaria.smear.field.quality import Concern

HOSTILE = "=1+1<img src=x onerror=alert(1)>.png"
RATES = CellRates(0.95, 0.01)


@pytest.fixture
def triage(spotted, lone_cells, classifier):
    fields = [
        triage_field(spotted(lone_cells(4, 3, 60), 3), classifier, HOSTILE),
        triage_field(np.full((300, 400, 3), 220, np.uint8), classifier, "blank.png"),
    ]
    return pool_fields(fields, classifier, unreadable={"torn.png": "It is cut short."})


@pytest.fixture
def result(triage):
    return Result(triage, rates=RATES)


def text_of(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", " ", html))


def section(html, title):
    """The part of a report below one heading."""
    return next((part for part in html.split("<h2>") if part.startswith(title)), "")


def test_it_says_what_it_rests_on(triage):
    made = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    html = report_html(Result(triage, sample="Ward 5 & 6"), made_at=made)
    text = text_of(html)
    for said in ("research use only", "Not for diagnosis", "tiny", "1.0.0", "0.5", "9 (75.0 %)", "2026-01-02 03:04"):
        assert said in text
    assert "Ward 5 &amp; 6" in html
    assert "No whole red cell found." in text
    assert "torn.png" in text
    assert "It is cut short." in text
    assert "error rates of this model at this threshold are not known" in text


def test_the_circle_of_an_eyepiece_is_drawn_and_told(spotted, lone_cells, classifier):
    rgb = spotted(lone_cells(4, 3, 60), 3)
    rows, columns = np.mgrid[: rgb.shape[0], : rgb.shape[1]]
    rgb[np.hypot(columns - 250, rows - 230) > 220] = 0
    triage = pool_fields([triage_field(rgb, classifier, "phone.jpg")], classifier)
    (edge,) = re.findall(r'<polygon class="slide" points="([^"]+)"', report_html(Result(triage)))
    places = np.array([place.split(",") for place in edge.split()], float)
    assert np.hypot(*(places - [250, 230]).T) == pytest.approx(220, abs=6)
    assert triage.summary()["slide_share"] == {"phone.jpg": pytest.approx(np.pi * 220**2 / rows.size, rel=0.04)}


def test_what_is_wrong_with_fields_that_count_stands_before_the_figures(triage):
    soft = replace(triage.fields[0], concerns=(Concern("blurred", "Cell edges are soft. Focus again."),))
    html = report_html(Result(replace(triage, fields=(soft, *triage.fields[1:]))))
    told = html.index(
        "that count, 2 could be better (blurred 1, empty 1). The list of fields below says why and what to do."
    )
    assert told < html.index("<table")
    assert "Cell edges are soft. Focus again." in section(html, "Fields")


def test_the_figures_are_those_of_the_result_with_their_intervals(triage):
    result = Result(triage, rates=RATES, manual=Count(100, 2, 4, rates=CellRates(1, 0)))
    text = text_of(section(report_html(result), "The sample"))
    for name, column in sentences.figures(result).items():
        assert name in text
        assert all(text_of(value) in text for value in column.values())
    assert sentences.say_needed(result) in text
    assert "assume 5,000,000 red cells or 8,000 leukocytes" in text


def test_files_given_again_are_named_and_not_called_rejected(triage):
    again = replace(triage, unreadable={}, copies=(Copy("<b>.png", HOSTILE),))
    fields = section(report_html(Result(again)), "Fields")
    assert "&lt;b&gt;.png is the same file as =1+1&lt;img" in fields
    assert "Rejected" not in fields


def test_it_needs_nothing_from_elsewhere_and_runs_nothing(triage):
    html = report_html(Result(triage, sample="<script>alert(1)</script>"))
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "http" not in html.replace("http-equiv", "")
    for target in re.findall(r'(?:src|href)="([^"]{0,60})', html):
        assert target.startswith(("data:image/", "#"))
    assert not re.search(r"url\(|@import|<link|<iframe", html)


def test_every_suspect_is_there_as_a_picture_and_in_its_field(result):
    html = report_html(result)
    pictures = re.findall(r'<li id="s(\w+)"><img alt="[^"]*" src="data:image/png;base64,([^"]+)"', html)
    numbers = [suspect.number for suspect in result.triage.suspects]
    assert [number for number, _ in pictures] == numbers
    assert len(set(numbers)) == 3
    for suspect, (_, data) in zip(result.triage.suspects, pictures, strict=True):
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert (shown == suspect.crop).all()
    for number in numbers:
        assert f'id="f{number}" href="#s{number}"' in html
        assert f'href="#f{number}"' in html
    assert html.count("data:image/jpeg") == 2


def test_of_many_suspects_the_decided_ones_and_the_first_are_shown_and_links_lead_somewhere(triage, read, monkeypatch):
    monkeypatch.setattr("malaria.smear.report.MOST_PICTURES", 2)
    html = report_html(Result(triage, read(triage, ("ann", 2, PARASITIZED, ""))))
    first, _, third = (suspect.number for suspect in triage.suspects)
    assert re.findall(r'<li id="s(\w+)"', html) == [first, third]
    assert "2 of 3 are pictured. cells.csv lists them all" in html
    targets = re.findall(r'href="#([fs][A-Z]\d+)"', html)
    assert len(targets) == 4
    assert all(f'id="{target}"' in html for target in targets)
    assert html.count("<polygon") >= 3, "all are outlined"


def test_decisions_of_people_are_in_it_with_notes_and_times(triage, read):
    html = report_html(Result(triage, read(triage, ("<Ada>", 1, PARASITIZED, "ring & dot"), ("<Ada>", 2, UNSURE, ""))))
    card = section(html, "Suspects").split("<li")[2]
    assert re.search(r"confirmed, &lt;Ada&gt;, \d{4}-\d\d-\d\d \d\d:\d\d UTC “ring &amp; dot”", card)
    assert re.search(r"&lt;Ada&gt;</th><td>1</td><td>0</td><td>1</td><td>0</td>", section(html, "Decisions"))


def test_added_cells_removed_outlines_and_cells_below_the_threshold_are_shown_as_pictures(triage, read):
    decided = [("ann", (5, 7), PARASITIZED, ""), ("ann", 0, UNUSABLE, ""), ("ann", 5, PARASITIZED, "")]
    html = report_html(Result(triage, read(triage, *decided)))
    parts = ("Cells that people added", "Outlines that people removed", "Below the threshold, decided by people")
    for title, at in zip(parts, ("x 5, y 7", "A1, ", "A6, "), strict=True):
        part = section(html, title)
        assert part.count("<li") == part.count("data:image/png") == 1
        assert at in part
        assert "ann" in part
    assert html.count("<rect") == 1, "the added cell is marked in its field"


def test_pictures_of_added_cells_come_from_the_field_itself_where_it_is_there(triage, read):
    asked = []

    def look(name, box):
        asked.append((name, box))
        return np.full((9, 9, 3), 77, np.uint8)

    report_html(Result(triage, read(triage, ("ann", (5, 7), PARASITIZED, ""))), look=look)
    assert [(name, box[:2]) for name, box in asked] == [(HOSTILE, (5, 7))]


def test_readers_are_compared_and_where_they_differ_is_listed(triage, read):
    alone = report_html(Result(triage, read(triage, ("ann", 0, PARASITIZED, ""))))
    assert "Agreement" not in alone
    both = [(name, at, PARASITIZED, "") for name in ("ann", "bo") for at in (0, 1)]
    decisions = read(triage, *both, ("ann", 2, UNSURE, ""), ("bo", 2, UNINFECTED, ""))
    text = text_of(section(report_html(Result(triage, decisions)), "Agreement"))
    assert "ann, bo 3 66.7 % (20.8 to 93.9 %)" in text
    assert re.search(rf"{triage.suspects[2].number}, .*ann: unsure; bo: rejected", text)
    assert f"{triage.suspects[0].number}, " not in text


def test_leukocyte_types_are_told_and_written_beside_them(triage):
    first = triage.fields[0]
    outlines = (*first.outlines[:-2], *(replace(item, kind="leukocyte") for item in first.outlines[-2:]))
    p = np.where([item.kind == "leukocyte" for item in outlines], np.nan, first.p_parasitized)
    types = {len(outlines) - 1: LeukocyteType("neutrophil", 0.9)}
    field = replace(first, outlines=outlines, p_parasitized=p, leukocyte_types=types)
    html = report_html(Result(replace(triage, fields=(field,))))
    assert "Leukocyte types, n = 1: neutrophil 1. For research use." in text_of(html)
    assert html.count('<polygon class="leukocyte"') == 2
    assert re.findall(r'<text class="leukocyte"[^>]*>(.*?)</text>', html) == ["neutrophil"]
    assert "2 leukocytes outlined" in html
    assert sentences.say_types({}) == ""


def test_a_sample_without_suspects_says_so(spotted, lone_cells, classifier):
    field = triage_field(spotted(lone_cells(4, 3, 60), 0), classifier, "a.png")
    assert "No red cell reaches the threshold." in report_html(Result(pool_fields([field], classifier)))
