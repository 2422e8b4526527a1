"""A triaged sample with everything in it that may be decided, and a set of labelled cells."""

from tests.smear.conftest import classifier, draw, lone_cells, read, spotted  # noqa: F401
