"""The workspace port: a shared tree of files for masters."""

import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Final, Protocol

from antiphon.kernel import Invalid

_SCHEME: Final = "workspace:"
_PART: Final = ".part"
_CHUNK_BYTES: Final = 1024 * 1024


class Workspace(Protocol):
    """Files by relative path, which every machine of an installation sees.

    Paths are written once, or again with the same bytes: of two writers at once one wins, and the
    other may be told ``Unavailable``.
    """

    async def write(self, path: str, parts: Iterable[bytes]) -> None:
        """Write a whole file, durably: a reader sees all of it or none.

        What ``parts`` raises goes through, and nothing is written. They may be gone through again.
        """
        ...

    def local(self, path: str) -> AbstractAsyncContextManager[Path]:
        """Enter to have the file at a local path (a copy where the tree is remote).

        ``NotFound`` where it is absent.
        """
        ...

    async def delete(self, path: str) -> None:
        """Remove a file; removing what is not there is fine."""
        ...

    async def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``, sorted."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class FileParts:
    """The bytes of a local file, to be written to a workspace."""

    def __init__(self, source: Path) -> None:
        self._source = source

    def __iter__(self) -> Iterator[bytes]:
        """Read it, from its beginning each time."""
        with self._source.open("rb") as source:
            while data := source.read(_CHUNK_BYTES):
                yield data


def in_workspace(path: str) -> str:
    """Return how rows name a file of the workspace, where paths of this machine may stand too."""
    return _SCHEME + path


def workspace_path(name: str) -> str | None:
    """Return the path in the workspace that a row names; None: the path is this machine's own."""
    return name.removeprefix(_SCHEME) if name.startswith(_SCHEME) else None


def check_path(path: str) -> list[str]:
    """Return the parts of a path; ``Invalid`` where it could lead out of the workspace."""
    parts = path.split("/")
    if not path or any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise Invalid(f"{path!r} is no path in the workspace.")
    if is_part(parts[-1]):
        raise Invalid(f"{path!r} is a name for what is unfinished: it cannot be kept.")
    return parts


def part_name(name: str) -> str:
    """Return a new name beside ``name`` under which it is written until it is whole.

    Such names sort by when they were given. A write may remove only what sorts before its own: what
    was killed earlier goes, and of writers at once the last that began is removed by nobody.
    """
    return f".{name}.{time.time_ns():020d}-{uuid.uuid4().hex}{_PART}"


def is_part(name: str, *, of: str = "") -> bool:
    """Say whether a name is of what an unfinished write left, of one file or of any."""
    if not (name.startswith(".") and name.endswith(_PART)):
        return False
    return not of or name.removesuffix(_PART).rpartition(".")[0] == f".{of}"
