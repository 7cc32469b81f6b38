"""The workspace on a real HDFS: the contract, and when it is hurt."""

import os

import pytest

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage import open_workspace
from antiphon.storage.hdfs_workspace import HdfsWorkspace
from antiphon.testing import WorkspaceContract


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


@pytest.mark.parametrize("url", ["hdfs://", "hdfs://host/a", "hdfs://host:1"])
def test_a_bad_url_is_refused_with_what_to_write(url: str) -> None:
    with pytest.raises(Invalid):
        open_workspace(url)
