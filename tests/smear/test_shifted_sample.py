"""A sample that is not like those the model was measured on: the machine alone says nothing, a reader does."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from malaria.labels import PARASITIZED, UNINFECTED
from malaria.review import UNSURE
from malaria.sample import CellRates
from malaria.smear import Cells, Result, cells_csv, pool_fields, report_html, sentences, triage_field
from malaria.smear.shift import Home

RATES = CellRates(0.95, 0.01)
PARASITES = 3


@pytest.fixture(scope="module")
def home():
    """Patients whose uninfected cells look far less parasitized than those that the tests draw."""
    rng = np.random.default_rng(0)
    cells = np.concatenate([rng.normal(rng.normal(-14, 0.3), 0.5, 65) for _ in range(40)])
    return Home.of(1 / (1 + np.exp(-cells)), np.repeat(np.arange(40), 65), 0.5)


@pytest.fixture
def as_usual(spotted, lone_cells, classifier):
    fields = [spotted(lone_cells(6, 5, 40), n, width=480, height=400) for n in (PARASITES, 0)]
    return pool_fields([triage_field(rgb, classifier, f"{n}.png") for n, rgb in enumerate(fields)], classifier)


@pytest.fixture
def shifted(as_usual, home):
    return replace(as_usual, home=home)


def first_of(triage, n, answer=UNINFECTED):
    """Decisions on the first cells of the order, as the drawing has it: the first three ranks are parasitized."""
    ranks = Cells(triage, {one.field: one.field for one in triage.fields}).by_row
    at = [ranks[row].rank - 1 for row in triage.survey.order[:n]]
    return [("ann", rank, PARASITIZED if rank < PARASITES else answer, "") for rank in at]


def test_the_machine_alone_states_no_parasitaemia_and_says_why(shifted):
    result = Result(shifted, rates=RATES)
    machine = result.summary()["counts"]["Machine alone"]
    assert machine["parasitaemia"] is None
    assert machine["per_ul_by_red_cells"] is None
    assert machine["reason"] == shifted.shift.reason
    assert shifted.summary()["shift"]["shifted"] is True
    assert result.needed is None
    json.dumps(shifted.summary() | {"result": result.summary()}, allow_nan=False)


def test_where_sample_and_card_agree_nothing_changes(as_usual, home):
    at_home = replace(home, patients=tuple(own + 14 for own in home.patients))
    agreeing = replace(as_usual, home=at_home)
    assert agreeing.shift.is_known
    assert not agreeing.shift.shifted
    assert [one.row for one in agreeing.suspects] == [one.row for one in as_usual.suspects]
    assert agreeing.table.equals(as_usual.table)
    assert Result(agreeing, rates=RATES).summary() == Result(as_usual, rates=RATES).summary()
    assert agreeing.summary()["shift"]["reason"] is None
    assert sentences.say_shift(agreeing) == ""


def test_cells_that_stand_out_of_their_own_sample_are_the_suspects(shifted):
    assert {suspect.field.field for suspect in shifted.suspects} == {"0.png"}
    assert len(shifted.suspects) == PARASITES
    assert [suspect.rank for suspect in shifted.suspects] == [1, 2, 3]


def test_another_threshold_than_the_cards_is_what_somebody_chose(shifted):
    chosen = replace(shifted, threshold=0.9)
    assert not chosen.is_by_null
    assert all(one.p_parasitized >= 0.9 for one in chosen.suspects)


@pytest.mark.parametrize("decided", [10, 40])
def test_a_reader_brings_a_parasitaemia_that_holds_the_truth(shifted, read, decided):
    result = Result(shifted, read(shifted, *first_of(shifted, decided)), RATES)
    count = result.counts["Decided by ann"]
    assert count.parasitaemia.low <= PARASITES / count.red_cells <= count.parasitaemia.high
    assert count.found.decided >= decided
    assert f"{count.found.decided}" in count.reason
    assert "more decision" in sentences.say_surer(result, "ann")


def test_more_decisions_make_it_surer_and_all_of_them_as_sure_as_a_count(shifted, read):
    widths = []
    for decided in (10, 30, len(shifted.survey.order)):
        count = Result(shifted, read(shifted, *first_of(shifted, decided)), RATES).by_reader["ann"]
        widths.append(count.parasitaemia.high - count.parasitaemia.low)
    assert widths == sorted(widths, reverse=True)
    assert (count.found.low, count.found.high) == (PARASITES, PARASITES)
    assert count.parasitaemia.value == pytest.approx(PARASITES / count.red_cells)


def test_a_cell_of_which_a_reader_is_not_sure_is_open_and_counts_at_the_upper_end(shifted, read):
    sure = first_of(shifted, 40)
    at = sure.index(next(one for one in sure if one[2] == UNINFECTED))
    unsure = [*sure[:at], (*sure[at][:2], UNSURE, ""), *sure[at + 1 :]]
    known, open_one = (Result(shifted, read(shifted, *said), RATES).by_reader["ann"] for said in (sure, unsure))
    assert (known.open, open_one.open) == (0, 1)
    assert open_one.parasitaemia.high > known.parasitaemia.high


def test_parasites_that_a_reader_picked_by_hand_count_but_tell_nothing_of_the_rest(shifted, read):
    ranks = {cell.row: cell.rank - 1 for cell in Cells(shifted, {"0.png": "a", "1.png": "b"}).red.values()}
    late = ranks[shifted.survey.order[-1]]
    asked = first_of(shifted, 30)
    picked = Result(shifted, read(shifted, *asked, ("ann", late, PARASITIZED, "")), RATES).by_reader["ann"].found
    plain = Result(shifted, read(shifted, *asked), RATES).by_reader["ann"].found
    assert picked.confirmed == plain.confirmed + 1
    assert picked.low == plain.low + 1
    assert picked.high <= plain.high + 1


def test_the_report_says_it_first_and_the_table_has_the_chance_of_each_cell(shifted, read):
    result = Result(shifted, read(shifted, *first_of(shifted, 20)), RATES)
    page = report_html(result)
    assert page.index("not like those of the 40 patients") < page.index("<table")
    table = pd.read_csv(io.StringIO(cells_csv(result)))
    chance = table.set_index("rank")["chance"].sort_index()
    assert (chance.loc[:15] == 1).all()
    assert chance.dropna().between(0, 1).all()
    assert table["stands_out"].notna().equals(table["p_parasitized"].notna())


def test_with_no_suspect_the_highest_are_shown_all_the_same(as_usual):
    strict = replace(as_usual, threshold=1.0)
    assert not strict.suspects
    assert [one.rank for one in strict.below] == list(range(1, 11))
    assert report_html(Result(strict, rates=RATES)).count("Below the usual level") == 1
    assert len(as_usual.suspects) + len(as_usual.below) == 10
