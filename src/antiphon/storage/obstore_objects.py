"""The objects driver on obstore: local files now, the same code for remote stores."""

import asyncio
import os
import stat
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from antiphon.kernel import Invalid, Unavailable, UnixMs
from antiphon.storage.lmdb_env import is_disk_full
from antiphon.storage.objects import Location, ObjectInfo, check_object_key

_STAGE = ".part"  # no key can begin with a dot
_ABANDONED_SECONDS = 3600
_TRIES = 5
_READ_AT_ONCE = 512 * 1024  # more than this is read off the event loop
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ABSENT = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


class FileObjects:
    """``Objects`` below a local folder.

    A put is staged, synced, then given its name: what carries a name is whole, even after a power
    cut. Measured for 200 kB: 0.39 ms with both syncs against 0.14 ms without.
    """

    def __init__(self, folder: Path) -> None:
        (folder / _STAGE).mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._store = LocalStore(folder)
        _remove_abandoned(folder / _STAGE)

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; with ``create_only`` return False and change nothing where it exists."""
        check_object_key(key)
        if create_only and (self._folder / key).exists():
            return False
        try:
            return await asyncio.to_thread(self._put, key, data, create_only=create_only)
        except (BaseError, OSError) as fault:
            if is_disk_full(self._folder, str(fault)):
                full = f"The disk is full: {key} was not stored. Make room and try again."
                raise Unavailable(full) from fault
            raise Unavailable(f"{key} cannot be stored: {fault}") from fault

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start`` (fewer at its end)."""
        check_object_key(key)
        try:
            with (self._folder / key).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if not 0 <= start <= size:
                    raise Invalid(f"{key} has {size} bytes; there is no byte {start}.")
                wanted = size - start if length is None else min(max(length, 0), size - start)
                if wanted <= _READ_AT_ONCE:
                    return _read(file, start, wanted)
                return await asyncio.to_thread(_read, file, start, wanted)
        except _ABSENT:
            return None
        except OSError as fault:
            raise Unavailable(f"{key} cannot be read: {fault.strerror}.") from fault

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None."""
        check_object_key(key)
        try:
            found = (self._folder / key).stat()
        except _ABSENT:
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return _info(key, found.st_size, found.st_mtime_ns // 1000)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix`` (whole path segments, or empty for all)."""
        below = prefix.rstrip("/")
        if below:
            check_object_key(below)
        async for chunk in obstore.list(self._store, below or None, chunk_size=500):
            for meta in chunk:
                if not meta["path"].startswith(_STAGE):
                    modified_us = (meta["last_modified"] - _EPOCH) // timedelta(microseconds=1)
                    yield _info(meta["path"], meta["size"], modified_us)

    async def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        check_object_key(key)
        with suppress(*_ABSENT):
            (self._folder / key).unlink()
            self._remove_empty((self._folder / key).parent)

    def locate(self, key: str, *, seconds: int = 3600) -> Location:  # noqa: ARG002 - for stores that sign
        """Return the local path of an object."""
        check_object_key(key)
        return Location(path=self._folder / key)

    async def close(self) -> None:
        """Nothing stays open."""

    def _put(self, key: str, data: bytes, *, create_only: bool) -> bool:
        staged = f"{_STAGE}/{uuid.uuid4().hex}"
        try:
            obstore.put(self._store, staged, data, use_multipart=False)
            _sync(self._folder / staged)
            self._name(staged, key, create_only=create_only)
        except AlreadyExistsError:
            return False
        finally:
            (self._folder / staged).unlink(missing_ok=True)
        with suppress(FileNotFoundError):  # deleted again already, and its folder with it
            _sync((self._folder / key).parent)
        return True

    def _name(self, staged: str, key: str, *, create_only: bool) -> None:
        """Give what is staged its name; again where somebody removes the folder as it is empty."""
        for left in reversed(range(_TRIES)):
            try:
                _make_folder((self._folder / key).parent)
                obstore.rename(self._store, staged, key, overwrite=not create_only)
            except FileNotFoundError:
                if not left:
                    raise
            else:
                return

    def _remove_empty(self, folder: Path) -> None:
        while folder != self._folder:
            try:
                folder.rmdir()
            except OSError:  # not empty, or removed by somebody else
                return
            folder = folder.parent


def _info(key: str, size: int, modified_us: int) -> ObjectInfo:
    return ObjectInfo(key, size, _etag(modified_us, size), UnixMs(modified_us // 1_000_000 * 1000))


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)


def _etag(modified_us: int, size: int) -> str:
    return f"{modified_us:x}-{size:x}"


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    """Make a folder and what is above it, each known to the disk before something lies in it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync(folder.parent)


def _remove_abandoned(stage: Path) -> None:
    """Remove what killed processes have staged, and leave what others are staging now."""
    for path in stage.iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
                path.unlink()
