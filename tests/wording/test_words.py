"""Numbers and counts read as a person would write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.wording.numbers import chance, percent, percent_of, percent_range
from malaria.wording.words import choose_verb, count, list_some, probability


@given(st.integers(0, 10**9))
def test_one_thing_is_never_several(n: int) -> None:
    words = count(n, "cell")
    assert words.endswith("cell") if n == 1 else words.endswith("cells")
    assert int(words.split()[0].replace(",", "")) == n


@pytest.mark.parametrize(("n", "said"), [(0, "0 fields do"), (1, "1 field does"), (2_000, "2,000 fields do")])
def test_the_verb_goes_with_the_number(n: int, said: str) -> None:
    assert f"{count(n, 'field')} {choose_verb(n, 'does', 'do')}" == said


@pytest.mark.parametrize(
    ("share", "said"), [(0.02219, "2.22 %"), (0.5, "50 %"), (1.0, "100 %"), (0.0, "0 %"), (0.00001, "0.001 %")]
)
def test_a_share_keeps_its_digits(share: float, said: str) -> None:
    assert percent(share) == said


@given(st.floats(0, 1))
def test_no_chance_or_probability_claims_certainty(p: float) -> None:
    assert chance(p) not in ("0 %", "100 %")
    assert probability(p) not in ("0.000", "1.000")
    assert not re.search(r"e-?\d", percent(p)), "no scientific notation"


def test_parts_and_ranges_are_written_one_way() -> None:
    assert percent_of(1, 3) == "33.3 %"
    assert percent_range(0.009, 0.0155) == "0.9 to 1.6 %"


def test_of_many_names_the_first_are_said() -> None:
    assert list_some("abc", limit=3) == "a, b, c"
    assert list_some("abcd", limit=3) == "a, b, c and 1 more"
