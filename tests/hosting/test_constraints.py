"""What is installed on a host is pinned, down to what the pinned packages bring along."""

import re
from importlib.metadata import requires

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.browser.server import ROOT


def read(name: str) -> dict[str, str]:
    """The versions in a file of requirements, by name; every line must be an exact pin."""
    pins = {}
    for line in (ROOT / name).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            one = Requirement(line)
            exact = re.fullmatch(r"==([^*]+)", str(one.specifier))
            assert exact, f"{line} in {name} is no exact pin"
            pins[canonicalize_name(one.name)] = exact[1]
    return pins


def test_the_constraints_agree_with_the_requirements() -> None:
    required, constrained = read("requirements.txt"), read("constraints.txt")
    del required["tensorflow"]  # for other platforms, of the version of tensorflow-cpu
    assert {name: constrained.get(name) for name in required} == required


def test_the_constraints_hold_all_that_the_requirements_bring_along() -> None:
    required, constrained = read("requirements.txt"), read("constraints.txt")
    left, found = [name for name in required if name != "tensorflow"], set[str]()
    while left:
        found.add(name := left.pop())
        needed = (Requirement(line) for line in requires(name) or ())
        names = {canonicalize_name(one.name) for one in needed if not one.marker or one.marker.evaluate({"extra": ""})}
        left += names - found
    assert len(found) > len(required) + 20
    assert found - set(constrained) == set()
