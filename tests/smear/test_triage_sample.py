"""`malaria.triage`: the fields of one sample, as a program has them, and what they come to."""

import warnings

import cv2
import pytest

import malaria
from malaria.images import ImageFile
from malaria.smear import Count, cells_csv
from malaria.smear import sample as samples
from tests.models import write_model


@pytest.fixture(autouse=True)
def _tiny(tmp_path, monkeypatch):
    """The tests' network, which takes red for parasitized, as the default."""
    write_model(tmp_path / "models", "cell-resnet")
    monkeypatch.setattr("malaria.model.classifier.MODELS_DIR", tmp_path / "models")


@pytest.fixture
def fields(spotted, lone_cells):
    """Two fields, of 12 and 9 red cells with 3 and 1 suspects."""
    return [spotted(lone_cells(4, 3, 60), 3), spotted(lone_cells(3, 3, 60), 1)]


def png(rgb) -> bytes:
    return cv2.imencode(".png", rgb[..., ::-1])[1].tobytes()


def test_fields_of_every_kind_make_one_sample(fields, tmp_path):
    (tmp_path / "two.png").write_bytes(png(fields[1]))
    said: list[str] = []
    result = malaria.triage([fields[0], tmp_path / "two.png"], sample="Ward 5", say=said.append)
    found = result.triage
    assert [field.field for field in found.fields] == ["image 1", "two.png"]
    assert (found.red_cells, len(found.suspects), result.sample) == (21, 4, "Ward 5")
    assert cells_csv(result).count("\n") == len(found.table) + 1
    assert all(": " in sentence for sentence in said)


def test_one_field_needs_no_list_and_a_count_by_hand_stands_beside_it(fields):
    result = malaria.triage(fields[0], by_hand=Count.by_hand(100, 2, None), say=lambda _: None)
    assert result.triage.red_cells == 12
    assert result.manual.parasitized == 2


def test_what_a_sample_does_without_is_a_warning(fields):
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        found = malaria.triage([png(fields[0]), png(fields[0]), b"torn"]).triage
    said = [str(one.message) for one in warned]
    assert len(found.fields) == 1
    assert list(found.unreadable) == ["image 3"]
    assert found.unreadable["image 3"] in said
    assert "image 2 is the same file as image 1, and is not counted again." in said


@pytest.mark.parametrize(
    ("asked", "error", "words"),
    [
        ({"fields": "nowhere"}, malaria.SourceError, "nowhere: It cannot be opened"),
        ({"threshold": 2.0}, malaria.MetricsError, "The threshold 2.0 does not lie between 0 and 1"),
        ({"model": "none"}, malaria.ModelError, "There is no model named 'none'"),
        ({"adapted": "nowhere"}, malaria.ModelError, "nowhere cannot be read"),
        ({"decisions": "nowhere"}, malaria.JournalError, "nowhere cannot be opened"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_work(fields, monkeypatch, asked, error, words):
    monkeypatch.setattr("malaria.smear.sample.triage_field", lambda *_: pytest.fail("worked for nothing"))
    with pytest.raises(error, match=words):
        malaria.triage(**({"fields": fields} | asked))


def test_of_all_samples_one_scan_stays_decoded(fields, monkeypatch):
    monkeypatch.setattr(samples, "_SCAN", 0)
    first, second = (samples.Sample.of([ImageFile("a.png", png(field))]) for field in fields)
    assert (first.rgb("a.png") == fields[0]).all()
    assert (second.rgb("a.png") == fields[1]).all()
    assert [sample._decoded is not None for sample in (first, second)] == [False, True]
    assert (first.rgb("a.png") == fields[0]).all(), "decoded again when it is looked at"
    monkeypatch.setattr(samples, "_SCAN", fields[0].nbytes + fields[1].nbytes)
    second.rgb("a.png")
    assert first._decoded
    assert second._decoded, "ordinary fields stay, each for its own sample"
