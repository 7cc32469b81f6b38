"""The workspace driver on a folder: this machine's own, or one that several have mounted."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from antiphon.kernel import NotFound, Unavailable
from antiphon.storage.workspace import check_path, is_part, part_name


class FileWorkspace:
    """``Workspace`` below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def write(self, path: str, parts: Iterable[bytes]) -> None:
        """Write a whole file, durably: a reader sees all of it or none."""
        await asyncio.to_thread(_write, self._at(path), parts)

    @asynccontextmanager
    async def local(self, path: str) -> AsyncIterator[Path]:
        """Enter to have the file at a local path: its own."""
        target = self._at(path)
        if not await asyncio.to_thread(target.is_file):
            raise NotFound(f"There is no file {path} in the workspace.")
        yield target

    async def delete(self, path: str) -> None:
        """Remove a file; removing what is not there is fine."""
        await asyncio.to_thread(_delete, self._at(path), self._folder)

    async def list(self, prefix: str) -> list[str]:
        """Return the paths below ``prefix``, sorted."""
        return await asyncio.to_thread(
            _list, self._at(prefix) if prefix else self._folder, self._folder
        )

    async def close(self) -> None:
        """Nothing stays open."""

    def _at(self, path: str) -> Path:
        return self._folder.joinpath(*check_path(path))


def _write(target: Path, parts: Iterable[bytes]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(part_name(target.name))
    try:
        with part.open("wb") as sink:
            sink.writelines(parts)
            sink.flush()
            os.fsync(sink.fileno())
        _name(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _sync(target.parent)


def _name(part: Path, target: Path) -> None:
    # Before it has its name: a write killed here is repeated, one killed afterwards is not.
    _delete_parts(target, before=part.name)
    try:
        part.replace(target)
    except FileNotFoundError as fault:
        raise Unavailable(f"{target.name} is being written by another at this moment.") from fault


def _sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _delete(target: Path, root: Path) -> None:
    """Remove a file, what unfinished writes of it left, and the folders that are empty then."""
    target.unlink(missing_ok=True)
    if target.parent.is_dir():
        _delete_parts(target)
    for folder in target.parents:
        if folder == root or (folder.is_dir() and any(folder.iterdir())):
            return
        if folder.is_dir():
            folder.rmdir()


def _delete_parts(target: Path, *, before: str = "") -> None:
    for beside in target.parent.iterdir():
        if is_part(beside.name, of=target.name) and (not before or beside.name < before):
            beside.unlink(missing_ok=True)


def _list(below: Path, root: Path) -> list[str]:
    found = (Path(folder) / name for folder, _, names in os.walk(below) for name in names)
    return sorted(p.relative_to(root).as_posix() for p in found if not is_part(p.name))
