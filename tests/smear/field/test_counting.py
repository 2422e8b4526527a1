"""Each cell counts once and each parasite is one suspect, however many outlines show it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria import phantom
from malaria.labels import PARASITIZED
from malaria.review import UNUSABLE
from malaria.smear import Box, FieldTriage, Outline, Result, calibrate, pool_fields, segment, triage_field
from malaria.smear.field.counting import count_cells, find_views, is_one_place

AREA = np.pi * 60**2 / 4


def outline(area=1.0, kind="red_cell", **told):
    """An outline of so many usual cells."""
    about = {"likeness": 0.9, "circularity": 0.9, "touches_border": False, "is_clump": False} | told
    contour = np.zeros((1, 2), np.int32)
    return Outline(box=Box(0, 0, 60, 60), contour=contour, kind=kind, area=area * AREA, **about)


@pytest.mark.parametrize(
    ("item", "cells"),
    [
        (outline(1.0), 1),
        (outline(0.6), 1),
        (outline(0.5, touches_border=True), 0.5),
        (outline(0.3, touches_border=True, is_clump=True), 0.5),
        (outline(0.95, touches_border=True), 1),
        (outline(0.5, is_clump=True), 0),
        (outline(1.0, is_clump=True), 1),
        (outline(1.6, is_clump=True), 2),
        (outline(4.0, is_clump=True), 4),
        (outline(1.0, "view"), 0),
        (outline(3.0, "leukocyte"), 0),
        (outline(0.1, "platelet"), 0),
    ],
)
def test_how_many_cells_an_outline_stands_for(item, cells):
    assert count_cells([item], 60).tolist() == [cells]
    assert count_cells([outline()] * 9 + [item], 600)[-1] == cells, "by the field's own cells where there are enough"


@pytest.mark.parametrize("apart", [0.6, 0.7, 0.8, 0.9])
def test_an_overlapping_pair_is_two_cells(draw, lone_cells, apart):
    rgb = draw([*lone_cells(3, 3, 60), (450, 240, 60), (450 + 60 * apart, 240, 60)])
    assert count_cells(segment(rgb), calibrate(rgb).diameter).sum() == 11


def test_as_many_cells_are_counted_as_have_their_middle_in_the_field():
    counted = there = 0.0
    for seed in range(6):
        drawn = phantom.field(seed=seed, cells=110, touching=0.3)
        part = np.ascontiguousarray(drawn.rgb[200:760, 240:1040])
        counted += count_cells(segment(part), calibrate(part).diameter).sum()
        middles = [(one.x + one.width / 2, one.y + one.height / 2) for one in drawn.truth if one.kind == "red_cell"]
        there += sum(240 <= x < 1040 and 200 <= y < 760 for x, y in middles)
    assert there > 200
    assert counted == pytest.approx(there, rel=0.04)


def test_the_column_adds_up_to_the_number_that_is_shown(spotted, lone_cells, classifier):
    cut = [(0, 300, 60), (500, 479, 60)]
    field = triage_field(spotted([*lone_cells(4, 3, 60), *cut], 3), classifier, "a.png")
    triage = pool_fields([field], classifier)
    assert sorted(triage.table["cells"]) == [0.5, 0.5] + [1] * 12
    assert triage.table["cells"].sum() == field.red_cells == triage.red_cells == 13
    assert Result(triage).counts["Machine alone"].red_cells == 13


def test_what_is_removed_takes_away_what_it_stood_for(spotted, lone_cells, classifier, read):
    rgb = spotted([*lone_cells(4, 3, 60), (0, 300, 60), (500, 479, 60)], 2)
    triage = pool_fields([triage_field(rgb, classifier, "a.png")], classifier)
    cut = [int(rank) - 1 for rank in triage.table.loc[triage.table["cells"] == 0.5, "rank"]]
    said = read(triage, *[("ann", rank, UNUSABLE, "") for rank in cut], ("ann", 0, PARASITIZED, ""))
    assert Result(triage, said).by_reader["ann"].red_cells == 12


def with_one_more(field: FieldTriage, item: Outline, p: float) -> FieldTriage:
    """The field with another outline, of which the network says `p` at each look."""
    return replace(
        field,
        outlines=(*field.outlines, item),
        p_parasitized=np.append(field.p_parasitized, p),
        p_restained=np.append(field.p_restained, p),
        darkest_spots=np.append(field.darkest_spots, 0.0),
    )


def test_one_place_is_ranked_once_and_the_rest_are_views_of_it(spotted, lone_cells, classifier):
    field = triage_field(spotted(lone_cells(4, 3, 60), 3), classifier, "a.png")
    first = int(np.nanargmax(field.p_parasitized))
    x, y, width, height = field.outlines[first].box
    beside = replace(outline(1.0, "view"), box=Box(x + 12, y, width, height))
    twice = pool_fields([with_one_more(field, beside, 0.99 * float(field.p_parasitized[first]))], classifier)
    assert [suspect.place for suspect in twice.suspects].count(len(field.outlines)) == 0
    assert len(twice.suspects) == 3
    last = twice.table.iloc[-1]
    assert (last["rank"], last["view_of"], last["cells"]) == (13, 1, 0)
    assert twice.table["view_of"].notna().sum() == 1


def test_a_view_ranks_after_all_red_cells_and_what_is_no_red_cell_has_no_rank(draw, spotted, lone_cells, classifier):
    rgb = draw([(120, 400, 20)], on=spotted([*lone_cells(4, 3, 60), (560, 100, 60), (565, 100, 60)], 3))
    field = triage_field(rgb, classifier, "a.png")
    table = pool_fields([with_one_more(field, field.outlines[0], 0.0)], classifier).table
    ranked = table["p_parasitized"].notna()
    assert (~ranked).any()
    assert table["rank"].notna().equals(ranked)
    assert table["rank"].max() == table.iloc[-1]["rank"] == ranked.sum()


boxes = st.lists(
    st.builds(Box, st.integers(0, 90), st.integers(0, 90), st.integers(1, 40), st.integers(1, 40)), max_size=12
)


@given(boxes)
def test_views_are_of_what_is_no_view_and_nothing_else_shares_a_place(listed):
    views = find_views(listed, range(len(listed)))
    kept = [at for at in range(len(listed)) if at not in views]
    assert all(other in kept and other < at and is_one_place(listed[at], listed[other]) for at, other in views.items())
    assert not any(is_one_place(listed[a], listed[b]) for a in kept for b in kept if a < b)
