"""The workspace port: a shared tree of files for masters and intermediates."""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from antiphon.kernel import Invalid


class Workspace(Protocol):
    """Files by relative path, visible to every audio worker. Synchronous: used in workers only."""

    def open_read(self, path: str) -> BinaryIO:
        """Open a file for reading; ``NotFound`` where it is absent."""
        ...

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file atomically: a reader sees all of it or none."""
        ...

    def local(self, path: str) -> AbstractContextManager[Path]:
        """Enter to have the file at a local path (a copy where the tree is remote)."""
        ...

    def delete(self, path: str) -> None:
        """Remove a file; removing what is not there is fine."""
        ...

    def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``, sorted."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


def check_path(path: str) -> list[str]:
    """Return the parts of a path; ``Invalid`` where it could lead out of the workspace."""
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise Invalid(f"{path!r} is no path in the workspace.")
    return parts
