"""Cache and signals in dicts, for unit tests; passes the contracts of both ports."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from antiphon.kernel import Clock, Invalid, SystemClock
from antiphon.storage import MAX_CACHE_KEY_BYTES, MAX_CACHE_VALUE_BYTES, MAX_SIGNAL_BYTES


class MemoryCache:
    """``Cache`` and ``Signals`` of one process; time to live runs by ``clock``."""

    def __init__(self, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._values: dict[str, tuple[bytes, float]] = {}
        self._queues: dict[str, list[asyncio.Queue[bytes]]] = {}

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where it is absent or has expired."""
        _check(key, b"")
        value, expires = self._values.get(key, (None, 0.0))
        return value if expires > self._clock.monotonic() else None

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds."""
        _check(key, value)
        self._values[key] = (value, self._clock.monotonic() + ttl)

    async def add(self, key: str, value: bytes, *, ttl: float) -> bool:
        """Store it only if the key is absent; exactly one of many concurrent callers gets True."""
        if await self.get(key) is not None:
            return False
        await self.set(key, value, ttl=ttl)
        return True

    async def delete(self, key: str) -> None:
        """Forget the key."""
        _check(key, b"")
        self._values.pop(key, None)

    async def increment(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add to a counter and return it; ``ttl`` counts from the counter's first increment."""
        held = await self.get(key)
        if held is None:
            await self.set(key, str(by).encode(), ttl=ttl)
            return by
        try:
            total = int(held) + by
        except ValueError as fault:
            raise Invalid("This cached value is no counter.") from fault
        self._values[key] = (str(total).encode(), self._values[key][1])
        return total

    async def publish(self, channel: str, payload: bytes) -> None:
        """Send ``payload`` to everyone subscribed to ``channel`` now."""
        if len(payload) > MAX_SIGNAL_BYTES:
            raise Invalid(f"A signal has at most {MAX_SIGNAL_BYTES} bytes, not {len(payload)}.")
        for queue in self._queues.get(channel, []):
            queue.put_nowait(payload)

    @asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """Enter to be subscribed; iterate to receive payloads."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        for channel in channels:
            self._queues.setdefault(channel, []).append(queue)
        try:
            yield _drained(queue)
        finally:
            for channel in channels:
                self._queues[channel].remove(queue)

    async def close(self) -> None:
        """Nothing stays open."""


async def _drained(queue: asyncio.Queue[bytes]) -> AsyncIterator[bytes]:
    while True:
        yield await queue.get()


def _check(key: str, value: bytes) -> None:
    if not 0 < len(key.encode()) <= MAX_CACHE_KEY_BYTES:
        raise Invalid(f"A cache key has 1 to {MAX_CACHE_KEY_BYTES} bytes.")
    if len(value) > MAX_CACHE_VALUE_BYTES:
        raise Invalid(f"A cached value has at most {MAX_CACHE_VALUE_BYTES} bytes.")
