"""A certificate is one file that needs no other, says what the grade says, and runs nothing a name may hold."""

import csv
import io
import re
from datetime import date

import pytest

from malaria.readers import OF_SLIDES, Settings, grade_all, grades_to_csv, make_test, write_certificate

HOSTILE = "<script>alert(1)</script>\"'=1+1"


@pytest.fixture
def group(key, read):
    right = read(key, lambda _, reference: reference, HOSTILE)
    return grade_all(key, [*right, *read(key, lambda place, reference: "Unsure" if place < 9 else reference, "Ben")])


def test_names_are_text(key, group):
    page = write_certificate(key, group)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert not re.search(r'(src|href)="(?!data:)', page)


def test_says_what_the_grade_says(key, group):
    page = write_certificate(key, group, today=date(2026, 1, 31))
    for said in (
        "2026-01-31",
        key.test.id,
        OF_SLIDES,
        "Kappa, first and second look",
        "Clopper",
        "n\u00a0=\u00a060",
        "Ben and the network",
    ):
        assert said.replace("'", "&#39;") in page
    for one in group.grades.values():
        assert one.level.sentence in page
        for note in one.notes:
            assert note.replace("'", "&#39;") in page
    assert len(re.findall(r"<li>.*answered Unsure", page)) == group.grades["Ben"].unsure


def test_mistakes_are_pictures_where_there_are_some(key, group):
    mistake = group.grades["Ben"].mistakes[0]
    page = write_certificate(key, group, pictures={mistake.image_id: b"\x89PNG"})
    assert page.count("data:image/png;base64,iVBORw==") == 1


def test_calls_shown_and_an_unfinished_test_are_told(table, read):
    key = make_test(table, Settings(show_calls=True))
    group = grade_all(key, read(key, lambda place, reference: reference if place < 5 else None))
    page = write_certificate(key, group)
    assert "Not finished: 55 of 60 cards have no answer." in page
    assert "With and without the network&#39;s call" in page


def test_the_csv_has_a_row_a_reader_with_every_rate_its_ends_and_its_n(group):
    rows = list(csv.DictReader(io.StringIO(grades_to_csv(group.grades.values()))))
    assert [row["reader"] for row in rows] == [*group.grades]
    rate = group.grades["Ben"].rates["sensitivity"]
    assert [float(rows[1][f"sensitivity{end}"]) for end in ("", "_low", "_high", "_n")] == [
        rate.value,
        rate.low,
        rate.high,
        rate.n,
    ]
    assert rows[0]["level"] == "1"
