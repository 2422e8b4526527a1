"""The report opens anywhere, shows every suspect, says what it rests on, and trusts no name."""

import base64
import io
import re
from datetime import UTC, datetime

import cv2
import numpy as np
import pandas as pd
import pytest

from malaria.smear import COLUMNS, Decision, cells_csv, pooled, report_html, triage_field

HOSTILE = "=1+1<img src=x onerror=alert(1)>.png"


@pytest.fixture
def result(spotted, lone_cells, classifier):
    fields = [
        triage_field(spotted(lone_cells(4, 3, 60), 3), classifier, HOSTILE),
        triage_field(np.full((300, 400, 3), 220, np.uint8), classifier, "blank.png"),
    ]
    return pooled(fields, classifier, unreadable={"torn.png": "It is cut short."})


def test_it_says_what_it_rests_on(result):
    made = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    html = report_html(result, sample="Ward 5 & 6", made_at=made)
    text = re.sub("<[^>]+>", " ", html)
    for said in ("research use only", "Not for diagnosis", "tiny", "1.0.0", "0.5", "9 (75.0%)", "2026-01-02 03:04"):
        assert said in text
    assert "Ward 5 &amp; 6" in html
    assert "No whole red cell found." in text
    assert "torn.png" in text
    assert "It is cut short." in text


def test_it_needs_nothing_from_elsewhere_and_runs_nothing(result):
    html = report_html(result, sample="<script>alert(1)</script>")
    assert "<script" not in html
    assert "<img src=x" not in html
    assert "http" not in html.replace("http-equiv", "")
    for target in re.findall(r'(?:src|href)="([^"]{0,60})', html):
        assert target.startswith(("data:image/", "#"))
    assert not re.search(r"url\(|@import|<link|<iframe", html)


def test_every_suspect_is_there_as_a_picture_and_in_its_field(result):
    html = report_html(result)
    pictures = re.findall(r'<li id="s(\d+)"><img alt="[^"]*" src="data:image/png;base64,([^"]+)"', html)
    assert [int(rank) for rank, _ in pictures] == [1, 2, 3]
    for suspect, (_, data) in zip(result.suspects, pictures, strict=True):
        shown = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR_RGB)
        assert (shown == suspect.crop).all()
    for rank in (1, 2, 3):
        assert f'id="f{rank}" href="#s{rank}"' in html
        assert f'href="#f{rank}"' in html
    assert html.count("data:image/jpeg") == 2


def test_decisions_of_humans_are_in_it(result):
    row = result.suspects[1].row
    html = report_html(result, decisions={row: Decision("confirmed", "<Ada>", "today")})
    assert "confirmed, &lt;Ada&gt;, today" in html
    assert "Decided: confirmed" in html


def test_a_sample_without_suspects_says_so(spotted, lone_cells, classifier):
    field = triage_field(spotted(lone_cells(4, 3, 60), 0), classifier, "a.png")
    assert "No red cell reaches the threshold." in report_html(pooled([field], classifier))


def test_the_table_is_written_as_others_rely_on_it(result):
    text = cells_csv(result)
    assert text.splitlines()[0].startswith(",".join(COLUMNS))
    table = pd.read_csv(io.StringIO(text))
    assert len(table) == 12
    assert set(table["field"]) == {"'" + HOSTILE}  # no spreadsheet runs it
    assert sorted(table["rank"]) == list(range(1, 13))
    assert table["p_parasitized"].between(0, 1).all()
