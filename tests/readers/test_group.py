"""Readers beside one another and beside the network: against published examples, statsmodels and readers as told."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from malaria.errors import MetricsError, ReaderTestError
from malaria.labels import CLASSES
from malaria.metrics import Rate, cohen, fleiss, mcnemar
from malaria.readers import (
    ANSWERS,
    NETWORK,
    Answer,
    Settings,
    difference,
    find_rule,
    find_rules,
    grade,
    grade_all,
    make_test,
    paired_difference,
)
from tests.readers.conftest import image_id

OTHER = dict(zip(CLASSES, CLASSES[::-1], strict=True))


def spread(table: dict[tuple[str, str], int]) -> tuple[list[str], list[str]]:
    pairs = [pair for pair, n in table.items() for _ in range(n)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def test_cohen_gives_his_own_example():
    """Cohen, Psychol. Bull. 70 (1968) 213: two psychiatrists, 200 patients, three diagnoses; kappa 0.492."""
    table = [[88, 14, 18], [10, 40, 10], [2, 6, 12]]
    a, b = spread({(ANSWERS[i], ANSWERS[j]): table[i][j] for i in range(3) for j in range(3)})
    agreement = cohen(a, b, ANSWERS)
    assert agreement.raw.value == pytest.approx(0.70)
    assert agreement.kappa.value == pytest.approx(0.492, abs=5e-4)


def test_fleiss_gives_the_example_of_ten_subjects_and_fourteen_raters():
    rows = "0 0 0 0 14 0 2 6 4 2 0 0 3 5 6 0 3 9 2 0 2 2 8 1 1 7 7 0 0 0 3 2 6 3 0 2 5 3 2 2 6 5 2 1 0 0 2 2 3 7"
    assert fleiss(np.array(rows.split(), int).reshape(10, 5)).kappa.value == pytest.approx(0.210, abs=5e-4)


def test_mcnemar_gives_the_exact_p_of_a_sign_test():
    """Eight of nine discordant cells on one side: 2 (1 + 9) / 512."""
    true = [True] * 30
    a, b = [True] * 28 + [False] * 2, [False] * 8 + [True] * 20 + [True, False]
    test = mcnemar(true, a, b)
    assert (test.only_a, test.only_b, test.p_value) == (8, 1, pytest.approx(20 / 512))


def test_the_difference_of_shares_gives_newcombe_s_example():
    """Newcombe, Stat. Med. 17 (1998) 873, table II (a), 56/70 less 48/80: method 10 has 0.0524 to 0.3339."""
    rate = difference(Rate.share(56, 70, "-"), Rate.share(48, 80, "-"))
    assert rate.value == pytest.approx(0.2)
    assert rate.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(n=st.integers(1, 200), data=st.data())
def test_a_paired_difference_lies_in_its_interval(n, data):
    only_a = data.draw(st.integers(0, n))
    only_b = data.draw(st.integers(0, n - only_a))
    rate = paired_difference(only_a, only_b, n)
    other = paired_difference(only_b, only_a, n)
    assert -1 <= rate.low <= rate.value <= rate.high <= 1
    assert other.interval == pytest.approx((-rate.high, -rate.low))


@pytest.fixture
def answers(key, read) -> list[Answer]:
    """Of a reader who is always right, one who misses every fifth cell, and one who is always wrong."""
    return [
        *read(key, lambda _, reference: reference, "Ann"),
        *read(key, lambda place, reference: reference if place % 5 else OTHER[reference], "Ben"),
        *read(key, lambda _, reference: OTHER[reference], "Cai"),
    ]


def test_every_two_readers_and_the_network_are_compared(key, answers):
    group = grade_all(key, answers)
    assert list(group.grades) == ["Ann", "Ben", "Cai"]
    assert {(pair.a, pair.b) for pair in group.pairs} >= {("Ann", "Ben"), ("Ben", "Cai"), ("Ann", NETWORK)}
    assert len(group.pairs) == 6
    first = group.pairs[0]
    assert (first.n, first.only_b) == (60, 0)
    assert first.difference.value == pytest.approx(1 - group.grades["Ben"].rates["accuracy"].value)
    assert first.p_value < 0.01
    assert group.agreement.kappa.value < 0.2
    assert group.network["accuracy"].n == 60


def test_nobody_read_the_test(key, answers):
    with pytest.raises(ReaderTestError, match="no answers to the test"):
        grade_all(key, [])


def given_by_place(answers, name):
    return {answer.position - 1: answer for answer in answers if answer.reader == name}


def test_a_right_reader_is_asked_only_where_the_network_errs(key, answers):
    rule = find_rule(key, given_by_place(answers, "Ann"), sensitivity=0.9, specificity=0.9)
    assert rule.low is not None
    assert 0 < rule.looked.value < 1
    everything = find_rule(key, given_by_place(answers, "Ann"), sensitivity=1, specificity=1)
    assert everything.looked.value >= rule.looked.value
    assert "The reader looks at cells with p_parasitized from" in everything.sentence


def test_a_wrong_reader_is_never_asked(key, answers):
    assert find_rule(key, given_by_place(answers, "Cai"), sensitivity=0.7, specificity=0.7).looked.value == 0


def test_wishes_beyond_both_are_said_to_be_out_of_reach(key, answers):
    rule = find_rule(key, given_by_place(answers, "Cai"), sensitivity=1, specificity=1)
    assert (rule.low, rule.looked.value) == (None, None)
    assert rule.sentence.startswith("No band of p_parasitized reaches the target")
    with pytest.raises(MetricsError):
        find_rule(key, given_by_place(answers, "Cai"), sensitivity=float("nan"))


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_where_the_reader_knows_nothing_the_rule_promises_nothing(seed):
    """Measured on the other half, a rule does not flatter itself: a coin beside a network that is a coin."""
    rng = np.random.default_rng(seed)

    table = pd.DataFrame(
        {
            "file": [str(n) for n in range(200)],
            "image_id": [image_id(n) for n in range(200)],
            "given_label": [CLASSES[n % 2] for n in range(200)],
            "p_parasitized": rng.random(200),
        }
    )
    key = make_test(table, Settings(cells=200), leave_out_suspects=False)
    coin = {
        place: Answer(key.test.id, "coin", place + 1, card.image_id, CLASSES[rng.integers(2)])
        for place, card in enumerate(key.test.cards)
    }
    rule = find_rule(key, coin, sensitivity=0.5, specificity=0.5)
    if rule.looked.value is not None:
        assert rule.sensitivity.low < 0.65
        assert rule.specificity.low < 0.65


def test_the_network_stands_beside_a_reader_on_the_same_cells(table, read):
    key = make_test(table, Settings(cells=60, seed=3, show_calls=True))
    unshown = [place for place, card in enumerate(key.test.cards) if card.call is None]
    group = grade_all(key, read(key, lambda place, reference: reference if place < 40 else None))
    beside, own = group.beside["Ann"], group.grades["Ann"].rates
    assert {name: rate.n for name, rate in beside.items()} == {name: own[name].n for name in beside}
    same = [place for place in unshown if place < 40]
    right = sum(key.cells[key.test.cards[place].image_id].call == key.reference(place) for place in same)
    assert (beside["accuracy"].numerator, beside["accuracy"].n) == (right, len(same))
    assert group.network["accuracy"].n == 60


def test_the_rule_is_for_whatever_is_wished(key, read):
    answers = read(key, lambda place, reference: reference)
    easy, hard = (
        find_rules(key, answers, sensitivity=wished, specificity=wished)["Ann"].looked.value for wished in (0.7, 1.0)
    )
    assert easy < hard
    assert grade_all(key, answers, sensitivity=0.7, specificity=0.7).rules["Ann"].looked.value == easy


# With the network's call shown


def test_who_follows_the_network_is_found_out(table, read):
    key = make_test(table, Settings(cells=300, show_calls=True), leave_out_suspects=False)
    follower = read(key, lambda place, reference: key.test.cards[place].call or reference)
    result = grade(key, follower)
    assert result.rates["accuracy"].value == 1
    assert result.rates["accuracy"].n < 300
    assert (result.bias.wrong_shown.value, result.bias.wrong_hidden.value) == (1, 0)
    assert result.bias.automation.low > 0
    assert result.bias.right_shown.value == result.bias.right_hidden.value == 0


def test_without_calls_there_is_no_bias_to_measure(key, read):
    assert grade(key, read(key, lambda _, reference: reference)).bias is None


def test_what_the_answer_says_of_the_call_counts_as_well(key, read):
    shown = [
        Answer(a.test, a.reader, a.position, a.image_id, a.answer, call_shown=a.position == 1)
        for a in read(key, lambda _, reference: reference)
    ]
    assert grade(key, shown).rates["accuracy"].n == 59
