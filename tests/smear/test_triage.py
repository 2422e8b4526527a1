"""From fields to a ranked list: nothing left out, pooled over fields, the most suspicious first."""

import numpy as np
import pytest

from malaria import phantom
from malaria.smear import COLUMNS, KINDS, pool_fields, triage_field
from malaria.smear.field_names import letters


@pytest.fixture
def three_of_twelve(spotted, lone_cells, classifier):
    return triage_field(spotted(lone_cells(4, 3, 60), 3), classifier, "a.png")


def test_parasitized_cells_come_first_and_the_rest_is_discarded(three_of_twelve, classifier):
    result = pool_fields([three_of_twelve], classifier)
    assert result.red_cells == 12
    assert [suspect.rank for suspect in result.suspects] == [1, 2, 3]
    places = sorted(suspect.outline.box.centre for suspect in result.suspects)
    assert places == [pytest.approx((96 * column, 96), abs=2) for column in (1, 2, 3)]
    assert result.discarded_share == 0.75
    assert all(suspect.crop.shape[2] == 3 for suspect in result.suspects)
    assert all(suspect.p_parasitized > 0.5 for suspect in result.suspects)


def test_the_table_has_every_object_and_ranks_only_red_cells(classifier):
    drawn = phantom.field(seed=1, cells=40, leukocytes=1, platelets=4, artefacts=2)
    result = pool_fields([triage_field(drawn.rgb, classifier, drawn.file)], classifier)
    table = result.table
    assert list(table.columns[: len(COLUMNS)]) == list(COLUMNS)
    assert set(table["kind"]) == set(KINDS) - {"view"}
    cells = table[table["kind"] == "red_cell"]
    assert sorted(cells["rank"]) == list(range(1, len(cells) + 1))
    assert cells["p_parasitized"].between(0, 1).all()
    ordered = cells.sort_values("rank")["p_parasitized"].to_numpy()
    assert (np.diff(ordered) <= 0).all()
    others = table[table["kind"] != "red_cell"]
    assert others["rank"].isna().all()
    assert others["p_parasitized"].isna().all()


def test_fields_are_pooled_and_not_averaged(spotted, lone_cells, classifier):
    few = triage_field(spotted(lone_cells(2, 3, 60), 3), classifier, "few.png")
    many = triage_field(spotted(lone_cells(6, 4, 60), 0), classifier, "many.png")
    result = pool_fields([few, many], classifier)
    assert result.red_cells == 30
    assert result.discarded_share == 27 / 30
    assert [suspect.field.field for suspect in result.suspects] == ["few.png"] * 3
    assert sorted(result.table["rank"]) == list(range(1, 31))
    for suspect in result.suspects:
        row = result.table.loc[suspect.row]
        assert (row["field"], row["rank"], row["p_parasitized"]) == ("few.png", suspect.rank, suspect.p_parasitized)
        assert (row["x"], row["y"], row["width"], row["height"]) == suspect.outline.box


@pytest.mark.parametrize(("threshold", "kept"), [(0.0, 12), (0.5, 3), (1.0, 0)])
def test_the_threshold_decides_what_is_kept(three_of_twelve, classifier, threshold, kept):
    result = pool_fields([three_of_twelve], classifier, threshold)
    assert result.threshold == threshold
    assert len(result.suspects) == kept
    assert result.summary()["discarded"] == 12 - kept


def test_every_cell_of_a_scan_of_several_tiles_is_judged_once(spotted, lone_cells, classifier):
    rgb = spotted(lone_cells(29, 29, 50, 1.6), 29, width=2450, height=2450)
    field = triage_field(rgb, classifier, "scan.png")
    result = pool_fields([field], classifier)
    assert result.red_cells == 29 * 29
    assert len(result.suspects) == 29
    assert all(suspect.crop is not None for suspect in result.suspects)
    assert len(field.crops) == 300  # of the rest, only the most suspicious keep a picture


def test_nothing_to_judge_is_no_error(classifier):
    blank = triage_field(np.full((300, 400, 3), 220, np.uint8), classifier, "blank.png")
    assert [concern.code for concern in blank.concerns] == ["empty"]
    for fields in ([blank], []):
        result = pool_fields(fields, classifier, unreadable={"torn.png": "It is cut short."})
        assert result.red_cells == 0
        assert result.discarded_share is None
        assert result.suspects == ()
        assert list(result.table.columns[: len(COLUMNS)]) == list(COLUMNS)
        assert result.summary()["unreadable"] == {"torn.png": "It is cut short."}


@pytest.mark.parametrize("shape", [(1, 1), (1, 20_000), (3, 9_000), (9_000, 3)], ids=str)
def test_a_picture_of_hardly_a_pixel_across_is_an_empty_field(classifier, shape):
    found = triage_field(np.full((*shape, 3), 200, np.uint8), classifier, "line.png")
    assert "empty" in [concern.code for concern in found.concerns]
    assert found.picture.size > 0


def test_a_number_stays_whatever_else_is_triaged_kept_or_left_out(spotted, lone_cells, classifier):
    files = {"a.png": spotted(lone_cells(4, 3, 60), 3), "b.png": spotted(lone_cells(2, 3, 60), 2)}
    a, b = (triage_field(rgb, classifier, name) for name, rgb in files.items())

    def numbers(*fields, threshold=0.5, given=("a.png", "torn.png", "b.png")):
        table = pool_fields(fields, classifier, threshold, given=given).table.dropna(subset="number")
        return {(row.field, row.x, row.y): row.number for row in table.itertuples()}

    alone, both = numbers(a), numbers(a, b)
    assert sorted(alone.values()) == sorted(f"A{n}" for n in range(1, 13))
    assert both == alone | numbers(b), "b keeps its letter where a is left out"
    assert numbers(a, b, threshold=0.0) == both
    assert sorted(set(both.values()) - set(alone.values())) == [f"C{n}" for n in range(1, 7)]
    suspects = pool_fields([a, b], classifier, 0.5, given=("a.png", "b.png")).suspects
    assert sorted(one.number for one in suspects) == ["A1", "A2", "A3", "B1", "B2"]
    first = [one.p_parasitized for one in suspects if one.number.startswith("A")]
    assert first == sorted(first, reverse=True)


def test_letters_go_on_after_z():
    names = [f"{n}.png" for n in range(703)]
    found = letters(names)
    assert [found[names[at]] for at in (0, 25, 26, 51, 52, 701, 702)] == ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA"]
