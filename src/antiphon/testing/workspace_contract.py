"""What every driver of the workspace port keeps."""
# ruff: noqa: D102 - the name of each test is the sentence that it promises

import asyncio
from collections.abc import Awaitable, Iterator

from antiphon.kernel import AntiphonError, Invalid, NotFound
from antiphon.storage import Workspace

_BAD_PATHS = ("", "/", "/etc/passwd", "..", "a/../../b", "a//b", "./a", "a/", "a\0b", "a/.b.c.part")


class _Broken(Exception):  # noqa: N818 - never told to anyone
    """What went wrong with the parts."""


class _Parts:
    """Two parts, and then what breaks."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"one"
        yield b"two"
        raise _Broken


class WorkspaceContract:
    """The fixture ``workspace`` is a driver on an empty tree."""

    async def test_written_file_is_read_back(self, workspace: Workspace) -> None:
        await workspace.write("masters/ab/one.flac", [b"abc", b"", b"def"])
        assert await _read(workspace, "masters/ab/one.flac") == b"abcdef"

    async def test_a_file_may_be_empty_or_of_megabytes(self, workspace: Workspace) -> None:
        some = bytes(range(256)) * 4096
        await workspace.write("empty", [])
        await workspace.write("large", [some] * 9)
        assert await _read(workspace, "empty") == b""
        assert await _read(workspace, "large") == some * 9

    async def test_writing_replaces(self, workspace: Workspace) -> None:
        await workspace.write("a", [b"a longer first value"])
        await workspace.write("a", [b"second"])
        assert await _read(workspace, "a") == b"second"
        assert await workspace.list("") == ["a"]

    async def test_parts_that_break_write_nothing_and_say_why(self, workspace: Workspace) -> None:
        await workspace.write("a", [b"first"])
        for path in ("a", "m/b"):
            try:
                await workspace.write(path, _Parts())
            except _Broken:
                continue
            raise AssertionError("what the parts raise was swallowed")
        assert await _read(workspace, "a") == b"first"
        assert await workspace.list("") == ["a"]

    async def test_writers_at_once_leave_one_whole_file(self, workspace: Workspace) -> None:
        data = [bytes([n]) * 300_000 for n in range(4)]
        written = await asyncio.gather(
            *(workspace.write("a", [one]) for one in data), return_exceptions=True
        )
        assert None in written
        assert await _read(workspace, "a") in data
        assert await workspace.list("") == ["a"]

    async def test_list_is_sorted_and_below_its_prefix(self, workspace: Workspace) -> None:
        for path in ("m/b", "m/a/2", "m/a/1", "n"):
            await workspace.write(path, [b"x"])
        assert await workspace.list("") == ["m/a/1", "m/a/2", "m/b", "n"]
        assert await workspace.list("m/a") == ["m/a/1", "m/a/2"]
        assert await workspace.list("none") == []

    async def test_deleted_file_is_gone(self, workspace: Workspace) -> None:
        await workspace.write("m/a", [b"1"])
        await workspace.delete("m/a")
        await workspace.delete("m/a")
        assert await workspace.list("") == []
        await _refused(NotFound, _read(workspace, "m/a"))

    async def test_paths_that_lead_elsewhere_are_refused(self, workspace: Workspace) -> None:
        for path in _BAD_PATHS:
            await _refused(Invalid, workspace.write(path, [b"x"]))
            await _refused(Invalid, _read(workspace, path))
            await _refused(Invalid, workspace.delete(path))


async def _read(workspace: Workspace, path: str) -> bytes:
    async with workspace.local(path) as file:
        return await asyncio.to_thread(file.read_bytes)


async def _refused(kind: type[AntiphonError], call: Awaitable[object]) -> None:
    try:
        result = await call
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__}, got the result {result!r}")
