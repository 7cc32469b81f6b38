"""The workspace on a real HDFS: the contract, and when it is hurt."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from antiphon.app.backups import back_up, restore
from antiphon.app.compose import open_installation
from antiphon.app.serving import prepare_data
from antiphon.app.settings import Settings, load_settings
from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import CircuitOpen, Guard, GuardedWorkspace, Policy, open_workspace
from antiphon.storage.hdfs_workspace import open_hdfs
from antiphon.testing import WorkspaceContract


@pytest.fixture
async def workspace(engine, unique: str) -> AsyncIterator[GuardedWorkspace]:
    workspace = open_workspace(f"{engine('hdfs').url}/{unique}")
    assert isinstance(workspace, GuardedWorkspace)
    yield workspace
    await workspace.close()


class TestHdfsWorkspace(WorkspaceContract):
    pass


async def test_what_was_written_survives_a_kill(own_engine):
    nodes = own_engine("hdfs")
    workspace = open_workspace(nodes.url)
    await workspace.write("a/b", [b"kept"])
    nodes.kill()
    with pytest.raises(Unavailable):
        await workspace.list("")
    await asyncio.to_thread(nodes.start)

    async def kept() -> bytes:
        async with workspace.local("a/b") as file:
            return file.read_bytes()

    async with asyncio.timeout(30):  # the breaker opens again by itself
        while True:
            try:
                assert await kept() == b"kept"
                break
            except Unavailable:
                await asyncio.sleep(0.2)
    await workspace.close()


async def test_a_node_that_hangs_is_waited_for_until_the_deadline_and_then_left_alone(own_engine):
    nodes = own_engine("hdfs")
    policy = Policy(deadline=3.0, attempt=1.0)
    workspace = GuardedWorkspace(open_hdfs(nodes.url), Guard("workspace", policy))
    await workspace.write("a", [b"1"])
    nodes.pause()
    try:
        while not workspace.guard.counts.opened:
            began = time.monotonic()
            with pytest.raises(Unavailable):
                await workspace.list("")
            assert time.monotonic() - began < policy.deadline + 1
        with pytest.raises(CircuitOpen):
            await workspace.delete("a")
    finally:
        nodes.resume()
    await workspace.close()


async def test_a_refusal_of_the_data_node_is_not_taken_for_the_files_bytes(
    engine, unique: str, monkeypatch: pytest.MonkeyPatch
):
    workspace = open_hdfs(f"{engine('hdfs').url}/{unique}")
    await workspace.write("a", [b"sound"])
    session = workspace._files.session
    get = session.get
    monkeypatch.setattr(
        session, "get", lambda url, **more: get(url.replace("op=OPEN", "op=NONE"), **more)
    )
    with pytest.raises(Unavailable):
        async with workspace.local("a"):
            pass
    await workspace.close()


def test_a_backup_holds_what_labels_delivered_to_hdfs(engine, unique: str, tmp_path: Path) -> None:
    def at(folder: str) -> str:
        return urlsplit(engine("hdfs").url)._replace(path=f"/{unique}/{folder}").geturl()

    def settings(name: str) -> Settings:
        return load_settings(data=str(tmp_path / name), workspace=at(name))

    async def written() -> None:
        prepare_data(settings("before"))
        installation = open_installation(settings("before"))
        await installation.workspace.write("masters/r/song.flac", [b"a label's master"])
        await installation.close()

    async def read() -> bytes:
        workspace = open_workspace(at("after"))
        async with workspace.local("masters/r/song.flac") as file:
            return file.read_bytes()

    asyncio.run(written())
    back_up(settings("before"), tmp_path / "backup", media=False)
    asyncio.run(restore(settings("after"), tmp_path / "backup"))
    assert asyncio.run(read()) == b"a label's master"


@pytest.mark.parametrize("url", ["hdfs://", "hdfs://host/a", "hdfs://host:1"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_workspace(url)
