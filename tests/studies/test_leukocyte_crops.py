"""Leukocytes are cut out of fields into a folder for each type, as training takes them."""

import zipfile
from pathlib import Path

import cv2
import pytest

from malaria.images import decode
from studies.leukocyte_crops import FEWEST, main, write_crops


@pytest.fixture
def fields(draw, lone_cells, tmp_path) -> Path:
    """A zip of fields: enough neutrophils, one of them hidden, too few basophils, and one with two types."""
    types = ["NEUTROPHIL"] * (FEWEST + 1) + ["BASOPHIL"] * 2 + ["NEUTROPHIL, EOSINOPHIL"]
    rows = ["image,leukocyte_type"]
    path = tmp_path / "fields.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, name in enumerate(types):
            rgb = draw(lone_cells(4, 2, 50), width=400, height=320)
            if number != 3:
                rgb = draw([(120, 240, 90), (300, 250, 60)], on=rgb, colour=(88, 50, 150))
            archive.writestr(f"images/field_{number}.jpg", cv2.imencode(".png", rgb[..., ::-1])[1].tobytes())
            rows.append(f'field_{number}.jpg,"{name}"')
        archive.writestr("types.csv", "\n".join(rows))
    return path


def test_each_field_of_one_common_type_gives_its_largest_leukocyte(fields, tmp_path):
    crops = tmp_path / "crops.zip"
    assert write_crops(fields, crops) == {"neutrophil": FEWEST, "none found": 1}
    with zipfile.ZipFile(crops) as archive:
        names = archive.namelist()
        assert len(names) == FEWEST
        assert {Path(name).parent.name for name in names} == {"neutrophil"}
        for name in names:
            crop = decode(archive.read(name))
            assert min(crop.shape[:2]) > 80, "not the smaller one"
            assert (crop[0, 0] == 0).all()
            middle = crop[crop.shape[0] // 2, crop.shape[1] // 2]
            assert middle[2] > middle[0] > middle[1], "RGB, as drawn"


def test_the_same_fields_give_the_same_file(fields, tmp_path):
    write_crops(fields, tmp_path / "a.zip")
    write_crops(fields, tmp_path / "b.zip")
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_what_is_left_out_is_said(fields, tmp_path, capsys):
    main(fields, tmp_path / "crops.zip")
    said = capsys.readouterr().out
    assert f"{FEWEST} neutrophil, 1 none found" in said
    assert "left out, too few: 2 basophil" in said
