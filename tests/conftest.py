"""Fixtures that every test may use."""

from pathlib import Path

import pytest

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real cells kept beside the project; the test is skipped where it is absent."""
    if not (REAL_DATA / "nih_cells_dev.zip").is_file():
        pytest.skip(f"the real cells are not beside the project ({REAL_DATA.name}/ is absent)")
    return REAL_DATA
