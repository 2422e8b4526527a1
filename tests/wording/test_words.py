"""Counts read as a person would write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.wording.words import choose_verb, count, list_some


@given(st.integers(0, 10**9))
def test_one_thing_is_never_several(n: int) -> None:
    words = count(n, "cell")
    assert words.endswith("cell") if n == 1 else words.endswith("cells")
    assert int(words.split()[0].replace(",", "")) == n


@pytest.mark.parametrize(("n", "said"), [(0, "0 fields do"), (1, "1 field does"), (2_000, "2,000 fields do")])
def test_the_verb_goes_with_the_number(n: int, said: str) -> None:
    assert f"{count(n, 'field')} {choose_verb(n, 'does', 'do')}" == said


def test_of_many_names_the_first_are_said() -> None:
    assert list_some("abc", limit=3) == "a, b, c"
    assert list_some("abcd", limit=3) == "a, b, c and 1 more"
