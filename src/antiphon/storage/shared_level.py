"""The level between processes and source: values in the cache port, with graves for the changed.

A key that changed gets a grave instead of being deleted: fetches fill by add-if-absent, so one that
began before the change cannot bring the old value back while the grave stands, and graves stand
longer than any fetch takes. A cache that does not answer at once is no help: it is left alone for
a second, and what was changed meanwhile ends with its time.
"""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import Final, TypeVar

from antiphon.kernel import Clock, Unavailable
from antiphon.storage.cache import MAX_CACHE_VALUE_BYTES, Cache

_T = TypeVar("_T")

_WAIT_SECONDS: Final = 0.25
_REST_SECONDS: Final = 1.0
_GRAVE_SECONDS: Final = 60.0  # a batch of 1000 rows has 35 s to be fetched in
_GRAVE: Final = b""
_HEAD: Final = struct.Struct(">d")  # when it was fetched, Unix seconds
_AT_ONCE: Final = 32


class SharedLevel:
    """Values of all kinds in one ``Cache``; none of its calls ever fails."""

    def __init__(self, cache: Cache, clock: Clock) -> None:
        self._cache = cache
        self._clock = clock
        self._rests_until = float("-inf")
        self.unanswered = 0

    async def read(
        self, kind: str, keys: Sequence[bytes], fresh: float
    ) -> dict[bytes, tuple[bytes, float]]:
        """Return what is there and younger than ``fresh`` seconds, with its age."""
        now = time.time()
        found = {}
        for key, raw in zip(keys, await self._each(self._read, kind, keys), strict=True):
            if raw is None or raw == _GRAVE:
                continue
            age = max(0.0, now - _HEAD.unpack_from(raw)[0])
            if age < fresh:
                found[key] = (raw[_HEAD.size :], age)
        return found

    async def fill(self, kind: str, values: Mapping[bytes, bytes], fresh: float) -> None:
        """Keep values that were fetched just now, where no grave and no other value stands."""
        head = _HEAD.pack(time.time())
        small = {k: v for k, v in values.items() if len(v) + _HEAD.size <= MAX_CACHE_VALUE_BYTES}

        async def add(name: str, key: bytes) -> None:
            await self._cache.add(name, head + small[key], ttl=fresh)

        await self._each(add, kind, list(small))

    async def bury(self, kind: str, keys: Iterable[bytes]) -> None:
        """Put graves over what has changed."""
        await self._each(self._bury, kind, list(keys))

    async def _read(self, name: str, _: bytes) -> bytes | None:
        return await self._cache.get(name)

    async def _bury(self, name: str, _: bytes) -> None:
        await self._cache.set(name, _GRAVE, ttl=_GRAVE_SECONDS)

    async def _each(
        self, do: Callable[[str, bytes], Awaitable[_T]], kind: str, keys: Sequence[bytes]
    ) -> list[_T | None]:
        answers: list[_T | None] = []
        for start in range(0, len(keys), _AT_ONCE):
            part = keys[start : start + _AT_ONCE]
            answers += await asyncio.gather(*(self._soon(do, _name(kind, k), k) for k in part))
        return answers

    async def _soon(
        self, do: Callable[[str, bytes], Awaitable[_T]], name: str, key: bytes
    ) -> _T | None:
        if self._clock.monotonic() < self._rests_until:
            return None
        try:
            async with asyncio.timeout(_WAIT_SECONDS):
                return await do(name, key)
        except (TimeoutError, Unavailable):
            self.unanswered += 1
            self._rests_until = self._clock.monotonic() + _REST_SECONDS
            return None


def _name(kind: str, key: bytes) -> str:
    """Return the key's name in the cache; row keys may be longer than that allows, or binary."""
    return f"level/{kind}/{blake2b(key, digest_size=16).hexdigest()}"
