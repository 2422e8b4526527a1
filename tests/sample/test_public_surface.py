"""What `malaria.sample` offers is what it says it offers."""

import inspect

import malaria.sample


def test_all_is_what_is_exported():
    exported = {
        name for name, value in vars(malaria.sample).items() if not name.startswith("_") and not inspect.ismodule(value)
    }
    assert exported == set(malaria.sample.__all__)
    assert sorted(malaria.sample.__all__) == sorted(set(malaria.sample.__all__))


def test_everything_offered_is_explained():
    for name in malaria.sample.__all__:
        value = getattr(malaria.sample, name)
        assert isinstance(value, int | tuple) or inspect.getdoc(value), name
