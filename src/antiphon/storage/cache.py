"""The cache and signals ports: what may be lost at any moment without losing data."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from antiphon.kernel import Invalid

MAX_CACHE_KEY_BYTES = 400
MAX_CACHE_VALUE_BYTES = 1024 * 1024
MAX_SIGNAL_BYTES = 32 * 1024
MAX_CHANNEL_BYTES = 200


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


class CacheAndSignals(Cache, Signals, Protocol):
    """Both ports, as every engine brings them."""

    async def close(self) -> None:
        """Close the connections."""
        ...


def check_cache_key(key: str) -> bytes:
    """Return the key's bytes; ``Invalid`` where it is empty or too long."""
    raw = key.encode()
    if not 0 < len(raw) <= MAX_CACHE_KEY_BYTES:
        raise Invalid(f"A cache key has 1 to {MAX_CACHE_KEY_BYTES} bytes, not {len(raw)}.")
    return raw


def check_cache_value(value: bytes) -> None:
    """Raise ``Invalid`` where a value is too large."""
    if len(value) > MAX_CACHE_VALUE_BYTES:
        raise Invalid(
            f"A cached value has at most {MAX_CACHE_VALUE_BYTES} bytes, not {len(value)}."
        )


def check_channel(channel: str) -> bytes:
    """Return the bytes of a channel's name; ``Invalid`` where it is empty or too long."""
    name = channel.encode()
    if not 0 < len(name) <= MAX_CHANNEL_BYTES:
        raise Invalid(f"A channel's name has 1 to {MAX_CHANNEL_BYTES} bytes, not {len(name)}.")
    return name
