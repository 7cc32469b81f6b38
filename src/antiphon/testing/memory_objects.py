"""Objects in a dict, for unit tests; passes the contract of the port."""

import hashlib
import time
from collections.abc import AsyncIterator

from antiphon.kernel import Invalid, UnixMs
from antiphon.storage import Location, ObjectInfo, check_object_key


class MemoryObjects:
    """``Objects`` that die with the process. They lie nowhere, so ``locate`` knows no place."""

    def __init__(self) -> None:
        self._objects: dict[str, bytes] = {}
        self._modified: dict[str, UnixMs] = {}

    async def put(self, key: str, data: bytes, *, create_only: bool = False) -> bool:
        """Store ``data``; with ``create_only`` return False and change nothing where it exists."""
        check_object_key(key)
        if create_only and key in self._objects:
            return False
        self._objects[key] = bytes(data)
        self._modified[key] = UnixMs(int(time.time()) * 1000)
        return True

    async def get(self, key: str, *, start: int = 0, length: int | None = None) -> bytes | None:
        """Return the object, or ``length`` bytes of it from ``start`` (fewer at its end)."""
        check_object_key(key)
        data = self._objects.get(key)
        if data is None:
            return None
        if not 0 <= start <= len(data):
            raise Invalid(f"{key} has {len(data)} bytes; there is no byte {start}.")
        return data[start:] if length is None else data[start : start + max(length, 0)]

    async def head(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None."""
        check_object_key(key)
        data = self._objects.get(key)
        return None if data is None else self._info(key, data)

    async def list(self, prefix: str) -> AsyncIterator[ObjectInfo]:
        """Yield all objects below ``prefix`` (whole segments, or empty for all), in any order."""
        below = prefix.rstrip("/")
        if below:
            check_object_key(below)
        for key, data in list(self._objects.items()):
            if not below or key.startswith(f"{below}/"):
                yield self._info(key, data)

    async def delete(self, key: str) -> None:
        """Remove the object; removing what is not there is fine."""
        check_object_key(key)
        self._objects.pop(key, None)

    def locate(self, key: str, *, seconds: int = 3600) -> Location:  # noqa: ARG002 - nothing to sign
        """Return no place: read it."""
        check_object_key(key)
        return Location()

    async def close(self) -> None:
        """Nothing stays open."""

    def _info(self, key: str, data: bytes) -> ObjectInfo:
        tag = hashlib.blake2b(data, digest_size=8).hexdigest()
        return ObjectInfo(key, len(data), tag, self._modified[key])
