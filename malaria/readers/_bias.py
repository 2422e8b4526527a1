"""Whether a reader follows the network: errors on cells that it calls wrongly, with its call shown and without."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from malaria.metrics import Rate
from malaria.readers._answers import Answer
from malaria.readers._files import Key


@dataclass(frozen=True)
class Bias:
    """Shares of cells not answered rightly, where the network's call was shown and where it was not.

    `wrong_...` are over cells that the network calls wrongly: `automation` is by how much more errors are made on these
    when the call is shown. `right_...` are over the others, and `on_right` the same difference there, negative where
    the call helps.
    """

    wrong_shown: Rate
    wrong_hidden: Rate
    automation: Rate
    right_shown: Rate
    right_hidden: Rate
    on_right: Rate


def was_shown(key: Key, place: int, answer: Answer) -> bool:
    """Whether the network's call stood on the card at a place, from 0: by the test, or by what the answer says."""
    return answer.call_shown or key.test.cards[place].call is not None


def measure_bias(key: Key, answers: Mapping[int, Answer]) -> Bias | None:
    """Measure by answers to first looks (place, from 0 -> answer); None where no call was shown."""
    if not any(was_shown(key, place, answer) for place, answer in answers.items()):
        return None

    def errors(*, rightly: bool, shown: bool) -> Rate:
        missed = [
            answer.answer != key.reference(place)
            for place, answer in answers.items()
            if (call := key.cells[key.test.cards[place].image_id].call) is not None
            and (call == key.reference(place)) == rightly
            and was_shown(key, place, answer) == shown
        ]
        how = ("rightly" if rightly else "wrongly", "shown" if shown else "not shown")
        return Rate.exact_share(
            sum(missed), len(missed), f"No cell was read that the network calls {how[0]}, with its call {how[1]}."
        )

    wrong_shown, wrong_hidden = errors(rightly=False, shown=True), errors(rightly=False, shown=False)
    right_shown, right_hidden = errors(rightly=True, shown=True), errors(rightly=True, shown=False)
    return Bias(
        wrong_shown,
        wrong_hidden,
        difference(wrong_shown, wrong_hidden),
        right_shown,
        right_hidden,
        difference(right_shown, right_hidden),
    )


def difference(first: Rate, second: Rate) -> Rate:
    """first - second for shares of different cells, -1 to 1, its interval made of theirs.

    Newcombe, Stat. Med. 17 (1998) 873, method 10, with whatever intervals the two have.
    """
    n = first.n + second.n
    if first.value is None or second.value is None:
        return Rate.missing(first.reason or second.reason or "There is nothing to compare.", n)
    if first.low is None or first.high is None or second.low is None or second.high is None:
        return Rate(first.value - second.value, None, None, None, n, first.reason or second.reason)
    value = first.value - second.value
    down = math.hypot(first.value - first.low, second.high - second.value)
    up = math.hypot(first.high - first.value, second.value - second.low)
    return Rate(value, max(-1.0, value - down), min(1.0, value + up), None, n)
