"""Every driver of every port, on an empty store."""

from pathlib import Path

import pytest

for name in ("tables", "objects", "cache", "log", "workspace", "process"):
    pytest.register_assert_rewrite(f"antiphon.testing.{name}_contract")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"
