"""Readers of one test beside one another, and beside the network."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from malaria.errors import ReaderTestError
from malaria.metrics import Agreement, Rate, cohen, fleiss, mcnemar
from malaria.metrics._rates import Z95
from malaria.readers._answers import ANSWERS, NETWORK, Answer
from malaria.readers._bias import was_shown
from malaria.readers._files import Key
from malaria.readers._grading import Grade, by_place, grade, share_right
from malaria.readers._rule import Rule, find_rule


@dataclass(frozen=True)
class Pair:
    """Two readers on the cells that both read alone: `only_a` cells that only the first got right, and so on.

    `difference` is the accuracy of `a` less that of `b`; `p_value` of McNemar's exact test that they are equally good.
    """

    a: str
    b: str
    n: int
    only_a: int
    only_b: int
    p_value: float
    difference: Rate
    agreement: Agreement


@dataclass(frozen=True)
class Group:
    """Grades of all readers of one test, every two compared (with the network, too), and how far all agree.

    `network` holds the network's own rates on the test, `beside` for each reader those on the cells of the reader's own
    rates, and `rules` for each reader how the two best work together.
    """

    grades: Mapping[str, Grade]
    pairs: tuple[Pair, ...]
    agreement: Agreement
    network: Mapping[str, Rate]
    beside: Mapping[str, Mapping[str, Rate]]
    rules: Mapping[str, Rule]

    def to_dict(self) -> dict[str, Any]:
        """The group as JSON has it."""
        return {
            "readers": {name: one.to_dict() for name, one in self.grades.items()},
            "pairs": [asdict(pair) for pair in self.pairs],
            "agreement": asdict(self.agreement),
            "network": {name: asdict(rate) for name, rate in self.network.items()},
            "network_beside": {
                name: {kind: asdict(rate) for kind, rate in rates.items()} for name, rates in self.beside.items()
            },
            "rules": {name: asdict(rule) for name, rule in self.rules.items()},
        }


def grade_all(key: Key, answers: Iterable[Answer], *, sensitivity: float = 0.95, specificity: float = 0.95) -> Group:
    """Grade every reader of the test of `key`, in the order of their names, `rules` for the wished rates (0 to 1).

    Raises ReaderTestError as `grade`, MetricsError for other wishes.
    """
    answers = [answer for answer in answers if answer.test == key.test.id]
    by_reader = group_by_reader(answers)
    names = sorted(by_reader)
    if not names:
        raise ReaderTestError(f"There are no answers to the test {key.test.id}. Use the key of the test that was read.")
    grades = {name: grade(key, by_reader[name], name) for name in names}
    given = {name: by_place(key, by_reader[name]) for name in names}
    read = {name: read_alone(key, given[name]) for name in names}
    counts = [
        [sum(said.get(place) == answer for said in read.values()) for answer in ANSWERS] for place in key.test.firsts
    ]
    calls = network_calls(key)
    rules = find_rules(key, answers, sensitivity=sensitivity, specificity=specificity)
    same_cells = {
        name: network_rates(key, {place: calls[place] for place in said if place in calls})
        for name, said in read.items()
    }
    beside = read | ({NETWORK: calls} if calls else {})
    pairs = tuple(compare_pair(key, one, other, beside[one], beside[other]) for one, other in combinations(beside, 2))
    return Group(grades, pairs, fleiss(counts), network_rates(key, calls), same_cells, rules)


def find_rules(
    key: Key, answers: Iterable[Answer], *, sensitivity: float = 0.95, specificity: float = 0.95
) -> dict[str, Rule]:
    """The rule for each reader and the network, for the wished rates (0 to 1); none where the network has no answers.

    Raises MetricsError for other wishes.
    """
    if not network_calls(key):
        return {}
    by_reader = group_by_reader(answer for answer in answers if answer.test == key.test.id)
    return {
        name: find_rule(key, by_place(key, own), sensitivity=sensitivity, specificity=specificity)
        for name, own in sorted(by_reader.items())
    }


def group_by_reader(answers: Iterable[Answer]) -> dict[str, list[Answer]]:
    """The answers of each reader, in their order."""
    found: dict[str, list[Answer]] = {}
    for answer in answers:
        found.setdefault(answer.reader, []).append(answer)
    return found


def read_alone(key: Key, given: Mapping[int, Answer]) -> dict[int, str]:
    """place, from 0 -> what one reader (`by_place`) said at the first look, where the network's call was not shown."""
    return {
        place: given[place].answer
        for place in key.test.firsts
        if place in given and not was_shown(key, place, given[place])
    }


def network_calls(key: Key) -> dict[int, str]:
    """place, from 0, of each first look -> the network's call, where it has one."""
    calls = {place: key.cells[key.test.cards[place].image_id].call for place in key.test.firsts}
    return {place: call for place, call in calls.items() if call is not None}


def network_rates(key: Key, calls: Mapping[int, str]) -> dict[str, Rate]:
    """Sensitivity, specificity and accuracy of the network on the test, with exact intervals."""
    reason = "The network has called no such cell."
    return share_right([(key.reference(place), call) for place, call in calls.items()], (reason, reason, reason))


def compare_pair(key: Key, a: str, b: str, first: Mapping[int, str], second: Mapping[int, str]) -> Pair:
    """Compare two readers by their answers (place, from 0 -> answer) to the cells that both have answered."""
    both = [place for place in first if place in second]
    right_a = [first[place] == key.reference(place) for place in both]
    right_b = [second[place] == key.reference(place) for place in both]
    test = mcnemar([True] * len(both), right_a, right_b)
    agreement = cohen([first[place] for place in both], [second[place] for place in both], ANSWERS, exact=True)
    return Pair(
        a,
        b,
        test.n,
        test.only_a,
        test.only_b,
        test.p_value,
        paired_difference(test.only_a, test.only_b, test.n),
        agreement,
    )


def paired_difference(only_a: int, only_b: int, n: int) -> Rate:
    """The difference of two shares of the same `n` cells, (only_a - only_b) / n, with its 95 % interval.

    Bonett & Price, J. Educ. Behav. Stat. 37 (2012) 479: Wald's with one added to each side.
    """
    if not n:
        return Rate.missing("There are no cells that both have read.")
    value = (only_a - only_b) / n
    share_a, share_b = (only_a + 1) / (n + 2), (only_b + 1) / (n + 2)
    middle = share_a - share_b
    half = Z95 * ((share_a + share_b - middle**2) / (n + 2)) ** 0.5
    return Rate(value, max(-1.0, min(value, middle - half)), min(1.0, max(value, middle + half)), None, n)
