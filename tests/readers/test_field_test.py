"""A test of fields: the same for all, its marks come back as they were, and what cannot be is named."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.cells import for_spreadsheets
from malaria.errors import ReaderTestError
from malaria.readers import (
    MARK_COLUMNS,
    FieldKey,
    FieldSettings,
    MarkedField,
    fields_to_csv,
    grade_marks,
    is_field_key,
    make_field_test,
    marks_to_csv,
    read_field_key,
    read_marks,
    write,
    write_fields_certificate,
)

ID = "ab" * 32
TEST = "0123456789abcdef"
HEADER = ",".join(MARK_COLUMNS)

marked = st.builds(
    MarkedField,
    test=st.just(TEST),
    reader=st.sampled_from(["Ann", '=Bob, the "2nd"']),
    position=st.integers(1, 50),
    image_id=st.just(ID),
    points=st.lists(st.tuples(*[st.integers(0, 12800).map(lambda n: n / 10)] * 2), max_size=4).map(tuple),
    seconds=st.integers(0, 10**6).map(lambda n: n / 1000) | st.just(math.nan),
    moment=st.just("2026-01-31T12:00:00.000000Z"),
)


@pytest.fixture(scope="module")
def key() -> FieldKey:
    return make_field_test(FieldSettings(fields=2, seed=3))[0]


def test_the_same_settings_give_the_same_test_and_others_share_no_field(key: FieldKey):
    again, pictures = make_field_test(FieldSettings(fields=2, seed=3))
    assert again == key
    assert list(pictures) == list(key.test.fields)
    other = make_field_test(FieldSettings(fields=2, seed=4))[0]
    assert not set(other.test.fields) & set(key.test.fields)
    assert other.test.id != key.test.id
    assert all(5 <= len(field.parasites) <= 8 for field in key.fields.values())


def test_a_key_is_read_as_it_was_written_and_a_test_tells_nothing(key: FieldKey, tmp_path: Path):
    place = tmp_path / "key.json"
    place.write_text(write(key))
    assert is_field_key(place)
    assert read_field_key(place) == key
    assert "parasites" not in write(key.test)
    place.write_text(write(key.test))
    assert not is_field_key(place)
    with pytest.raises(ReaderTestError, match="is not a key of a test of fields"):
        read_field_key(place)


@given(st.lists(marked, max_size=5, unique_by=lambda one: (one.reader, one.position)))
def test_marks_come_back_as_they_were_written(given):
    for text in (marks_to_csv(given), for_spreadsheets(marks_to_csv(given))):
        assert list(map(repr, read_marks(text.encode()))) == list(map(repr, given))


def test_readers_are_graded_by_the_first_marks_on_each_field(key: FieldKey):
    first, second = key.test.fields
    full = MarkedField(key.test.id, "Ann", 1, first, key.fields[first].parasites, 10.0)
    none = MarkedField(key.test.id, "Ann", 2, second, (), 20.0)
    grades = grade_marks(key, [full, none, replace(full, points=()), replace(full, reader="Bob", points=((1, 1),))])
    assert list(grades) == ["Ann", "Bob"]
    found = grades["Ann"].sensitivity
    assert found.numerator == len(key.fields[first].parasites)
    assert found.n == found.numerator + len(key.fields[second].parasites)
    assert (grades["Ann"].seconds.value, grades["Ann"].fields) == (15, 2)
    assert grades["Bob"].false_alarms.value == 1
    table = fields_to_csv(key, grades)
    assert [line.split(",")[1] for line in table.splitlines()] == ["reader", "Ann", "Bob"]
    page = write_fields_certificate(key, {"<b>": grades["Ann"]})
    assert "&lt;b&gt;" in page
    assert "not a WHO certificate" in page.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (f"x,Ann,1,{ID},1,1,,", "names no test"),
        (f"{TEST},the network,1,{ID},1,1,,", "which is not a reader"),
        (f"{TEST},Ann,0,{ID},1,1,,", "a position below 1"),
        (f"{TEST},Ann,1,{ID},1,,,", "cannot be read"),
        (f"{TEST},Ann,1,{ID},nan,1,,", "no number of pixels"),
        (f"{TEST},Ann,1,{ID},1e9,1,,", "no number of pixels"),
        (f"{TEST},Ann,1,{ID},1,1,-3,", "less than no time"),
    ],
)
def test_a_row_that_cannot_be_is_named(row: str, said: str):
    with pytest.raises(ReaderTestError, match=rf"^Row 2 of the marks: .*{said}.*Correct or delete it\.$"):
        read_marks(f"{HEADER}\n{row}\n".encode())


def test_too_many_marks_and_marks_on_other_fields_are_refused(key: FieldKey):
    rows = f"{TEST},Ann,1,{ID},1,1,,\n" * 501
    with pytest.raises(ReaderTestError, match="more than 500 marks"):
        read_marks(f"{HEADER}\n{rows}".encode())
    with pytest.raises(ReaderTestError, match="on field 1 are on a different field"):
        grade_marks(key, [MarkedField(key.test.id, "Ann", 1, ID, ())])
    with pytest.raises(ReaderTestError, match="There are no marks for the test"):
        grade_marks(key, [])
    with pytest.raises(ReaderTestError, match="holds no marks on fields"):
        read_marks(b"file,label\na,b\n")
