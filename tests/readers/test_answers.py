"""Answers come back as they were written, whoever writes beside whom and wherever a crash came."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine

from malaria.cells import for_spreadsheets
from malaria.errors import JournalError, ReaderTestError
from malaria.readers import ANSWERS, COLUMNS, Answer, AnswersFile, AnswerStore, Settings, read_answers, to_csv
from malaria.readers.sql import SqlAnswers

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


@pytest.fixture(params=["file", "database"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> AnswerStore:
    if request.param == "file":
        return AnswersFile(tmp_path / "answers.csv")
    return SqlAnswers(create_engine(f"sqlite:///{tmp_path / 'answers.db'}"))


@given(st.lists(answers, max_size=5))
def test_come_back_as_they_were_written(said):
    for text in (to_csv(said), for_spreadsheets(to_csv(said))):
        back = read_answers(text.encode())
        assert list(map(repr, back)) == list(map(repr, said))


def test_are_appended_with_their_moment(store: AnswerStore):
    kept = [*store.append([ANSWER]), *store.append([ANSWER, replace(ANSWER, position=2, seconds=math.nan)])]
    assert list(map(repr, store.read(ANSWER.test).answers)) == list(map(repr, kept))
    assert kept[0].moment
    assert store.read("f" * 16) == ((), ())


def test_a_file_can_be_read_as_any_other(tmp_path: Path):
    place = tmp_path / "new" / "answers.csv"
    kept = AnswersFile(place).append([ANSWER, ANSWER])
    assert read_answers(place) == kept
    assert place.read_text().splitlines()[0] == ",".join(COLUMNS)


@pytest.mark.parametrize("torn", ["", "test,rea", f"{','.join(COLUMNS)}\n0123,An", f"{','.join(COLUMNS)}\n"])
def test_a_line_cut_short_by_a_crash_is_cut_off(tmp_path: Path, torn: str):
    place = tmp_path / "answers.csv"
    place.write_text(torn)
    kept = AnswersFile(place).append([ANSWER])
    assert read_answers(place) == kept


def test_a_last_line_cut_at_any_byte_is_whole_or_cut_off(tmp_path: Path):
    place = tmp_path / "answers.csv"
    kept = AnswersFile(place).append([ANSWER, replace(ANSWER, position=2)])
    whole = place.read_bytes()
    start = whole[:-1].rindex(b"\n") + 1
    for end in range(start, len(whole)):
        place.write_bytes(whole[:end])
        assert list(AnswersFile(place).read(ANSWER.test).answers) == kept[: 2 if end == len(whole) - 1 else 1], end


def test_a_file_that_a_spreadsheet_saved_is_gone_on_with(tmp_path: Path):
    place = tmp_path / "answers.csv"
    kept = AnswersFile(place).append([ANSWER])
    place.write_text(place.read_text().replace(",", ";"))
    kept += AnswersFile(place).append([replace(ANSWER, position=2)])
    assert list(AnswersFile(place).read(ANSWER.test).answers) == kept


def test_several_at_once_lose_nothing(store: AnswerStore):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.append([ANSWER]), range(40)))
    assert len(store.read(ANSWER.test).answers) == 40


def test_a_row_that_is_none_is_passed_over_and_named(tmp_path: Path):
    place = tmp_path / "answers.csv"
    (good,) = AnswersFile(place).append([ANSWER])
    line = place.read_text().splitlines()[1]
    bad = [line.replace("Parasitized", "Maybe"), line.replace(",1,", ",x,"), line + ",more", f"{ANSWER.test},'"]
    place.write_bytes("\n".join([",".join(COLUMNS), *bad, line, ""]).encode() + f"{ANSWER.test}\xff\n".encode("latin1"))
    answers, problems = AnswersFile(place).read(ANSWER.test)
    assert answers == (good,)
    assert [problem.split(" of ")[0] for problem in problems] == [f"Line {n}" for n in (2, 3, 4, 5, 7)]


def test_another_file_is_left_alone(tmp_path: Path):
    place = tmp_path / "labels.csv"
    place.write_text("file,label\na.png,Parasitized\n")
    with pytest.raises(JournalError, match="holds no answers to a reader test"):
        AnswersFile(place).append([ANSWER])
    assert place.read_text() == "file,label\na.png,Parasitized\n"
    with pytest.raises(JournalError, match="cannot be written"):
        AnswersFile(tmp_path).append([ANSWER])


def test_a_moment_that_is_none_is_not_believed():
    text = f"test,reader,position,image_id,answer,moment\n0123456789abcdef,Ann,1,{ID},Parasitized,{'x' * 999}\n"
    assert [one.moment for one in read_answers(text.encode())] == [""]


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
