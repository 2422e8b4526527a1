"""Fields of laboratories that took no part in the choice of anything: found cells, parasites and leukocytes.

`python -m malaria.smear.measure FOLDER` prints the figures of all fields; here a part of the held-out ones, each
figure somewhat below what was measured, so that a loss shows and chance does not.
"""

from collections import Counter
from itertools import islice

import pytest

from malaria.smear import segment
from malaria.smear.measure import count_field, count_kind, leukocyte_fields, smear_fields, summary

pytestmark = pytest.mark.realdata


def held_out(fields, count):
    return islice((field for field in fields if field.is_held_out), count)


def test_red_cells_and_parasites_of_held_out_fields(real_data):
    counts = Counter()
    for field in held_out(smear_fields(real_data / "iml_smears_dev.zip"), 30):
        counts.update(count_field(field, segment(field.rgb)))
    figures = summary(counts)
    assert counts["fields"] == 30
    assert figures["recall"].value > 0.95
    assert figures["precision"].value > 0.89
    assert figures["parasitized cells found"].value > 0.94


def test_leukocytes_of_held_out_fields(real_data):
    counts = Counter()
    for field in held_out(leukocyte_fields(real_data / "leukocytes_dev.zip"), 60):
        counts.update(count_kind(field, segment(field.rgb), "leukocyte", "WBC"))
    figures = summary(counts)
    assert figures["recall"].value > 0.93
    assert figures["precision"].value > 0.9
