from pathlib import Path

import pytest

from antiphon.storage import FileWorkspace, open_workspace
from antiphon.testing import WorkspaceContract


class TestFileWorkspace(WorkspaceContract):
    @pytest.fixture
    def workspace(self, folder: Path) -> FileWorkspace:
        return open_workspace(f"file:{folder}")

    async def test_what_killed_writes_left_is_gone_before_the_file_has_its_name(
        self, folder: Path, workspace: FileWorkspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.mkdir()
        (folder / ".song.flac.killed.part").write_bytes(b"half")
        beside: list[str] = []
        name = Path.replace

        def named(part: Path, target: Path) -> Path:
            beside.extend(p.name for p in folder.iterdir() if p != part)
            return name(part, target)

        monkeypatch.setattr(Path, "replace", named)
        await workspace.write("song.flac", [b"whole"])
        assert beside == []
        assert [p.name for p in folder.iterdir()] == ["song.flac"]
