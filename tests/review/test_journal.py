"""The CSV journal: what was acknowledged is there, once and whole, whatever happens to the processes and the disk."""

import csv
import errno
import io
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from malaria.cells import for_spreadsheets
from malaria.errors import JournalError
from malaria.labels import UNINFECTED
from malaria.review import COLUMNS, CsvJournal, Log, State
from malaria.review.durability import survives_restart
from malaria.review.places import open_store
from tests.review.conftest import decision, image

DECISIONS = int(os.environ.get("DECISIONS", "100"))
HEADER = ",".join(COLUMNS) + "\n"


def write_many(place: str, annotator: str, n: int, acknowledged: Connection) -> None:
    """Decide `n` cells, and say after each what was acknowledged: all that is left of a process that is killed."""
    with open_store(place) as journal:
        for number in range(n):
            (row,) = journal.append([decision(number, annotator=annotator, note=f"{annotator}, {number}")])
            acknowledged.send(row)
    acknowledged.close()


# A database takes longer for each: 100 decisions here, a thousand with a larger DECISIONS.
@pytest.mark.parametrize(
    ("kind", "n"), [("csv", 1000), ("sqlite", DECISIONS), ("postgresql", DECISIONS)], ids=lambda value: str(value)
)
def test_eight_processes_decide_at_once_and_three_are_killed(
    kind: str, n: int, fast_folder: Path, request: pytest.FixtureRequest
) -> None:
    path = fast_folder / "corrections.csv"
    place = {"csv": str(path), "sqlite": f"sqlite:///{fast_folder}/corrections.db"}.get(kind)
    place = place or request.getfixturevalue("postgresql")
    context = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
    context.set_forkserver_preload(["tests.review.test_journal"])
    ends = [context.Pipe(duplex=False) for _ in range(8)]
    writers = [
        context.Process(target=write_many, args=(place, f"annotator {number}", n, end))
        for number, (_, end) in enumerate(ends)
    ]
    for writer, (_, end) in zip(writers, ends, strict=True):
        writer.start()
        end.close()
    acknowledged = []
    open_ends = {end: number for number, (end, _) in enumerate(ends)}
    count = [0] * 8
    while open_ends:
        for end in multiprocessing.connection.wait(list(open_ends)):
            number = open_ends[end]  # type: ignore[index]
            try:
                acknowledged.append(end.recv())  # type: ignore[union-attr]
            except EOFError:
                del open_ends[end]  # type: ignore[arg-type]
                continue
            count[number] += 1
            if number < 3 and count[number] == n // 5 * (number + 1):
                writers[number].kill()
    for writer in writers:
        writer.join()
    assert [writer.exitcode for writer in writers] == [-signal.SIGKILL] * 3 + [0] * 5
    assert count[3:] == [n] * 5

    with open_store(place) as journal:
        journal.append([])  # a line cut short by a kill is taken off
        news = journal.read()
    assert news.problems == ()
    keys = [row.key for row in news.rows]
    assert len(set(keys)) == len(keys)
    there = dict(zip(keys, news.rows, strict=True))
    assert all(there[row.key] == row for row in acknowledged)
    assert len(keys) <= len(acknowledged) + 3, "at most the one that each killed process had not heard of yet"
    if kind == "csv":
        assert path.read_bytes().count(b"\n") == len(keys) + 1


TORN = {
    "nothing but a letter": b"2",
    "in the middle": b"2026-01-01T00:00:00.000000Z,ann,0000",
    "inside quotes": b'2026-01-01T00:00:00.000000Z,ann,"he said ""',
    "inside a letter of two bytes": "2026-01-01T00:00:00.000000Z,ü".encode()[:-1],
    "far from the last line feed": b"x" * 50_000,
}


@pytest.mark.parametrize("torn", TORN.values(), ids=TORN.keys())
def test_a_torn_last_line_is_taken_off_kept_and_reported(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "corrections.csv"
    kept = CsvJournal(path).append([decision(1), decision(2)])
    with path.open("ab") as file:
        file.write(torn)
    log = Log(CsvJournal(path))
    assert log.state.rows == kept
    assert len(log.problems) == 1
    assert "cut short by a crash" in log.problems[0]
    assert (tmp_path / "corrections.csv.torn").read_bytes() == torn + b"\n"
    log.append(decision(3))
    assert [row.image_id for row in Log(CsvJournal(path)).state.rows] == [image(1), image(2), image(3)]
    assert Log(CsvJournal(path)).problems == []


def test_a_line_torn_by_another_process_meanwhile_is_taken_off_by_the_next_decision(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    log = Log(CsvJournal(path))
    log.append(decision(1))
    with path.open("ab") as file:
        file.write(b"2026-01-01T00:00")
    log.append(decision(2))
    assert "cut short by a crash" in log.problems[0]
    assert [row.image_id for row in Log(CsvJournal(path)).state.rows] == [image(1), image(2)]


@pytest.mark.parametrize("reads_first", [True, False], ids=["read", "written to"])
def test_a_whole_last_line_that_lacks_only_its_end_is_kept(tmp_path: Path, reads_first: bool) -> None:
    path = tmp_path / "corrections.csv"
    kept = CsvJournal(path).append([decision(1), decision(2)])
    path.write_bytes(path.read_bytes()[:-1])
    if reads_first:
        log = Log(CsvJournal(path))
        assert log.state.rows == kept
        assert log.problems == []
    CsvJournal(path).append([decision(3)])
    assert [row.image_id for row in Log(CsvJournal(path)).state.rows] == [image(1), image(2), image(3)]
    assert not (tmp_path / "corrections.csv.torn").exists()


@pytest.mark.parametrize("zeros", [False, True], ids=["cut", "behind the zeros of an earlier version"])
@pytest.mark.parametrize("reads_first", [True, False], ids=["read", "written to"])
def test_a_crash_at_any_byte_of_the_header_is_mended(fast_folder: Path, reads_first: bool, zeros: bool) -> None:
    """The first line is cut after each of its bytes; an earlier version wrote it anew behind as many zeros."""
    for length in range(len(HEADER)):
        path = fast_folder / f"{length}.csv"
        path.write_bytes(bytes(length) + HEADER.encode() if zeros else HEADER[:length].encode())
        if reads_first:
            log = Log(CsvJournal(path))
            assert (log.state.rows, log.problems) == ([], []), length
        kept = CsvJournal(path).append([decision(1)])
        assert list(CsvJournal(path).read().rows) == kept, length
        assert path.read_bytes().startswith(HEADER.encode() + b"2"), length


def test_rows_behind_zeros_are_never_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    CsvJournal(path).append([decision(1)])
    damaged = bytes(4096) + path.read_bytes()
    path.write_bytes(damaged)
    with pytest.raises(JournalError, match="is not a journal of decisions"):
        CsvJournal(path).append([decision(2)])
    assert path.read_bytes() == damaged


def with_semicolons(text: str) -> str:
    """A CSV as a spreadsheet saves it in half of Europe."""
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(csv.reader(io.StringIO(text)))
    return out.getvalue()


SAVED_AGAIN: dict[str, Callable[[str], bytes]] = {
    "byte order mark": lambda text: text.encode("utf-8-sig"),
    "byte order mark and Windows line ends": lambda text: text.replace("\n", "\r\n").encode("utf-8-sig"),
    "semicolons": lambda text: with_semicolons(text).encode(),
    "semicolons, byte order mark": lambda text: with_semicolons(text).encode("utf-8-sig"),
    "as offered for spreadsheets": lambda text: for_spreadsheets(text).encode(),
    "UTF-16 with tabs": lambda text: with_semicolons(text).replace(";", "\t").encode("utf-16"),
    "Windows letters": lambda text: with_semicolons(text).encode("cp1252"),
    "its first line without an end": lambda text: text.splitlines()[0].encode("utf-8-sig"),
}


@pytest.mark.parametrize("save", SAVED_AGAIN.values(), ids=SAVED_AGAIN.keys())
@pytest.mark.parametrize("reads_first", [True, False], ids=["read", "written to"])
def test_a_journal_that_a_spreadsheet_saved_is_read_as_an_upload_is(
    tmp_path: Path, save: Callable[[str], bytes], reads_first: bool
) -> None:
    path = tmp_path / "corrections.csv"
    kept = CsvJournal(path).append([decision(1, note="Ringförmig, “sicher”"), decision(2, annotator="bob")])
    saved = save(path.read_text(encoding="utf-8"))
    kept = kept if saved.count(b"\n") > 1 else []
    path.write_bytes(saved)
    if reads_first:
        assert Log(CsvJournal(path)).state.rows == kept
    (new,) = CsvJournal(path).append([decision(3)])
    assert list(CsvJournal(path).read().rows) == [*kept, new]
    if not saved.removeprefix(b"\xef\xbb\xbf").startswith(HEADER.strip().encode()):
        (beside,) = tmp_path.glob("corrections.csv.saved-*")
        assert beside.read_bytes() == saved


def test_what_was_written_anew_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    CsvJournal(path).append([decision(1)])
    path.write_text(with_semicolons(path.read_text()))
    (told,) = Log(CsvJournal(path)).problems
    assert told.startswith("corrections.csv was saved by another program. Its rows (1) were written anew;")
    assert Log(CsvJournal(path)).problems == []


def test_a_damaged_row_in_what_a_spreadsheet_saved_is_named(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    CsvJournal(path).append([decision(1), decision(2)])
    saved = with_semicolons(path.read_text()).replace("Parasitized;Parasitized", "Perhaps;Perhaps", 1)
    path.write_bytes(saved.encode())
    with pytest.raises(JournalError, match=r"Row 2 of the journal is damaged.*Correct or delete it"):
        Log(CsvJournal(path))
    assert path.read_bytes() == saved.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"file,label\na.png,Parasitized\n",
        b"\x89PNG\r\n\x1a\n",
        b"\xef\xbb\xbf\xef\xbb\xbf" + HEADER.encode(),
    ],
    ids=["another table", "a picture", "two byte order marks"],
)
def test_what_is_no_journal_is_never_written_to(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "corrections.csv"
    path.write_bytes(content)
    for act in (lambda journal: journal.append([decision(1)]), lambda journal: journal.read()):
        with pytest.raises(JournalError, match="is not a journal of decisions"):
            act(CsvJournal(path))
    assert path.read_bytes() == content


def test_damaged_lines_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    CsvJournal(path).append([decision(1), decision(2)])
    good = path.read_bytes().splitlines()[1:]
    damaged = [
        b"",
        b"a,b,c",
        good[0].replace(b"Parasitized", b"Perhaps"),
        b"\xff\xfe" * 9,
        good[0] + b",more",
        b'"' + good[0],
    ]
    path.write_bytes(b"\n".join([HEADER.strip().encode(), good[0], *damaged, good[1], b""]))
    news = CsvJournal(path).read()
    assert [row.image_id for row in news.rows] == [image(1), image(2)]
    assert [problem.split(" of ")[0] for problem in news.problems] == [f"Line {n}" for n in range(3, 9)]
    CsvJournal(path).append([decision(3)])
    assert len(CsvJournal(path).read().rows) == 3


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "corrections.csv"
    kept = CsvJournal(path).append([decision(1)])
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert list(CsvJournal(path).read().rows) == kept
    CsvJournal(path).append([decision(2)])
    assert len(CsvJournal(path).read().rows) == 2


def full_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> Callable[[], None]:
    """Have the disk take only so many more flushes; returns what makes room again."""
    real, left = os.fsync, [after]

    def fsync(handle: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    return lambda: monkeypatch.setattr(os, "fsync", real)


def test_a_full_disk_is_a_sentence_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "corrections.csv"
    log = Log(CsvJournal(path))
    log.append(decision(1))
    before = path.read_bytes()
    make_room = full_disk(monkeypatch, after=0)
    with pytest.raises(JournalError, match=r"cannot be written \(No space left on device\)\. Free some space"):
        log.append(decision(2, UNINFECTED))
    assert path.read_bytes() == before, "nothing by halves"
    assert [row.image_id for row in log.unsaved] == [image(2)]
    with pytest.raises(JournalError):
        log.save_again()
    assert len(log.unsaved) == 1
    make_room()
    log.save_again()
    assert log.unsaved == []
    assert Log(CsvJournal(path)).state == log.state
    assert len(log.state.rows) == 2


@pytest.mark.skipif(os.name != "posix", reason="limits of a process as Unix has them")
def test_a_row_that_fits_only_in_part_is_cut_off_again(tmp_path: Path) -> None:
    """The system itself takes the first bytes of a row and refuses the rest."""
    import resource

    journal = CsvJournal(tmp_path / "corrections.csv")
    kept = journal.append([decision(1)])
    before = journal.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 50, limits[1]))
    try:
        with pytest.raises(JournalError, match="cannot be written"):
            journal.append([decision(2)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert journal.path.read_bytes() == before
    assert list(journal.read().rows) == kept


@pytest.mark.parametrize("name", ["folder", "below/a file"])
def test_an_unwritable_place_is_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "below").write_text("")
    with pytest.raises(JournalError, match=r"cannot be (written|read) \("):
        Log(CsvJournal(tmp_path / name)).append(decision(1))


def test_missing_folders_are_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "corrections.csv"
    Log(CsvJournal(path)).append(decision(1))
    assert path.is_file()


@pytest.mark.parametrize("left", [None, HEADER], ids=["deleted", "emptied"])
def test_a_journal_that_vanishes_gives_its_decisions_back_as_unsaved(tmp_path: Path, left: str | None) -> None:
    path = tmp_path / "corrections.csv"
    log = Log(CsvJournal(path))
    rows = [log.append(decision(1)), log.append(decision(2))]
    path.unlink()
    if left:
        path.write_text(left)
    assert log.refresh() == State()
    assert log.unsaved == rows
    assert "was deleted or replaced: 2 decisions" in log.problems[0]
    log.save_again()
    assert Log(CsvJournal(path)).state.rows == rows


def test_damaged_leases_only_free_the_cards(tmp_path: Path) -> None:
    journal = CsvJournal(tmp_path / "corrections.csv")
    for damage in ("", "[]", '{"ann": 1}', '{"ann": ["x", "y"]}', "{"):
        Path(f"{journal.path}.leases").write_text(damage)
        assert journal.claim([image(1)], "bob") == image(1)


MOUNTS = (
    "overlay / overlay rw 0 0\nproc /proc proc rw 0 0\n/dev/sda1 /data ext4 rw 0 0\ntmpfs /data/fast tmpfs rw 0 0\n"
)


@pytest.mark.parametrize(
    ("path", "mounts", "survives"),
    [
        ("/mount/src/app/corrections.csv", MOUNTS, False),
        ("/data/corrections.csv", MOUNTS, True),
        ("/data/fast/corrections.csv", MOUNTS, False),
        ("/database/corrections.csv", MOUNTS, False),
        ("/home/ann/corrections.csv", "/dev/sda1 / ext4 rw 0 0\n", True),
        ("/home/ann/corrections.csv", "", True),
    ],
)
@pytest.mark.skipif(os.name != "posix", reason="paths as Linux has them")
def test_whether_a_disk_forgets(path: str, mounts: str, survives: bool) -> None:
    assert survives_restart(Path(path), mounts) is survives


def test_a_temporary_folder_forgets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert not CsvJournal(tmp_path / "corrections.csv").survives
