"""The objects driver on obstore: local files now, the same code for remote stores."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import LocalStore

from antiphon.kernel import Invalid, Unavailable
from antiphon.storage.objects import Location, ObjectInfo

_KEY = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,200}(/(?!\.)[A-Za-z0-9._-]{1,200}){0,15}\Z")


class FileObjects:
    """``Objects`` below a local folder. A put is written aside, synced and renamed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._store = LocalStore(folder)

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; with ``create_only`` return False and change nothing where it exists."""
        _check(key)
        try:
            await obstore.put_async(
                self._store,
                key,
                data,
                mode="create" if create_only else "overwrite",
                use_multipart=False,
            )
        except AlreadyExistsError:
            return False
        except (BaseError, OSError) as fault:
            raise Unavailable(f"{key} could not be stored: {fault}") from fault
        await asyncio.to_thread(_sync, self._folder / key)
        return True

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start`` (fewer at its end)."""
        _check(key)
        try:
            with (self._folder / key).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if not 0 <= start <= size:
                    raise Invalid(f"{key} has {size} bytes; there is no byte {start}.")
                file.seek(start)
                return file.read(-1 if length is None else max(length, 0))
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            return None
        except OSError as fault:
            raise Unavailable(f"{key} could not be read: {fault.strerror}") from fault

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None."""
        _check(key)
        try:
            found = (self._folder / key).stat()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return ObjectInfo(key, found.st_size, f"{found.st_mtime_ns:x}-{found.st_size:x}")

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix`` (a whole path segment, or empty for all)."""
        if prefix:
            _check(prefix.rstrip("/"))
        stream = obstore.list(self._store, prefix.rstrip("/") or None, chunk_size=500)
        async for chunk in stream:
            for meta in chunk:
                yield ObjectInfo(meta["path"], meta["size"], meta["e_tag"] or "")

    async def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        _check(key)
        (self._folder / key).unlink(missing_ok=True)

    def locate(self, key: str, *, seconds: int = 3600) -> Location:  # noqa: ARG002 - for stores that sign
        """Return the local path of an object."""
        _check(key)
        return Location(path=self._folder / key)

    async def close(self) -> None:
        """Nothing stays open."""


def _check(key: str) -> None:
    if _KEY.match(key) is None:
        raise Invalid(f"{key!r} is no object key.")


def _sync(path: Path) -> None:
    for target in (path, path.parent):
        descriptor = os.open(target, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
