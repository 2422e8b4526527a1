"""A grade counts each cell once, says what is missing, and claims no more than the answers allow."""

import math
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import malaria.readers
from malaria.errors import MetricsError, ReaderTestError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.readers import DETECTION, grade, grade_level, median_with_interval

OTHER = dict(zip(CLASSES, CLASSES[::-1], strict=True))


def test_the_public_surface_is_what_it_says():
    # malaria.readers.sql is loaded only by who needs it
    public = {
        name
        for name, value in vars(malaria.readers).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
    }
    assert public == set(malaria.readers.__all__)
    assert [name for name in public if not getattr(getattr(malaria.readers, name), "__doc__", None)] == []


def test_a_perfect_reader(key, read):
    result = grade(key, read(key, lambda _, reference: reference))
    assert {rate.value for rate in result.rates.values()} == {1.0}
    assert (result.rates["sensitivity"].n, result.rates["accuracy"].n) == (30, 60)
    assert result.rates["sensitivity"].low == pytest.approx(0.025 ** (1 / 30))
    assert (result.level.decided, result.with_oneself.raw.n, result.mistakes, result.missing) == (1, 10, (), ())


def test_repeats_are_no_further_cells(key, read):
    again = set(key.test.repeats.values())
    result = grade(key, read(key, lambda place, reference: OTHER[reference] if place in again else reference))
    assert result.rates["accuracy"].value == 1
    assert result.with_oneself.raw.value == 0
    assert result.seconds.n == result.level.n == 60


def test_cannot_tell_counts_as_not_right_and_is_left_out_beside(key, read):
    result = grade(key, read(key, lambda _, reference: "Unsure" if reference == PARASITIZED else UNINFECTED))
    assert (result.unsure, result.rates["sensitivity"].value, result.rates["accuracy"].value) == (30, 0, 0.5)
    assert result.decided["accuracy"].value == 1
    assert result.decided["sensitivity"].value is None
    assert result.decided["sensitivity"].reason


def test_a_test_that_was_not_finished_is_graded_and_says_so(key, read):
    result = grade(key, read(key, lambda place, reference: reference if place < 20 else None))
    assert (result.answered, len(result.missing), result.missing[0]) == (20, 50, 21)
    assert "Not finished: 50 of 70 cards have no answer." in result.notes
    assert result.rates["accuracy"].n == 20
    assert result.with_oneself.raw.reason


def test_the_first_answer_to_a_card_counts(key, read):
    right, wrong = (read(key, lambda _, reference, way=way: way(reference)) for way in (str, OTHER.get))
    result = grade(key, [*right, *wrong])
    assert result.rates["accuracy"].value == 1
    assert "70 cards answered more than once: the first answer counts." in result.notes


def test_answers_to_something_else_are_refused(key, read):
    answers = read(key, lambda _, reference: reference)
    with pytest.raises(ReaderTestError, match="no answers by Ben"):
        grade(key, answers, "Ben")
    with pytest.raises(ReaderTestError, match="2 readers"):
        grade(key, [*answers, *read(key, lambda _, reference: reference, "Ben")])
    swapped = [type(a)(a.test, a.reader, a.position % 70 + 1, a.image_id, a.answer) for a in answers]
    with pytest.raises(ReaderTestError, match="about a different cell from the one in the test"):
        grade(key, swapped)


def test_rates_go_to_the_sample_as_counts(key, read):
    rates = grade(key, read(key, lambda place, reference: PARASITIZED)).for_sample()
    assert (rates["sensitivity"].events, rates["sensitivity"].trials) == (30, 30)
    assert (rates["false_positive_rate"].events, rates["false_positive_rate"].trials) == (30, 30)


@given(st.lists(st.floats(0, 1000) | st.just(math.nan), max_size=60))
def test_the_median_lies_in_its_interval(times):
    rate = median_with_interval(times)
    timed = [time for time in times if not math.isnan(time)]
    assert rate.n == len(timed)
    if timed:
        assert rate.value == pytest.approx(np.median(timed))
    assert (rate.interval is not None) == (len(timed) >= 6)
    if rate.interval:
        assert rate.low <= rate.value <= rate.high


# Levels


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=300))
def test_levels_once_excluded_stay_so(answers):
    before = (1, 2, 3, 4)
    for n in range(0, len(answers) + 1, 25):
        level = grade_level(answers[:n])
        assert set(level.possible) <= set(before)
        assert level.possible
        assert list(level.possible) == list(range(level.possible[0], level.possible[-1] + 1))
        assert level.sentence.endswith((".", "?"))
        before = level.possible


@pytest.mark.parametrize("share", [0.9, 0.85, 0.8, 0.75, 0.7, 0.6])
def test_a_wrong_level_is_rarer_than_it_says_however_often_one_looks(share):
    rng = np.random.default_rng(5)
    truth = next((level for level, least in enumerate(DETECTION, 1) if share >= least), 4)
    wrong = [truth not in grade_level(rng.random(800) < share).possible for _ in range(300)]
    assert np.mean(wrong) <= 0.05


def test_the_cells_more_that_it_asks_for_decide():
    right = [n % 20 != 19 for n in range(120)]
    level = grade_level(right)
    assert level.decided is None
    assert grade_level([n % 20 != 19 for n in range(120 + level.more + 20)]).decided == 1
    assert f"Level {level.possible[0]} or {level.possible[1]}. About " in level.sentence


def test_a_reader_on_a_boundary_is_told_that_no_number_of_cells_decides():
    level = grade_level([n % 10 != 9 for n in range(400)])
    assert (level.decided, level.more, level.next_more) == (None, None, None)
    assert "even 5,000 cells more" in level.sentence


def test_no_answers_no_level():
    assert grade_level([]).sentence == "No level: there are no answers."
    with pytest.raises(MetricsError):
        grade_level([True], boundaries=(0.7, 0.9))


def test_the_answer_that_decided_is_known():
    level = grade_level([True] * 90)
    assert level.decided == 1
    assert grade_level([True] * level.decided_after).decided == 1
    assert grade_level([True] * (level.decided_after - 1)).decided is None
