"""What may be a gametocyte stands among the suspects, though it was found as a leukocyte; a leukocyte does not."""

import zipfile

import numpy as np
import pytest

from malaria.images import decode
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.smear import Box, Cells, Result, pool_fields, segment, triage_field
from malaria.smear.field.objects import overlaps
from studies.annotated_fields import leukocyte_fields

NUCLEUS, CYTOPLASM = (95, 60, 150), (205, 185, 215)
GAMETOCYTE = (110, 120, 190)  # blue, and in green hardly darker than the red cells


@pytest.fixture
def field(draw, lone_cells):
    """Cells with a leukocyte on the left and a gametocyte on the right."""
    rgb = draw([(180, 380, 100)], on=draw(lone_cells(4, 3, 60)), colour=CYTOPLASM)
    rgb = draw([(170, 370, 50), (200, 400, 50)], on=rgb, colour=NUCLEUS)
    return draw([(450, 390, 72)], on=rgb, colour=GAMETOCYTE)


def test_a_pale_blue_one_may_be_a_parasite_and_a_dark_nucleus_is_a_leukocyte(field):
    found = {item.box.x > 300: item for item in segment(field) if item.kind == "leukocyte"}
    assert {right: item.may_be_parasite for right, item in found.items()} == {False: False, True: True}


def test_it_has_p_and_rank_and_no_leukocyte_type(field, classifier):
    judged = triage_field(field, classifier, "a.png")
    triage = pool_fields([judged], classifier, threshold=0.0)
    white = triage.table[triage.table["kind"] == "leukocyte"].sort_values("x")
    assert white["rank"].notna().tolist() == [False, True]
    assert white["p_parasitized"].notna().tolist() == [False, True]
    assert white["cells"].tolist() == [0, 0]
    assert white["leukocyte_type"].isna().iloc[1]
    assert any(suspect.outline.may_be_parasite for suspect in triage.suspects)


@pytest.mark.parametrize(
    ("answer", "cells", "parasitized", "leukocytes"), [(PARASITIZED, 13, 1, 1), (UNINFECTED, 12, 0, 2)]
)
def test_a_confirmed_one_is_a_red_cell_and_no_leukocyte(
    field, classifier, read, answer, cells, parasitized, leukocytes
):
    triage = pool_fields([triage_field(field, classifier, "a.png")], classifier, threshold=0.0)
    (rank,) = [suspect.rank for suspect in triage.suspects if suspect.outline.kind == "leukocyte"]
    count = Result(triage, read(triage, ("ann", rank - 1, answer, ""))).by_reader["ann"]
    assert (count.red_cells, count.parasitized, count.leukocytes) == (cells, parasitized, leukocytes)


def test_any_leukocyte_can_be_called_parasitized_by_hand(field, classifier, read):
    triage = pool_fields([triage_field(field, classifier, "a.png")], classifier)
    cells = Cells(triage, {"a.png": "0" * 64})
    chosen = cells.at("a.png", 185, 385)
    (white,) = [item for item in triage.fields[0].outlines if item.kind == "leukocyte" and not item.may_be_parasite]
    assert (chosen.row, chosen.box) == (None, white.box)
    said = read(triage, ("ann", chosen.box, PARASITIZED, ""))
    count = Result(triage, said).by_reader["ann"]
    assert (count.red_cells, count.parasitized, count.leukocytes) == (13, 1, 1)


@pytest.mark.realdata
def test_gametocytes_of_vivax_are_suspects(real_data, classifier):
    with zipfile.ZipFile(real_data / "film_images_dev.zip") as archive:
        rgb = decode(archive.read(next(name for name in archive.namelist() if "MPIDB-vivax" in name)))
    known = [Box(599, 782, 287, 164), Box(1593, 1051, 197, 206)]
    maybe = [item.box for item in segment(rgb) if item.may_be_parasite]
    assert (overlaps(known, maybe).max(axis=1) > 0.5).all()


@pytest.mark.realdata
def test_hardly_a_leukocyte_of_another_laboratory_is_one(real_data):
    fields = [field for field in leukocyte_fields(real_data / "leukocytes_dev.zip") if field.is_held_out][::2]
    white = [item for field in fields for item in segment(field.rgb) if item.kind == "leukocyte"]
    assert len(white) > 50
    assert np.mean([item.may_be_parasite for item in white]) < 0.05
