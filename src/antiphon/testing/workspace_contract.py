"""What every driver of the workspace port keeps."""
# ruff: noqa: D102 - the name of each test is the sentence that it promises

from collections.abc import Callable

from antiphon.kernel import AntiphonError, Invalid, NotFound
from antiphon.storage import Workspace


class WorkspaceContract:
    """The fixture ``workspace`` is a driver on an empty tree."""

    def test_written_file_is_read_back(self, workspace: Workspace) -> None:
        workspace.write("masters/ab/one.flac", b"abc")
        with workspace.open_read("masters/ab/one.flac") as file:
            assert file.read() == b"abc"
        with workspace.local("masters/ab/one.flac") as path:
            assert path.read_bytes() == b"abc"

    def test_writing_replaces(self, workspace: Workspace) -> None:
        workspace.write("a", b"a longer first value")
        workspace.write("a", b"second")
        with workspace.open_read("a") as file:
            assert file.read() == b"second"
        assert workspace.list("") == ["a"]

    def test_list_is_sorted_and_below_its_prefix(self, workspace: Workspace) -> None:
        for path in ("m/b", "m/a/2", "m/a/1", "n"):
            workspace.write(path, b"x")
        assert workspace.list("") == ["m/a/1", "m/a/2", "m/b", "n"]
        assert workspace.list("m/a") == ["m/a/1", "m/a/2"]
        assert workspace.list("none") == []

    def test_deleted_file_is_gone(self, workspace: Workspace) -> None:
        workspace.write("a", b"1")
        workspace.delete("a")
        workspace.delete("a")
        assert workspace.list("") == []
        _refused(NotFound, lambda: workspace.open_read("a"))

    def test_paths_that_lead_elsewhere_are_refused(self, workspace: Workspace) -> None:
        for path in ("", "/", "/etc/passwd", "..", "a/../../b", "a//b", "./a", "a/", "a\0b"):
            _refused(Invalid, lambda path=path: workspace.write(path, b"x"))  # type: ignore[misc]
            _refused(Invalid, lambda path=path: workspace.open_read(path))  # type: ignore[misc]
            _refused(Invalid, lambda path=path: workspace.delete(path))  # type: ignore[misc]


def _refused(kind: type[AntiphonError], call: Callable[[], object]) -> None:
    try:
        result = call()
    except kind:
        return
    raise AssertionError(f"expected {kind.__name__}, got the result {result!r}")
