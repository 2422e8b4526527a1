"""The table of cells: labels from hostile CSVs and from folders, their images, and CSV that no spreadsheet runs."""

import contextlib
import csv
import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import malaria.cells
from malaria.cells import (
    COLUMNS,
    Question,
    count_once,
    evaluate_cells,
    for_spreadsheets,
    labels_from_folders,
    match,
    read_cells,
    read_labels,
    to_csv,
)
from malaria.errors import LabelsError, UnknownLabelsError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.metrics import Confusion

TWO = {"a.png": PARASITIZED, "b.png": UNINFECTED}


def test_the_public_surface_is_what_is_exported():
    assert {name for name in vars(malaria.cells) if not name.startswith("_")} == set(malaria.cells.__all__)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"file,label\na.png,Parasitized\nb.png,Uninfected\n", id="plain"),
        pytest.param(b"file,label\na.png,Parasitized\nb.png,Uninfected", id="no last newline"),
        pytest.param(b"file,label\r\na.png,Parasitized\r\nb.png,Uninfected\r\n", id="windows newlines"),
        pytest.param(b"file,label\ra.png,Parasitized\rb.png,Uninfected\r", id="old mac newlines"),
        pytest.param(b"\xef\xbb\xbffile,label\na.png,Parasitized\nb.png,Uninfected\n", id="byte order mark"),
        pytest.param(b"file;label\na.png;Parasitized\nb.png;Uninfected\n", id="semicolons"),
        pytest.param(b"file\tlabel\na.png\tParasitized\nb.png\tUninfected\n", id="tabs"),
        pytest.param(b"file|label\na.png|Parasitized\nb.png|Uninfected\n", id="bars"),
        pytest.param(b"sep=;\r\nfile;label\r\na.png;Parasitized\r\nb.png;Uninfected\r\n", id="announced separator"),
        pytest.param("file\tlabel\na.png\tParasitized\nb.png\tUninfected\n".encode("utf-16"), id="utf-16"),
        pytest.param("file,label\na.png,Parasitized\nb.png,Uninfected\n".encode("utf-16-be"), id="utf-16 without mark"),
        pytest.param(b'"file","label"\n"a.png","Parasitized"\n"b.png","Uninfected"\n', id="quoted"),
        pytest.param(b"FILE, Label \na.png, parasitized\n b.png ,UNINFECTED\n", id="case and blanks"),
        pytest.param(b"n,label,file,x\n1,Parasitized,a.png,\n2,Uninfected,b.png,\n", id="other columns"),
        pytest.param(b"file,label\n\na.png,Parasitized\n,,\nb.png,Uninfected,\n  ,\n", id="blank rows, empty tails"),
        pytest.param(b"file,label\na.png,Parasitized\nb.png,Uninfected\na.png,Parasitized\n", id="said twice"),
        pytest.param(b"file,label\na.png,Parasitized\nb.png,Uninfected\nc.png,\nd.png\n", id="rows without a label"),
    ],
)
def test_labels_are_read_however_the_csv_was_written(data):
    labels = read_labels(data)
    assert labels.names == TWO
    assert labels.column.casefold() == "label"


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        pytest.param(b"", LabelsError, "empty", id="empty"),
        pytest.param(b"\n\n", LabelsError, "empty", id="only newlines"),
        pytest.param(b"\xef\xbb\xbf", LabelsError, "empty", id="only a byte order mark"),
        pytest.param(b"name,label\na,Parasitized\n", LabelsError, "no column file; it has name, label", id="no file"),
        pytest.param(
            b"file,class\na,Parasitized\n",
            LabelsError,
            "corrected_label, given_label.*it has file, class",
            id="no label",
        ),
        pytest.param(b"file,label,File\na,Parasitized,b\n", LabelsError, "2 columns named file", id="two file columns"),
        pytest.param(
            b"file,label\na,Parasitized\na,Uninfected\n", LabelsError, "two different labels to a", id="contradiction"
        ),
        pytest.param(
            b"file,label\na,Parasitized\nb,sick\nc,sick\n", UnknownLabelsError, "'sick' .2 rows", id="unknown"
        ),
        pytest.param(b"file,label\na,1\nb,0\n", UnknownLabelsError, "'1'", id="numbers"),
        pytest.param(b"file,label\na,=1+1\n", UnknownLabelsError, "=1", id="formula as a label"),
        pytest.param(b"file,label\n,Parasitized\n", LabelsError, "names no file", id="label of nothing"),
        pytest.param(b"file,label\na,b,Parasitized\n", LabelsError, "Row 2 .* 3 fields", id="separator in a name"),
        pytest.param(b'file,label\n"a,Parasitized\n', LabelsError, "cannot be read as a CSV", id="quote never closed"),
        pytest.param(b"PK\x03\x04\x14\x00\x00\x00", LabelsError, "not text", id="spreadsheet"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", LabelsError, "not text", id="image"),
        pytest.param(b"file,label\n" + b"a" * 200_000 + b",Parasitized\n", LabelsError, "limit", id="huge field"),
    ],
)
def test_a_csv_that_cannot_be_used_is_refused_with_what_is_wrong(data, error, said):
    with pytest.raises(error, match=said):
        read_labels(data)


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_bytes_raise_anything_but_our_own_error(data):
    for lead in (b"", b"file,label\n", b"\xff\xfe", b"sep=;\n"):
        with contextlib.suppress(LabelsError):
            read_labels(lead + data)


def test_a_path_is_read_and_a_missing_one_is_said(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes(b"file,label\na.png,Parasitized\nb.png,Uninfected\n")
    assert read_labels(path).names == read_labels(str(path)).names == TWO
    with pytest.raises(LabelsError, match=r"absent\.csv cannot be read"):
        read_labels(tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("header", "column", "chosen"),
    [
        ("file,label", None, "label"),
        ("file,given_label,expert_label", None, "given_label"),
        ("file,given_label,corrected_label", None, "corrected_label"),
        ("file,expert_label", None, "expert_label"),
        ("file,given_label,expert_label", "expert_label", "expert_label"),
        ("file,given_label,truth", "TRUTH", "truth"),
        ("file,given_label,p_parasitized,label", None, "given_label"),
        ("file,p_parasitized,label", "label", "label"),
    ],
)
def test_which_column_is_read(header, column, chosen):
    width = header.count(",")
    assert read_labels(f"{header}\na{',Parasitized' * width}\n".encode(), column=column).column == chosen


def test_a_models_answer_is_never_taken_for_a_label():
    with pytest.raises(LabelsError, match="no column"):
        read_labels(b"file,p_parasitized,label\na,0.9,Parasitized\n")


def test_a_column_that_was_named_but_is_not_there_is_refused():
    with pytest.raises(LabelsError, match="no column truth; it has file, label"):
        read_labels(b"file,label\na,Parasitized\n", column="truth")


def test_words_mean_a_class_only_when_told_so():
    data = b"file,label\na,infected\nb,Healthy\nc,unsure\n"
    with pytest.raises(UnknownLabelsError) as refused:
        read_labels(data)
    assert refused.value.unknown == {"infected": 1, "Healthy": 1, "unsure": 1}
    labels = read_labels(data, mapping={"Infected": PARASITIZED, "healthy": UNINFECTED, "unsure": None})
    assert labels.names == {"a": PARASITIZED, "b": UNINFECTED}
    assert labels.unlabelled == 1
    with pytest.raises(LabelsError, match="Sick, but the classes are Parasitized, Uninfected"):
        read_labels(data, mapping={"infected": "Sick"})


def test_other_tasks_have_other_classes():
    data = b"file,label\na,Eosinophil\nb,Lymphocyte\n"
    assert read_labels(data, classes=None).names == {"a": "Eosinophil", "b": "Lymphocyte"}
    assert read_labels(data, classes=["Eosinophil", "Lymphocyte"]).names["b"] == "Lymphocyte"
    with pytest.raises(UnknownLabelsError, match="Lymphocyte"):
        read_labels(data, classes=["Eosinophil"])


def test_what_was_read_is_counted():
    labels = read_labels(b"file,label,patient\na,Parasitized,P1\na,Parasitized,P1\nb,Uninfected,\nc,,P2\n")
    assert (labels.unlabelled, labels.repeated) == (1, 1)
    assert labels.patients == {"a": "P1", "c": "P2"}


def test_names_beyond_ascii_survive_every_encoding():
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "latin-1"):
        assert "zelle_ü.png" in read_labels("file,label\nzelle_ü.png,Parasitized\n".encode(encoding)).names


def test_a_table_of_ten_megabytes_is_read():
    rows = "".join(f"a_folder/and_another/cell_{i}.png,Parasitized\n" for i in range(220_000))
    data = ("file,label\n" + rows).encode()
    assert len(data) > 10_000_000
    assert len(read_labels(data).names) == 220_000


# Which image a label belongs to

FILES = ["cells/Parasitized/a.png", "cells/Uninfected/b.png", "cells/Uninfected/c.webp"]


@pytest.mark.parametrize(
    "names",
    [
        ("cells/Parasitized/a.png", "cells/Uninfected/b.png"),
        ("Parasitized/a.png", "Uninfected/b.png"),
        ("a.png", "b.png"),
        ("a", "b"),
        ("cells/Parasitized/a", "Uninfected/b"),
        ("cells\\Parasitized\\a.png", "./cells/Uninfected/b.png"),
    ],
)
def test_images_are_named_by_path_name_or_stem(names):
    labels = read_labels(f"file,label\n{names[0]},Parasitized\n{names[1]},Uninfected\nz.png,Uninfected\n".encode())
    joined = match(FILES, labels)
    assert joined.table["given_label"].tolist() == [PARASITIZED, UNINFECTED, None]
    assert joined.left_out == ("cells/Uninfected/c.webp",)
    assert joined.without_image == ("z.png",)
    assert joined.ambiguous == {}


NAMED_OTHERWISE = {
    "Unicode taken apart": ("Zelle \u00fc.png", "Zelle u\u0308.png"),
    "Unicode put together": ("Zelle u\u0308.png", "Zelle \u00fc.png"),
    "case of the extension": ("a.PNG", "a.png"),
    "case of the name": ("Cell_7.png", "cell_7.PNG"),
    "Windows path": ("a.png", r"C:\\Users\\me\\cells\\a.png"),
    "Windows share": ("cells/a.png", r"\\server\share\cells\a.png"),
    "absolute path": ("cells/a.png", "/home/me/data/a.png"),
    "address": ("a.png", "https://example.org/cells/a.png"),
    "a folder more": ("a.png", "train/a.png"),
    "uploaded to Label Studio": ("a.png", "/data/upload/1/0a1b2c3d-a.png"),
    "uploaded to Label Studio, relative": ("a.png", "upload/1/0a1b2c3d-a.png"),
    "served by Label Studio": ("cells/my a.png", "/data/local-files/?d=cells/my%20a.png"),
    "stem, other case": ("cells/A1.png", "a1"),
}


@pytest.mark.parametrize(("file", "name"), NAMED_OTHERWISE.values(), ids=NAMED_OTHERWISE)
def test_a_name_finds_its_image_though_it_is_written_otherwise(file, name):
    labels = read_labels(f'file,patient,label\n"{name}",P1,Parasitized\nz.png,P2,Uninfected\n'.encode())
    table = match([file, "other.png"], labels).table
    assert table["given_label"].tolist() == [PARASITIZED, None]
    assert table["patient"].tolist() == ["P1", None]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["Uninfected/1.png"], ["Parasitized/1.png"]),
        (["Uninfected/1.png"], ["C:/x/Parasitized/1.png"]),
        (["Uninfected/b/1.png"], ["C:/x/Parasitized/a/1.png"]),
        (["x/1.png"], ["y/1.png"]),
        (["1.png"], ["C:/x/1.png", "C:/y/1.png"]),
        (["x/1.PNG", "y/1.PNG"], ["1.png"]),
        (["a.jpg"], ["a.png"]),
    ],
    ids=[
        "other class",
        "other class, absolute",
        "other class, higher up",
        "other folder",
        "two names",
        "two images",
        "other format",
    ],
)
def test_a_name_that_may_be_another_image_labels_none(files, names):
    rows = "".join(f"{name},{label}\n" for name, label in zip(names, (PARASITIZED, UNINFECTED), strict=False))
    assert match(files, read_labels(f"file,label\n{rows}".encode())).table["given_label"].isna().all()


@pytest.mark.parametrize("column", ["filename", "File Name", "image", "Image Name", "path", "image_path", "IMG"])
def test_the_column_of_files_is_known_by_what_it_is_called(column):
    labels = read_labels(f"{column},label\na.png,Parasitized\n".encode())
    assert match(["a.png"], labels).table["given_label"].tolist() == [PARASITIZED]


def test_which_of_two_columns_names_the_image_is_asked():
    with pytest.raises(LabelsError, match=r"Several columns .*: filename, path\. Rename the right one to file"):
        read_labels(b"filename,path,label\na.png,b.png,Parasitized\n")
    assert read_labels(b"path,file,label\na.png,b.png,Parasitized\n").names == {"b.png": PARASITIZED}


def test_copies_count_once_and_contradictions_not_at_all():
    table = pd.DataFrame(
        {
            "file": ["a", "copy of a", "b", "c", "c otherwise", "bare d", "d"],
            "image_id": ["A", "A", "B", "C", "C", "D", "D"],
            "given_label": [PARASITIZED, PARASITIZED, UNINFECTED, PARASITIZED, UNINFECTED, None, UNINFECTED],
            "p_parasitized": [0.9, 0.9, 0.1, 0.7, 0.7, 0.2, 0.2],
        }
    )
    once = count_once(table)
    assert once.copies == {"copy of a": "a", "c otherwise": "c", "bare d": "d"}
    assert once.contradicted == ("c", "c otherwise")
    assert once.table["file"].tolist() == ["a", "b", "c", "d"]
    assert "copy of a is a" in once.sentences[0]
    assert "different labels: c, c otherwise" in once.sentences[1]
    found = evaluate_cells(table, 0.5)
    assert (found.n, found.copies, found.left_out) == (3, 3, 1)
    alone = evaluate_cells(table.iloc[[0, 2, 6]], 0.5)
    assert found.rates["accuracy"].interval == alone.rates["accuracy"].interval


def test_the_most_exact_name_wins():
    labels = read_labels(b"file,label\na,Uninfected\na.png,Uninfected\nx/a.png,Parasitized\n")
    assert match(["x/a.png"], labels).table["given_label"].tolist() == [PARASITIZED]
    assert match(["y/a.png"], labels).table["given_label"].tolist() == [UNINFECTED]


def test_a_name_that_fits_several_images_labels_none_of_them():
    labels = read_labels(b"file,label\n1.png,Parasitized\n2,Uninfected\n")
    joined = match(["x/1.png", "y/1.png", "2.png", "2.jpg", "3.png"], labels)
    assert joined.table["given_label"].isna().all()
    assert joined.ambiguous == {"1.png": ("x/1.png", "y/1.png"), "2": ("2.jpg", "2.png")}
    assert joined.without_image == ()


def test_a_name_that_fits_copies_of_one_image_labels_them():
    labels = read_labels(b"file,label\n1.png,Parasitized\n2.png,Uninfected\n")
    files = ["x/1.png", "y/1.png", "x/2.png", "y/2.png"]
    joined = match(files, labels, ["A", "A", "B", "C"])
    assert joined.table["given_label"].tolist() == [PARASITIZED, PARASITIZED, None, None]
    assert joined.ambiguous == {"2.png": ("x/2.png", "y/2.png")}


def test_empty_lines_above_the_names_of_the_columns_are_passed_over():
    assert read_labels(b"\n,\nfile,label\na.png,Parasitized\n").names == {"a.png": PARASITIZED}


def test_a_whole_path_is_never_ambiguous():
    joined = match(["1.png", "y/1.png"], read_labels(b"file,label\n1.png,Parasitized\n"))
    assert joined.table["given_label"].tolist() == [PARASITIZED, None]
    assert joined.ambiguous == {"1.png": ("1.png", "y/1.png")}


def test_two_images_of_one_name_are_told_apart_by_their_identity():
    labels = read_labels(b"file,image_id,label\n1.png,aa,Parasitized\n1.png,bb,Uninfected\n")
    joined = match(["x/1.png", "y/1.png", "z/1.png"], labels, ["bb", "aa", "cc"])
    assert joined.table["given_label"].tolist() == [UNINFECTED, PARASITIZED, None]
    with pytest.raises(LabelsError, match="two different labels"):
        read_labels(b"file,image_id,label\n1.png,aa,Parasitized\n2.png,aa,Uninfected\n")


def test_another_image_of_a_name_is_not_meant():
    labels = read_labels(b"file,image_id,label\n1.png,aa,Parasitized\n2.png,,Parasitized\n")
    joined = match(["x/1.png", "x/2.png", "y/3.png"], labels, ["cc", "dd", "aa"])
    assert joined.table["given_label"].tolist() == [None, PARASITIZED, PARASITIZED]
    assert match(["x/1.png"], labels).table["given_label"].tolist() == [PARASITIZED], "nothing speaks against it"


def test_patients_of_the_csv_come_with_the_labels():
    joined = match(["x/a.png", "b.png"], read_labels(b"file,patient,label\na,P1,Parasitized\n"))
    assert joined.table["patient"].tolist() == ["P1", None]


paths_of_images = st.lists(st.sampled_from(["a", "b", "a.b", "a.png"]), min_size=1, max_size=3).map("/".join)


@given(st.lists(paths_of_images, unique=True, max_size=8), st.randoms())
@settings(deadline=None)
def test_every_image_is_labelled_or_left_out(paths, random):
    named = random.sample(paths, len(paths) // 2)
    table = pd.DataFrame({"file": named, "given_label": [PARASITIZED] * len(named)})
    joined = match(paths, read_labels(to_csv(table).encode()))
    assert joined.table["file"].tolist() == paths
    assert joined.table["given_label"].notna().sum() + len(joined.left_out) == len(paths)


# Labels by folder


@pytest.mark.parametrize(
    ("file", "label"),
    [
        ("Parasitized/a.png", PARASITIZED),
        ("cell_images/cell_images/uninfected/a.png", UNINFECTED),
        ("PARASITIZED/slide 3/a.png", PARASITIZED),
        ("Uninfected/Parasitized/a.png", PARASITIZED),
        ("malaria/Uninfected/a.png", UNINFECTED),
        ("a.png", None),
        ("Parasitized_a.png", None),
        ("infected/a.png", None),
        ("other/a.png", None),
    ],
)
def test_the_nearest_folder_that_is_a_class_labels_an_image(file, label):
    found = labels_from_folders([file])
    assert found.labels.get(file) == label
    assert found.unlabelled == ((file,) if label is None else ())


def test_folders_that_sound_like_a_class_are_asked_about():
    files = ["set/infected/1.png", "set/infected/2.png", "set/Un-infected cells/3.png", "set/blurred/4.png"]
    found = labels_from_folders(files)
    assert found.labels == {}
    assert found.questions == (Question("Un-infected cells", UNINFECTED, 1), Question("infected", PARASITIZED, 2))
    answered = labels_from_folders(files, mapping={q.folder: q.suggested for q in found.questions})
    assert answered.labels == dict(zip(files, [PARASITIZED, PARASITIZED, UNINFECTED], strict=False))
    assert (answered.questions, answered.unlabelled) == ((), ("set/blurred/4.png",))


def test_folders_of_known_classes_raise_no_question():
    assert labels_from_folders(["malaria/Parasitized/a.png", "normal/Uninfected/b.png"]).questions == ()


def test_folders_of_other_tasks_are_their_own_classes():
    found = labels_from_folders(["x/Eosinophil/a.png", "x/Basophil/b.png", "c.png"], classes=None)
    assert found.labels == {"x/Eosinophil/a.png": "Eosinophil", "x/Basophil/b.png": "Basophil"}
    assert found.unlabelled == ("c.png",)


# Out and in again

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
dangerous = st.builds(
    str.__add__, st.sampled_from(["=", "+", "-", "@", "\t", "\r", "'=", "''+", "'", ";'=", "a\t-"]), texts
)


@pytest.mark.parametrize(
    ("text", "written"),
    [(text, "'" + text) for text in ('=HYPERLINK("http://x","y")', "+1", "-1", "@SUM(A1)", "\t1", "\r1", "'=1")]
    + [("\t=1", "'\t'=1"), ("\r=1", "'\r'=1"), ("a;=1", "a;'=1"), ("a\t'-1", "a\t''-1")],  # behind a separator, too
)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text, written):
    header, row = csv.reader(io.StringIO(to_csv(pd.DataFrame({text: [text]})), newline=""))
    assert header == row == [written]
    assert read_cells(to_csv(pd.DataFrame({"file": [text]})).encode())["file"].tolist() == [text]


NAMES = ["a;=1+1.png", "a;+1.png", "a\t-1.png", "a;'=1.png", ";@x", "b;\t=1.png", "=a;=b", "a\r\n=1.png"]
"""Names that are harmless where commas separate cells, and formulas where something else does."""


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("column", ["file", "error"])
def test_no_name_is_a_formula_wherever_a_spreadsheet_separates(column, separator):
    table = pd.DataFrame({"file": ["x.png"] * len(NAMES), "patient": "P1"}).assign(**{column: NAMES})
    rows = csv.reader(io.StringIO(for_spreadsheets(to_csv(table)), newline=""), delimiter=separator)
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []


@pytest.mark.parametrize("name", ["a;b.png", "a\tb.png", "a=b.png", "a,b.png", 'a"b.png', "a;=1+1.png"])
def test_what_a_spreadsheet_may_separate_at_is_in_quotes(name):
    mark, row = for_spreadsheets(to_csv(pd.DataFrame({"file": [name], "patient": ["P1"]}))).splitlines()
    assert mark == "\ufefffile,patient"
    assert row.startswith('"')
    assert row.endswith('",P1')


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("fit", [str, for_spreadsheets])
def test_such_names_are_read_back(name, fit):
    assert read_cells(fit(to_csv(pd.DataFrame({"file": [name]}))).encode())["file"].tolist() == [name]


@pytest.mark.parametrize("cell", ['"a,b\nc,d"', '"\n,"', '"a,""b"', '","'])
def test_a_row_that_is_one_cell_raises_nothing_but_our_own_error(cell):
    with contextlib.suppress(LabelsError):
        read_labels(f"file,label,patient\n{cell}\n".encode())


def test_numbers_of_a_spreadsheet_with_decimal_commas_are_read():
    table = read_cells(b"file;p_parasitized;label\r\na.png;0,02;Uninfected\r\nb.png;1,00E-05;\r\nc.png;;\r\n")
    assert table["p_parasitized"].tolist()[:2] == [0.02, 1e-5]
    assert np.isnan(table["p_parasitized"].iloc[2])


rows_of_cells = st.tuples(st.one_of(texts, dangerous), st.none() | texts, st.none() | st.floats(0, 1))


@given(st.lists(rows_of_cells, min_size=1, max_size=6))
@settings(deadline=None)
def test_a_table_is_read_back_as_it_was_written(rows):
    rows = [row for row in rows if row[0].strip()]
    table = pd.DataFrame(rows, columns=["file", "error", "p_parasitized"], dtype=object)
    back = read_cells(for_spreadsheets(to_csv(table)).encode())
    pd.testing.assert_frame_equal(back, read_cells(to_csv(table).encode()))
    assert back["file"].tolist() == table["file"].tolist()
    assert back["error"].tolist() == table["error"].tolist()
    assert [None if np.isnan(p) else p for p in back["p_parasitized"]] == table["p_parasitized"].tolist()


def test_columns_come_in_the_order_that_others_rely_on():
    table = pd.DataFrame({"image_id": ["x"], "error": [None], "label": ["y"], "file": ["z"], "p_parasitized": [0.1]})
    assert to_csv(table) == "file,p_parasitized,label,error,image_id\nz,0.1,y,,x\n"
    assert COLUMNS == ("file", "patient", "given_label", "p_parasitized", "label", "error")


def test_numbers_are_written_in_full_and_never_take_an_apostrophe():
    written = to_csv(pd.DataFrame({"file": ["a"], "p_parasitized": [0.1 + 0.2], "delta": [-0.5]}))
    assert written == "file,p_parasitized,delta\na,0.30000000000000004,-0.5\n"


def test_a_file_name_that_no_encoding_can_write_is_still_written():
    assert to_csv(pd.DataFrame({"file": ["a\udcff.png"]}, dtype=object)).encode() == b"file\na\\udcff.png\n"


def test_labels_may_come_from_a_table_that_was_written_here():
    table = pd.DataFrame({"file": ["=1.png", "'+2.png"], "given_label": [PARASITIZED, UNINFECTED]})
    assert read_labels(to_csv(table).encode()).names == {"=1.png": PARASITIZED, "'+2.png": UNINFECTED}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a,b\n1,2\n", "no column file"),
        (b"file,p_parasitized\na,high\n", "p_parasitized must hold numbers"),
        (b"", "empty"),
    ],
)
def test_a_table_that_is_none_is_refused(data, said):
    with pytest.raises(LabelsError, match=said):
        read_cells(data)


# Measured


def table_of_cells():
    return pd.DataFrame(
        {
            "file": list("abcdef"),
            "patient": ["P1", "P1", "P2", "P2", None, None],
            "given_label": [PARASITIZED, UNINFECTED, UNINFECTED, None, PARASITIZED, None],
            "p_parasitized": [0.9, 0.2, 0.8, 0.5, np.nan, np.nan],
            "error": [None, None, None, None, "It is empty.", "It is empty."],
        }
    )


def test_a_table_is_measured_and_what_could_not_be_is_counted():
    evaluation = evaluate_cells(table_of_cells(), 0.5, model="m")
    assert evaluation.confusion == Confusion(1, 0, 1, 1)
    assert (evaluation.left_out, evaluation.unreadable, evaluation.model) == (1, 2, "m")
    assert evaluation.by_patient.names == ("P1", "P2")


def test_a_table_is_measured_alike_after_a_journey_through_csv():
    table = table_of_cells()
    back = read_cells(to_csv(table).encode())
    assert evaluate_cells(back, 0.5).to_dict() == evaluate_cells(table, 0.5).to_dict()
    bare = table.drop(columns=["patient", "error"])
    assert evaluate_cells(bare, 0.5).unreadable == 2
    assert evaluate_cells(bare, 0.5).by_patient is None


@pytest.mark.realdata
def test_the_labels_of_the_real_cells_find_their_images(real_data):
    with zipfile.ZipFile(real_data / "nih_cells_dev.zip") as archive:
        files = [name for name in archive.namelist() if name.endswith(".webp")]
    labels = read_labels(real_data / "nih_cells_dev_labels.csv")
    joined = match(files, labels)
    assert len(joined.table) == 23_521
    assert (joined.left_out, joined.without_image, joined.ambiguous) == ((), (), {})
    folders = labels_from_folders(files)
    assert joined.table["given_label"].tolist() == [folders.labels[file] for file in files]
    assert joined.table["patient"].nunique() == 170
