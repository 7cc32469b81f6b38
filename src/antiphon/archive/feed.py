"""From the log to the archive: one topic read, held for a while, written in few files."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from antiphon.archive.shelf import Incomplete, Shelf
from antiphon.eventlog import OperatedLog, Record, Subscription
from antiphon.kernel import Conflict, Unavailable

log = structlog.get_logger()

_MOST_HELD: Final = 50_000
_BATCH: Final = 5_000
_POLL_SECONDS: Final = 0.5
_FIRST_POLL_SECONDS: Final = 5.0  # a group's first member waits for others, on Kafka for three
_PAUSE_SECONDS: Final = 2.0


def group_of(topic: str) -> str:
    """Return the group that archives a topic."""
    return f"archive.{topic}"


class ArchiveFeed:
    """Archives one topic. ``seen`` hears how many events each writing had."""

    def __init__(
        self,
        events: OperatedLog,
        topic: str,
        shelf: Shelf,
        *,
        seen: Callable[[int], None] = lambda _: None,
        most: int = _MOST_HELD,
    ) -> None:
        """Hold at most ``most`` events before they are written."""
        self._events = events
        self._topic = topic
        self._shelf = shelf
        self._seen = seen
        self._most = most
        self._held: dict[int, dict[int, Record]] = {}
        self._wanting: dict[int, int] = {}  # partitions of which a claim is about more
        self._since = 0.0

    async def run(self, stop: asyncio.Event, *, every: float) -> None:
        """Archive until ``stop``, each event at latest ``every`` seconds after it was read.

        What is held when it stops is not committed, and is read again.
        """
        while not stop.is_set():
            self._held, self._wanting = {}, {}
            try:
                async with self._events.subscribe(self._topic, group=self._group) as subscription:
                    await self._follow(subscription, stop, every)
            except Conflict as fault:
                log.warning("archive_begins_again", topic=self._topic, reason=fault.detail)
            except Unavailable as fault:
                log.warning("archive_waits", topic=self._topic, reason=fault.detail)
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE_SECONDS):
                    await stop.wait()

    async def catch_up(self) -> int:
        """Archive all that the log holds now; return how many events that were.

        ``Conflict`` where a server does so already.
        """
        self._held, written = {}, 0
        async with self._events.subscribe(self._topic, group=self._group) as subscription:
            wait = _FIRST_POLL_SECONDS if await self._left() else 0.0
            while await self._take(subscription, wait):
                wait = _POLL_SECONDS
                if self._count() >= self._most:
                    written += await self._write(subscription)
            while self._held:
                written += await self._write(subscription)
        if not written and await self._left():
            raise Conflict(f"A server is archiving {self._topic}: there is no need to.")
        return written

    @property
    def _group(self) -> str:
        return group_of(self._topic)

    async def _left(self) -> int:
        return await self._events.lag(self._topic, group=self._group)

    async def _follow(self, subscription: Subscription, stop: asyncio.Event, every: float) -> None:
        while not stop.is_set():
            await self._take(subscription, _POLL_SECONDS)
            waited = time.monotonic() - self._since
            if self._held and (waited >= every or self._count() >= self._most):
                await self._write(subscription)

    async def _take(self, subscription: Subscription, wait: float) -> int:
        records = await subscription.poll(max_records=_BATCH, wait=wait)
        if records and not self._held:
            self._since = time.monotonic()
        for record in records:
            self._held.setdefault(record.partition, {})[record.offset] = record
        return len(records)

    async def _write(self, subscription: Subscription) -> int:
        """Write what is held, partition by partition, and commit each after its files."""
        written = 0
        for partition, held in sorted(self._held.items()):
            records = [held[offset] for offset in sorted(held)]
            try:
                count = await self._shelf.put(records)
            except Incomplete:
                if self._wanting.get(partition) == len(records):
                    raise  # nothing of it has come since
                self._wanting[partition] = len(records)
                continue
            await subscription.commit(records)
            del self._held[partition]
            self._wanting.pop(partition, None)
            written += count
            self._seen(count)
        return written

    def _count(self) -> int:
        return sum(map(len, self._held.values()))
