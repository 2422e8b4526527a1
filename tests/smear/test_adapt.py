"""A laboratory's own fields teach the triage what its parasites look like, and the figure it prints is honest."""

import hashlib
import json

import cv2
import numpy as np
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from malaria.commands.triage import triage
from malaria.commands.triage_adapt import triage_adapt
from malaria.errors import LabelsError, ModelError, TrainingError
from malaria.images import ImageFile
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE, CsvJournal, Decision
from malaria.smear import (
    Box,
    Head,
    Sample,
    calibrate,
    fit_head,
    join_cells,
    kept_share,
    label_field,
    pool_fields,
    read_boxes,
    segment,
    triage_field,
)
from malaria.smear.adapt import LabelledCells, find_threshold
from malaria.smear.field.spots import SPOT_FEATURES, spots
from tests.models import write_model


@pytest.fixture
def purple(draw, lone_cells):
    """A field whose parasites are purple spots, which the tiny model, trained on red ones, does not know."""

    def field(seed, parasitized):
        rng = np.random.default_rng(seed)
        cells = lone_cells(6, 4, 60)
        chosen = [cells[at] for at in rng.permutation(len(cells))[:parasitized]]
        spots = [(x + rng.uniform(-12, 12), y + rng.uniform(-12, 12), 13) for x, y, _ in chosen]
        rgb = draw(spots, on=draw(cells), colour=(120, 50, 130))
        return rgb, [Box(round(x - 30), round(y - 30), 60, 60) for x, y, _ in chosen]

    return field


@pytest.fixture
def learned(purple, classifier):
    fields = [(f"{seed}.png", *purple(seed, 3)) for seed in range(6)]
    parts = [label_field(rgb, name, boxes, classifier)[0] for name, rgb, boxes in fields]
    return fit_head(join_cells(parts), "tiny", "1.0.0")


def test_an_adapted_triage_finds_what_the_shipped_one_misses(learned, purple, classifier):
    rgb, boxes = purple(99, 3)
    shipped = pool_fields([triage_field(rgb, classifier, "new.png")], classifier)
    adapted = pool_fields([triage_field(rgb, classifier, "new.png", learned)], classifier, head=learned)
    assert len(shipped.suspects) == 0
    first = [suspect.outline.box for suspect in adapted.suspects[:3]]
    assert all(any(box.shared_area(found) > 0.5 * 3600 for found in first) for box in boxes)
    assert adapted.model == "tiny, adapted"
    assert adapted.threshold == learned.threshold
    assert adapted.discarded_share > 0.7


def test_the_figures_are_those_of_cross_validation(learned):
    assert (learned.fields, learned.cells, learned.parasitized) == (6, 144, 18)
    assert learned.kept > learned.kept_as_shipped
    assert kept_share(learned).value == learned.kept / 18


@pytest.mark.parametrize("scores", [np.zeros(20), np.arange(20.0), np.repeat([1.0, 2.0], 10), np.ones(1)])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.85, 0.99])
def test_a_threshold_discards_at_least_its_share(scores, share):
    threshold = find_threshold(scores, share)
    assert np.mean(scores < threshold) >= share
    less = scores[scores < threshold].max()
    assert np.mean(scores < less) < share  # and no more than ties make it


def test_labels_that_mean_nothing_give_no_good_figure(classifier):
    rng = np.random.default_rng(0)
    cells = LabelledCells(
        rng.normal(size=(600, 1 + SPOT_FEATURES)), rng.random(600) < 0.1, np.repeat([f"{at}" for at in range(12)], 50)
    )
    assert kept_share(fit_head(cells, "tiny", "1.0.0")).value < 0.5


@pytest.mark.parametrize(
    ("fields", "parasitized_fields"), [(3, 3), (6, 1), (6, 0)], ids=["few fields", "one field with parasites", "none"]
)
def test_too_little_to_learn_from_is_refused(fields, parasitized_fields):
    field = np.repeat([f"{at}" for at in range(fields)], 20)
    is_parasitized = np.array([at % 4 == 0 and int(name) < parasitized_fields for at, name in enumerate(field)])
    with pytest.raises(TrainingError, match="Label at least"):
        fit_head(LabelledCells(np.zeros((len(field), 1 + SPOT_FEATURES)), is_parasitized, field), "tiny", "1")


def test_fields_without_an_uninfected_cell_are_refused():
    field = np.repeat(list("abcd"), 10)
    cells = LabelledCells(np.zeros((40, 1 + SPOT_FEATURES)), np.ones(40, bool), field)
    with pytest.raises(TrainingError, match="All red cells are labelled parasitized"):
        fit_head(cells, "tiny", "1")


def test_a_head_is_for_one_model_and_survives_its_file(learned, tmp_path, classifier):
    (tmp_path / "head.json").write_text(learned.model_dump_json(), encoding="utf-8")
    again = Head.from_file(tmp_path / "head.json")
    assert again == learned
    features = np.random.default_rng(0).normal(size=(5, 1 + SPOT_FEATURES))
    assert (again.apply(features) == learned.apply(features)).all()
    with pytest.raises(ModelError, match="made for tiny 2"):
        pool_fields([], classifier, head=learned.model_copy(update={"model_version": "2"}))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"field,x,y\na.png,1,2\n", "is not JSON"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "is not JSON"),
        (b"[" * 9999, "is not JSON"),
        (b"[1, 2]", "is JSON, but no adapted head (the file: Input should be an object)"),
        (b'{"a": "secret"}', "is JSON, but no adapted head (model: Field required)"),
        (
            b'{"model": "m", "model_version": "1", "weights": [NaN]}',
            "is JSON, but no adapted head (weights.0: Input should be a finite number)",
        ),
    ],
    ids=["empty", "blank", "table", "binary", "deep", "list", "other shape", "not a number"],
)
def test_a_broken_head_is_refused_in_one_sentence(tmp_path, data, said):
    file = tmp_path / "head.json"
    file.write_bytes(data)
    with pytest.raises(ModelError) as refused:
        Head.from_file(file)
    assert str(refused.value) == f"{file} {said}. Name a file that triage-adapt wrote."


def test_a_head_that_cannot_be_opened_is_refused_with_the_reason(tmp_path):
    with pytest.raises(ModelError, match=r"none\.json cannot be read \(No such file or directory\)\. Name a file"):
        Head.from_file(tmp_path / "none.json")
    with pytest.raises(ModelError, match=r"cannot be read \(Is a directory\)\. Name a file"):
        Head.from_file(tmp_path)


def test_a_head_of_another_version_is_refused(learned, tmp_path):
    short = learned.model_copy(update={"weights": (1.0, 2.0)})
    (tmp_path / "head.json").write_text(short.model_dump_json(), encoding="utf-8")
    with pytest.raises(ModelError, match="another version"):
        Head.from_file(tmp_path / "head.json")


def test_spots_tell_a_spotted_cell_from_a_plain_one_in_any_light(purple):
    rgb, boxes = purple(1, 4)
    for light in (1.0, 0.7):
        field = (rgb * light).astype(np.uint8)
        about = calibrate(field)
        told = {item.box: spots(item, about) for item in segment(field, about) if item.kind == "red_cell"}
        spotted = [value for box, value in told.items() if any(box.shared_area(other) > 2000 for other in boxes)]
        plain = [value for box, value in told.items() if not any(box.shared_area(other) > 2000 for other in boxes)]
        assert min(value[5] for value in spotted) > 3 * max(value[5] for value in plain)


BOXES = "field,x,y,width,height,label\n"
ANSWERS = "field,x,y,width,height,answer\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BOXES + "a.png,1,2,3,4,Parasitized\na.png,5,6,7,8,Uninfected\n", {"a.png": [Box(1, 2, 3, 4)]}),
        (BOXES + "a.png,1,2,3,4,\nb.png,1.4,2.6,3,4,Parasitized\n", {"a.png": [], "b.png": [Box(1, 3, 3, 4)]}),
        ("label,kind,field,x,y,width,height\nParasitized,red_cell,a.png,1,2,3,4\n", {"a.png": [Box(1, 2, 3, 4)]}),
        (ANSWERS + "a.png,1,2,3,4,Parasitized\na.png,5,6,7,8,Unsure\n", {"a.png": [Box(1, 2, 3, 4)]}),
        (
            ANSWERS + "a.png,1,2,3,4,Uninfected\nb.png,1,2,3,4,Unsure\nc.png,1,2,3,4,Unusable\nd.png,1,2,3,4,\n",
            {"a.png": []},
        ),
        ("label," + ANSWERS + "Uninfected,a.png,1,2,3,4,Parasitized\n", {"a.png": []}),
    ],
)
def test_boxes_are_read(text, expected):
    assert read_boxes(text.encode()) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("field,x,y,width,height\na.png,1,2,3,4\n", r"no column label\. It needs .* or is a cells\.csv"),
        ("field,x,width,height,answer\na.png,1,3,4,\n", r"no column y\."),
        (BOXES + "a.png,1,2,3,4,infected\n", "Row 2: the label 'infected'"),
        (BOXES + "a.png,1,2,3,4,Unsure\n", "Row 2: the label 'Unsure' is not Parasitized or Uninfected"),
        (ANSWERS + "a.png,1,2,3,4,yes\n", "Row 2: the answer 'yes' is not Parasitized or .* or Unusable"),
        (BOXES + "a.png,1,2,three,4,Parasitized\n", "Row 2: x, y, width and height"),
        (BOXES + "a.png,1,2,inf,4,Parasitized\n", "Row 2: x, y, width and height"),
        (BOXES + "a.png,1,2,nan,4,Parasitized\n", "Row 2: x, y, width and height"),
        ("", "empty"),
    ],
)
def test_boxes_that_cannot_be_read_are_refused(text, said):
    with pytest.raises(LabelsError, match=said):
        read_boxes(text.encode())


@pytest.fixture
def run(tmp_path, monkeypatch):
    write_model(tmp_path / "models", "tiny")
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")
    app = typer.Typer()
    app.command("triage")(triage)
    app.command("triage-adapt")(triage_adapt)
    return lambda *words: CliRunner().invoke(app, [*map(str, words), "--model", "tiny", "--json", "-"])


@pytest.fixture
def laboratory(tmp_path, purple):
    """Five fields of one laboratory in a folder, and the boxes of the parasitized cells in each."""
    folder = tmp_path / "laboratory"
    folder.mkdir()
    parasitized = {}
    for seed in range(5):
        rgb, parasitized[f"{seed}.png"] = purple(seed, 3)
        cv2.imwrite(str(folder / f"{seed}.png"), rgb[..., ::-1])
    return folder, parasitized


def test_the_commands_work_together(run, laboratory, tmp_path):
    folder, parasitized = laboratory
    rows = ["field,x,y,width,height,label", "0.png,2000,2000,60,60,Parasitized"]
    rows += [f"{name},{','.join(map(str, box))},Parasitized" for name, boxes in parasitized.items() for box in boxes]
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    made = run("triage-adapt", folder, "--labels", tmp_path / "labels.csv", "--output", tmp_path / "head.json")
    figures = json.loads(made.stdout)
    assert made.exit_code == 0
    assert (figures["fields"], figures["parasitized"], figures["boxes_without_a_cell"]) == (5, 15, 1)
    assert figures["interval"][0] <= figures["kept_share"] <= figures["interval"][1]
    used = run("triage", folder / "0.png", "--adapted", tmp_path / "head.json", "--output", tmp_path / "out")
    assert json.loads(used.stdout)["model"] == "tiny, adapted"


def test_a_table_of_the_page_finds_its_fields_of_one_name_again(run, laboratory, tmp_path):
    folder, parasitized = laboratory
    page = Sample.of([ImageFile("smear.png", (folder / name).read_bytes()) for name in parasitized])
    rows = [
        f"{field},{','.join(map(str, box))},Parasitized"
        for field, boxes in zip(page.files, parasitized.values(), strict=True)
        for box in boxes
    ]
    (tmp_path / "cells.csv").write_text("\n".join([BOXES.strip(), *rows]), encoding="utf-8")
    for at, name in enumerate(parasitized):
        (folder / f"visit{9 - at}").mkdir()
        (folder / name).rename(folder / f"visit{9 - at}" / "smear.png")
    made = run("triage-adapt", folder, "--labels", tmp_path / "cells.csv", "--output", tmp_path / "head.json")
    figures = json.loads(made.stdout)
    assert (figures["fields"], figures["parasitized"], figures["boxes_without_a_cell"]) == (5, 15, 0)
    assert (figures["fields_without_labels"], figures["labelled_but_not_given"]) == (0, 0)
    assert "not among those given" not in made.stderr


def test_fields_that_are_labelled_but_not_given_and_the_other_way_round_are_named(run, laboratory, tmp_path):
    folder, parasitized = laboratory
    rows = [f"{name},{','.join(map(str, box))},Parasitized" for name, boxes in parasitized.items() for box in boxes]
    rows = [row for row in rows if not row.startswith("4.png")]
    rows += [f"gone{at:02}.png,1,2,3,4,Parasitized" for at in range(12)]
    (tmp_path / "labels.csv").write_text("\n".join([BOXES.strip(), *rows]), encoding="utf-8")
    made = run("triage-adapt", folder, "--labels", tmp_path / "labels.csv", "--output", tmp_path / "head.json")
    gone = ", ".join(f"gone{at:02}.png" for at in range(10))
    assert f"12 fields labelled in labels.csv but not among those given: {gone} and 2 more." in made.stderr
    assert "1 field without a label in labels.csv, so not learned from: 4.png." in made.stderr
    figures = json.loads(made.stdout)
    assert (figures["fields_without_labels"], figures["labelled_but_not_given"]) == (1, 12)


def test_what_was_decided_on_the_page_adapts_as_labels_do(run, laboratory, tmp_path):
    folder, parasitized = laboratory
    assert run("triage", folder, "--output", tmp_path / "first").exit_code == 0
    cells = pd.read_csv(tmp_path / "first" / "cells.csv")
    journal = CsvJournal(tmp_path / "journal.csv")
    for name, *box in cells[["field", "x", "y", "width", "height"]].itertuples(index=False):
        inside = any(Box(*box).shared_area(other) > 2000 for other in parasitized[name])
        answer = UNSURE if name == "4.png" else PARASITIZED if inside else UNINFECTED
        image_id = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        place = f"#xywh={','.join(map(str, box))}"
        cell = hashlib.sha256(f"{image_id}{place}".encode()).hexdigest()
        journal.append([Decision("ann", cell, name + place, answer, answer, p_parasitized=0.1)])
    decided = run("triage", folder, "--decisions", tmp_path / "journal.csv", "--output", tmp_path / "decided")
    assert json.loads(decided.stdout)["result"]["counts"]["Decided by ann"]["parasitized"] == 12
    table, head = tmp_path / "decided" / "cells.csv", tmp_path / "head.json"
    figures = json.loads(run("triage-adapt", folder, "--labels", table, "--output", head).stdout)
    assert (figures["fields"], figures["parasitized"], figures["boxes_without_a_cell"]) == (4, 12, 0)
    assert figures["fields_without_labels"] == 1, "nobody was sure of a cell in it"
    refused = run("triage-adapt", folder, "--labels", tmp_path / "first" / "cells.csv", "--output", head)
    assert isinstance(refused.exception, LabelsError), "nothing was decided"
