"""Marks on whole fields: matched one to one, counted as the WHO counts, with intervals that know of fields."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malaria.errors import ReaderTestError
from malaria.phantom import field
from malaria.readers import grade_fields, match_marks, parasites_of

points = st.lists(st.tuples(st.floats(0, 500), st.floats(0, 500)), max_size=8)


@settings(deadline=None)
@given(marked=points, reference=points, radius=st.floats(1, 100))
def test_matching_is_one_to_one_and_within_the_radius(marked, reference, radius):
    reading = match_marks("field", marked, reference, radius)
    assert reading.marked == len(marked)
    assert reading.parasites == len(reference)
    for mark, truth in reading.pairs:
        assert np.hypot(*np.subtract(marked[mark], reference[truth])) <= radius
    for mark in reading.false_alarms:
        for truth in reading.missed:
            assert np.hypot(*np.subtract(marked[mark], reference[truth])) > radius


def test_as_many_are_matched_as_can_be():
    """The nearest first would leave one of the two without a partner."""
    reading = match_marks("field", [(0, 0), (9, 0)], [(10, 0), (18, 0)], 11)
    assert len(reading.pairs) == 2


def test_a_reader_of_synthetic_fields():
    fields = [field(seed=seed, cells=40, parasitaemia=0.1, width=640, height=480) for seed in range(3)]
    truth = [parasites_of(one) for one in fields]
    assert all(len(places) == 4 for places in truth)
    read = [match_marks(one.file, places, places, 20) for one, places in zip(fields, truth, strict=True)]
    grade = grade_fields(read)
    assert (grade.fields, grade.sensitivity.value, grade.sensitivity.n) == (3, 1, 12)
    assert (grade.false_alarms.value, grade.within.value, grade.level.possible[0]) == (0, 1, 1)
    assert 0 < grade.false_alarms.high < 2


@pytest.mark.parametrize(("marked", "within"), [(7, False), (8, True), (10, True), (12, True), (13, False)])
def test_counts_are_within_a_quarter(marked, within):
    reading = match_marks("field", [(n, 0) for n in range(marked)], [(n, 0) for n in range(10)], 0.1)
    assert reading.is_within == within


def test_fields_that_differ_widen_the_interval():
    def read(*missed):
        return grade_fields(
            [match_marks("f", [(n * 9, 0) for n in range(10 - m)], [(n * 9, 0) for n in range(10)], 1) for m in missed]
        ).sensitivity

    alike, apart = read(*[2] * 10), read(*[0, 4] * 5)
    assert alike.value == apart.value == 0.8
    assert apart.high - apart.low > alike.high - alike.low


def test_free_fields_count_for_false_alarms_alone():
    grade = grade_fields([match_marks("a", [(1, 1)], [], 5), match_marks("b", [], [], 5)])
    assert (grade.fields, grade.false_alarms.value, grade.false_alarms.n) == (2, 0.5, 2)
    assert grade.sensitivity.value is None
    assert grade.within.reason == "No field with a parasite was read."
    assert grade_fields([]).false_alarms.reason == "No field was read."


@pytest.mark.parametrize(("marked", "radius"), [([(0, 0)], 0), ([(0, 0)], float("nan")), ([(float("nan"), 0)], 5)])
def test_what_is_no_place_is_refused(marked, radius):
    with pytest.raises(ReaderTestError, match="must be numbers of pixels"):
        match_marks("field", marked, [(1, 1)], radius)
