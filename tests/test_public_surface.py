"""What `malaria` offers is what it says it offers."""

import inspect
import subprocess
import sys

import pytest

import malaria
from malaria import errors

FUNCTIONS = {"evaluate", "load", "predict", "triage"}


def test_all_is_the_functions_and_every_exception() -> None:
    assert list(malaria.__all__) == sorted({*errors.__all__, *FUNCTIONS})


def test_nothing_else_is_exported() -> None:
    code = (
        "import inspect, malaria\n"
        "names = {name for name in dir(malaria) if not name.startswith('_')}\n"
        "hidden = {'Any', 'TYPE_CHECKING', 'import_module'}\n"
        "print(*sorted(name for name in names - hidden if not inspect.ismodule(getattr(malaria, name))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list(malaria.__all__)


def test_everything_offered_is_explained() -> None:
    assert [name for name in malaria.__all__ if not inspect.getdoc(getattr(malaria, name))] == []


def test_the_tree_of_exceptions_is_drawn_as_it_is() -> None:
    drawn = errors.__doc__ or ""
    for name in errors.__all__:
        assert issubclass(getattr(malaria, name), malaria.MalariaError)
        assert name in drawn


def test_rooms_are_imported_as_before_and_what_is_not_there_is_not_there() -> None:
    from malaria import phantom

    assert inspect.ismodule(phantom)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = malaria.nothing
    with pytest.raises(ImportError):
        from malaria import nothing  # noqa: F401
