"""Held-out fields of other laboratories: found cells, parasites and leukocytes, and the parasites that triage keeps.

`python -m studies.segmentation FOLDER` and `studies.triage` print the figures of all fields and say what was chosen on
which; here a part of the held-out ones, each figure somewhat below what was measured, so that a loss shows and chance
does not.
"""

from collections import Counter
from itertools import islice

import pytest

from malaria.model.classifier import load
from malaria.smear import segment
from malaria.smear.adapt import cross_validate
from studies.annotated_fields import leukocyte_fields, smear_fields
from studies.second_reading import amended, sampled, verdicts
from studies.segmentation import count_agreement, count_field, count_kind, pool, summary
from studies.triage import figures, judge_fields

pytestmark = pytest.mark.realdata


def held_out(fields, count):
    return islice((field for field in fields if field.is_held_out), count)


def test_red_cells_and_parasites_of_held_out_fields(real_data):
    counts = Counter()
    for field in held_out(smear_fields(real_data / "iml_smears_dev.zip"), 30):
        counts.update(count_field(field, segment(field.rgb)))
    rates = summary(counts)
    assert counts["fields"] == 30
    assert rates["recall"].value > 0.95
    assert rates["precision"].value > 0.89
    assert rates["parasitized cells found"].value > 0.94


def test_leukocytes_of_held_out_fields(real_data):
    counts = Counter()
    for field in held_out(leukocyte_fields(real_data / "leukocytes_dev.zip"), 60):
        counts.update(count_kind(field, segment(field.rgb), "leukocyte", "WBC"))
    rates = summary(counts)
    assert rates["recall"].value > 0.93
    assert rates["precision"].value > 0.9


def test_triage_keeps_the_parasitized_cells_as_shipped_and_adapted(real_data):
    fields = held_out(smear_fields(real_data / "iml_smears_dev.zip"), 24)
    judged = judge_fields(fields, load())
    shipped = figures(judged, judged.cells.features[:, 0])
    assert shipped["pooled, found"].value > 0.9
    assert shipped["pooled, in view"].value > 0.92
    adapted = figures(judged, cross_validate(judged.cells, 8))
    assert adapted["pooled, in view"].value > 0.94


def test_red_cells_against_the_boxes_amended_by_a_second_reading(real_data):
    held = [field for field in smear_fields(real_data / "iml_smears_dev.zip") if field.is_held_out]
    again, said = sampled(field.name for field in held), verdicts()
    counts = [
        count_field(amended(field, said.get(field.name, [])), segment(field.rgb))
        for field in held
        if field.name in again
    ]
    rates = summary(pool(counts))
    assert len(counts) == 25
    assert rates["recall"].value > 0.97
    assert rates["precision"].value > 0.98
    assert rates["fields counted within 5 %"].value >= 0.8
    assert count_agreement(counts)["counted of those annotated"].value == pytest.approx(1, abs=0.03)
