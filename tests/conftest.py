"""Fixtures that every test may use."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a busy machine is slow, and no promise is broken by that

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real cells kept beside the project; the test is skipped where it is absent."""
    if not (REAL_DATA / "nih_cells_dev.zip").is_file():
        pytest.skip(f"the real cells are not beside the project ({REAL_DATA.name}/ is absent)")
    return REAL_DATA
