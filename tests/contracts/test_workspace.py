from pathlib import Path

import pytest

from antiphon.storage import FileWorkspace, open_workspace
from antiphon.testing import WorkspaceContract


class TestFileWorkspace(WorkspaceContract):
    @pytest.fixture
    def workspace(self, folder: Path) -> FileWorkspace:
        return open_workspace(f"file:{folder}")
