"""A journal goes into a database and comes back as it was, byte for byte, and no message repeats a password."""

import itertools
from pathlib import Path

import pytest

from malaria.cli import main
from malaria.errors import JournalError
from malaria.readers import FILE, Answer, AnswersFile
from malaria.review import CsvJournal, Log, copy_journal, open_store
from malaria.review.sql import connect
from tests.review.conftest import decision
from tests.review.test_stores import ROWS


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """A journal with every kind of row, one taken back, and a reader's answers beside it."""
    log = Log(CsvJournal(tmp_path / "from" / "corrections.csv"))
    log.append_all(ROWS)
    log.append(decision(4, p_parasitized=0.1 + 0.2, threshold=5e-324, note="'=1+1"))
    log.undo("ann")
    path = tmp_path / "from" / "corrections.csv"
    answers = [Answer("0123456789abcdef", name, 1, "ab" * 32, "Parasitized") for name in ("Ann", "=Bob")]
    AnswersFile(path.with_name(FILE)).append(answers)
    AnswersFile(path.with_name(FILE)).append([Answer("f" * 16, "Ann", 2, "cd" * 32, "Unsure", 1.234, "", True)])
    return path


@pytest.fixture(params=["csv", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A place of each kind where there is nothing yet."""
    if request.param == "csv":
        return str(tmp_path / "new" / "corrections.csv")
    return f"sqlite:///{tmp_path}/new.db" if request.param == "sqlite" else request.getfixturevalue("postgresql")


def run(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["malaria", "journal", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def test_there_and_back_is_the_same_to_the_byte(
    journal: Path, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    back = tmp_path / "back" / "corrections.csv"
    assert run(str(journal), place, monkeypatch=monkeypatch) == 0
    assert capsys.readouterr().err == "Copied and compared: 5 decisions, 3 answers of readers.\n"
    assert run(place, str(back), monkeypatch=monkeypatch) == 0
    assert back.read_bytes() == journal.read_bytes()
    assert back.with_name(FILE).read_bytes() == journal.with_name(FILE).read_bytes()
    with open_store(place) as store:
        kept = Log(store).append(decision(9))
        assert kept.decided_at > max(row.decided_at for row in Log(store).state.rows[:-1]), "and it goes on there"


def test_a_place_with_rows_is_refused_and_stays_as_it_is(journal: Path, place: str) -> None:
    with open_store(place) as store:
        store.append([decision(7)])
        before = store.read()
    with pytest.raises(JournalError, match=r"Nothing was copied: .* has rows already"):
        copy_journal(str(journal), place)
    with open_store(place) as store:
        assert store.read() == before


def test_a_journal_that_cannot_be_read_whole_is_not_copied(journal: Path, place: str) -> None:
    journal.write_text(journal.read_text() + "2026-01-01T00:00:00.000000Z,ann,no image\n")
    with pytest.raises(JournalError, match="Row 7 of the journal is damaged"):
        copy_journal(str(journal), place)
    with pytest.raises(JournalError, match="There is no file"):
        copy_journal(str(journal.with_name("other.csv")), place)
    with open_store(place) as store:
        assert store.read().rows == ()


def test_nothing_to_copy_is_said(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_store(f"sqlite:///{tmp_path}/empty.db") as store:
        store.read()
    assert run(f"sqlite:///{tmp_path}/empty.db", place, monkeypatch=monkeypatch) == 2
    assert capsys.readouterr().err == "Copied and compared: 0 decisions, 0 answers of readers.\n"


ADDRESSES = (
    "postgresql+psycopg://ann:topsecret@127.0.0.1:1/decisions",
    "postgresql+psycopg://ann:topsecret@127.0.0.1:port/decisions",
    "postgresql+psycopg://ann:top@secret@127.0.0.1:1/decisions",
    "postgres://ann:topsecret@127.0.0.1/decisions",
    "postgresql+nodriver://ann:topsecret@127.0.0.1/decisions",
    "mysql+pymysql://ann:topsecret@127.0.0.1/decisions",
    "sqlite:////no/such/folder/topsecret.db",
    "://topsecret",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_message_repeats_a_password(
    address: str, journal: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments in itertools.permutations((address, str(journal))):
        assert run(*arguments, monkeypatch=monkeypatch) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith(("The database does not answer", "The address of the", "The driver of the"))
        assert "secret" not in said.err
        assert "Traceback" not in said.err
        assert "in this session" not in said.err


def test_a_missing_driver_is_named() -> None:
    with pytest.raises(JournalError, match=r"driver of the database is not installed \(pymysql\)"):
        connect("mysql+pymysql://ann@127.0.0.1/decisions")


def test_a_server_that_has_started_anew_is_found_again(postgresql: str) -> None:
    with open_store(postgresql) as store:
        store.append([decision(1)])
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        engine = connect(postgresql)
        with engine.connect() as one:
            one.exec_driver_sql(others)
        engine.dispose()
        store.append([decision(2)])
        assert len(store.read().rows) == 2
