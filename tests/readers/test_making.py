"""A test is the same for everybody, is what was asked for, and shows nothing of its answers."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from malaria import load
from malaria.errors import ReaderTestError
from malaria.labels import CLASSES, PARASITIZED, UNINFECTED
from malaria.readers import (
    SUSPECT,
    Key,
    Settings,
    find_columns,
    make_phantom_test,
    make_test,
    read_key,
    read_test,
    write,
)
from malaria.review import Basis
from tests.readers.conftest import image_id

FEW = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(seed=st.integers(0, 1000), shuffle=st.integers(0, 1000))
def test_the_same_arguments_give_the_same_test_in_whatever_order_of_files(table, seed, shuffle):
    asked = Settings(cells=30, repeats=4, seed=seed, show_calls=True, difficulty="hard")
    other = table.sample(frac=1, random_state=shuffle).reset_index(drop=True)
    assert make_test(other, asked) == make_test(table, asked)


def test_another_seed_gives_another_test(table):
    tests = {make_test(table, Settings(seed=seed)).test.id for seed in range(20)}
    assert len(tests) == 20


@FEW
@given(cells=st.integers(2, 150), parasitized=st.floats(0, 1), repeats=st.integers(0, 60))
def test_has_what_was_asked_for(table, cells, parasitized, repeats):
    asked = Settings(cells=cells, parasitized=parasitized, repeats=repeats)
    if repeats > max(0, cells // 2 - min(10, cells // 4)):
        with pytest.raises(ReaderTestError, match="can come a second time"):
            make_test(table, asked)
        return
    key = make_test(table, asked)
    assert len(key.cells) == len(key.test.firsts) == cells
    assert sum(cell.reference == PARASITIZED for cell in key.cells.values()) == round(cells * parasitized)
    assert len(key.test.repeats) == repeats
    assert len(key.test.cards) == cells + repeats
    assert all(again - first > min(10, cells // 4) for first, again in key.test.repeats.items())


def test_disputed_references_are_left_out_and_counted(table):
    other = table["given_label"].map({PARASITIZED: UNINFECTED, UNINFECTED: PARASITIZED})
    corrected = table["given_label"].where(table.index >= 40, other)
    key = make_test(table.assign(corrected_label=corrected), Settings(cells=360))
    assert not {image_id(n) for n in range(40)} & set(key.cells)
    assert "40 cells left out because the given and re-read labels differ; 400 of 400 were read again." in key.notes


def test_suspects_of_the_network_are_left_out_where_nobody_read_again(table):
    table.loc[0, ["given_label", "p_parasitized"]] = [UNINFECTED, SUSPECT + 0.001]
    key = make_test(table, Settings(cells=20))
    assert "1 cell left out because the network contradicts the label" in " ".join(key.notes)
    assert "flatters the network" in " ".join(key.notes)
    assert not any("contradicts" in note for note in make_test(table, leave_out_suspects=False).notes)


def test_difficulty_is_by_the_held_out_network(table):
    def doubt(difficulty):
        cells = make_test(table, Settings(cells=60, difficulty=difficulty)).cells.values()
        return np.mean([1 - c.p_parasitized if c.reference == PARASITIZED else c.p_parasitized for c in cells])

    assert doubt("easy") < doubt("mixed") < doubt("hard")


@pytest.mark.parametrize(("cells", "parasitized"), [(10, 0.4), (10, 0.6), (11, 0.5), (12, 1)])
def test_there_are_hard_phantoms_enough_for_any_share(cells, parasitized):
    key, _ = make_phantom_test(Settings(cells=cells, parasitized=parasitized, difficulty="hard"), load())
    assert sum(cell.reference == PARASITIZED for cell in key.cells.values()) == round(cells * parasitized)


def test_a_network_that_learned_the_cells_is_said(table):
    asked = Settings(difficulty="hard")
    assert "was trained on them" in " ".join(make_test(table, asked, basis=Basis("net", seen=7)).notes)
    assert "is not known" in " ".join(make_test(table, asked, basis=Basis("net", unknown="No file.")).notes)


def test_cells_without_answers_of_a_network_make_only_mixed_tests(table):
    bare = table.drop(columns="p_parasitized")
    assert len(make_test(bare).cells) == 60
    with pytest.raises(ReaderTestError, match=r"needs 30 cells labelled Parasitized that are hard, and the set has 0"):
        make_test(bare, Settings(difficulty="hard"))


def test_copies_count_once_and_contradictions_not_at_all(table):
    copy = table.iloc[[0, 1]].assign(file=["a.png", "b.png"])
    copy.loc[1, "given_label"] = PARASITIZED
    key = make_test(pd.concat([table, copy], ignore_index=True), Settings(cells=398, parasitized=200 / 398))
    assert image_id(1) not in key.cells


def test_the_network_s_call_stands_on_half_of_the_cards_wrong_ones_alike(table):
    key = make_test(table, Settings(cells=200, repeats=20, show_calls=True), threshold=0.5)
    seen = [key.test.cards[place] for place in key.test.firsts]
    again = {key.test.cards[place].image_id for place in key.test.repeats}
    for right in (True, False):
        cards = [
            card
            for card in seen
            if card.image_id not in again
            and (key.cells[card.image_id].call == key.cells[card.image_id].reference) == right
        ]
        shown = sum(card.call is not None for card in cards)
        assert abs(shown - len(cards) / 2) <= 1
    assert all(card.call is None for card in key.test.cards if card.image_id in again)
    assert all(card.call in (None, key.cells[card.image_id].call) for card in key.test.cards)


def test_the_test_tells_nothing_of_its_answers(key):
    text = write(key.test)
    assert not any(word in text for word in (*CLASSES, "file", "seed", "patient", "cell_"))


def test_files_are_read_back(key):
    assert read_key(write(key).encode()) == key
    assert read_test(write(key.test).encode()) == key.test


HOSTILE = {
    "nothing": b"",
    "no JSON": b"\xff\x00{",
    "a list": b"[]",
    "another version": b'{"format": "malaria-reader-test", "version": 2, "cards": []}',
    "a path for an id": b'{"format": "malaria-reader-test", "version": 1, "cards": [{"image_id": "../../etc/passwd"}]}',
    "more than was asked": b'{"format": "malaria-reader-test", "version": 1, "cards": [], "run": "rm"}',
    "far too deep": b"[" * 100_000,
    "far too long": b" " * (8 * 2**20 + 1),
    "a number too large": b'{"version": 1e999}',
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("reader", [read_test, read_key])
def test_what_is_no_test_is_refused_in_a_sentence(data, reader):
    with pytest.raises(ReaderTestError, match=r"^The file is (no|larger)[^\n]{10,400}wrote\.$"):
        reader(data)


def test_a_key_of_another_test_is_refused(key):
    other = key.model_dump()
    other["cells"].pop(next(iter(other["cells"])))
    with pytest.raises(ReaderTestError, match="its cells are not those of its test"):
        read_key(Key.model_construct(**other).model_dump_json(warnings=False).encode())


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("file,given_label,expert_label", ("given_label", "expert_label")),
        ("file,given_label,corrected_label,expert_label", ("given_label", "corrected_label")),
        ("file,label", (None, None)),
        ("file,corrected_label", (None, None)),
    ],
)
def test_the_columns_of_both_readings_are_found(header, found):
    assert find_columns(f"{header}\n".encode()) == found
