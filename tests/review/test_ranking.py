"""The ranking of suspect labels, what it rests on, and how good it is."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score
from typer.testing import CliRunner

import malaria.review
from malaria import phantom
from malaria.cli import app
from malaria.errors import NoHeldOutError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.model import classifier as model
from malaria.model.held_out import HeldOut, read_held_out
from malaria.review import out_of_sample, rank, suspicion
from tests.models import write_held_out, write_model

FOLDER = Path(__file__).resolve().parents[2] / "models" / "cell-resnet"


def test_the_public_surface_is_what_is_listed() -> None:
    modules = {path.stem for path in Path(malaria.review.__path__[0]).glob("*.py")}
    public = {name for name in vars(malaria.review) if not name.startswith("_")} - modules
    assert public == set(malaria.review.__all__)


# The order


@given(st.lists(st.tuples(st.floats(0, 1), st.sampled_from(CLASSES)), max_size=20))
def test_suspicion_is_how_unlikely_the_given_label_is(cells: list[tuple[float, str]]) -> None:
    found = suspicion([p for p, _ in cells], [label for _, label in cells])
    assert found.tolist() == [1 - p if label == PARASITIZED else p for p, label in cells]


def table(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    plain = {"file": [f"{k}.png" for k in range(n)], "patient": [None] * n, "image_id": [f"{k:064x}" for k in range(n)]}
    return pd.DataFrame(plain | columns)


def test_most_suspect_first_and_what_cannot_be_judged_left_out() -> None:
    ranked = rank(
        table(
            given_label=[UNINFECTED, PARASITIZED, None, UNINFECTED, UNINFECTED, PARASITIZED],
            p_parasitized=[0.25, 0.125, 0.5, None, 0.875, 0.875],
        )
    )
    assert ranked["file"].tolist() == ["1.png", "4.png", "0.png", "5.png"]
    assert ranked["rank"].tolist() == [1, 2, 3, 4]
    assert ranked["suspicion"].tolist() == [0.875, 0.875, 0.25, 0.125]
    assert list(ranked.columns[:5]) == ["rank", "file", "patient", "given_label", "p_parasitized"]


def test_nothing_to_rank() -> None:
    assert rank(table(given_label=[None], p_parasitized=[0.5])).empty


# What it rests on

KNOWN = HeldOut(
    "net",
    ("a.png", "b.png", "x/seen.png", "x/C1P1thinF_2.png"),
    (f"{0:064x}", f"{1:064x}", "", ""),
    ("C1P1", "C1P1", "C2P2", ""),
    (None,) * 4,
    (None,) * 4,
    np.array([0.1, np.nan, np.nan, 0.3]),
)


def test_cells_the_model_learned_from_are_judged_by_networks_that_had_not_seen_their_patient() -> None:
    cells = table(
        file=["any.png", "any2.png", "deep/C1P1thinF_2.webp", "deep/seen.png", "C2P2_new.png", "new.png", "bad.png"],
        patient=["C1P1", "C1P1", "C1P1", "C1P1", "C2P2", "C9P9", "C1P1"],
        p_parasitized=[0.9, 0.9, 0.9, 0.9, 0.9, 0.9, None],
    )
    judged, basis = out_of_sample(cells, KNOWN, "net")
    assert judged["p_parasitized"].tolist()[:6] == [0.1, 0.9, 0.3, 0.9, 0.9, 0.9]
    assert np.isnan(judged["p_parasitized"].tolist()[6])
    assert (basis.held_out, basis.seen, basis.known_patient, basis.new) == (2, 2, 1, 1)
    assert cells["p_parasitized"].tolist()[0] == 0.9, "the table that was given stays as it was"
    assert "had not seen the cell's patient (2 cells) or, for the other 4, net itself" in basis.sentence
    assert basis.warning is not None
    assert "trained on 2 of these cells" in basis.warning


@pytest.mark.parametrize(
    ("files", "patients", "sentence", "warning"),
    [
        (["C1P1thinF_2.png"], ["C1P1"], "according to networks like net that had not seen the cell's patient.", None),
        (["new.png"], ["C9P9"], "according to the model net.", None),
        (["new.png"], [None], "according to the model net.", None),
        (["new.png"], ["C1P1"], "according to the model net.", "other cells from the same patients as 1 of these"),
        (["seen.png"], [None], "according to the model net.", "trained on 1 of these cells"),
    ],
)
def test_one_sentence_says_how_and_one_warns(
    files: list[object], patients: list[object], sentence: str, warning: str | None
) -> None:
    cells = table(file=files, patient=patients, p_parasitized=[0.9], image_id=["f" * 64])
    _, basis = out_of_sample(cells, KNOWN, "net")
    assert sentence in basis.sentence
    assert (warning or "") in (basis.warning or "")
    assert (basis.warning is None) == (warning is None)


def test_a_model_that_does_not_say_what_it_learned_from_is_doubted() -> None:
    _, basis = out_of_sample(table(p_parasitized=[0.9]), NoHeldOutError("net: has no answers."), "net")
    assert (basis.warning or "").startswith("net: has no answers. ")
    assert "does not say which cells it was trained on" in (basis.warning or "")


# The verb


@pytest.fixture
def tiny(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_model(tmp_path / "models")
    monkeypatch.setattr(model, "MODELS_DIR", tmp_path / "models")
    return folder


def test_the_verb_writes_the_same_ranking(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "cells.zip").write_bytes(phantom.batch_zip(20, mislabelled=0.2))
    done = CliRunner().invoke(app, ["suspects", str(tmp_path / "cells.zip"), "--model", "tiny", "--csv", "-"])
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "rank,file,patient,given_label,p_parasitized,suspicion"
    ranks, doubts = zip(*((int(line.split(",")[0]), float(line.split(",")[-1])) for line in lines[1:]), strict=True)
    assert ranks == tuple(range(1, 21))
    assert list(doubts) == sorted(doubts, reverse=True)
    assert "20 labels ranked, 0 images" in done.stderr
    assert "Ranked by how unlikely the given label is, according to the model tiny." in done.stderr
    assert "Warning: tiny: has no held_out.csv.gz." in done.stderr
    assert "The model tiny does not say which cells it was trained on" in done.stderr


def test_the_verb_says_where_held_out_answers_were_used(tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "cells.zip").write_bytes(phantom.batch_zip(4))
    names = [cell.file for cell in phantom.batch(4)]
    write_held_out(tiny, *(f"x/{name},C1P1,Uninfected,Uninfected,0.125" for name in names))
    command = ["suspects", str(tmp_path / "cells.zip"), "--model", "tiny", "--csv", str(tmp_path / "out.csv")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.stderr
    assert set(pd.read_csv(tmp_path / "out.csv")["p_parasitized"]) == {0.125}
    assert "networks like tiny that had not seen the cell's patient" in done.stderr
    assert "Warning" not in done.stderr


# How good it is


def test_planted_errors_come_first() -> None:
    cells = phantom.batch(120, mislabelled=0.1, seed=3)
    classifier = model.load("cell-resnet", FOLDER.parent)
    p = classifier.predict([cell.rgb for cell in cells])
    wrong = [cell.given_label != cell.true_label for cell in cells]
    found = average_precision_score(wrong, suspicion(p, [cell.given_label for cell in cells]))
    assert found > 0.9


@pytest.mark.realdata
def test_how_well_the_shipped_models_answers_find_what_an_expert_disputes(real_data: Path) -> None:
    """Floors just below what was measured. The aim, 0.90 in average precision and 0.95 in the last, is not reached."""
    labels = pd.read_csv(real_data / "nih_cells_dev_labels.csv")
    held_out = read_held_out(FOLDER)
    ranked = rank(labels.assign(p_parasitized=labels["file"].map(held_out.by_stem)))
    assert len(ranked) == len(labels)
    disputed = (ranked["given_label"] != ranked["expert_label"]).to_numpy()
    assert average_precision_score(disputed, ranked["suspicion"]) > 0.85
    assert disputed[:100].mean() >= 0.97
    assert disputed[:500].mean() >= 0.95
    assert disputed[:2000].sum() / disputed.sum() > 0.91
