"""Boxes of one list find those of another one to one, as many as can be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.smear import Box
from malaria.smear.field.objects import overlaps, pairs

boxes = st.builds(Box, st.integers(0, 60), st.integers(0, 60), st.integers(1, 40), st.integers(1, 40))


@pytest.mark.parametrize(
    ("first", "second", "iou"),
    [
        (Box(0, 0, 10, 10), Box(0, 0, 10, 10), 1.0),
        (Box(0, 0, 10, 10), Box(5, 0, 10, 10), 1 / 3),
        (Box(0, 0, 10, 10), Box(2, 2, 5, 5), 0.25),
        (Box(0, 0, 10, 10), Box(10, 0, 10, 10), 0.0),
        (Box(0, 0, 10, 10), Box(12, 12, 3, 3), 0.0),
    ],
)
def test_overlap_of_two_boxes(first, second, iou):
    assert overlaps([first], [second])[0, 0] == pytest.approx(iou)
    assert first.shared_area(second) == pytest.approx(
        iou * (first.width * first.height + second.width * second.height) / (1 + iou)
    )


@given(st.lists(boxes, max_size=8), st.lists(boxes, max_size=8))
def test_nothing_is_matched_twice_or_below_the_limit(first, second):
    matched = pairs(first, second)
    assert len({row for row, _ in matched}) == len({column for _, column in matched}) == len(matched)
    table = overlaps(first, second)
    assert all(table[row, column] >= 0.5 for row, column in matched)


@given(st.lists(boxes, max_size=8, unique=True))
def test_a_list_matches_itself(listed):
    assert pairs(listed, listed) == [(at, at) for at in range(len(listed))]


def test_two_hits_are_better_than_one_good_one():
    left, middle, right = Box(0, 0, 10, 10), Box(2, 0, 10, 10), Box(5, 0, 10, 10)
    assert pairs([left, right], [middle, left]) == [(0, 1), (1, 0)]
