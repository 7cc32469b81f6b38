"""The workspace driver on fsspec: local files now, any of its file systems by the same code."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import fsspec

from antiphon.kernel import NotFound
from antiphon.storage.workspace import check_path


class FileWorkspace:
    """``Workspace`` below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = fsspec.filesystem("file", auto_mkdir=True)

    def open_read(self, path: str) -> BinaryIO:
        """Open a file for reading; ``NotFound`` where it is absent."""
        try:
            return cast("BinaryIO", self._files.open(self._at(path), "rb"))
        except FileNotFoundError as fault:
            raise NotFound(f"There is no file {path} in the workspace.") from fault

    def write(self, path: str, data: bytes) -> None:
        """Write a whole file atomically: a reader sees all of it or none."""
        target = self._at(path)
        part = f"{target}.{uuid.uuid4().hex}.part"
        with self._files.open(part, "wb") as sink:
            sink.write(data)
        self._files.mv(part, target)

    @contextmanager
    def local(self, path: str) -> Iterator[Path]:
        """Enter to have the file at a local path."""
        target = Path(self._at(path))
        if not target.exists():
            raise NotFound(f"There is no file {path} in the workspace.")
        yield target

    def delete(self, path: str) -> None:
        """Remove a file; removing what is not there is fine."""
        target = self._at(path)
        if self._files.exists(target):
            self._files.rm_file(target)

    def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``, sorted."""
        found = self._files.find(self._at(prefix) if prefix else str(self._folder))
        names = (Path(name).relative_to(self._folder).as_posix() for name in found)
        return sorted(name for name in names if not name.endswith(".part"))

    def close(self) -> None:
        """Nothing stays open."""

    def _at(self, path: str) -> str:
        return str(self._folder.joinpath(*check_path(path)))
