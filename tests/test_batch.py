"""A labelled batch: who has which label, scoring that can be stopped, figures at any threshold, the report."""

import csv
import gc
import io
import json
import sys
import threading
import time
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from malaria import metrics, phantom
from malaria.batch import (
    Batch,
    Labelling,
    Reading,
    Relabelled,
    Scoring,
    Word,
    compare,
    find_label_columns,
    report,
    sentences,
    tables,
)
from malaria.cells import format_csv, to_csv
from malaria.cli import main
from malaria.errors import LabelsError, ModelError, SourceError
from malaria.images import ImageFile, Source, open_source
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model.card import Card
from malaria.model.classifier import Classifier, load
from malaria.review import UNSURE, UNUSABLE, Basis, Decision, correct_labels, replay
from malaria.review.moments import next_moment
from tests.models import STEEPNESS, card_of, write_model

FILES = ("a/Parasitized/x.png", "a/Parasitized/y.png", "a/Uninfected/z.png")


def png(p: float, side: int = 12) -> bytes:
    """A cell of which the tests' network says about this p_parasitized."""
    red = np.clip(255 * (0.5 + np.log(p / (1 - p)) / STEEPNESS), 0, 255)
    return cv2.imencode(".png", np.full((side, side, 3), (0, 0, red), np.uint8))[1].tobytes()


def zipped(files: Mapping[str, bytes]) -> io.BytesIO:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer


def cells(n: int = 60) -> dict[str, bytes]:
    """Cells of five patients; the network calls one in ten of each class other than labelled."""
    return {
        f"{label}/C10{k % 5}P{k % 5}ThinF_IMG_{k}.png": png(
            0.1 + 0.005 * k if (label == PARASITIZED) == (k % 10 == 0) else 0.9 - 0.005 * k, 12 + k % 7
        )
        for label in CLASSES
        for k in range(n // 2)
    }


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    write_model(folder, "cell-resnet")
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", folder)
    return folder


@pytest.fixture
def classifier(models: Path) -> Classifier:
    return load()


def scored(classifier: Classifier, files: Mapping[str, bytes], labelling: Labelling | None = None) -> Batch:
    source = open_source(zipped(files), "cells.zip")
    scoring = Scoring(classifier, source)
    scoring.wait(60)
    table = (labelling or Labelling.from_folders(source.files)).join(scoring.table())
    return Batch("cells.zip", table, classifier.card, classifier.card.threshold, source.read, len(source))


def answered(*rows: tuple[str | None, float | None], **columns: Any) -> Batch:
    """A batch without images, from given labels and p_parasitized."""
    table = pd.DataFrame(
        [
            {"file": f"{n}.png", "patient": None, "given_label": label, "p_parasitized": p, "error": None}
            for n, (label, p) in enumerate(rows)
        ]
    ).astype({"p_parasitized": "f8", "given_label": object})
    table["error"] = [None if p is not None else "It is broken." for _, p in rows]
    table["image_id"] = table["file"]
    batch = Batch("made", table.assign(label=None, **columns), CARD, 0.5, lambda file: b"", len(rows))
    return batch.at(0.25).at(0.5)


CARD = Card.model_validate(card_of("tiny"))


# Labels


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (["Parasitized/a.png", "Uninfected/b.png"], {"Parasitized/a.png": PARASITIZED, "Uninfected/b.png": UNINFECTED}),
        (["deep/er/PARASITIZED/x/a.png"], {"deep/er/PARASITIZED/x/a.png": PARASITIZED}),
        (["uninfected/a.png", "elsewhere/b.png"], {"uninfected/a.png": UNINFECTED}),
    ],
)
def test_folders_label_at_any_depth_and_in_any_case(files: list[str], labels: dict[str, str]) -> None:
    labelling = Labelling.from_folders(files)
    labelling.check(files, "the zip")
    assert labelling.words == ()
    table = labelling.join(pd.DataFrame({"file": files, "patient": None, "image_id": None}))
    assert dict(zip(table["file"], table["given_label"], strict=True)) == dict.fromkeys(files) | labels


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (["infected/a.png", "Healthy/b.png"], (Word("Healthy", 1, UNINFECTED), Word("infected", 1, PARASITIZED))),
        (["Parasitized/a.png", "normal cells/b.png"], (Word("normal cells", 1, UNINFECTED),)),
        (["A/a.png", "A/b.png", "B/c.png"], (Word("A", 2), Word("B", 1))),
    ],
)
def test_other_folders_are_asked_about_and_never_guessed(files: list[str], words: tuple[Word, ...]) -> None:
    asking = Labelling.from_folders(files)
    assert asking.words == words
    answer = {word.word: PARASITIZED for word in words}
    settled = Labelling.from_folders(files, answer)
    assert settled.words == ()
    assert settled.count(files) == len(files)


def test_what_is_left_out_on_purpose_is_not_asked_about_again() -> None:
    files = ["Parasitized/a.png", "normal/b.png"]
    settled = Labelling.from_folders(files, {"normal": None})
    assert settled.words == ()
    assert settled.count(files) == 1


@pytest.mark.parametrize("files", [["a.png", "b.png"], [f"patient {n}/a.png" for n in range(40)]])
def test_without_any_label_it_says_what_to_do(files: list[str]) -> None:
    with pytest.raises(LabelsError, match=r"the zip: none of its images has a label\. Put them in folders named"):
        Labelling.from_folders(files).check(files, "the zip")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("file,label\nother.png,Parasitized\n", "The images are x.png, y.png; the CSV names other.png"),
        ("file,label\n", "the CSV has no labels"),
        ("file,label\nx,\n", "the CSV has no labels"),
    ],
    ids=["other names", "no rows", "no labels"],
)
def test_a_csv_that_labels_no_image_is_told_why(text: str, says: str) -> None:
    with pytest.raises(LabelsError, match=says):
        Labelling.from_csv(text.encode(), ["x.png", "y.png"]).check(["x.png", "y.png"], "the zip")


def test_only_a_csv_that_names_images_is_asked_for_its_label_column() -> None:
    assert find_label_columns(b"File,patient,reader_a,reader_b\n") == ["reader_a", "reader_b"]
    assert find_label_columns(b"picture,reader_a\n") == []


@pytest.mark.parametrize(
    "text",
    [
        "file,label\nx.png,Parasitized\ny,parasitized\nz,Uninfected\n",
        "\ufefffile;label\r\nx.png;Parasitized\r\ny;PARASITIZED\r\nz;Uninfected\r\n",
        "file\tgiven_label\nx\tParasitized\ny\tParasitized\nz\tUninfected\n",
        'file,note,label\n"a/Parasitized/x.png","=HYPERLINK(""x"")",Parasitized\ny.png,\'+1,Parasitized\nz,,Uninfected\n',
        "file,label\nx.png,Parasitized\nx.png,Parasitized\ny,Parasitized\nz,Uninfected\n",
        "file,p_parasitized,label,given_label\nx,0.1,Uninfected,Parasitized\ny,0.1,x,Parasitized\nz,0.9,x,Uninfected\n",
    ],
    ids=["plain", "bom, semicolons", "tabs", "formulas", "said twice", "a table of cells"],
)
def test_a_csv_labels(text: str) -> None:
    labelling = Labelling.from_csv(text.encode(), FILES)
    labelling.check(FILES, "the zip")
    table = labelling.join(pd.DataFrame({"file": FILES, "patient": None, "image_id": None}))
    assert table["given_label"].tolist() == [PARASITIZED, PARASITIZED, UNINFECTED]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,label\nx,Parasitized\n", "no column file"),
        ("file,diagnosis\nx,Parasitized\n", "no column .*label"),
        ("file,label\nx,Parasitized\nx,Uninfected\n", "two different labels to x"),
        ("file,label,Label\nx,Parasitized,Uninfected\n", "2 columns named label"),
        ("", "The CSV is empty"),
        (
            "file,label\n" + "".join(f"x{n},{n}\n" for n in range(40)),
            "or use `mapping` to say what each one means",
        ),
    ],
    ids=["no file", "no label", "contradiction", "two label columns", "empty", "too many words"],
)
def test_a_csv_that_cannot_be_used_is_a_sentence(text: str, says: str) -> None:
    with pytest.raises(LabelsError, match=says):
        Labelling.from_csv(text.encode(), FILES)


def test_words_of_a_csv_are_asked_about() -> None:
    text = b"file,label\nx,infected\ny,1\nz,0\n"
    asking = Labelling.from_csv(text, FILES)
    assert set(asking.words) == {Word("infected", 1, PARASITIZED), Word("1", 1), Word("0", 1)}
    settled = Labelling.from_csv(text, FILES, meaning={"infected": PARASITIZED, "1": PARASITIZED, "0": None})
    assert settled.words == ()
    assert settled.count(FILES) == 2


def test_the_label_column_can_be_chosen() -> None:
    text = b"file,reader_a,reader_b\nx,Parasitized,Uninfected\ny,Parasitized,Uninfected\nz,Uninfected,Uninfected\n"
    labelling = Labelling.from_csv(text, FILES, column="reader_b")
    table = labelling.join(pd.DataFrame({"file": FILES, "patient": None, "image_id": None}))
    assert table["given_label"].tolist() == [UNINFECTED] * 3


@pytest.mark.parametrize(
    ("files", "text", "given_labels", "corrections"),
    [
        (
            FILES,
            "file,corrected_label\nx,Uninfected\n",
            [PARASITIZED, PARASITIZED, UNINFECTED],
            [UNINFECTED, None, None],
        ),
        (
            ("x.png", "y.png"),
            "file,given_label,expert_label\nx,Parasitized,Uninfected\ny,Uninfected,Uninfected\n",
            [PARASITIZED, UNINFECTED],
            [UNINFECTED, UNINFECTED],
        ),
        (("x.png", "y.png"), "file,corrected_label\nx,Uninfected\ny,Parasitized\n", [UNINFECTED, PARASITIZED], None),
    ],
    ids=["beside folders", "beside given labels", "nothing to correct"],
)
def test_corrections_stand_beside_the_given_labels(
    files: tuple[str, ...], text: str, given_labels: list[str], corrections: list[str | None] | None
) -> None:
    table = Labelling.from_csv(text.encode(), files).join(
        pd.DataFrame({"file": files, "patient": None, "image_id": None})
    )
    assert table["given_label"].tolist() == given_labels
    assert ("corrected_label" in table) == (corrections is not None)
    if corrections is not None:
        assert table["corrected_label"].tolist() == corrections


def test_names_of_a_csv_that_label_nothing_are_listed() -> None:
    text = b"file,label\nx,Parasitized\ngone,Parasitized\nsame,Uninfected\n"
    files = ["x.png", "a/same.png", "b/same.png"]
    table = pd.DataFrame({"file": files, "patient": None, "image_id": None})
    reasons = Labelling.from_csv(text, files).find_without_image(table)
    assert reasons["gone"].startswith("Only in the CSV")
    assert reasons["same"].startswith("2 images have this name")


def test_a_csv_names_patients() -> None:
    text = b"file,label,patient\nx,Parasitized,Ada\ny,Parasitized,\nz,Uninfected,Bo\n"
    table = pd.DataFrame({"file": FILES, "patient": ["C1", "C2", "C3"], "image_id": None})
    assert Labelling.from_csv(text, FILES).join(table)["patient"].tolist() == ["Ada", "C2", "Bo"]


# Scoring


class Slow:
    """A source whose images come only when they are let through."""

    def __init__(self, n: int) -> None:
        self.files = [f"Parasitized/{k:03}.png" for k in range(n)]
        self.taken: list[str] = []
        self.gate = threading.Semaphore(0)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, file: str) -> bytes:
        assert self.gate.acquire(timeout=60)
        self.taken.append(file)
        return png(0.9)


class Direct:
    """A classifier's part that scoring uses, one image at a time."""

    def __init__(self, classifier: Classifier) -> None:
        self.classifier = classifier

    def score(self, files: Iterator[ImageFile]) -> Iterator[Any]:
        for file in files:
            yield from self.classifier.score([file])


def until(condition: Any) -> None:
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it never happened")


def test_scoring_gives_what_the_classifier_gives_in_the_order_of_the_source(classifier: Classifier) -> None:
    files = cells() | {"Parasitized/broken.png": b"\x89PNG\r\n\x1a\n"}
    with open_source(zipped(files)) as source:
        scoring = Scoring(classifier, source)
        scoring.wait(60)
        expected = {row.file: row for row in classifier.score(source)}
    assert scoring.complete
    assert scoring.progress.done == scoring.progress.total == len(files)
    table = scoring.table()
    assert table["file"].tolist() == list(expected)
    answers = [np.nan if row.p_parasitized is None else row.p_parasitized for row in expected.values()]
    assert table["p_parasitized"].tolist() == pytest.approx(answers, nan_ok=True)
    assert table["error"].notna().sum() == 1
    assert table["image_id"].tolist() == [row.image_id for row in expected.values()]


def test_a_stopped_scoring_is_a_random_sample_and_goes_on_where_it_was(classifier: Classifier) -> None:
    source: Any = Slow(40)
    scoring = Scoring(Direct(classifier), source)  # type: ignore[arg-type]
    source.gate.release(10)
    until(lambda: scoring.progress.done == 10)
    scoring.stop()
    source.gate.release()
    scoring.wait(60)
    assert scoring.finished
    assert not scoring.complete
    done = scoring.table()["file"].tolist()
    assert done == sorted(done)
    assert done != source.files[: len(done)], "the first of a sorted source are of one class"
    source.gate.release(40)
    scoring.start()
    scoring.wait(60)
    assert scoring.complete
    assert scoring.table()["file"].tolist() == source.files
    assert sorted(source.taken) == source.files, "no image was read twice"


def test_progress_says_how_fast_and_how_long_still(classifier: Classifier) -> None:
    source: Any = Slow(30)
    scoring = Scoring(Direct(classifier), source)  # type: ignore[arg-type]
    assert scoring.progress.seconds_left is None
    source.gate.release(10)
    until(lambda: scoring.progress.done == 10)
    progress = scoring.progress
    assert progress.share == pytest.approx(1 / 3)
    assert progress.seconds_left == pytest.approx(2 * progress.seconds)
    scoring.stop()
    source.gate.release(30)


def test_scoring_ends_when_nobody_holds_it_any_more(classifier: Classifier) -> None:
    source: Any = Slow(1000)
    earlier = set(threading.enumerate())
    scoring = Scoring(Direct(classifier), source)  # type: ignore[arg-type]
    (thread,) = (thread for thread in set(threading.enumerate()) - earlier if thread.name == "scoring")
    del scoring
    gc.collect()
    source.gate.release(3)
    thread.join(60)
    assert not thread.is_alive()
    assert len(source.taken) < 1000


def test_what_ends_a_scoring_is_raised_where_it_is_waited_for(classifier: Classifier) -> None:
    source: Source = open_source(zipped(cells()))
    source.close()
    scoring = Scoring(classifier, source)
    with pytest.raises(SourceError, match="The zip was closed"):
        scoring.wait(60)
    assert scoring.finished


# Figures


def test_csv_and_json_are_those_of_the_command_line(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = cells() | {"elsewhere/a.png": png(0.3), "Uninfected/broken.png": b"x"}
    batch = scored(classifier, files).at(0.7)
    (tmp_path / "cells.zip").write_bytes(zipped(files).getvalue())
    arguments = ["malaria", "evaluate", str(tmp_path / "cells.zip"), "--threshold", "0.7"]
    outputs = ["--json", str(tmp_path / "figures.json"), "--csv", str(tmp_path / "cells.csv")]
    monkeypatch.setattr(sys, "argv", arguments + outputs)
    with pytest.raises(SystemExit, match="0"):
        main()
    assert batch.evaluation.to_dict() == json.loads((tmp_path / "figures.json").read_text())
    assert to_csv(batch.table) == (tmp_path / "cells.csv").read_text()


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.5, 0.87, 1.0])
def test_another_threshold_gives_what_measuring_anew_gives(classifier: Classifier, threshold: float) -> None:
    files = cells()
    moved = scored(classifier, files).at(0.9).at(threshold)
    anew = Batch("x", moved.table, moved.card, threshold, moved.read, moved.total)
    assert moved.evaluation.to_dict() == anew.evaluation.to_dict()
    called = moved.table["p_parasitized"] >= threshold
    assert (moved.table["label"] == PARASITIZED).tolist() == called.tolist()


def test_the_counts_of_the_matrix_have_their_cells_the_worst_first(classifier: Classifier) -> None:
    batch = scored(classifier, cells())
    counts = batch.evaluation.confusion
    for true, predicted, count in [
        (PARASITIZED, PARASITIZED, counts.tp),
        (PARASITIZED, UNINFECTED, counts.fn),
        (UNINFECTED, PARASITIZED, counts.fp),
        (UNINFECTED, UNINFECTED, counts.tn),
    ]:
        rows = batch.cells(true, predicted)
        assert len(rows) == count > 0
        assert rows["p_parasitized"].tolist() == sorted(rows["p_parasitized"], reverse=true == UNINFECTED)
    errors = batch.errors
    assert len(errors) == counts.fn + counts.fp
    distance = (errors["p_parasitized"] - (errors["given_label"] == PARASITIZED)).abs()
    assert distance.is_monotonic_decreasing


def test_images_without_an_answer_or_a_label_are_kept_apart(classifier: Classifier) -> None:
    batch = scored(classifier, cells() | {"elsewhere/a.png": png(0.3), "Uninfected/broken.png": b"x"})
    assert batch.unlabelled["file"].tolist() == ["elsewhere/a.png"]
    assert batch.unreadable["file"].tolist() == ["Uninfected/broken.png"]
    assert (batch.evaluation.n, batch.evaluation.left_out, batch.evaluation.unreadable) == (60, 1, 1)


def test_the_images_can_be_read_again(classifier: Classifier) -> None:
    files = cells()
    batch = scored(classifier, files)
    assert {file: batch.read(file) for file in batch.table["file"]} == files


def test_the_three_readings_are_those_of_metrics() -> None:
    rows = [
        (PARASITIZED, 0.9),
        (PARASITIZED, 0.2),
        (UNINFECTED, 0.8),
        (UNINFECTED, 0.1),
        (None, 0.5),
        (PARASITIZED, 0.7),
    ]
    other = [None, UNINFECTED, PARASITIZED, UNINFECTED, PARASITIZED, PARASITIZED]
    batch = answered(*rows, corrected_label=other)
    found = batch.readings(*(batch.read_as(reading) for reading in (Reading.RE_READ, Reading.UNDISPUTED)))
    labelled = [n for n, (label, _) in enumerate(rows) if label]
    labels, p = zip(*(rows[n] for n in labelled), strict=True)
    expected = metrics.readings(labels, [other[n] for n in labelled], p, 0.5, name="corrected")
    assert found.disputed == expected.disputed == 2
    assert found.changes == expected.changes


@pytest.mark.parametrize(
    ("rows", "undefined"),
    [
        ([(PARASITIZED, 0.9), (PARASITIZED, 0.4)], {"specificity": "No cell is labelled uninfected."}),
        ([(UNINFECTED, 0.9), (UNINFECTED, 0.4)], {"sensitivity": "No cell is labelled parasitized."}),
        ([(PARASITIZED, 0.1), (UNINFECTED, 0.1)], {"precision": "No cell is called parasitized at this threshold."}),
        ([(PARASITIZED, 0.9), (UNINFECTED, 0.9)], {"negative_predictive_value": "No cell is called uninfected"}),
        ([(PARASITIZED, 0.9)], {"auc": "No cell is labelled uninfected.", "kappa": "No cell is labelled uninfected."}),
        ([(PARASITIZED, 0.5), (UNINFECTED, 0.5)], {"mcc": "All cells are called the same"}),
        ([(None, 0.9), (PARASITIZED, None)], {"accuracy": "There are no labelled cells."}),
    ],
    ids=["only parasitized", "only uninfected", "none called", "all called", "one cell", "ties", "no cell"],
)
def test_what_cannot_be_computed_is_a_dash_with_the_reason(
    rows: list[tuple[str | None, float | None]], undefined: dict[str, str]
) -> None:
    batch = answered(*rows)
    table = tables.rates_table(batch.evaluation)
    for name, why in undefined.items():
        row = table[table.index(tables.NAMES[name]) :]
        assert row[: row.index("</tr>")].count("<b>–</b>") == 1
        assert why in row[: row.index("</tr>")]
    page = report(batch)
    assert "nan" not in page.lower().replace("unanswered", "")
    assert "None" not in page


def test_the_answer_counts_all_cells_also_those_of_unknown_patients() -> None:
    rows = [(label, 0.9 if label == PARASITIZED else 0.1) for label in CLASSES for _ in range(10)]
    missed = [(PARASITIZED, 0.1)] * 10
    patients = [f"C{n % 5}P{n % 5}" for n in range(20)] + [None] * 10
    evaluation = answered(*rows, *missed, patient=patients).evaluation
    assert evaluation.by_patient is not None
    assert evaluation.by_patient.sensitivity.value == 1
    assert "finds 50.0 % of the parasitized cells (29.9 to 70.1 %)" in sentences.summarise(evaluation).replace(
        "\xa0", " "
    )


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([PARASITIZED], "the model finds 100.0 % of the parasitized cells (20.7 to 100.0 %). No cell is labelled u"),
        (
            [UNINFECTED],
            "the model clears 0.0 % of the uninfected cells (0.0 to 79.3 %). No cell is labelled parasitized.",
        ),
        ([None], "No cell is labelled parasitized. No cell is labelled uninfected."),
    ],
    ids=["only parasitized", "only uninfected", "none"],
)
def test_the_answer_says_which_class_is_not_there(labels: list[str | None], says: str) -> None:
    evaluation = answered(*((label, 0.9) for label in labels)).evaluation
    assert says in sentences.summarise(evaluation).replace("\xa0", " ")


def test_one_of_a_thing_is_one() -> None:
    assert sentences.say_what_counts(answered((PARASITIZED, 0.9), patient=["C1P1"])) == "1 cell measured, of 1 patient."


@pytest.mark.parametrize(
    ("figure", "n", "shown"),
    [
        (0.99968, 22_426, "0.9997"),
        (0.99999, 22_426, "0.9999"),
        (0.9997, 200, "0.999"),
        (1.0, 200, "1.000"),
        (-1, 9, "-1.000"),
    ],
)
def test_a_coefficient_claims_to_be_perfect_only_when_it_is(figure: float, n: int, shown: str) -> None:
    assert tables.value("auc", metrics.Rate(figure, figure, figure, None, n)) == shown
    assert tables.interval("auc", metrics.Rate(figure, figure, figure, None, n)) == f"{shown} to {shown}"


# Two models


def test_two_models_are_compared_on_the_cells_both_could_read() -> None:
    rows = [
        (PARASITIZED, 0.9),
        (PARASITIZED, 0.8),
        (UNINFECTED, 0.7),
        (UNINFECTED, 0.1),
        (UNINFECTED, None),
        (None, 0.9),
    ]
    a = answered(*rows)
    b = answered(
        *((label, p if p is None else q) for (label, p), q in zip(rows, [0.6, 0.1, 0.2, 0.2, 0, 0.1], strict=True))
    )
    both = compare(a, b)
    assert (both.test.n, both.test.only_a, both.test.only_b, both.test.both_right) == (4, 1, 1, 2)
    assert both.differing["file"].tolist() == ["1.png", "2.png"]
    assert both.differing["p_parasitized_other"].tolist() == [0.1, 0.2]


# The report


class _Checked(HTMLParser):
    """Fails on tags that are not closed in order; collects text and what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text: list[str] = []
        self.fetched: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_report_is_one_whole_file_with_the_figures_the_model_and_the_date(classifier: Classifier) -> None:
    batch = scored(classifier, cells()).at(0.7)
    page = _Checked()
    page.feed(report(batch, today=date(2026, 3, 1)))
    text = " ".join(page.text)
    assert page.open == []
    assert page.fetched == []
    for words in (
        "2026-03-01",
        "cell-resnet 1.0.0",
        "threshold 0.7",
        "not a diagnosis",
        "Knows red.",
        "60 cells measured",
    ):
        assert words in text
    for rate in batch.evaluation.rates.values():
        assert (rate.value is None) or f"{rate.value:.3f}" in text or f"{100 * rate.value:.1f}" in text


def test_the_report_shows_three_readings_where_labels_were_corrected() -> None:
    batch = answered(
        (PARASITIZED, 0.9), (UNINFECTED, 0.8), (UNINFECTED, 0.2), corrected_label=[None, PARASITIZED, None]
    )
    readings = batch.readings(*(batch.read_as(reading) for reading in (Reading.RE_READ, Reading.UNDISPUTED)))
    assert "Three readings" in report(batch, readings)
    assert "Three readings" not in report(batch)


def test_the_report_says_that_the_model_has_learned_these_cells_and_what_relabelling_changed() -> None:
    batch = replace(
        answered((PARASITIZED, 0.9), (UNINFECTED, 0.8), (UNINFECTED, 0.2)), caution="It <has> learned them."
    )
    page = report(batch, relabelled=Relabelled.measure(batch, {"1.png": PARASITIZED}))
    assert "It &lt;has&gt; learned them." in page
    assert "Corrected labels" in page
    assert "These figures favour the model: you relabelled 1 of the 1 cell where" in page
    assert "Corrected labels" not in report(batch)


@pytest.mark.parametrize(
    ("basis", "says"),
    [
        (Basis("tiny", held_out=2, seen=1, new=5), "tiny was trained on 3 of these cells, so"),
        (Basis("tiny", known_patient=4, new=5), "on other cells from the same patients as 4 of these cells, so"),
        (Basis("tiny", new=5, unknown="There is none."), "There is none. So tiny does not say which"),
        (Basis("tiny", new=5), ""),
    ],
    ids=["cells", "patients", "not known", "nothing"],
)
def test_a_model_that_has_learned_the_cells_is_said_to_be_flattered(basis: Basis, says: str) -> None:
    warning = sentences.warn_of_learning(basis)
    assert says in warning
    assert bool(warning) == bool(says)


# Relabelled


def test_relabelled_figures_are_those_that_the_corrected_labels_give(
    classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = cells()
    batch = scored(classifier, files).at(0.7)
    ids = batch.errors["image_id"].tolist()
    answers = {ids[0]: PARASITIZED, ids[1]: PARASITIZED, ids[2]: UNINFECTED, ids[3]: UNSURE, ids[4]: UNUSABLE}
    found = Relabelled.measure(batch, answers)
    assert found is not None
    said = [
        Decision("ann", image_id, "x", first_answer=answer, final_answer=answer, decided_at=next_moment())
        for image_id, answer in answers.items()
    ]
    (tmp_path / "cells.zip").write_bytes(zipped(files).getvalue())
    (tmp_path / "labels.csv").write_text(format_csv(correct_labels(batch.table, replay(said))))
    arguments = ["malaria", "evaluate", str(tmp_path / "cells.zip"), "--threshold", "0.7"]
    arguments += ["--labels", str(tmp_path / "labels.csv"), "--label-column", "corrected_label"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--json", str(tmp_path / "figures.json")])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert found.after.to_dict() == json.loads((tmp_path / "figures.json").read_text())
    assert found.before is batch.evaluation
    assert found.lost == 2
    assert found.after.n == batch.evaluation.n - 2
    assert (found.disagreeing.answered, found.agreeing.answered) == (5, 0)
    assert found.disagreeing.n + found.agreeing.n == batch.evaluation.n


@pytest.mark.parametrize(
    "answers",
    [{}, {"0.png": PARASITIZED}, {"2.png": PARASITIZED}, {"3.png": UNUSABLE}, {"other": UNINFECTED}],
    ids=["none", "as given", "without a label", "unreadable", "not of this batch"],
)
def test_what_changes_no_label_changes_no_figure(answers: dict[str, str]) -> None:
    batch = answered((PARASITIZED, 0.9), (UNINFECTED, 0.8), (None, 0.2), (UNINFECTED, None))
    assert Relabelled.measure(batch, answers) is None


def test_whoever_looks_at_every_cell_favours_no_model() -> None:
    batch = answered((PARASITIZED, 0.9), (UNINFECTED, 0.8), (UNINFECTED, 0.2))
    everything = Relabelled.measure(batch, {"0.png": PARASITIZED, "1.png": PARASITIZED, "2.png": UNINFECTED})
    some = Relabelled.measure(batch, {"0.png": PARASITIZED, "1.png": PARASITIZED})
    assert everything is not None
    assert some is not None
    assert sentences.say_bias(everything) == ""
    assert sentences.say_bias(some).endswith("but 1 of the 2 where they agree.")


def test_names_in_the_report_are_text() -> None:
    batch = answered((PARASITIZED, 0.9), (UNINFECTED, 0.2))
    hostile = Batch("<script>x</script>&.zip", batch.table, CARD, 0.5, batch.read, 2)
    assert "<script>" not in report(hostile)
    assert "&lt;script&gt;x&lt;/script&gt;&amp;.zip" in report(hostile)


# Real and synthetic cells


def test_the_shipped_model_gets_the_built_in_example_right_but_for_its_wrong_labels() -> None:
    try:
        classifier = load()
    except ModelError as error:
        pytest.skip(str(error))
    drawn = phantom.batch(100, mislabelled=0.05)
    batch = scored(classifier, {f"{cell.given_label}/{cell.file}": cell.png for cell in drawn})
    wrong = {cell.file for cell in drawn if cell.given_label != cell.true_label}
    found = {file.rpartition("/")[2] for file in batch.errors["file"]}
    assert wrong <= found
    assert len(found) <= len(wrong) + 5


@pytest.mark.realdata
def test_real_cells_in_full_resolution_pass(real_data: Path) -> None:
    classifier = load()
    with open_source(real_data / "nih_cells_fullres_sample.zip") as source:
        scoring = Scoring(classifier, source)
        scoring.wait(300)
        table = scoring.table()
        labels = real_data / "nih_cells_dev_labels.csv"
        labelled = Labelling.from_csv(labels.read_bytes(), source.files).join(table)
        batch = Batch("600", labelled, classifier.card, 0.5, source.read, len(source))
        assert batch.evaluation.n == len(source) == 600
        assert batch.evaluation.unreadable == 0
        assert batch.disputed.any()
        corrected, undisputed = (batch.read_as(reading) for reading in (Reading.RE_READ, Reading.UNDISPUTED))
        readings = batch.readings(corrected, undisputed)
    assert readings.undisputed.rates["auc"].value == pytest.approx(1, abs=0.02)
    assert len(list(csv.DictReader(io.StringIO(to_csv(batch.table))))) == 600
