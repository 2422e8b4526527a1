"""The benchmark measures what it says, in turns, and says so where it could not."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import DEVNULL, PIPE

import pytest

from malaria import phantom
from malaria.benchmark import PARTS, Figure, Task, fields, processes, throughput, zips
from malaria.cli import main
from malaria.errors import SourceError
from malaria.model.classifier import DEFAULT_MODEL, MODELS_DIR
from studies import app_timing as timing
from studies import users_timing
from tests.models import write_model

LINUX = Path("/proc/self/maps").exists()


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the tests' network as its default model, for this process and its children."""
    write_model(tmp_path / "models", DEFAULT_MODEL)
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")
    monkeypatch.setenv("MALARIA_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few repeats: whether something is measured does not depend on how well."""
    monkeypatch.setattr(throughput, "REPEATS", 3)
    monkeypatch.setattr(throughput, "PHANTOMS", 12)
    monkeypatch.setattr(zips, "TURNS", 2)
    monkeypatch.setattr(fields, "FIELDS", 2)
    monkeypatch.setattr(timing, "STARTS", 1)


# Figures and targets


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "met"),
    [
        (0.8, 0.8, None, True),
        (0.79, 0.8, None, False),
        (300.0, None, 300, True),
        (301.0, None, 300, False),
        (False, None, 0, True),
        (True, None, 0, False),
        (5.0, None, None, None),
        (None, 0.8, None, None),
    ],
)
def test_a_target_is_met_or_missed_or_not_told(
    value: float | None, at_least: float | None, at_most: float | None, met: bool | None
) -> None:
    figure = Figure("name", value, "ms", "about", at_least=at_least, at_most=at_most)
    assert figure.met is met
    assert figure.to_dict()["met"] is met
    assert ("MISSED" in figure.row()) is (met is False)


def test_a_row_says_what_a_reader_needs() -> None:
    row = Figure("app_resident_mb", 236.75, "MB", "memory", at_most=300, note="after 10").row()
    assert row == ("memory (after 10)", "237 MB", "<= 300", "met")
    assert Figure("tf", True, "", "TensorFlow loaded", at_most=0).row()[1:] == ("yes", "<= no", "MISSED")
    assert Figure("x", None, "ms", "speed", at_least=1, note="no Keras").row()[1:3] == ("not measured", ">= 1")


# Cells per second


def test_both_sides_are_timed_in_turn_and_the_first_turn_is_not_counted() -> None:
    calls: list[str] = []
    turns = throughput.time_in_turn(lambda: calls.append("first"), lambda: calls.append("second"), 3)
    assert len(turns) == 3
    assert calls == ["first", "second", "second", "first"] * 2


def test_time_is_told_on_the_right_side() -> None:
    turns = throughput.time_in_turn(lambda: None, lambda: sum(range(300_000)) and None, 4)
    assert all(first.clock < second.clock and first.processor < second.processor for first, second in turns)


@pytest.mark.usefixtures("tiny", "quick")
def test_cells_are_compared_with_decoding_alone() -> None:
    figures = {figure.name: figure for figure in PARTS["cells"](Task())}
    assert list(figures) == [
        "end_to_end_over_decode_only",
        "end_to_end_over_decode_only_processor",
        "end_to_end_per_second",
        "decode_only_per_second",
    ]
    assert all(figure.value and figure.value > 0 for figure in figures.values())
    assert figures["end_to_end_over_decode_only"].at_least == 0.8
    assert "12 synthetic cells" in figures["end_to_end_over_decode_only"].note


@pytest.mark.usefixtures("tiny", "quick")
def test_a_source_gives_readable_cells_from_all_over_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "cells"
    folder.mkdir()
    for number, cell in enumerate(phantom.batch(20)):
        (folder / f"{number:02}.png").write_bytes(cell.png)
    (folder / "00.png").write_bytes(b"broken")
    monkeypatch.setattr(throughput, "MOST_CELLS", 5)
    note = next(PARTS["cells"](Task(path=str(folder)))).note
    assert note.startswith("4 of 20 images of cells, ")


@pytest.mark.usefixtures("tiny")
def test_a_source_without_readable_cells_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"broken")
    with pytest.raises(SourceError, match="None of its images can be read"):
        list(PARTS["cells"](Task(path=str(tmp_path / "a.png"))))


# Whole zips


@pytest.mark.usefixtures("tiny", "quick")
@pytest.mark.parametrize(
    ("part", "name", "target"),
    [("batch", "batch_zip_over_decode_only", 0.75), ("dataset", "data_describe_over_decode_only", 0.7)],
)
def test_a_zip_is_compared_with_decoding_it(part: str, name: str, target: float) -> None:
    figure, processor = PARTS[part](Task())
    assert (figure.name, figure.at_least) == (name, target)
    assert (processor.name, processor.at_least) == (f"{name}_processor", None)
    assert processor.value
    assert figure.value
    assert figure.value > 0
    assert figure.note.startswith("12 synthetic cells, ")


@pytest.mark.usefixtures("tiny", "quick")
@pytest.mark.parametrize("part", ["batch", "dataset"])
def test_cells_of_one_name_in_two_folders_stay_two(part: str, tmp_path: Path) -> None:
    for folder in ("Parasitized", "Uninfected"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.png").write_bytes(phantom.batch(1)[0].png)
    assert next(PARTS[part](Task(path=str(tmp_path)))).note.startswith("2 of 2 images of ")


# Fields


@pytest.mark.usefixtures("tiny", "quick")
def test_fields_are_timed_each_and_by_their_size() -> None:
    field, processor, megapixel = PARTS["triage"](Task())
    assert processor.value
    assert (field.name, field.at_most) == ("triage_seconds_per_field", 0.4)
    assert field.value
    assert megapixel.value
    assert "median of 2 synthetic fields, 1.2 megapixels and " in field.note
    assert megapixel.value < field.value


@pytest.mark.usefixtures("tiny", "quick")
def test_fields_of_a_source_are_timed_and_cells_are_not_taken_for_fields(tmp_path: Path) -> None:
    (tmp_path / "cell.png").write_bytes(phantom.batch(1)[0].png)
    assert "synthetic fields" in next(PARTS["triage"](Task(path=str(tmp_path)))).note
    (tmp_path / "cell.png").unlink()
    (tmp_path / "field.png").write_bytes(phantom.field(width=800, height=600, cells=40).png)
    note = next(PARTS["triage"](Task(path=str(tmp_path)))).note
    assert f"median of 1 field of {tmp_path.name}, 0.48 megapixels" in note


# One cell, against Keras


def test_one_cell_is_compared_with_keras() -> None:
    faster, ours, keras = PARTS["one-cell"](Task())
    assert (faster.name, faster.at_least) == ("one_cell_times_faster", 50)
    assert ours.value
    assert keras.value
    assert faster.value
    assert faster.value > 1, faster.note
    assert faster.note == "median of 40 turns"


@pytest.mark.usefixtures("tiny")
def test_without_a_keras_file_nothing_is_made_up() -> None:
    figures = list(PARTS["one-cell"](Task()))
    assert [figure.value for figure in figures] == [None, None, None]
    assert figures[0].note == "cell-resnet has no model.keras to compare with"


# The app


@pytest.mark.usefixtures("quick")
def test_the_app_stays_small_and_free_of_tensorflow() -> None:
    found = timing.measure()
    assert found.predictions == 10
    assert found.first_page_s > 0
    assert found.prediction_s > 0
    if LINUX:
        assert found.tensorflow_loaded is False
        assert found.resident_mb
        assert 60 < found.resident_mb < 400  # the home page triages a field


@pytest.mark.usefixtures("quick")
def test_an_app_that_gives_no_answers_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALARIA_MODELS", str(tmp_path))
    with pytest.raises(RuntimeError, match="There is no usable model here"):
        timing.measure()


def test_visitors_at_once_each_get_the_librarys_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users_timing, "ROUNDS", 1)
    found = users_timing.measure(users=3)
    assert (found.users, found.answers, found.wrong, found.lost) == (3, 6, 0, 0)
    assert 0 < found.p50_s <= found.p95_s <= found.whole_p95_s
    if LINUX:
        assert found.processor_s
        assert found.peak_mb


def test_an_answer_to_another_cell_is_wrong_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def swap(model: str | None, n: int) -> tuple[list[users_timing.Cell], list[users_timing.Cell]]:
        uploads, examples = make(model, n)
        return [uploads[0]._replace(pointer='left:50.00%">▼')], [examples[0]._replace(caption="another.png")]

    make = users_timing.make_cells
    monkeypatch.setattr(users_timing, "make_cells", swap)
    found = users_timing.measure(users=1)
    assert (found.answers, found.wrong, found.lost) == (2, 2, 0)


def test_what_a_process_holds_is_seen() -> None:
    resident = timing.resident_mb(os.getpid())
    assert resident is None or resident > 20
    code = "import tensorflow, sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=PIPE, stdout=PIPE, stderr=DEVNULL) as heavy:
        assert heavy.stdout
        assert heavy.stdout.read(1) == b"x"
        assert timing.tensorflow_loaded(heavy.pid) is (True if LINUX else None)
        heavy.communicate()


def test_a_process_that_fails_is_a_reason_and_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'some log' >&2\necho 'RuntimeError: The app did not start.' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    figures = list(PARTS["app"](Task()))
    assert [figure.value for figure in figures] == [None] * 4
    assert {figure.note for figure in figures} == {"RuntimeError: The app did not start."}
    assert figures[0].row()[1] == "not measured"


# The verb


@pytest.fixture
def _two_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    def fast(task: Task) -> Iterator[Figure]:
        yield Figure("speed", 2.0, "cells/s", "how fast", at_least=1, note=str(task.path))

    def slow(task: Task) -> Iterator[Figure]:
        yield Figure("wait", 9.0, "s", "how slow", at_most=5)

    monkeypatch.setattr("malaria.commands.benchmark.PARTS", {"fast": fast, "slow": slow})


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["malaria", "benchmark", *arguments])
    with pytest.raises(SystemExit) as ending:
        main()
    assert not ending.value.code


@pytest.mark.usefixtures("tiny", "_two_parts")
def test_the_verb_prints_every_figure_beside_its_target(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "cells.zip")
    assert capsys.readouterr().out.splitlines() == [
        "2 cells/s  >= 1     met  how fast (cells.zip)",
        "      9 s  <= 5  MISSED  how slow",
    ]


@pytest.mark.usefixtures("tiny", "_two_parts")
def test_the_verb_writes_json_with_the_machine_and_the_model(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run(monkeypatch, "--json", "-", "--only", "slow")
    report = json.loads(capsys.readouterr().out)
    assert set(report) == {"date", "model", "machine", "figures"}
    assert report["model"] == DEFAULT_MODEL
    assert report["machine"]["cores"] >= 1
    assert [(figure["name"], figure["value"], figure["met"]) for figure in report["figures"]] == [("wait", 9.0, False)]
    run(monkeypatch, "--json", str(tmp_path / "b.json"))
    assert len(json.loads((tmp_path / "b.json").read_text())["figures"]) == 2


def test_every_part_is_offered() -> None:
    assert set(PARTS) == {"cells", "one-cell", "app", "users", "batch", "dataset", "triage"}
    assert processes.measure_app is PARTS["app"]
    assert (MODELS_DIR / DEFAULT_MODEL / "model.keras").is_file(), "the comparison with Keras needs it"
