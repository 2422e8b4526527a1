"""Answers come back as they were written, whoever writes beside whom and wherever a crash came."""

import math
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.cells import for_spreadsheets
from malaria.errors import ReaderTestError
from malaria.readers import ANSWERS, COLUMNS, Answer, Settings, append_answer, read_answers, to_csv

ID = "ab" * 32
ANSWER = Answer("0123456789abcdef", "Ann", 1, ID, "Parasitized", 1.5, call_shown=True)

answers = st.builds(
    Answer,
    test=st.just("0123456789abcdef"),
    reader=st.text(min_size=1, max_size=50).filter(lambda name: any(c.isprintable() and not c.isspace() for c in name)),
    position=st.integers(1, 5000),
    image_id=st.just(ID),
    answer=st.sampled_from(ANSWERS),
    seconds=st.integers(0, 10**6).map(lambda n: n / 1000) | st.just(math.nan),
    moment=st.just("2026-01-31T12:00:00.000000Z"),
    call_shown=st.booleans(),
)


@given(st.lists(answers, max_size=5))
def test_come_back_as_they_were_written(said):
    for text in (to_csv(said), for_spreadsheets(to_csv(said))):
        back = read_answers(text.encode())
        assert list(map(repr, back)) == list(map(repr, said))


def test_are_appended_one_by_one_with_their_moment(tmp_path: Path):
    place = tmp_path / "new" / "answers.csv"
    kept = [append_answer(place, ANSWER), append_answer(place, ANSWER)]
    assert read_answers(place) == kept
    assert kept[0].moment
    assert place.read_text().splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize("torn", ["", "test,rea", f"{','.join(COLUMNS)}\n0123,An", f"{','.join(COLUMNS)}\n"])
def test_a_line_cut_short_by_a_crash_is_cut_off(tmp_path: Path, torn: str):
    place = tmp_path / "answers.csv"
    place.write_text(torn)
    kept = append_answer(place, ANSWER)
    assert read_answers(place) == [kept]


def test_several_at_once_lose_nothing(tmp_path: Path):
    place = tmp_path / "answers.csv"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: append_answer(place, ANSWER), range(40)))
    assert len(read_answers(place)) == 40


def test_another_file_is_left_alone(tmp_path: Path):
    place = tmp_path / "labels.csv"
    place.write_text("file,label\na.png,Parasitized\n")
    with pytest.raises(ReaderTestError, match="holds no answers to a reader test"):
        append_answer(place, ANSWER)
    assert place.read_text() == "file,label\na.png,Parasitized\n"
    with pytest.raises(ReaderTestError, match="cannot be written"):
        append_answer(tmp_path, ANSWER)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("x,Ann,1,{id},Parasitized,1", "names no test"),
        ("0123456789abcdef,,1,{id},Parasitized,1", "names no reader"),
        ("0123456789abcdef,The network,1,{id},Parasitized,1", "which is not a reader"),
        ("0123456789abcdef,Ann,0,{id},Parasitized,1", "a position below 1"),
        ("0123456789abcdef,Ann,1.5,{id},Parasitized,1", "not a whole number"),
        ("0123456789abcdef,Ann,inf,{id},Parasitized,1", "cannot be read"),
        ("0123456789abcdef,Ann,1,../x,Parasitized,1", "names no image"),
        ("0123456789abcdef,Ann,1,{id},Maybe,1", "is none of Parasitized, Uninfected, Unsure"),
        ("0123456789abcdef,Ann,1,{id},Parasitized,-1", "less than no time"),
    ],
)
def test_a_row_that_cannot_be_is_named(row, said):
    text = f"test,reader,position,image_id,answer,seconds\n{row.format(id=ID)}\n"
    with pytest.raises(ReaderTestError, match=rf"^Row 2 of the answers: .*{said}.*Correct or delete it\.$"):
        read_answers(text.encode())


@pytest.mark.parametrize("data", [b"", b"\x00\x01\x02", b"file,label\na,b\n"])
def test_what_holds_no_answers_is_refused(data):
    with pytest.raises(ReaderTestError):
        read_answers(data)


def test_every_column_and_setting_is_documented():
    document = (Path(__file__).resolve().parents[2] / "docs" / "reader-tests.md").read_text(encoding="utf-8")
    assert [name for name in COLUMNS if f"| `{name}` |" not in document] == []
    options = [f"--{name.replace('_', '-')}" for name in Settings.model_fields if name != "name"]
    assert [option for option in options if f"`{option}`" not in document] == []
