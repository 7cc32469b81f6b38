"""Projections: handlers fed from the log, at least once, in order; poison is set aside."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from antiphon.eventlog.codec import EventTypes
from antiphon.eventlog.log import EventLog, Record, Subscription
from antiphon.kernel import AntiphonError, Conflict, Corrupt, Event, Unavailable

log = structlog.get_logger()

Handler = Callable[[Sequence[tuple[Record, Event]]], Awaitable[None]]

_ATTEMPTS = 3
_POLL_SECONDS = 0.5
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0


class _Stopped(Exception):  # noqa: N818 - never leaves this module
    """The projector was told to stop in the middle of a batch."""


@dataclass(frozen=True, slots=True)
class Projection:
    """What is fed: the group's name, the topic, the types it understands, the handler."""

    group: str
    topic: str
    types: EventTypes
    handler: Handler


class Projector:
    """Runs one projection. ``seen`` is told how many events each batch had.

    What cannot be handled becomes a dead letter of its group, unless ``bury`` is there to take it.
    """

    def __init__(
        self,
        events: EventLog,
        projection: Projection,
        *,
        seen: Callable[[int], None] = lambda _: None,
        bury: Callable[[Record], Awaitable[None]] | None = None,
    ) -> None:
        self._events = events
        self._projection = projection
        self._seen = seen
        self._waiting: list[Record] = []
        self._buried = bury or self._to_dead_letters

    async def run(self, stop: asyncio.Event) -> None:
        """Feed the handler until ``stop``; a batch is committed after it is handled."""
        projection = self._projection
        async with self._events.subscribe(projection.topic, group=projection.group) as subscription:
            while not stop.is_set():
                try:
                    await self._step(subscription, stop)
                except Conflict:
                    log.warning("projection_taken_over", group=projection.group)
                except Unavailable as fault:  # of the log itself
                    log.warning("log_unavailable", group=projection.group, reason=fault.detail)
                    await _pause(stop, _LONGEST_PAUSE_SECONDS)

    async def _step(self, subscription: Subscription, stop: asyncio.Event) -> None:
        """Handle one batch; one that could not be waits here, as a poll would go on behind it."""
        records = self._waiting or await subscription.poll(wait=_POLL_SECONDS)
        self._waiting = records
        with suppress(_Stopped):  # what is not handled is not committed, and comes again
            if records:
                await self._handle(records, stop)
                self._waiting = []
                await subscription.commit(records)

    async def _handle(self, records: Sequence[Record], stop: asyncio.Event) -> None:
        pairs = await self._decoded(records)
        fault = await self._attempt(pairs, stop) if pairs else None
        if fault is not None:
            log.warning("projection_batch_failed", group=self._projection.group, reason=repr(fault))
            for pair in pairs:  # find the poisonous ones
                fault = await self._attempt([pair], stop)
                if fault is not None:
                    await self._bury(pair[0], fault)
        self._seen(len(pairs))

    async def _attempt(
        self, pairs: Sequence[tuple[Record, Event]], stop: asyncio.Event
    ) -> Exception | None:
        """Hand over ``pairs`` until handled; return the fault of those that cannot be.

        What is unavailable is waited for, however long: that is no fault of the events.
        """
        failures = 0
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                await self._projection.handler(pairs)
            except Unavailable as fault:
                log.warning("projection_waits", group=self._projection.group, reason=fault.detail)
            except Exception as fault:  # noqa: BLE001 - whatever it is, the next event must come
                failures += 1
                if failures == _ATTEMPTS:
                    return fault
            else:
                return None
            await _pause(stop, pause)
            if stop.is_set():
                raise _Stopped
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _decoded(self, records: Sequence[Record]) -> list[tuple[Record, Event]]:
        pairs = []
        for record in records:
            try:
                event = self._projection.types.decode(record.envelope)
            except Corrupt as fault:
                await self._bury(record, fault)
                continue
            if event is not None:
                pairs.append((record, event))
        return pairs

    async def _bury(self, record: Record, fault: Exception) -> None:
        reason = fault.detail if isinstance(fault, AntiphonError) else repr(fault)
        log.error(
            "event_buried",
            group=self._projection.group,
            event_id=record.envelope.event_id,
            type=record.envelope.type_name,
            reason=reason,
        )
        await self._buried(record)

    async def _to_dead_letters(self, record: Record) -> None:
        await self._events.append(dead_topic(self._projection), [record.envelope])


def dead_topic(projection: Projection) -> str:
    """Return the topic that holds what this projection could not handle."""
    return dead_topic_of(projection.topic, projection.group)


def dead_topic_of(topic: str, group: str) -> str:
    """Return the topic that holds what ``group`` could not handle of ``topic``."""
    return f"{topic}.{group}.dead"


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
