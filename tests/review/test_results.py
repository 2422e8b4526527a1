"""What comes out of a review, and goes into the next: corrected labels, a zip, a summary, and the same read again."""

import csv
import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from malaria import phantom
from malaria.cells import for_spreadsheets, format_csv, labels_from_folders, match, read_labels
from malaria.errors import JournalError, LabelsError
from malaria.export import write_folders
from malaria.images import open_source
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import (
    COLUMNS,
    CORRECTED_COLUMNS,
    RULE,
    UNSURE,
    UNUSABLE,
    CsvJournal,
    Decision,
    State,
    SuspectLabel,
    correct_labels,
    make_cards,
    rank,
    read_corrections,
    read_journal,
    relabel,
    replay,
    summarise,
)
from malaria.review import to_csv as journal_csv
from tests.review.conftest import decision, image


def stamped(rows: list[Decision]) -> list[Decision]:
    return [replace(row, decided_at=f"2026-01-01T00:{n // 60:02}:{n % 60:02}.000000Z") for n, row in enumerate(rows)]


def table(n: int) -> pd.DataFrame:
    """Cells 0, 1, ... all given Uninfected, the first the most suspect."""
    p = [0.99 - 0.9 * k / n for k in range(n)]
    columns = {"file": [f"cell_images/{k}.png" for k in range(n)], "image_id": [image(k) for k in range(n)]}
    return pd.DataFrame(
        columns | {"patient": [f"C{k % 3}P1" for k in range(n)], "given_label": UNINFECTED, "p_parasitized": p}
    )


READ = stamped(
    [
        decision(0, PARASITIZED),
        decision(1, UNINFECTED),
        decision(2, UNSURE),
        decision(3, UNUSABLE),
        decision(4, PARASITIZED),
        decision(4, UNINFECTED, "bob"),
        decision(0, PARASITIZED, "bob"),
    ]
)
"""Changed by two, confirmed, unsure, unusable, in dispute; 5 and 6 were read by nobody."""


def test_corrected_labels_have_a_row_for_every_labelled_cell() -> None:
    cells = pd.concat([table(7), table(1).assign(file="new.png", image_id=image(99), given_label=None)])
    found = correct_labels(cells, replay(READ))
    assert tuple(found.columns) == CORRECTED_COLUMNS
    assert found["corrected_label"].tolist() == [PARASITIZED, UNINFECTED, None, None, None, UNINFECTED, UNINFECTED]
    assert found["n_readers"].tolist() == [2, 1, 1, 1, 2, 0, 0]
    assert found["agreement"].tolist()[:5] == [1, 1, 1, 1, 0.5]
    assert found["agreement"].isna().tolist() == [False] * 5 + [True] * 2


def test_what_is_written_is_what_evaluate_reads(tmp_path: Path) -> None:
    cells = table(7)
    path = tmp_path / "corrected_labels.csv"
    path.write_text(format_csv(correct_labels(cells, replay(READ))))
    assert path.read_text().splitlines()[0] == "file,image_id,given_label,corrected_label,n_readers,agreement"
    joined = match(cells["file"], read_labels(path), cells["image_id"])
    assert joined.table["given_label"].tolist() == [PARASITIZED, UNINFECTED, None, None, None, UNINFECTED, UNINFECTED]


def test_corrections_are_read_from_a_journal_by_what_is_in_force(tmp_path: Path) -> None:
    undone = stamped([*READ, replace(decision(1), first_answer="", final_answer="", supersedes=READ[1].decided_at)])
    path = tmp_path / "corrections.csv"
    path.write_text(journal_csv(undone))
    assert read_corrections(path).ids == {image(0): PARASITIZED}
    corrected = format_csv(correct_labels(table(7), replay(undone))).encode()
    assert read_corrections(corrected).ids[image(0)] == PARASITIZED
    assert read_corrections(corrected).unlabelled == 3


CORRECTED = [PARASITIZED, UNINFECTED, None, None, None, UNINFECTED, UNINFECTED]


@pytest.mark.parametrize("names", ["the same files", "other names", "other files of the same names"])
@pytest.mark.parametrize("kind", ["journal", "corrected_labels.csv"])
def test_what_training_learns_from_a_review(kind: str, names: str) -> None:
    """A cell that was read and has no class is not learned; one that nobody has read keeps its label."""
    cells = table(7).rename(columns={"given_label": "label"})
    written = journal_csv(READ) if kind == "journal" else format_csv(correct_labels(table(7), replay(READ)))
    expected = CORRECTED
    if names == "other names":
        cells["file"] = [f"{k}_renamed.png" for k in range(7)]
    if names == "other files of the same names":  # a journal holds the reviews of many data sets
        cells["image_id"] = [image(0), *(image(900 + k) for k in range(1, 7))]
        expected = [CORRECTED[0], *cells["label"][1:]]
    assert relabel(cells, written.encode()) == expected


@pytest.mark.parametrize("kind", ["journal", "corrected_labels.csv"])
def test_a_review_of_none_of_the_cells_is_refused(kind: str) -> None:
    cells = table(7).rename(columns={"given_label": "label"}).assign(image_id=[image(900 + k) for k in range(7)])
    written = journal_csv(READ) if kind == "journal" else format_csv(correct_labels(table(7), replay(READ)))
    with pytest.raises(LabelsError, match="None of the 7 images is among the corrections"):
        relabel(cells, written.encode())


def test_any_table_with_corrected_labels_can_be_learned_from() -> None:
    cells = table(3).rename(columns={"given_label": "label"})
    assert relabel(cells, b"file,corrected_label\n0.png,Gametocyte\n1.png,\n") == ["Gametocyte", UNINFECTED, UNINFECTED]


def test_the_zip_has_the_official_layout_and_the_corrected_folders(tmp_path: Path) -> None:
    data = phantom.batch_zip(12, mislabelled=0.25)
    with open_source(io.BytesIO(data), "cells.zip") as source:
        files = [(file.file, file.image_id or "", file.folder) for file in source]
        cells = pd.DataFrame(files, columns=["file", "image_id", "given_label"])
        first, second, third, *_ = cells.itertuples(index=False, name=None)
        rows = [
            Decision("ann", first[1], first[0], UNINFECTED, UNINFECTED),
            Decision("ann", second[1], second[0], UNUSABLE, UNUSABLE),
            Decision("ann", third[1], third[0], third[2], third[2]),
        ]
        corrected = correct_labels(cells, replay(stamped(rows)))
        written = io.BytesIO()
        write_folders(written, source, corrected)
    with open_source(written, "corrected.zip") as source:
        labels = labels_from_folders(source.files).labels
        ids = {file.image_id: labels[file.file] for file in source}
        assert source.skipped == ["corrected_labels.csv"]
    assert len(ids) == 11
    assert ids[first[1]] == UNINFECTED
    assert second[1] not in ids
    assert ids[third[1]] == third[2]
    with zipfile.ZipFile(written) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"cell_images", "corrected_labels.csv"}


def test_two_files_of_one_name_stay_two_in_the_zip(tmp_path: Path) -> None:
    one, two, three = (cell.png for cell in phantom.batch(3))
    for place, data in (("a/x.png", one), ("b/x.png", two), ("c/x.png", three)):
        (tmp_path / place).parent.mkdir()
        (tmp_path / place).write_bytes(data)
    with open_source(tmp_path) as source:
        cells = pd.DataFrame(
            [(f.file, f.image_id, UNINFECTED) for f in source], columns=["file", "image_id", "given_label"]
        )
        written = io.BytesIO()
        write_folders(written, source, correct_labels(cells, State()))
    with open_source(written, "corrected.zip") as source:
        assert sorted(source.files) == [f"cell_images/Uninfected/x{suffix}.png" for suffix in (" (2)", " (3)", "")]


def test_the_summary_counts_what_became_of_the_labels() -> None:
    cards = make_cards(rank(table(7)))
    found = summarise(cards, replay(READ), 0.5)
    assert (found.n_cells, found.n_read) == (7, 5)
    assert (found.confirmed, found.changed, found.to_parasitized, found.to_uninfected) == (1, 1, 1, 0)
    assert (found.unsure, found.unusable, found.no_consensus) == (1, 1, 1)
    assert found.readings is not None
    assert found.readings.as_given.n == found.readings.corrected.n == 4, "what lost its label is in neither"
    assert found.readings.corrected.confusion.tp == 1
    assert [(piece.first, piece.last, piece.n_read, piece.changed.value) for piece in found.pieces] == [(1, 7, 5, 0.2)]


def test_how_good_the_ranking_was_by_position() -> None:
    cards = make_cards(rank(table(120)))
    rows = stamped([decision(n, PARASITIZED if n < 40 else UNINFECTED) for n in range(0, 110, 2)])
    found = summarise(cards, replay(rows), 0.5)
    shares = [(piece.first, piece.last, piece.n_read, piece.changed.value) for piece in found.pieces]
    assert shares == [(1, 50, 25, 0.8), (51, 100, 25, 0), (101, 120, 5, 0)]
    assert all(piece.changed.low <= piece.changed.value <= piece.changed.high for piece in found.pieces)  # type: ignore[operator]


def test_an_unread_queue_has_a_summary_too() -> None:
    cards: list[SuspectLabel] = make_cards(rank(table(3)))
    found = summarise(cards, State(), 0.5)
    assert (found.n_read, found.readings, found.pieces) == (0, None, ())


# Journals from elsewhere


def test_a_journal_that_a_spreadsheet_saved_again_is_read() -> None:
    written = journal_csv(READ)
    excel = "\ufeff" + written.replace(",", ";").replace("\n", "\r\n")
    assert read_journal(excel.encode()) == read_journal(written.encode()) == READ
    assert read_journal(written.encode("utf-16")) == READ


EXCEL = {
    "German": {"true": "WAHR", "false": "FALSCH"},
    "French": {"true": "VRAI", "false": "FAUX"},
    "English": {"true": "TRUE", "false": "FALSE"},
    "Spanish": {"true": "VERDADERO", "false": "FALSO"},
}


def save_by_excel(journal: str, language: str) -> bytes:
    """A journal as Excel saves it: in most of Europe with semicolons, decimal commas and its own words."""
    words, foreign = EXCEL[language], language != "English"
    rows = list(csv.reader(io.StringIO(journal)))
    saved = io.StringIO()
    writer = csv.writer(saved, delimiter=";" if foreign else ",", lineterminator="\r\n")
    for row in rows:
        writer.writerow(
            cell.replace(".", ",") if foreign and re.fullmatch(r"\d+\.\d+", cell) else words.get(cell, cell)
            for cell in row
        )
    return saved.getvalue().encode("utf-8-sig")


@pytest.mark.parametrize("language", EXCEL)
def test_a_journal_that_excel_saved_in_another_language_is_read(language: str) -> None:
    rows = stamped([decision(0, blind=True, p_parasitized=0.02), decision(1, blind=False, note="a;=1+1")])
    saved = save_by_excel(journal_csv(rows), language)
    assert EXCEL[language]["true"].encode() in saved
    assert read_journal(saved) == rows


def test_a_journal_is_read_whose_rows_a_spreadsheet_took_for_one_cell_each() -> None:
    """As German Excel opens a file with commas, and saves it again: a row with quotes in it is quoted as a whole."""
    rows = stamped([decision(0, note='thin, "ring"'), decision(1, note="none")])
    lines = for_spreadsheets(journal_csv(rows)).splitlines()
    saved = "\r\n".join('"' + line.replace('"', '""') + '"' if '"' in line else line for line in lines)
    assert read_journal(saved.encode()) == rows


def test_a_journal_that_was_downloaded_is_read_and_serves_as_the_journal(tmp_path: Path) -> None:
    rows = stamped([decision(0), decision(1, note="a;=1+1"), decision(2, note="\tb")])
    download = for_spreadsheets(journal_csv(rows)).encode()
    assert read_journal(download) == rows
    (tmp_path / "corrections.csv").write_bytes(download)
    journal = CsvJournal(tmp_path / "corrections.csv")
    (kept,) = journal.append([decision(3)])
    assert list(journal.read().rows) == [*rows, kept]


@pytest.mark.parametrize(
    ("column", "cell", "says"),
    [
        ("blind", "JEIN", "The column blind holds 'JEIN', which is neither true nor false"),
        ("p_parasitized", "02. Jan", "The column p_parasitized holds '02. Jan', which is not a number from 0 to 1"),
        ("p_parasitized", "999", "The column p_parasitized holds '999', which is not a number from 0 to 1"),
        ("threshold", "1.234,5", "The column threshold holds '1.234,5', which is not a number from 0 to 1"),
        ("threshold", "nan", "The column threshold holds 'nan', which is not a number from 0 to 1"),
    ],
)
def test_what_a_spreadsheet_spoilt_is_refused_by_row_and_column(column: str, cell: str, says: str) -> None:
    header, *rows = csv.reader(io.StringIO(journal_csv(READ)))
    rows[3][header.index(column)] = cell
    spoilt = io.StringIO()
    csv.writer(spoilt).writerows([header, *rows])
    with pytest.raises(JournalError, match=re.escape(f"Row 5 of the journal is damaged: {says}")):
        read_journal(spoilt.getvalue().encode())


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"file,label\na.png,Parasitized\n", "lacks the columns decided_at, annotator"),
        (b"PK\x03\x04\x00\x00", "."),
        (journal_csv(READ).replace("Unusable", "Rubbish").encode(), "Row 5 of the journal is damaged"),
        (journal_csv(READ).replace("0.75", "often").encode(), "Row 2 of the journal is damaged"),
        (journal_csv([decision(1)]).encode(), "Row 2 of the journal has no decided_at"),
    ],
)
def test_what_is_no_journal_is_refused_in_a_sentence(content: bytes, says: str) -> None:
    with pytest.raises(JournalError, match=says):
        read_journal(content)


def test_the_documentation_names_every_column_and_key_and_has_the_rule() -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "label-review.md").read_text()
    assert [name for name in (*COLUMNS, *CORRECTED_COLUMNS) if f"`{name}`" not in text] == []
    assert " ".join(RULE.split()) in " ".join(text.split())
