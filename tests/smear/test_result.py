"""What a sample comes to, pooled over fields: counts, parasitaemia, densities with intervals, by machine and people."""

import json
from dataclasses import replace
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malaria.errors import SampleError
from malaria.labels import PARASITIZED, UNINFECTED
from malaria.model.provenance import ConfusionCounts, Figures
from malaria.review import UNSURE, UNUSABLE
from malaria.sample import CellRates, estimate_parasitaemia, required_cells
from malaria.smear import (
    Assumed,
    Box,
    Cell,
    Cells,
    Count,
    Head,
    Result,
    cell_rates,
    head_rates,
    pool_fields,
    triage_field,
)
from malaria.smear.decisions import is_one_place, places

RATES = CellRates(0.95, 0.01)
PERFECT = CellRates(1, 0)


@pytest.fixture
def triage(spotted, lone_cells, classifier):
    """Two fields of twelve cells, the first with three suspects, the second with one."""
    fields = [triage_field(spotted(lone_cells(4, 3, 60), n), classifier, f"{n}.png") for n in (3, 1)]
    return pool_fields(fields, classifier)


def test_the_machine_alone_is_pooled_over_fields_and_corrected(triage):
    result = Result(triage, rates=RATES)
    assert list(result.counts) == ["Machine alone"]
    assert (result.machine.red_cells, result.machine.parasitized) == (24, 4)
    expected = estimate_parasitaemia(4, 24, RATES)
    assert result.machine.parasitaemia == (expected.parasitaemia, *expected.interval)


@pytest.mark.parametrize(
    ("decided", "red_cells", "parasitized", "open_cells"),
    [
        ([(0, PARASITIZED)], 24, 1, 3),
        ([(0, PARASITIZED), (1, UNSURE)], 24, 1, 3),
        ([(0, UNUSABLE)], 23, 0, 3),
        ([(0, UNINFECTED), (1, UNINFECTED), (2, PARASITIZED), (3, PARASITIZED)], 24, 2, 0),
        ([(9, PARASITIZED)], 24, 1, 4),
        ([(9, UNSURE)], 24, 0, 5),
        ([((5, 5), PARASITIZED)], 25, 1, 4),
        ([((5, 5), UNINFECTED)], 25, 0, 4),
        ([((5, 5), UNUSABLE)], 24, 0, 4),
    ],
)
def test_decisions_correct_the_counts_and_leave_the_rest_open(
    triage, read, decided, red_cells, parasitized, open_cells
):
    decisions = read(triage, *(("ann", which, answer, "") for which, answer in decided))
    result = Result(triage, decisions, RATES)
    count = result.counts["Decided by ann"]
    assert (count.red_cells, count.parasitized, count.open) == (red_cells, parasitized, open_cells)
    assert result.counted == red_cells


def test_while_decisions_are_open_the_range_covers_whatever_they_will_be(triage, read):
    begun = Result(triage, read(triage, ("ann", 0, PARASITIZED, "")), RATES).by_reader["ann"].parasitaemia
    assert begun.value is None
    for answer in (PARASITIZED, UNINFECTED):
        rest = [("ann", at, answer, "") for at in (1, 2, 3)]
        done = Result(triage, read(triage, ("ann", 0, PARASITIZED, ""), *rest), RATES).by_reader["ann"].parasitaemia
        assert done.value is not None
        assert begun.low <= done.low <= done.high <= begun.high


@pytest.mark.parametrize("sensitivity", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("begun", [(0, 0, 1), (0, 1, 0), (1, 0, 2), (0, 2, 1), (2, 1, 0)], ids=str)
def test_no_later_decision_leaves_the_range_told_before_whatever_was_found_beside(triage, read, sensitivity, begun):
    """Of the four suspects some are confirmed and the rest open; beside them some cells are found, some are unsure."""
    confirmed, beside, unsure = begun
    shown, found, maybe = range(confirmed), range(4, 4 + beside), range(4 + beside, 4 + beside + unsure)

    def ranges(*said):
        count = Result(triage, read(triage, *said), CellRates(sensitivity, 0.01)).by_reader["ann"]
        return replace(count, leukocytes=40).per_leukocyte, count.parasitaemia

    sure = [("ann", at, PARASITIZED, "") for at in (*shown, *found)]
    told = ranges(*sure, *(("ann", at, UNSURE, "") for at in maybe))
    rest = [*range(confirmed, 4), *maybe]
    for answers in product((PARASITIZED, UNINFECTED), repeat=len(rest)):
        done = ranges(*sure, *(("ann", at, answer, "") for at, answer in zip(rest, answers, strict=True)))
        for before, after in zip(told, done, strict=True):
            assert before.low <= after.low + 1e-12
            assert after.high <= before.high + 1e-12


def test_an_adapted_triage_has_the_rates_of_its_cross_validation():
    figures = {"threshold": 0.3, "discard": 0.8, "fields": 8, "cells": 1000, "parasitized": 50, "kept": 45}
    head = Head(model="tiny", model_version="1.0.0", weights=(1.0,), intercept=0.0, kept_as_shipped=40, **figures)
    rates = head_rates(head, 0.3)
    assert rates.sensitivity == pytest.approx(45.5 / 51)
    assert rates.false_positive_rate == pytest.approx((200 - 45 + 0.5) / 951, abs=0.002)
    assert head_rates(head, 0.5) is None


def test_without_held_out_scores_rates_are_known_at_the_threshold_of_the_card_alone(classifier):
    figures = Figures(n=200, accuracy=None, intervals={}, confusion=ConfusionCounts(tp=90, fn=10, fp=1, tn=99))
    card = classifier.card.model_copy(update={"metrics": {"as_given": figures}})
    assert cell_rates(card, None, card.threshold).sensitivity == pytest.approx(90.5 / 101)
    assert cell_rates(card, None, card.threshold / 2) is None, "other rates than those stated"
    bare = {"as_given": figures.model_copy(update={"confusion": None})}
    assert cell_rates(card.model_copy(update={"metrics": bare}), None, card.threshold) is None


def test_what_a_reader_finds_beside_the_suspects_is_not_corrected_for_again(triage, read):
    suspects = [("ann", at, PARASITIZED, "") for at in range(4)]
    rates = CellRates(0.8, 0.01)  # of 5 parasitized cells it shows 4
    for more in ([], [("ann", 9, PARASITIZED, "")]):
        result = Result(triage, read(triage, *suspects, *more), rates)
        assert result.by_reader["ann"].parasitaemia.value == pytest.approx(5 / 24)
    beyond = read(triage, *suspects, *(("ann", at, PARASITIZED, "") for at in (9, 10, 11)))
    assert Result(triage, beyond, rates).by_reader["ann"].parasitaemia.value == pytest.approx(7 / 24)


def test_several_readers_stand_side_by_side_and_together(triage, read):
    same = [(name, at, PARASITIZED, "") for name in ("ann", "bo") for at in (0, 1, 2)]
    result = Result(triage, read(triage, *same, ("ann", 3, UNINFECTED, ""), ("bo", 3, PARASITIZED, "")), RATES)
    assert list(result.counts) == ["Machine alone", "Decided by ann", "Decided by bo", "Consensus"]
    assert [count.parasitized for count in result.by_reader.values()] == [3, 4]
    assert (result.together.parasitized, result.together.open) == (3, 1)
    assert [cell.rank for cell in result.decisions.disputed] == [4]


@pytest.mark.parametrize(
    ("ann", "bo", "parasitized", "still_open", "red_cells"),
    [
        (UNINFECTED, UNUSABLE, 0, 0, 24),
        (UNUSABLE, UNINFECTED, 0, 0, 24),
        (UNUSABLE, UNUSABLE, 0, 0, 23),
        (UNUSABLE, PARASITIZED, 0, 1, 24),
        (UNUSABLE, UNSURE, 0, 1, 24),
        (PARASITIZED, UNINFECTED, 0, 1, 24),
    ],
)
def test_a_cell_that_nobody_takes_for_parasitized_is_not_open(
    triage, read, ann, bo, parasitized, still_open, red_cells
):
    settled = [(name, at, UNINFECTED, "") for name in ("ann", "bo") for at in (1, 2, 3)]
    together = Result(triage, read(triage, ("ann", 0, ann, ""), ("bo", 0, bo, ""), *settled), RATES).together
    assert (together.parasitized, together.open, together.red_cells) == (parasitized, still_open, red_cells)


def test_what_is_confirmed_twice_in_two_outlines_of_one_place_counts_once(triage, read):
    first = next(iter(Cells(triage, dict.fromkeys((one.field for one in triage.fields), "0")).red.values()))
    again, beside = (first.box.x + 2, first.box.y + 2), (first.box.x + first.box.width + 30, first.box.y)
    alone = Result(triage, read(triage, ("ann", 0, PARASITIZED, "")), RATES).by_reader["ann"]
    twice = Result(triage, read(triage, ("ann", 0, PARASITIZED, ""), ("ann", again, PARASITIZED, "")), RATES)
    apart = Result(triage, read(triage, ("ann", 0, PARASITIZED, ""), ("ann", beside, PARASITIZED, "")), RATES)
    assert (alone.parasitized, twice.by_reader["ann"].parasitized, apart.by_reader["ann"].parasitized) == (1, 1, 2)
    assert twice.by_reader["ann"].rates == alone.rates, "nothing was found beside the suspects"


BOXES = st.builds(Box, st.integers(0, 60), st.integers(0, 60), st.integers(8, 40), st.integers(8, 40))


def cells_of(boxes):
    return [Cell(f"{number}", "a.png", box, row=number) for number, box in enumerate(boxes)]


@given(st.lists(BOXES, max_size=8))
def test_places_are_apart_and_every_cell_shows_one(boxes):
    cells = cells_of(boxes)
    found = places(cells)
    assert not any(is_one_place(one, other) for one, other in combinations(found, 2))
    assert all(any(cell == place or is_one_place(cell, place) for place in found) for cell in cells)
    assert {cell.image_id for cell in found} == {cell.image_id for cell in places(reversed(cells))}


def test_a_clump_is_no_place_beside_those_in_it_and_fields_are_apart():
    clump, *inside = cells_of([Box(0, 0, 60, 30), Box(0, 0, 28, 30), Box(30, 0, 28, 30)])
    assert places([clump]) == [clump]
    assert places([clump, *inside]) == inside
    assert len(places([clump, replace(clump, image_id="other", field="b.png")])) == 2


def test_a_reader_sees_of_another_only_what_they_decided_themselves(triage, read):
    decisions = read(triage, ("ann", 0, PARASITIZED, ""), ("bo", 0, UNINFECTED, ""), ("bo", 1, PARASITIZED, ""))
    seen = decisions.blind_for("ann")
    assert [(cell.rank, sorted(said)) for cell, said in seen.said.items()] == [(1, ["ann", "bo"])]
    assert not decisions.blind_for("cy").said


def test_densities_rest_on_what_is_assumed():
    count = Count(1000, 10, 4, rates=PERFECT)
    assert count.parasitaemia.times(5_000_000).value == pytest.approx(50_000)
    assert count.per_leukocyte.value == pytest.approx(2.5)
    assert count.per_leukocyte.times(8_000).value == pytest.approx(20_000)
    with pytest.raises(SampleError, match="above 0"):
        Assumed(red_cells_per_ul=0)


@pytest.mark.parametrize(
    "count",
    [
        Count(100, 5, 0, rates=PERFECT),
        Count(100, 5, None, rates=PERFECT),
        Count(100, None, 4, rates=PERFECT),
        Count(100, 5, 4, rates=None),
        Count(100, 5, 4, rates=RATES),
    ],
    ids=["no leukocyte", "leukocytes not counted", "parasites not counted", "rates unknown", "false alarms left"],
)
def test_nothing_is_said_by_leukocytes_where_nothing_can_be(count):
    assert count.per_leukocyte is None


@given(found=st.integers(0, 200), white=st.integers(1, 200), more=st.integers(0, 50))
@settings(max_examples=50, deadline=None)
def test_the_interval_by_leukocytes_holds_the_ratio_and_widens_while_cells_are_open(found, white, more):
    settled = Count(10_000, found, white, rates=PERFECT).per_leukocyte
    assert settled.low <= found / white <= settled.high
    still = Count(10_000, found, white, more, PERFECT).per_leukocyte
    assert still.low == pytest.approx(settled.low)
    assert still.high >= settled.high - 1e-12


def test_cells_still_needed_follow_the_wished_limit(triage):
    result = Result(triage, rates=RATES, assumed=Assumed(wished_per_ul=50_000))
    assert result.needed == required_cells(0.01, CellRates(0.95, 0))
    assert result.missing == result.needed - 24
    assert result.missing_fields == pytest.approx(result.missing / 12, abs=1)
    assert Result(triage, rates=RATES, assumed=Assumed(wished_per_ul=5_000_000)).missing == 0
    assert Result(triage).needed is None


def test_the_summary_is_plain_json_with_the_same_numbers(triage, read):
    result = Result(triage, read(triage, ("ann", 0, PARASITIZED, "")), RATES, Count(50, 1, 2, rates=PERFECT))
    found = json.loads(json.dumps(result.summary(), allow_nan=False))
    assert list(found["counts"]) == ["Machine alone", "Decided by ann", "Counted by hand"]
    by_hand = found["counts"]["Counted by hand"]
    assert by_hand["parasitaemia"]["value"] == 0.02
    assert by_hand["per_ul_by_red_cells"]["value"] == pytest.approx(100_000)
    assert by_hand["per_ul_by_leukocytes"]["value"] == pytest.approx(4_000)
    assert found["red_cells_needed"] == result.needed
