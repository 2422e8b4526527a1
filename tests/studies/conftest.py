"""The drawn fields of the smear tests."""

from tests.smear.conftest import draw, lone_cells

__all__ = ["draw", "lone_cells"]
