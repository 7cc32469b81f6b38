import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from antiphon.kernel import Unavailable
from antiphon.storage import FileWorkspace, open_workspace
from antiphon.storage.workspace import part_name
from antiphon.testing import WorkspaceContract


class TestFileWorkspace(WorkspaceContract):
    @pytest.fixture
    def workspace(self, folder: Path) -> FileWorkspace:
        return open_workspace(f"file:{folder}")

    async def test_what_killed_writes_left_is_gone_before_the_file_has_its_name(
        self, folder: Path, workspace: FileWorkspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder.mkdir()
        (folder / part_name("song.flac")).write_bytes(b"half")
        beside: list[str] = []
        name = Path.replace

        def named(part: Path, target: Path) -> Path:
            beside.extend(p.name for p in folder.iterdir() if p != part)
            return name(part, target)

        monkeypatch.setattr(Path, "replace", named)
        await workspace.write("song.flac", [b"whole"])
        assert beside == []
        assert [p.name for p in folder.iterdir()] == ["song.flac"]

    async def test_of_writers_that_end_at_one_moment_one_wins_and_the_others_are_told(
        self, workspace: FileWorkspace
    ) -> None:
        for _ in range(25):
            together = threading.Barrier(4, timeout=30)
            written = await asyncio.gather(
                *(workspace.write("a", _ends_with_others(together)) for _ in range(4)),
                return_exceptions=True,
            )
            assert None in written
            assert all(one is None or isinstance(one, Unavailable) for one in written)
            assert await workspace.list("") == ["a"]

    async def test_what_is_written_beside_a_longer_name_is_left_to_it(
        self, folder: Path, workspace: FileWorkspace
    ) -> None:
        folder.mkdir()
        beside = folder / part_name("song.flac")
        beside.write_bytes(b"half")
        await workspace.write("song", [b"whole"])
        assert beside.exists()


def _ends_with_others(together: threading.Barrier) -> Iterator[bytes]:
    yield b"whole"
    together.wait()
