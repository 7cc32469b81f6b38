"""Heads that nobody here wrote: ../shared/data, or where ANTIPHON_TEST_DATA says."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]


@pytest.fixture(scope="session")
def spatial_data() -> Path:
    data = Path(os.environ.get("ANTIPHON_TEST_DATA", ROOT.parent / "shared" / "data"))
    if not (data / "spatial").is_dir():
        pytest.skip(f"no test data at {data}: set ANTIPHON_TEST_DATA")
    return data / "spatial"
