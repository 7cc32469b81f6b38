"""HDFS as the workspace, killed, paused and full in the middle of writing, and slow.

What was acknowledged is whole afterwards, what was not is not half there. The figures that are
printed stand in docs/guides/cluster.md.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from antiphon.kernel import Unavailable
from antiphon.storage import Workspace, open_workspace
from antiphon.testing.checks import back
from antiphon.testing.engines import ENGINES, Engine
from antiphon.testing.engines.disk import Disk
from antiphon.testing.engines.hdfs import Hdfs
from antiphon.testing.engines.link import Link

pytestmark = pytest.mark.faults

CACHE = Path(__file__).parents[2] / ".cache" / "engines"

PIECE = os.urandom(250_000)
PIECES = 60  # one every 50 ms: long enough to be hurt in the middle
MIDDLE = 20
AWAY_SECONDS = 30.0
DEADLINE = 35.0  # three tries of 10 s, the pauses between them, and a busy machine
BACK_SECONDS = 60.0
DISK_LEFT = 40_000_000
MOST = 400  # far more than fit into what is left
SLOW_SECONDS = 0.2
OTHER_LOOPBACK = "127.0.0.2"


@pytest.fixture
async def nodes(own_engine: Callable[[str], Engine]) -> AsyncIterator[tuple[Engine, Workspace]]:
    engine = own_engine("hdfs")
    workspace = open_workspace(engine.url)
    await workspace.write("before", [PIECE])
    yield engine, workspace
    await workspace.close()


async def read(workspace: Workspace, path: str) -> bytes:
    async with workspace.local(path) as file:
        return file.read_bytes()


def slowly(reached: asyncio.Event, loop: asyncio.AbstractEventLoop) -> Iterator[bytes]:
    """Give a file piece by piece, and tell when the middle was reached."""
    for number in range(PIECES):
        if number == MIDDLE:
            loop.call_soon_threadsafe(reached.set)
        time.sleep(0.05)
        yield PIECE


@asynccontextmanager
async def writing(workspace: Workspace, path: str) -> AsyncIterator["asyncio.Task[None]"]:
    """Enter in the middle of writing a file."""
    reached = asyncio.Event()
    parts = slowly(reached, asyncio.get_running_loop())
    task = asyncio.create_task(workspace.write(path, parts))
    await reached.wait()
    yield task
    await asyncio.gather(task, return_exceptions=True)


async def test_killed_in_the_middle_of_writing(nodes: tuple[Engine, Workspace]) -> None:
    engine, workspace = nodes
    async with writing(workspace, "hurt") as task:
        engine.kill()
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            await task
        refused = time.monotonic() - begin
    begin = time.monotonic()
    await asyncio.to_thread(engine.start)
    started = time.monotonic() - begin
    await back(lambda: workspace.write("after", [PIECE]), BACK_SECONDS)
    mended = time.monotonic() - begin
    print(f"\nHDFS killed: refused {refused:.1f} s, well {mended:.1f} s, start {started:.1f} s")
    assert refused < DEADLINE
    assert await workspace.list("") == ["after", "before"]
    assert await read(workspace, "before") == PIECE
    await back(lambda: workspace.write("hurt", [PIECE, PIECE]), BACK_SECONDS)
    assert await read(workspace, "hurt") == PIECE + PIECE


async def test_paused_in_the_middle_of_writing(nodes: tuple[Engine, Workspace]) -> None:
    engine, workspace = nodes
    async with writing(workspace, "hurt") as task:
        begin = time.monotonic()
        engine.pause()
        try:
            with pytest.raises(Unavailable):
                await workspace.write("meanwhile", [PIECE])
            refused = time.monotonic() - begin
            await asyncio.sleep(max(0.0, AWAY_SECONDS - refused))
        finally:
            engine.resume()
        begin = time.monotonic()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
    assert outcome is None or isinstance(outcome, Unavailable)
    await back(lambda: workspace.write("after", [PIECE]), BACK_SECONDS)
    mended = time.monotonic() - begin
    how = "was written" if outcome is None else "was refused"
    print(f"\nHDFS paused: refused {refused:.1f} s, well {mended:.1f} s; the file {how}")
    assert refused < DEADLINE
    found = await workspace.list("")
    assert ("hurt" in found) or outcome is not None
    for path in found:
        assert await read(workspace, path) == PIECE * (PIECES if path == "hurt" else 1)


async def test_full_in_the_middle_of_writing(tmp_path: Path) -> None:
    engine = ENGINES["hdfs"](tmp_path / "hdfs", CACHE)
    with Disk(engine.folder / "data") as disk, engine:
        workspace = open_workspace(engine.url)
        await workspace.write("before", [PIECE])
        disk.fill(leave=DISK_LEFT)
        begin = time.monotonic()
        with pytest.raises(Unavailable):
            await workspace.write("hurt", [PIECE] * MOST)
        refused = time.monotonic() - begin
        assert await workspace.list("") == ["before"]
        assert await read(workspace, "before") == PIECE
        disk.make_room()
        mended = await back(lambda: workspace.write("hurt", [PIECE] * MOST), BACK_SECONDS)
        print(f"\nHDFS full: refused {refused:.1f} s, well {mended:.1f} s after there was room")
        assert refused < DEADLINE
        assert await read(workspace, "hurt") == PIECE * MOST
        await workspace.close()


async def test_slow(tmp_path: Path) -> None:
    engine = Hdfs(tmp_path / "hdfs", CACHE)
    engine.data_host = OTHER_LOOPBACK
    data_port = engine.ports["data_http"]
    with (
        Link(engine.client_port) as name_node,
        Link(data_port, host=OTHER_LOOPBACK, at=data_port) as data_node,
        engine,
    ):
        workspace = open_workspace(name_node.through(engine.url))
        await workspace.write("before", [PIECE])
        assert data_node.accepted, "the data node was reached past its link"
        name_node.delay = data_node.delay = SLOW_SECONDS
        begin = time.monotonic()
        for number in range(5):
            await workspace.write(f"a/{number}", [PIECE])
            assert await read(workspace, f"a/{number}") == PIECE
        took = (time.monotonic() - begin) / 5
        print(f"\nHDFS slow: a file written and read back in {took:.1f} s")
        assert took < DEADLINE
        assert await workspace.list("a") == [f"a/{n}" for n in range(5)]
        await workspace.close()
