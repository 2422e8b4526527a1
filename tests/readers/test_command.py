"""The verb: a test of a set and its key, graded into JSON, a certificate and a table, and refusals in a sentence."""

import hashlib
import json
import sys

import cv2
import numpy as np
import pytest

from malaria.cli import main
from malaria.model.classifier import DEFAULT_MODEL
from malaria.readers import Answer, MarkedField, marks_to_csv, read_field_key, read_key, read_test, to_csv
from tests.models import write_model


@pytest.fixture
def run(tmp_path, monkeypatch, capfd):
    write_model(tmp_path / "models", DEFAULT_MODEL)
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["malaria", "reader-test", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ending:
            main()
        out, err = capfd.readouterr()
        return int(ending.value.code or 0), out, err

    return run


@pytest.fixture
def cells(tmp_path):
    """Forty labelled cells, of which a second reader calls four otherwise."""
    lines = ["file,given_label,expert_label"]
    for number in range(40):
        label = ("Parasitized", "Uninfected")[number % 2]
        picture = np.full((20, 20 + number, 3), (150, 150, 150) if number % 2 else (0, 0, 255), np.uint8)
        (tmp_path / "cells").mkdir(exist_ok=True)
        cv2.imwrite(str(tmp_path / "cells" / f"{number}.png"), picture)
        lines.append(f"{number}.png,{label},{label if number > 3 else ('Uninfected', 'Parasitized')[number % 2]}")
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    return tmp_path / "cells"


MAKE = ("--output", "test.json", "--key", "key.json")


def test_from_a_set_to_a_certificate(run, cells, tmp_path):
    status, out, err = run("make", cells, "--labels", "labels.csv", *MAKE, "--cells", 20, "--repeats", 3, "--seed", 5)
    assert (status, out) == (0, "")
    assert "4 cells left out because the given and re-read labels differ; 40 of 40 were read again." in err
    key = read_key(tmp_path / "key.json")
    assert read_test(tmp_path / "test.json") == key.test
    assert (len(key.cells), len(key.test.repeats)) == (20, 3)
    answers = [
        Answer(key.test.id, name, place + 1, card.image_id, key.reference(place), 2)
        for name in ("Ann", "Ben")
        for place, card in enumerate(key.test.cards)
    ]
    (tmp_path / "answers.csv").write_text(to_csv(answers))
    status, out, _ = run(
        "grade", "answers.csv", "--key", "key.json", "--html", "c.html", "--csv", "g.csv", "--json", "-"
    )
    found = json.loads(out)
    assert status == 0
    assert found["readers"]["Ann"]["rates"]["sensitivity"]["value"] == 1
    assert (tmp_path / "c.html").read_text().startswith("<!doctype html>")
    assert len((tmp_path / "g.csv").read_text().splitlines()) == 3
    status, out, _ = run("grade", "answers.csv", "--key", "key.json", "--reader", "Ben")
    assert out.startswith("Ben: Level ")
    assert "Ann" not in out
    status, out, err = run("grade", "answers.csv", "--key", "key.json", "--reader", "ben")
    assert (status, out) == (2, "")
    assert "nothing by ben, but by: Ann, Ben." in " ".join(err.split())


def test_phantoms_need_no_set_and_leave_their_pictures(run, tmp_path):
    status, _, err = run("make", "--phantoms", "--images", "pictures", *MAKE, "--cells", 10)
    assert status == 0
    assert "All cells are synthetic" in err
    assert len(list((tmp_path / "pictures").glob("SYNTHETIC_*.png"))) == 10


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make", *MAKE), "Use either PATH"),
        (("make", "--phantoms", "--output", "a.json", "--key", "a.json"), "must be two files"),
        (("make", "--phantoms", *MAKE, "--cells", "1"), "--cells: Input should be greater than or equal to 2."),
        (("make", "--phantoms", *MAKE, "--parasitized", "nan"), "--parasitized: Input should be"),
        (("make", "--phantoms", *MAKE, "--repeats", "50"), "can come a second time"),
        (("make", "nowhere", *MAKE), "cannot be opened"),
        (("make", "cells", "--labels", "labels.csv", *MAKE), "the set has 18 that can be used. Ask for fewer cells"),
        (
            ("make", "cells", "--labels", "labels.csv", "--re-read-column", "file", *MAKE),
            "Say what each word means: --meaning WORD=Parasitized",
        ),
        (("grade", "nothing.csv", "--key", "nothing.json"), "nothing.json cannot be read"),
        (("grade", "labels.csv", "--key", "labels.csv"), "is not a key of a reader test"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(run, cells, arguments, said):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "")
    assert said in " ".join(err.split())
    assert "Traceback" not in err


def test_a_test_of_fields_from_its_pictures_to_a_certificate(run, tmp_path):
    status, out, err = run("make", "--phantoms", "--fields", 2, "--seed", 4, *MAKE, "--images", "pictures")
    assert (status, out) == (0, "")
    assert "2 fields" in err
    key = read_field_key(tmp_path / "key.json")
    pictures = {hashlib.sha256(file.read_bytes()).hexdigest() for file in (tmp_path / "pictures").iterdir()}
    assert pictures == set(key.test.fields)
    marked = [
        MarkedField(key.test.id, "Ann", place, name, key.fields[name].parasites, 30.0)
        for place, name in enumerate(key.test.fields, start=1)
    ]
    (tmp_path / "marks.csv").write_text(marks_to_csv(marked))
    status, out, err = run("grade", "marks.csv", "--key", "key.json", "--html", "a.html", "--csv", "a.csv")
    assert status == 0
    assert "Ann: Level 1 to 4, by the WHO’s thresholds" in out
    assert "not a WHO certificate" in (tmp_path / "a.html").read_text().replace("\xa0", " ")
    assert (tmp_path / "a.csv").read_text().startswith("test,reader,fields,level,levels_possible,sensitivity")
    status, out, err = run("grade", "marks.csv", "--key", "key.json", "--json", "-")
    assert json.loads(out)["readers"]["Ann"]["sensitivity"]["value"] == 1
    status, _, err = run("grade", "marks.csv", "--key", "key.json", "--reader", "Ben")
    assert status == 2
    assert "nothing by Ben, but by: Ann." in " ".join(err.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("make", "cells", "--fields", 2, *MAKE), "--fields goes with --phantoms"),
        (("make", "--phantoms", "--fields", 51, *MAKE), "--fields: Input should be less than or equal to 50"),
    ],
)
def test_fields_that_cannot_be_drawn_are_refused(run, arguments, said):
    status, _, err = run(*arguments)
    assert status == 2
    assert said in " ".join(err.split())
