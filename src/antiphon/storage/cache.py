"""The cache and signals ports: what may be lost at any moment without losing data."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

MAX_CACHE_KEY_BYTES = 400
MAX_CACHE_VALUE_BYTES = 1024 * 1024
MAX_SIGNAL_BYTES = 32 * 1024


class Cache(Protocol):
    """Values with a time to live, shared by all processes of the installation.

    Any value may vanish early. Keys are up to 400 bytes of UTF-8, values up to 1 MiB.
    """

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None where it is absent or has expired."""
        ...

    async def set(self, key: str, value: bytes, *, ttl: float) -> None:
        """Store ``value`` for ``ttl`` seconds."""
        ...

    async def add(self, key: str, value: bytes, *, ttl: float) -> bool:
        """Store it only if the key is absent; exactly one of many concurrent callers gets True."""
        ...

    async def delete(self, key: str) -> None:
        """Forget the key."""
        ...

    async def increment(self, key: str, *, ttl: float, by: int = 1) -> int:
        """Add to a counter and return it; ``ttl`` counts from the counter's first increment."""
        ...


class Signals(Protocol):
    """Publish and subscribe without durability, across all processes of the installation.

    A message reaches the subscribers present at that moment, at most once, or is lost. Payloads
    are up to 32 KiB, names of channels 200 bytes. Order per publisher is kept by one that awaits
    each call.
    """

    async def publish(self, channel: str, payload: bytes) -> None:
        """Send ``payload`` to everyone subscribed to ``channel`` now."""
        ...

    def subscribe(self, *channels: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Enter to be subscribed; iterate to receive payloads."""
        ...
