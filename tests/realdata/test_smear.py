"""Fields of laboratories that took no part in the choice of anything: found cells, parasites and leukocytes.

`python -m malaria.smear.measure FOLDER` prints the figures of all fields; here a part of the held-out ones, each
figure somewhat below what was measured, so that a loss shows and chance does not.
"""

from collections import Counter
from itertools import islice

import pytest

from malaria.model import load
from malaria.smear import segment
from malaria.smear.measure import count_field, count_kind, leukocyte_fields, smear_fields, summary
from malaria.smear.measure_triage import figures, judge_fields

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


def test_triage_of_held_out_fields_keeps_the_parasitized_cells(real_data):
    classifier = load()
    fields = held_out(smear_fields(real_data / "iml_smears_dev.zip"), 24)
    judged = judge_fields(fields, classifier)
    kept = figures(judged, judged.cells.features[:, 0])
    assert kept["pooled, found"].value > 0.88
    assert kept["pooled, in view"].value > 0.9
