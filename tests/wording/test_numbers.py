"""Numbers in words: enough digits, no false certainty, an interval and n always written the same way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from malaria.wording.numbers import chance, coefficient, estimate, interval, percent
from malaria.wording.words import probability

shares = st.floats(0, 1, allow_subnormal=False)


@pytest.mark.parametrize(
    ("share", "digits", "shown"),
    [
        (0.02219, 3, "2.22 %"),
        (0.5, 3, "50 %"),
        (1, 3, "100 %"),
        (0, 3, "0 %"),
        (0.99968, 3, "99.9 %"),
        (0.99968, 5, "99.968 %"),
        (0.00004, 3, "0.004 %"),
    ],
)
def test_a_share_is_written_in_percent_to_its_digits(share: float, digits: int, shown: str) -> None:
    assert percent(share, digits) == shown


@given(shares, st.integers(2, 6))
def test_a_share_is_all_or_nothing_only_when_it_is(share: float, digits: int) -> None:
    shown = float(percent(share, digits).removesuffix(" %"))
    assert (shown == 100) == (share == 1)
    assert (shown == 0) == (share == 0)
    assert "e" not in percent(share, digits)


@given(st.integers(0, 30_000), st.integers(1, 30_000))
def test_a_counted_share_is_all_or_nothing_only_when_it_is_and_has_the_decimals_its_cells_carry(k: int, n: int) -> None:
    k = min(k, n)
    shown = percent(k / n, n=n).removesuffix(" %")
    assert (float(shown) == 100) == (k == n)
    assert (float(shown) == 0) == (k == 0)
    assert float(shown) == pytest.approx(100 * k / n, abs=0.1)
    assert len(shown.partition(".")[2]) == (1 if n < 5000 else 2)


@given(shares)
def test_a_probability_never_claims_certainty(p: float) -> None:
    assert probability(p) not in ("0.000", "1.000")
    assert chance(p) not in ("0 %", "100 %")


def test_a_coefficient_that_rounds_to_nothing_has_no_sign() -> None:
    assert coefficient(-0.0001, 20) == "0.000"


def test_a_value_its_interval_and_n_are_written_one_way() -> None:
    assert interval(0.961, 0.973) == "96.1 to 97.3 %"
    assert estimate(0.967, (0.961, 0.973), 22_426) == "96.7 % (96.1 to 97.3 %), n = 22,426"
    assert estimate(0.967, None, 3) == "96.7 %, n = 3"
    assert estimate(0.5, (0.25, 0.75), write="{:.2f}".format) == "0.50 (0.25 to 0.75)"
