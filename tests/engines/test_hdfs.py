"""The workspace on a real HDFS: the contract, and when it is hurt."""

import os
import threading
import time
from collections.abc import Callable
from typing import Self

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import Workspace, open_workspace
from antiphon.storage.hdfs_workspace import HdfsWorkspace
from antiphon.testing import WorkspaceContract
from antiphon.testing.engines.link import Link

ANSWER_SECONDS = 30.0


@pytest.fixture
def workspace(engine, unique: str) -> HdfsWorkspace:
    workspace = open_workspace(f"{engine('hdfs').url}/{unique}")
    assert isinstance(workspace, HdfsWorkspace)
    return workspace


class TestHdfsWorkspace(WorkspaceContract):
    pass


def test_a_master_of_some_megabytes_is_whole(workspace):
    data = os.urandom(9_000_001)
    workspace.write("masters/one.flac", data)
    with workspace.local("masters/one.flac") as path:
        assert path.read_bytes() == data


def test_what_was_written_survives_a_kill(own_engine):
    nodes = own_engine("hdfs")
    workspace = open_workspace(nodes.url)
    workspace.write("a/b", b"kept")
    nodes.kill()
    with pytest.raises(Unavailable):
        workspace.list("")
    nodes.start()
    with workspace.open_read("a/b") as file:
        assert file.read() == b"kept"
    workspace.close()


class Writer:
    """Writes one file after another until told to stop; what is refused is written again."""

    def __init__(self, workspace: Workspace, data: bytes) -> None:
        self.written: list[str] = []
        self.refusals: list[float] = []
        self._workspace = workspace
        self._data = data
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def more(self, count: int) -> float:
        """Wait until so many more are written; return how long that took."""
        begin, wanted = time.monotonic(), len(self.written) + count
        wait_for(lambda: len(self.written) >= wanted)
        return time.monotonic() - begin

    def _write(self) -> None:
        while not self._stop.is_set():
            name, begin = f"f/{len(self.written):04d}", time.monotonic()
            try:
                self._workspace.write(name, self._data)
                self.written.append(name)
            except Unavailable:
                self.refusals.append(time.monotonic() - begin)
                time.sleep(0.2)


@pytest.mark.slow
def test_hurt_in_the_middle_of_writing_it_shows_only_whole_files(own_engine):
    nodes = own_engine("hdfs")
    workspace = open_workspace(nodes.url)
    data = os.urandom(2_000_000)
    with Writer(workspace, data) as writer:
        writer.more(3)
        nodes.pause()
        time.sleep(30)
        nodes.resume()
        after_pause = writer.more(2)
        refused = len(writer.refusals)
        nodes.kill()
        wait_for(lambda: len(writer.refusals) > refused)
        nodes.start()
        after_kill = writer.more(2)
    longest = max(writer.refusals)
    print(
        f"\nHDFS: longest refusal {longest:.1f} s; well {after_pause:.1f} s after a pause of 30 s, "
        f"{after_kill:.1f} s after a start"
    )
    assert longest < ANSWER_SECONDS + 5
    listed = workspace.list("f")
    assert set(writer.written) <= set(listed)
    for name in listed:
        with workspace.open_read(name) as file:
            assert file.read() == data, "half a file carries a name"
    workspace.close()


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s"
        time.sleep(0.05)


def test_a_slow_one_answers_later_and_refuses_nothing(engine, unique):
    nodes = engine("hdfs")
    with Link(nodes.client_port) as link:
        workspace = open_workspace(f"{link.through(nodes.url)}/{unique}")
        workspace.write("a/b", b"before")
        link.delay = 0.2
        begin = time.monotonic()
        workspace.write("a/b", b"slow")
        wrote = time.monotonic() - begin
        with workspace.open_read("a/b") as file:
            assert file.read() == b"slow"
        print(f"\nHDFS, its name node 200 ms late: a write took {wrote:.1f} s")
        workspace.close()


@pytest.mark.parametrize("url", ["hdfs://", "hdfs://host/a", "hdfs://host:1"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_workspace(url)
