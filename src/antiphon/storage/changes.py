"""Which cached keys have changed: told by whoever writes, heard by every process that holds some.

Told after the write and over signals, so within milliseconds, and at most once: a writer killed in
between, or a subscriber that was away, leaves the rest to the time that each policy gives.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from antiphon.kernel import Unavailable
from antiphon.storage.cache import MAX_SIGNAL_BYTES, Signals
from antiphon.storage.shared_level import SharedLevel

log = structlog.get_logger()

CHANNEL: Final = "cache/changed"
_TELL_SECONDS: Final = 1.0
_AGAIN_SECONDS: Final = 0.5
_ROOM: Final = MAX_SIGNAL_BYTES - 512


class _Change(msgspec.Struct, array_like=True):
    kind: str
    keys: list[bytes]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Change).decode


class Changes:
    """Tells of changed keys, and drops those that it hears of from the caches that it knows."""

    def __init__(self, signals: Signals, shared: SharedLevel) -> None:
        self._signals = signals
        self._shared = shared
        self._drops: dict[str, Callable[[Sequence[bytes]], None]] = {}
        self._clears: list[Callable[[], None]] = []
        self.untold = 0  # messages that could not be sent

    def watch(
        self, kind: str, drop: Callable[[Sequence[bytes]], None], clear: Callable[[], None]
    ) -> None:
        """Hand keys of this kind to ``drop``; ``clear`` is called where some may be unheard of."""
        self._drops[kind] = drop
        self._clears.append(clear)

    async def tell(self, kind: str, keys: Sequence[bytes]) -> None:
        """Have every process forget these keys; the shared level first, so that none reads it."""
        self._drop(kind, keys)
        await self._shared.bury(kind, keys)
        self._drop(kind, keys)
        for part in _parts(keys):
            try:
                async with asyncio.timeout(_TELL_SECONDS):
                    await self._signals.publish(CHANNEL, _encode(_Change(kind, part)))
            except (TimeoutError, Unavailable):
                self.untold += 1

    async def keep_heard(self, stop: asyncio.Event) -> None:
        """Listen until ``stop``."""
        listening = asyncio.create_task(self._listen())
        await stop.wait()
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening

    async def _listen(self) -> None:
        while True:
            with suppress(Unavailable):
                async with self._signals.subscribe(CHANNEL) as news:
                    for clear in self._clears:
                        clear()  # nobody knows what was told until now
                    async for payload in news:
                        self._heard(payload)
            await asyncio.sleep(_AGAIN_SECONDS)

    def _heard(self, payload: bytes) -> None:
        try:
            change = _decode(payload)
        except msgspec.DecodeError:
            log.warning("cache_change_unreadable", size=len(payload))
            return
        self._drop(change.kind, change.keys)

    def _drop(self, kind: str, keys: Sequence[bytes]) -> None:
        drop = self._drops.get(kind)
        if drop is not None:
            drop(keys)


def _parts(keys: Sequence[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    size = 0
    for key in keys:
        if size + len(key) + 5 > _ROOM:
            yield part
            part, size = [], 0
        part.append(key)
        size += len(key) + 5
    if part:
        yield part
