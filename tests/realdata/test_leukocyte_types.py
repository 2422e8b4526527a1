"""Leukocytes of real fields: cut out to be trained on, and named in the triage."""

import zipfile

import pytest

from malaria.images import decode
from malaria.model.classifier import load
from malaria.smear import triage_field
from studies.leukocyte_crops import single_types, write_crops

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def some_fields(real_data, tmp_path_factory):
    """A zip of every fifth field, as the whole one."""
    path = tmp_path_factory.mktemp("fields") / "fields.zip"
    with zipfile.ZipFile(real_data / "leukocytes_dev.zip") as source, zipfile.ZipFile(path, "w") as archive:
        head, *rows = source.read("types.csv").decode().splitlines()
        archive.writestr("types.csv", "\n".join([head, *rows[::5]]))
        for row in rows[::5]:
            name = f"images/{row.split(',')[0]}"
            archive.writestr(name, source.read(name))
    return path


def test_nearly_every_field_gives_a_crop(some_fields, tmp_path):
    written = write_crops(some_fields, tmp_path / "crops.zip")
    assert written.total() > 35
    assert written["none found"] <= 1
    with zipfile.ZipFile(tmp_path / "crops.zip") as archive:
        crops = [decode(archive.read(name)) for name in archive.namelist()]
    assert all(60 < max(crop.shape[:2]) < 400 for crop in crops)
    assert all((crop.max(axis=2) == 0).mean() > 0.05 for crop in crops), "what lies around is black"


def test_the_triage_names_them_as_training_did(some_fields):
    """No measure of the network, which was trained on these fields: that triage shows it what it was shown there."""
    classifier, names, fields = load(), [], []
    with zipfile.ZipFile(some_fields) as archive:
        for image, name in sorted(single_types(some_fields).items())[:15]:
            fields.append(triage_field(decode(archive.read(f"images/{image}")), classifier, image))
            names.append(name)
    found = [next(iter(field.leukocyte_types.values())).name for field in fields]
    assert sum(one == name for one, name in zip(found, names, strict=True)) >= 9
    assert sum(one not in (name, "unsure") for one, name in zip(found, names, strict=True)) <= 2
